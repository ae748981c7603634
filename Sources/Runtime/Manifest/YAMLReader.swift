import CYAML
internal import Functions

/// Reads one YAML document into a tree, by libyaml's event parser.
///
/// The only file of the manifest that touches C. Every pointer stays inside ``LibYAMLParser``: the input buffer
/// outlives the parser because it is borrowed around the parser's whole life, and an event's memory is copied
/// before the event is deleted.
enum YAMLReader {
    /// The document's root.
    ///
    /// - Throws: The first thing that is not YAML, not UTF-8, above a limit, or beyond what a manifest needs
    ///   (anchors, aliases, tags, several documents, keys that are not text).
    static func read(_ bytes: [UInt8]) throws(YAMLError) -> YAMLNode {
        guard bytes.count <= ManifestBounds.fileBytes else {
            throw YAMLError(
                message: "the file is larger than \(UnitTable.sizes.text(ManifestBounds.fileBytes))",
                mark: .start)
        }
        // libyaml would take UTF-16 as well, and report bad UTF-8 without a line.
        if let offset = firstInvalidUTF8(bytes) {
            throw YAMLError(message: "the file is not UTF-8 here", mark: mark(of: offset, in: bytes))
        }
        return try unsafe bytes.withUnsafeBufferPointer { (buffer) throws(YAMLError) -> YAMLNode in
            let parser = unsafe LibYAMLParser(input: buffer)
            var builder = YAMLTreeBuilder()
            while true {
                let event: YAMLEvent
                switch parser.next() {
                case .success(let next): event = next
                case .failure(let failure): throw failure.error(in: bytes)
                }
                if let root = try builder.take(event) {
                    return root
                }
            }
        }
    }

    private static func firstInvalidUTF8(_ bytes: [UInt8]) -> Int? {
        // The common case takes the standard library's fast path.
        if String(validating: bytes, as: UTF8.self) != nil { return nil }
        var decoder = UTF8()
        var iterator = bytes.makeIterator()
        var offset = 0
        while case .scalarValue(let scalar) = decoder.decode(&iterator) {
            offset += UTF8.width(scalar)
        }
        return offset
    }

    /// The line and column of a byte.
    fileprivate static func mark(of offset: Int, in bytes: [UInt8]) -> YAMLMark {
        var mark = YAMLMark.start
        let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]
        for byte in bytes.prefix(offset).dropFirst(bytes.starts(with: byteOrderMark) ? 3 : 0) {
            if byte == UInt8(ascii: "\n") {
                mark.line += 1
                mark.column = 1
            } else if byte & 0xC0 != 0x80 {
                mark.column += 1
            }
        }
        return mark
    }
}

/// A step of libyaml through a document, without its pointers.
struct YAMLEvent {
    enum Kind {
        case documentStart, documentEnd, streamEnd, alias, sequenceEnd, mappingEnd, other
        case scalar(String, isPlain: Bool)
        case sequenceStart, mappingStart
    }

    var kind: Kind
    var mark: YAMLMark
    var hasAnchor = false
    var hasTag = false
}

/// What libyaml says about a text that it cannot read.
private struct LibYAMLFailure: Error {
    var problem: String
    var context: String?
    var contextLine: Int
    /// Nil for bytes that its reader refuses, of which it only knows the offset.
    var mark: YAMLMark?
    var offset: Int

    func error(in bytes: [UInt8]) -> YAMLError {
        let place = mark ?? YAMLReader.mark(of: offset, in: bytes)
        guard let context else { return YAMLError(message: problem, mark: place) }
        // The fallback event is written so, and libyaml's words do not lead there.
        if context == "while scanning an alias" {
            return YAMLError(message: "a value that starts with '*' needs quotes, such as \"*\"", mark: place)
        }
        let from = contextLine == place.line ? "" : " from line \(contextLine)"
        return YAMLError(message: "\(problem), \(context)\(from)", mark: place)
    }
}

/// libyaml's parser, which must stay at one address: it keeps a pointer to itself.
@safe private struct LibYAMLParser: ~Copyable {
    private let parser: UnsafeMutablePointer<yaml_parser_t>
    private let isReady: Bool

    /// - Parameter input: Must outlive this value.
    init(input: UnsafeBufferPointer<UInt8>) {
        unsafe parser = .allocate(capacity: 1)
        isReady = unsafe yaml_parser_initialize(parser) == 1
        if isReady {
            // No encoding is set: with one, libyaml takes a byte order mark for content.
            unsafe yaml_parser_set_input_string(parser, input.baseAddress, input.count)
        }
    }

    deinit {
        if isReady {
            unsafe yaml_parser_delete(parser)
        }
        unsafe parser.deallocate()
    }

    func next() -> Result<YAMLEvent, LibYAMLFailure> {
        guard isReady else { return .failure(outOfMemory) }
        var event = unsafe yaml_event_t()
        guard unsafe yaml_parser_parse(parser, &event) == 1 else { return .failure(failure) }
        defer { unsafe yaml_event_delete(&event) }
        return unsafe .success(Self.copy(event))
    }

    private static func copy(_ event: yaml_event_t) -> YAMLEvent {
        let start = unsafe mark(event.start_mark)
        switch unsafe event.type {
        case YAML_DOCUMENT_START_EVENT: return YAMLEvent(kind: .documentStart, mark: start)
        case YAML_DOCUMENT_END_EVENT: return YAMLEvent(kind: .documentEnd, mark: start)
        case YAML_STREAM_END_EVENT, YAML_NO_EVENT: return YAMLEvent(kind: .streamEnd, mark: start)
        case YAML_ALIAS_EVENT: return YAMLEvent(kind: .alias, mark: start)
        case YAML_SEQUENCE_END_EVENT: return YAMLEvent(kind: .sequenceEnd, mark: start)
        case YAML_MAPPING_END_EVENT: return YAMLEvent(kind: .mappingEnd, mark: start)
        case YAML_SEQUENCE_START_EVENT:
            let data = unsafe event.data.sequence_start
            return unsafe YAMLEvent(
                kind: .sequenceStart, mark: start, hasAnchor: data.anchor != nil, hasTag: data.tag != nil)
        case YAML_MAPPING_START_EVENT:
            let data = unsafe event.data.mapping_start
            return unsafe YAMLEvent(
                kind: .mappingStart, mark: start, hasAnchor: data.anchor != nil, hasTag: data.tag != nil)
        case YAML_SCALAR_EVENT:
            let data = unsafe event.data.scalar
            let bytes = unsafe UnsafeBufferPointer(start: data.value, count: data.length)
            let isPlain = unsafe data.style == YAML_PLAIN_SCALAR_STYLE
            return unsafe YAMLEvent(
                kind: .scalar(String(decoding: bytes, as: UTF8.self), isPlain: isPlain), mark: start,
                hasAnchor: data.anchor != nil, hasTag: data.tag != nil)
        default: return YAMLEvent(kind: .other, mark: start)
        }
    }

    private static func mark(_ mark: yaml_mark_t) -> YAMLMark {
        YAMLMark(line: Int(mark.line) + 1, column: Int(mark.column) + 1)
    }

    private var failure: LibYAMLFailure {
        let error = unsafe parser.pointee.error
        guard error != YAML_MEMORY_ERROR else { return outOfMemory }
        let problem = unsafe parser.pointee.problem.map { unsafe String(cString: $0) }
        let context = unsafe parser.pointee.context.map { unsafe String(cString: $0) }
        let contextMark = unsafe Self.mark(parser.pointee.context_mark)
        let problemMark = unsafe Self.mark(parser.pointee.problem_mark)
        let offset = unsafe Int(parser.pointee.problem_offset)
        return LibYAMLFailure(
            problem: problem ?? "this is not YAML", context: context, contextLine: contextMark.line,
            mark: error == YAML_READER_ERROR ? nil : problemMark, offset: offset)
    }

    private var outOfMemory: LibYAMLFailure {
        LibYAMLFailure(
            problem: "out of memory while reading YAML", context: nil, contextLine: 1, mark: .start, offset: 0
        )
    }
}
