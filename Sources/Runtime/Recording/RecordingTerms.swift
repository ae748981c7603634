internal import FoundationEssentials

/// What every process that writes to a recording must know of it. Whoever begins the recording makes this up, and the mark
/// beside the store tells it to the others.
struct RecordingTerms: Codable, Sendable {
    /// The folder, from the root on.
    let folder: String
    /// Under which addresses become stand-ins: one address has one in all parts. It is in no file of the recording.
    let salt: [UInt8]
    /// Members that are left out, beside tokens and passwords.
    let redacted: [String]
    let limits: Recorder.Limits

    init(folder: String, salt: [UInt8], redacted: [String], limits: Recorder.Limits) {
        self.folder =
            folder.hasPrefix("/") ? folder : FileManager.default.currentDirectoryPath + "/" + folder
        self.salt = salt
        self.redacted = redacted
        self.limits = limits
    }

    var redaction: Redaction { Redaction(fields: redacted) }
}
