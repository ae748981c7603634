import Command
import SocketDisconnect

FunctionProgram(SocketDisconnect(), version: "0.1.0").main()
