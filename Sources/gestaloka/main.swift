import Broadcast
import Command
import Game
import GuestSession
import PlayerAction
import Runtime
import SocketConnect
import SocketDisconnect
import StoryGeneration
import StoryModels

// Every function of the game, registered here and nowhere else.
let world = World.builtIn
// What tells the story: STORY_MODEL_URL's model, or else the built-in narrator.
let model: any StoryModel = LanguageModel.fromEnvironment() ?? Narrator(world: world)
Program(
    name: "gestaloka", version: "0.1.0",
    functions: FunctionSet(
        GuestSession(world: world),
        PlayerAction(world: world),
        StoryGeneration(world: world, model: model),
        SocketConnect(world: world),
        SocketDisconnect(),
        Broadcast()
    )
).main()
