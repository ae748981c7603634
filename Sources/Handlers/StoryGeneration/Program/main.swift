import Command
import Game
import StoryGeneration
import StoryModels

// What tells the story: STORY_MODEL_URL's model, or else the built-in narrator.
let world = World.builtIn
let model: any StoryModel = LanguageModel.fromEnvironment() ?? Narrator(world: world)
FunctionProgram(StoryGeneration(world: world, model: model), version: "0.1.0").main()
