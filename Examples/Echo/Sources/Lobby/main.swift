import Command
import Runtime

let functions = FunctionSet(
    Enter(), Leave(), Message(), Repeat(), Chat(), Join(), Part(), Ask(), Answered(), Kick(), Anything(),
    Look(), Relay(), Scale(), Parrot())

Program(name: "Lobby", functions: functions).main()
