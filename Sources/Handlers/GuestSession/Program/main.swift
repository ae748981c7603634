import Command
import Game
import GuestSession

FunctionProgram(GuestSession(world: .builtIn), version: "0.1.0").main()
