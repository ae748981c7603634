// swift-tools-version:6.2
// The layers of the project, lowest first. Imports point up this list only:
// Store, Wire <- Runtime <- Handlers, LocalHost <- Command <- gestaloka.
import PackageDescription

let package = Package(
    name: "gestaloka",
    products: [
        .library(name: "Store", targets: ["Store"]),
        .library(name: "Wire", targets: ["Wire"]),
        .library(name: "Runtime", targets: ["Runtime"]),
        .library(name: "LocalHost", targets: ["LocalHost"]),
        .library(name: "Command", targets: ["Command"]),
        .executable(name: "gestaloka", targets: ["gestaloka"]),
    ],
    targets: [
        // The distribution's C libraries, and the kernel calls that Glibc's module lacks.
        .systemLibrary(
            name: "CSQLite", path: "Sources/System/CSQLite", pkgConfig: "sqlite3",
            providers: [.apt(["libsqlite3-dev"])]),
        .systemLibrary(
            name: "CCrypto", path: "Sources/System/CCrypto", pkgConfig: "libcrypto",
            providers: [.apt(["libssl-dev"])]),
        .systemLibrary(
            name: "CYAML", path: "Sources/System/CYAML", pkgConfig: "yaml-0.1",
            providers: [.apt(["libyaml-dev"])]),
        .systemLibrary(
            name: "CZlib", path: "Sources/System/CZlib", pkgConfig: "zlib",
            providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(
            name: "CTLS", path: "Sources/System/CTLS", pkgConfig: "libssl",
            providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CLinux", path: "Sources/System/CLinux"),

        .target(name: "Store", dependencies: ["CSQLite", "CLinux"]),
        .target(name: "Wire", dependencies: ["CZlib"]),
        .target(name: "Runtime", dependencies: ["Store", "Wire", "CCrypto", "CLinux", "CYAML"]),

        // One target a function; none imports another.
        .target(
            name: "Game", dependencies: ["Runtime"], path: "Sources/Handlers/Game",
            resources: [.embedInCode("world.json")]),
        // The language models that tell stories; the only target that talks to another host.
        .target(
            name: "StoryModels", dependencies: ["Game", "Runtime", "Wire", "CTLS"],
            path: "Sources/Handlers/StoryModels"),
        handler("GuestSession"),
        handler("PlayerAction"),
        handler("StoryGeneration"),
        handler("SocketConnect"),
        handler("SocketDisconnect"),
        handler("Broadcast"),

        .target(name: "LocalHost", dependencies: ["Store", "Runtime", "Wire", "CLinux"]),
        .target(name: "Command", dependencies: ["Store", "Runtime", "LocalHost", "Wire"]),
        .executableTarget(
            name: "gestaloka",
            dependencies: [
                "Command", "Runtime", "Game", "GuestSession", "PlayerAction", "StoryGeneration",
                "StoryModels", "SocketConnect", "SocketDisconnect", "Broadcast",
            ]),

        .target(name: "TestSupport", dependencies: ["Runtime", "Store"], path: "Tests/Support"),
        .testTarget(name: "StoreTests", dependencies: ["Store", "CSQLite", "TestSupport"]),
        .testTarget(name: "WireTests", dependencies: ["Wire", "TestSupport"]),
        .testTarget(
            name: "RuntimeTests", dependencies: ["Runtime", "Store", "TestSupport"],
            exclude: ["Fixtures"]),
        .testTarget(name: "GameTests", dependencies: ["Game", "Runtime", "TestSupport"]),
        .testTarget(
            name: "StoryModelTests",
            dependencies: [
                "StoryModels", "StoryGeneration", "Game", "Runtime", "Store", "Wire", "TestSupport",
            ],
            exclude: ["Server"]),
        .testTarget(
            name: "HandlersTests",
            dependencies: [
                "Runtime", "Store", "Game", "GuestSession", "PlayerAction", "StoryGeneration",
                "SocketConnect", "SocketDisconnect", "Broadcast", "TestSupport",
            ]),
        .testTarget(
            name: "LocalHostTests",
            dependencies: ["LocalHost", "Runtime", "Store", "Wire", "CLinux", "TestSupport"]),
        .testTarget(
            name: "CommandTests",
            dependencies: ["Command", "LocalHost", "Runtime", "Store", "TestSupport", "Wire"],
            exclude: ["Fixtures"]),
        .testTarget(name: "TidyTests", dependencies: ["TestSupport"]),
    ]
)

func handler(_ name: String) -> Target {
    .target(name: name, dependencies: ["Store", "Runtime", "Game"], path: "Sources/Handlers/\(name)")
}

for target in package.targets where target.type != .system {
    target.swiftSettings = [
        .swiftLanguageMode(.v6),
        .strictMemorySafety(),
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("InternalImportsByDefault"),
        .enableUpcomingFeature("MemberImportVisibility"),
        .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    ]
}
