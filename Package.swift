// swift-tools-version:6.2
// The layers of the project, lowest first. Imports point up this list only:
// Base <- Wire, Ledger <- SQLite, Observability <- Functions <- Identity, Schedule <- Manifest <- Engine <- Recording <-
// Runtime; Base <- Net, Confinement; Functions <- Handlers; Runtime, Net, Confinement <- LocalHost <- Command <- gestaloka, each Program.
// SQLite is known to Command alone, which puts the parts together.
import PackageDescription

/// What `Runtime` is made of and passes on.
let runtimeParts = [
    "Functions", "Identity", "Manifest", "Observability", "Schedule", "Engine", "Recording", "ForeignEvents",
]
let runtimeTargets = runtimeParts.map { Target.Dependency(stringLiteral: $0) }

/// The game's functions: a folder each in `Sources/Handlers/`; none imports another. Each is a program of its own, too
/// (`function-player-action`), in its folder's `Program/`.
let functions = [
    "GuestSession",
    "PlayerAction",
    "StoryGeneration",
    "SocketConnect",
    "SocketDisconnect",
    "Broadcast",
]
let functionTargets = functions.map { Target.Dependency(stringLiteral: $0) }

let package = Package(
    name: "gestaloka",
    products: [
        .library(name: "Base", targets: ["Base"]),
        .library(name: "Ledger", targets: ["Ledger"]),
        .library(name: "SQLite", targets: ["SQLite"]),
        .library(name: "Wire", targets: ["Wire"]),
        .library(name: "Functions", targets: ["Functions"]),
        // With its parts: SwiftPM makes another package's files anew only for the targets of its products.
        .library(name: "Runtime", targets: ["Runtime"] + runtimeParts),
        .library(name: "Net", targets: ["Net"]),
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

        // Time, timers, threads, bytes, Base64, JSON's grammar: what every layer uses.
        .target(name: "Base", dependencies: ["CLinux"]),
        // The shared state: what every engine keeps to, and the one in a file.
        .target(name: "Ledger", dependencies: ["Base"], path: "Sources/Store/Ledger"),
        .target(
            name: "SQLite", dependencies: ["Base", "Ledger", "CSQLite", "CLinux"],
            path: "Sources/Store/SQLite"),
        .target(name: "Wire", dependencies: ["Base", "CZlib"]),
        // Functions and what runs them. An author imports Functions.
        .target(name: "Observability", dependencies: ["Base"], path: "Sources/Runtime/Observability"),
        .target(
            name: "Functions", dependencies: ["Base", "Ledger", "Wire", "Observability"],
            path: "Sources/Runtime/Functions"),
        .target(
            name: "Identity", dependencies: ["Base", "Functions", "CCrypto", "CLinux"],
            path: "Sources/Runtime/Identity"),
        // When scheduled functions are due, and what keeps which times are done.
        .target(name: "Schedule", dependencies: ["Base", "Functions"], path: "Sources/Runtime/Schedule"),
        .target(
            name: "Manifest",
            dependencies: ["Base", "Functions", "Identity", "Observability", "Schedule", "CYAML"],
            path: "Sources/Runtime/Manifest"),
        .target(
            name: "Engine",
            dependencies: ["Base", "Ledger", "Functions", "Identity", "Manifest", "Observability"],
            path: "Sources/Runtime/Engine"),
        .target(
            name: "Recording",
            dependencies: [
                "Base", "Ledger", "Functions", "Identity", "Manifest", "Observability", "Engine",
                "CLinux",
            ], path: "Sources/Runtime/Recording"),
        .target(
            name: "ForeignEvents",
            dependencies: ["Base", "Ledger", "Wire", "Functions", "Identity", "Manifest", "Observability"],
            path: "Sources/Runtime/ForeignEvents"),
        .target(
            name: "Runtime",
            dependencies: runtimeTargets, path: "Sources/Runtime/Runtime"),

        // What the game's functions share.
        .target(
            name: "Game", dependencies: ["Base", "Functions"], path: "Sources/Handlers/Game",
            resources: [.embedInCode("world.json")]),
        // The language models that tell stories.
        .target(
            name: "StoryModels", dependencies: ["Base", "Game", "Functions", "Manifest", "Net", "Wire"],
            path: "Sources/Handlers/StoryModels"),

        // The event loop and what it carries: descriptors, timers, bytes.
        .target(
            name: "Net", dependencies: ["Base", "CLinux", "CTLS"], path: "Sources/LocalHost/Net"),
        // A process with its limits, and what keeps them.
        .target(
            name: "Confinement", dependencies: ["Base", "CLinux"], path: "Sources/LocalHost/Confinement"),
        .target(
            name: "LocalHost",
            dependencies: ["Base", "Confinement", "Ledger", "Net", "Runtime", "Wire", "CLinux"],
            exclude: ["Confinement", "Net"]),
        .target(
            name: "Command",
            dependencies: ["Base", "Ledger", "SQLite", "Runtime", "Net", "LocalHost", "Wire"],
            resources: [
                .embedInCode("Report/report.html"), .embedInCode("Report/report.css"),
                .embedInCode("Report/report.js"), .embedInCode("Report/report-timeline.js"),
                .embedInCode("Report/report-list.js"),
            ]),
        .executableTarget(
            name: "gestaloka",
            dependencies: functionTargets + ["Command", "Runtime", "Game", "StoryModels"]),

        .target(
            name: "TestSupport", dependencies: ["Runtime", "Base", "Ledger", "SQLite"], path: "Tests/Support"),
        .testTarget(name: "BaseTests", dependencies: ["Base", "Identity", "TestSupport"]),
        .target(name: "StoreSupport", dependencies: ["Base", "Ledger"], path: "Tests/StoreSupport"),
        // What every engine must do; one file of it names the engines.
        .testTarget(
            name: "LedgerTests", dependencies: ["Base", "Ledger", "SQLite", "StoreSupport", "TestSupport"]),
        .testTarget(
            name: "StoreTests",
            dependencies: ["Base", "Ledger", "SQLite", "CSQLite", "StoreSupport", "TestSupport"]),
        .testTarget(name: "WireTests", dependencies: ["Base", "Wire", "TestSupport"]),
        .testTarget(
            name: "RuntimeTests",
            dependencies: runtimeTargets + ["Runtime", "Base", "Ledger", "SQLite", "TestSupport"],
            exclude: ["Fixtures"]),
        .testTarget(name: "GameTests", dependencies: ["Base", "Game", "Runtime", "TestSupport"]),
        .testTarget(
            name: "StoryModelTests",
            dependencies: [
                "StoryModels", "StoryGeneration", "Game", "Net", "Runtime", "Base", "Ledger", "Wire",
                "TestSupport",
            ],
            exclude: ["Server"]),
        .testTarget(
            name: "HandlersTests",
            dependencies: functionTargets + [
                "Runtime", "Base", "Ledger", "Game", "TestSupport",
            ]),
        .testTarget(name: "ScheduleTests", dependencies: ["Schedule", "Base", "TestSupport"]),
        .testTarget(
            name: "ConfinementTests", dependencies: ["Confinement", "Base", "CLinux", "TestSupport"]),
        .testTarget(
            name: "LocalHostTests",
            dependencies: runtimeTargets + [
                "LocalHost", "Net", "Runtime", "Base", "Ledger", "Wire", "CLinux", "TestSupport",
            ]),
        .testTarget(
            name: "CommandTests",
            dependencies: runtimeTargets + [
                "Command", "LocalHost", "Net", "Runtime", "Base", "Ledger", "SQLite", "TestSupport", "Wire",
            ],
            exclude: ["Fixtures"]),
        .testTarget(name: "TidyTests", dependencies: ["TestSupport"]),
    ]
)

for name in functions {
    package.targets += [
        .target(
            name: name, dependencies: ["Base", "Ledger", "Functions", "Game"],
            path: "Sources/Handlers/\(name)", exclude: ["Program"]),
        .executableTarget(
            name: name.reduce("function") { $0 + ($1.isUppercase ? "-" : "") + $1.lowercased() },
            dependencies: ["Command", "Game", .target(name: name)]
                + (name == "StoryGeneration" ? ["StoryModels"] : []),
            path: "Sources/Handlers/\(name)/Program"),
    ]
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
