// swift-tools-version:6.2
import PackageDescription

let package = Package(
    name: "echo",
    dependencies: [.package(name: "gestaloka", path: "../..")],
    targets: [
        .executableTarget(
            name: "Echo",
            dependencies: [
                .product(name: "Command", package: "gestaloka"),
                .product(name: "Runtime", package: "gestaloka"),
            ])
    ]
)
