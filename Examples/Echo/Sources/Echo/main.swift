import Command
import Runtime

Program(name: "Echo", functions: FunctionSet(Echo())).main()
