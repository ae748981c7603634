import Broadcast
import Command
import Game
import GuestSession
import PlayerAction
import Runtime
import SocketConnect
import SocketDisconnect
import StoryGeneration

// Every function of the game, registered here and nowhere else.
let world = World.builtIn
Program(
    name: "gestaloka", version: "0.1.0",
    functions: FunctionSet(
        GuestSession(world: world),
        PlayerAction(world: world),
        StoryGeneration(world: world, model: Narrator(world: world)),
        SocketConnect(world: world),
        SocketDisconnect(),
        Broadcast()
    )
).main()
