"""python-socketio's own server with the lobby's functions: what the protocol tests are themselves tested against.

    GESTALOKA_REFERENCE=1 python3 -m unittest discover -s Tests/EndToEnd -p 'test_*io.py'

Needs python-socketio and uvicorn with websockets. Settings come from the same variables as lobby.yaml's.
"""

import os
import sys

import socketio
import uvicorn


def seconds(name, default):
    text = os.environ.get(name, default)
    return float(text[:-2]) / 1_000 if text.endswith("ms") else float(text[:-1])


server = socketio.AsyncServer(
    async_mode="asgi",
    ping_interval=seconds("PING_INTERVAL", "25s"),
    ping_timeout=seconds("PING_TIMEOUT", "20s"),
    max_http_buffer_size=int(os.environ.get("MAX_PAYLOAD", "1MB").replace("MB", "000000").replace("kB", "000")),
    cors_allowed_origins=["https://play.example", f"http://127.0.0.1:{sys.argv[1]}"],
)


def serve(namespace):
    async def connect(sid, environ, auth):
        if auth and auth.get("refuse"):
            raise socketio.exceptions.ConnectionRefusedError("Conflict", {"status": 409, "detail": auth["refuse"]})
        await server.enter_room(sid, "hall", namespace=namespace)

    async def message(sid, data):
        await server.emit("message-back", data, to=sid, namespace=namespace)
        return data

    async def relay(sid, *values):
        await server.emit("relayed", values, to=sid, namespace=namespace)
        return values

    async def chat(sid, data):
        skip = sid if data.get("others") else None
        said = {"from": sid, "text": data["text"]}
        await server.emit("chat", said, room=data.get("room", "hall"), skip_sid=skip, namespace=namespace)
        return {"delivered": True}

    async def join(sid, data):
        await server.enter_room(sid, data["room"], namespace=namespace)
        return {}

    async def leave(sid, data):
        await server.leave_room(sid, data["room"], namespace=namespace)
        return {}

    async def ask(sid, data):
        async def answered(*answers):
            told = {"answer": answers[0]} if len(answers) == 1 else {"answers": answers}
            await server.emit("answered", told, to=sid, namespace=namespace)

        await server.emit("question", data["question"], to=sid, namespace=namespace, callback=answered)
        return {}

    async def kick(sid, data):
        await server.disconnect(data.get("connection", sid), namespace=namespace)
        return {}

    async def anything(event, sid, data=None):
        return {"event": event}

    handlers = {
        "connect": connect, "message": message, "relay": relay, "chat": chat, "join": join, "leave": leave, "ask": ask, "kick": kick,
    }
    for event, handler in handlers.items():
        server.on(event, handler, namespace=namespace)
    if namespace == "/lobby":
        server.on("*", anything, namespace=namespace)


serve("/")
serve("/lobby")
uvicorn.run(socketio.ASGIApp(server), port=int(sys.argv[1]), log_level="warning", ws="websockets-sansio")
