import Base
import Foundation
import TestSupport
import Testing

@testable import Schedule

@Suite struct TimeZoneRulesTests {
    /// Foundation's international part reads the same database.
    @Test(arguments: [
        "Asia/Tokyo", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Sao_Paulo",
        "Asia/Tehran",
        "Pacific/Apia", "Africa/Casablanca", "Europe/Dublin", "America/Argentina/Buenos_Aires", "Etc/GMT+5",
        "UTC",
        "Antarctica/Troll", "Asia/Kathmandu",
    ])
    func offsets_areTheSystems(name: String) throws {
        let rules = try #require(TimeZoneRules(named: name))
        let zone = try #require(TimeZone(identifier: name))
        var random = SplitMix64(seed: 0x7a6f_6e65)
        // From 1970, before which the two tell local mean times apart differently, to 2037, where its tables end.
        for _ in 0..<2_000 {
            let time = Int64.random(in: 0..<2_114_380_800, using: &random)
            let wanted = zone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(time)))
            #expect(rules.offset(at: time) == Int64(wanted), "\(name) at \(time)")
        }
    }

    /// The footer's rule goes on where the table ends.
    @Test(arguments: [
        ("Europe/Berlin", "2090-07-01T00:00:00Z", 7_200), ("Europe/Berlin", "2090-12-01T00:00:00Z", 3_600),
        ("Australia/Lord_Howe", "2091-01-01T00:00:00Z", 39_600),
        ("Asia/Tokyo", "2091-01-01T00:00:00Z", 32_400),
    ])
    func rules_goOn(name: String, time: String, offset: Int64) throws {
        let rules = try #require(TimeZoneRules(named: name))
        let date = try #require(Timestamp(rfc3339: time))
        #expect(rules.offset(at: date.milliseconds / 1_000) == offset)
    }

    @Test(arguments: [
        "", "Asia", "Asia/", "/Asia/Tokyo", "../etc/passwd", "Asia/../Asia/Tokyo", "Asia/Tokio", "tzdata.zi",
        "zone.tab", "Asia/Tokyo\0", "-x",
    ])
    func otherNames_areNone(name: String) { #expect(TimeZoneRules(named: name) == nil) }

    /// Whatever a file holds, it is a zone or none.
    @Test func damagedFiles_areZonesOrNone() throws {
        let good = try [UInt8](Data(contentsOf: URL(filePath: "/usr/share/zoneinfo/Europe/Berlin")))
        var random = SplitMix64(seed: 0x6261_6421)
        for count in stride(from: 0, to: good.count, by: 7) {
            #expect(TimeZoneRules(name: "x", file: Array(good[..<count])) == nil || count > good.count - 40)
        }
        for _ in 0..<2_000 {
            let rules = TimeZoneRules(name: "x", file: mutated(good, with: &random))
            _ = rules?.times(ofLocal: Int64.random(in: -1 << 40...1 << 40, using: &random))
        }
    }

    @Test(arguments: [
        "CET-1CEST,M3.5.0,M10.5.0/3", "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", "JST-9",
        "<-02>2<-01>,M3.5.0/-1,M10.5.0/0",
        "EST5EDT,J60,J300/26", "WET0WEST,0,365",
    ])
    func rules_areRead(text: String) { #expect(POSIXTimeZone(text) != nil) }

    @Test(arguments: [
        "", "CET", "C-1", "CET-1CEST", "CET-1CEST,M3.6.0,M10.5.0", "CET-1CEST,M3.5.0", "<+1", "CET-999",
    ])
    func others_areNone(text: String) { #expect(POSIXTimeZone(text) == nil) }
}
