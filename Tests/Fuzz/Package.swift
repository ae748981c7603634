// swift-tools-version:6.2
// The fuzzers, built by script/fuzz: a package of their own, so that no other build needs libFuzzer's run time.
import PackageDescription

let package = Package(
    name: "fuzz",
    dependencies: [.package(name: "gestaloka", path: "../..")],
    targets: [
        .executableTarget(
            name: "Fuzz",
            dependencies: [
                .product(name: "Base", package: "gestaloka"), .product(name: "Wire", package: "gestaloka"),
                .product(name: "Ledger", package: "gestaloka"),
                .product(name: "Runtime", package: "gestaloka"),
            ],
            swiftSettings: [.swiftLanguageMode(.v6), .strictMemorySafety()])
    ]
)
