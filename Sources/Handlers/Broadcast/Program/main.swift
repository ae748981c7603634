import Broadcast
import Command

FunctionProgram(Broadcast(), version: "0.1.0").main()
