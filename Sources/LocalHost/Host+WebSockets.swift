internal import Net
internal import Base
internal import FoundationEssentials
internal import Runtime
internal import Wire

/// WebSockets (RFC 6455), below whatever is spoken over them.
extension Serving {
    /// Answers an upgrade. Nil where it was refused, and the refusal answered.
    func openChannel(_ link: Link, _ request: HTTPRequest, _ connection: Connection) -> WebSocketChannel? {
        let key: String
        do throws(WebSocketHandshakeError) {
            key = try WebSocketHandshake.check(request)
        } catch {
            var response = HTTPResponse(status: error.status, headers: Self.securityHeaders)
            for field in error.headers.fields { response.headers.add(field.name, field.value) }
            response.headers.add("Content-Type", "application/problem+json")
            let problem = Problem(.protocolError, error.detail, status: error.status)
            response.body = Array(problem.json.utf8)
            answer(connection, response, to: request)
            return nil
        }
        let endpoint = link.endpoint?.settings
        let deflate = endpoint?.deflate == true ? PerMessageDeflate.negotiate(request.headers) : nil
        let subprotocol = endpoint.flatMap {
            WebSocketHandshake.subprotocol(offeredBy: request, among: $0.subprotocols)
        }
        let digest = Cryptography.sha1(Array((key + WebSocketHandshake.guid).utf8))
        WebSocketHandshake.response(
            accept: Base64.encode(digest), subprotocol: subprotocol,
            extensions: deflate?.answer
        ).encode(
            into: &connection.output, toHead: false, keepAlive: true, date: core.dateText(), minorVersion: 1)
        let bytes = endpoint?.maxPayload ?? settings.maxPayload
        let limits = WebSocketLimits(frameBytes: bytes, messageBytes: bytes)
        let channel = WebSocketChannel(
            link, decoder: WebSocketDecoder(limits: limits, deflate: deflate),
            deflater: deflate.map { WebSocketDeflater($0) })
        connection.channel = channel
        connection.isBusy = false
        return channel
    }

    /// Takes what the client has sent behind its upgrade.
    func begin(_ channel: WebSocketChannel, _ connection: Connection) {
        let rest = connection.parser?.takeRemaining() ?? []
        connection.parser = nil
        markDirty(connection)
        guard !rest.isEmpty else { return }
        channel.decoder.append(rest)
        advance(connection, channel)
    }

    /// Takes what has arrived as far as there is room for it.
    func advance(_ connection: Connection, _ channel: WebSocketChannel) {
        let link = channel.link
        do throws(WebSocketError) {
            // Beyond the limit, what has been read waits unread, and so does what the client still sends.
            while connections[connection.id] != nil, !connection.isClosing, !hasBacklog(link),
                channel.decoder.bufferedBytes > 0, hasTurn(connection),
                let message = try channel.decoder.next()
            {
                spend(TurnCredit.Cost.packet + message.byteCount, of: connection)
                receive(message, connection, channel)
            }
        } catch {
            if link.connection === connection, !link.isClosing {
                end(link, behindAnswers: .brokenFrames(code: error.closeCode, text: error.detail))
            } else {
                // No close frame of the client's can be recognised any more.
                closeChannel(connection, code: error.closeCode, error.detail)
                connection.lingers = true
                closeWhenSent(connection)
            }
        }
        weigh(link)
        if connections[connection.id] != nil { watch(connection) }
    }

    /// Ends what broke the protocol.
    func fail(_ connection: Connection, _ channel: WebSocketChannel, _ code: UInt16, _ text: String) {
        if channel.link.connection === connection {
            end(channel.link, behindAnswers: .violation(code: code, text: text))
        } else {
            closeChannel(connection, code: code, text)
        }
    }

    private func receive(
        _ message: WebSocketDecoder.Message, _ connection: Connection, _ channel: WebSocketChannel
    ) {
        let link = channel.link
        switch message {
        case .ping(let payload):
            guard !channel.isClosing else { return }
            var frame: [UInt8] = []
            WebSocketEncoder.frame(.pong, payload, into: &frame)
            connection.frames.appendPong(frame)
            markDirty(connection)
        case .pong: if link.endpoint != nil { link.pongDeadline = nil }
        case .close(let code, _):
            if link.connection === connection, !link.isClosing {
                return end(link, behindAnswers: .goodbye(code: code))
            }
            if !channel.isClosing {
                channel.isClosing = true
                connection.frames.append(WebSocketEncoder.close(code: code ?? 1000))
            }
            closeWhenSent(connection)
        case .text, .binary:
            guard !channel.isClosing, !link.isClosing else { return }
            if link.endpoint != nil {
                receivePlain(message, link)
            } else {
                receiveEngine(message, connection, channel)
            }
        }
    }

    /// A text frame is a packet, a binary frame a message without its digit.
    private func receiveEngine(
        _ message: WebSocketDecoder.Message, _ connection: Connection, _ channel: WebSocketChannel
    ) {
        let packet: EngineIOPacket
        switch message {
        case .binary(let bytes): packet = .binary(bytes)
        case .text(let text):
            do throws(EngineIOError) {
                packet = try EngineIOPacket(decoding: text)
            } catch { return fail(connection, channel, 1002, "not an Engine.IO packet") }
        default: return
        }
        if channel.link.connection === connection {
            receive(packet, channel.link)
        } else {
            receiveCandidate(packet, connection, channel.link)
        }
    }
}
