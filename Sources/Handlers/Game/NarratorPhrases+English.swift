extension NarratorPhrases {
    static let english = NarratorPhrases(
        together: [
            "You do not stop at one thing; {count} deeds run into each other like beads on a string.",
            "All of it happens almost in one breath: {count} deeds, one after the other.",
            "Nobody could say afterwards which of your {count} deeds came first.",
        ],
        earlier: [
            "What you did before that, in {count} quick motions, is already turning into a story others tell.",
            "Another {count} small things went before, and the place has taken note of each.",
        ],
        look: Leads(
            quoted: [
                "With “{quote}” in mind, you let your gaze travel through the {place}.",
                "“{quote}”: the thought slows your eyes, and the {place} begins to show its seams.",
                "You look, and keep looking, led by “{quote}”, until the first impression gives way to a second.",
                "Your attention settles. “{quote}” was the question, and the {place} answers in its own way.",
            ],
            plain: [
                "You stand still and let the {place} come to you.",
                "You take your time and look about the {place}, corner by corner.",
                "Your eyes grow used to the light of the {place}, and it begins to give up what it hides.",
            ]),
        say: Leads(
            quoted: [
                "“{quote}” – your voice carries further than you meant it to, and heads turn.",
                "You say it plainly: “{quote}” For a heartbeat the {place} is quieter than before.",
                "“{quote}” The words hang in the air a little longer than words should.",
                "When you say “{quote}”, {person} looks up at once.",
            ],
            plain: [
                "You open your mouth, and think better of it; even so, {person} has noticed.",
                "You say nothing, but you say it so clearly that heads turn.",
                "Your silence fills the {place} like a question.",
            ]),
        move: Leads(
            quoted: [
                "“{quote}”, you decide, and the way brings you to the {place}.",
                "You set out with “{quote}” on your lips and arrive at the {place}.",
                "The road folds once, as roads between layers do. “{quote}” – and there is the {place}.",
            ],
            plain: [
                "The way is shorter than you remember, and you come to the {place}.",
                "You leave without looking back and reach the {place}.",
                "A few turns, a change in the air, and the {place} opens before you.",
                "Your steps find the {place} almost before you have chosen it.",
            ]),
        attempt: Leads(
            quoted: [
                "You make up your mind: “{quote}”.",
                "“{quote}” – easier thought than done, yet you set about it.",
                "You draw a breath and try it: “{quote}”.",
                "Under the eyes of {person} you go to work: “{quote}”.",
            ],
            plain: [
                "You act before the thought is finished.",
                "You try your luck with what is at hand.",
                "Your hands move first, and your mind hurries after them.",
            ]),
        outcomes: Outcomes(
            success: [
                "It works, and more smoothly than you dared to hope; even {detail} seems to have waited for it.",
                "It succeeds at the first try. {Person} gives a short nod that is worth more than applause.",
                "Something gives way with a soft click, and what you wanted is simply there.",
                "It goes well. For a moment the layers lie still above one another, and you know that you did that.",
            ],
            partial: [
                "It half succeeds: you get hold of a beginning, but the rest slips away towards {detail}.",
                "You manage a part of it. The other part looks back at you, as if waiting for a better idea.",
                "It works, though not the way you meant, and {person} hides a smile.",
                "You come closer than anyone expected and still stop a hand's breadth short.",
            ],
            cost: [
                "It works, but something is asked in return: a small memory goes, and you only notice its outline.",
                "You have your way, and pay for it; your fingers stay cold long afterwards.",
                "It is done. Near {detail} something has cracked, though, and {person} has seen it.",
                "You succeed, and the air tightens; somebody on another layer has felt that.",
            ]),
        hooks: [
            "“Careful, {name},” says {person}, without saying of what.",
            "For a moment you have the feeling that the {place} is waiting for your next step.",
            "{Person} seems about to say something to you, and then to leave it to you after all.",
            "The thought of {detail} will not let go of you.",
            "“{name},” somebody murmurs, as though trying out the name for later.",
            "Whatever comes next, it has already drawn breath.",
        ],
        choices: Choices(
            go: [
                ChoiceTemplate(
                    label: "Go to the {exit}",
                    summary: "Leave the {place} behind; what has begun here may go on without you."),
                ChoiceTemplate(
                    label: "Set out for the {exit}",
                    summary: "A new place and new faces, but whoever watches you will know where you went."),
            ],
            examine: [
                ChoiceTemplate(
                    label: "Examine {detail}",
                    summary: "You may learn what others overlook, and it may notice you as well."),
                ChoiceTemplate(
                    label: "Take a closer look at {detail}",
                    summary: "It costs only time, though time is not always cheap here."),
            ],
            talk: [
                ChoiceTemplate(
                    label: "Speak to {person}",
                    summary: "An honest word could win you an ally; a wrong one will be remembered."),
                ChoiceTemplate(
                    label: "Ask {person} for the truth",
                    summary: "You might get an answer, and then you would owe one."),
            ],
            attempt: [
                ChoiceTemplate(
                    label: "Touch {detail}",
                    summary: "Bold, and perhaps rewarding; there is no telling what it costs."),
                ChoiceTemplate(
                    label: "Follow {person} unseen",
                    summary: "You may find out a secret, or be found out yourself."),
            ],
            wait: [
                ChoiceTemplate(
                    label: "Wait and listen", summary: "Safe, as long as nobody else is waiting too."),
                ChoiceTemplate(
                    label: "Look around once more", summary: "Something may have changed meanwhile."),
                ChoiceTemplate(
                    label: "Call out into the silence", summary: "Somebody may answer, or something."),
            ]),
        traveller: "traveller", somebody: "somebody", something: "something in the corner of your eye",
        separator: " ", articles: ["the ", "a ", "an "])
}
