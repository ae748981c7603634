// swift-tools-version:6.2
import PackageDescription

let products: [Target.Dependency] = [
    .product(name: "Command", package: "gestaloka"),
    .product(name: "Runtime", package: "gestaloka"),
]

let package = Package(
    name: "echo",
    dependencies: [.package(name: "gestaloka", path: "../..")],
    targets: [
        .executableTarget(name: "Echo", dependencies: products),
        .executableTarget(name: "Lobby", dependencies: products),
    ]
)
