import Command
import Game
import SocketConnect

FunctionProgram(SocketConnect(world: .builtIn), version: "0.1.0").main()
