import Command
import Game
import PlayerAction

FunctionProgram(PlayerAction(world: .builtIn), version: "0.1.0").main()
