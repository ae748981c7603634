"""A function that does by its event what a good one does not. It speaks the Lambda Runtime API by itself.

`naughty.py NAME [START]`: what stands in the event's body as `do` is done; `START` already at the start.
"""

import errno
import http.client
import json
import os
import resource
import signal
import socket
import sys
import time

PREFIX = "/2018-06-01/runtime/"
ADDRESS = os.environ["AWS_LAMBDA_RUNTIME_API"]
FOREVER = 3600
# Statuses that the Runtime API gave to what was done before, for the event `look-back`; what must not be closed.
seen = []
kept = []
# The event in hand.
in_hand = {}


class API:
    """A connection to the Runtime API."""

    def __init__(self):
        self.connection = http.client.HTTPConnection(ADDRESS)

    def ask(self, method, path, body=None, **headers):
        self.connection.request(method, PREFIX + path, body, headers)
        answer = self.connection.getresponse()
        return answer, answer.read()

    def next(self):
        answer, body = self.ask("GET", "invocation/next")
        event = json.loads(body)
        if isinstance(event, dict) and "body" in event:
            event = json.loads(event["body"] or "null")
        return answer.headers["Lambda-Runtime-Aws-Request-Id"], event

    def respond(self, id, value):
        body = value if isinstance(value, bytes) else json.dumps(value).encode()
        return self.ask("POST", f"invocation/{id}/response", body)[0].status


def raw(data):
    """What is answered to these bytes: the status; 0 where the connection is closed without one."""
    host, port = ADDRESS.split(":")
    with socket.create_connection((host, int(port))) as connection:
        try:
            connection.sendall(data)
            line = connection.makefile("rb").readline()
        except ConnectionError:
            return 0
        return int(line.split()[1]) if line else 0


# What an event asks for. Each gets the API and the invocation's id, and returns the answer; None: it has none to give.


def nothing(api, id):
    return {"pid": os.getpid()}


def look_back(api, id):
    return {"pid": os.getpid(), "seen": seen}


def whereabouts(api, id):
    """What somebody else needs to answer in its stead. It waits until it is told to go on."""
    print(json.dumps({"address": ADDRESS, "id": id}), flush=True)
    folder = sys.argv[2]
    while not os.path.exists(folder + "/go-on"):
        time.sleep(0.02)
    return {"own": True}


def spin(api, id):
    while True:
        pass


def sleep(api, id):
    time.sleep(FOREVER)


def stop(api, id):
    os.kill(os.getpid(), signal.SIGSTOP)


def allocate(api, id):
    while True:
        try:
            kept.append(bytearray(b"x") * (1 << 20))
        except MemoryError:
            time.sleep(0.01)


def fork(api, id):
    """Starts processes without end, or nearly: nobody may keep it from it."""
    for number in range(64):
        try:
            child = os.fork()
        except OSError as error:
            return {"forked": number, "error": errno.errorcode[error.errno]}
        if child == 0:
            time.sleep(FOREVER)
    time.sleep(FOREVER)


def daemon(api, id):
    """Leaves a process that is in no session and no group of its own's, and has no parent."""
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            time.sleep(FOREVER)
        os._exit(0)
    os.wait()
    return nothing(api, id)


def ignore_term(api, id):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    return nothing(api, id)


def write(api, id):
    while True:
        sys.stdout.write("a line without end\n")


def write_bytes(api, id):
    """What is no text, and no line."""
    os.write(1, b"\xff\xfe\x00" * 1000 + b"x" * 70_000)
    os.write(3 if "_LAMBDA_TELEMETRY_LOG_FD" in os.environ else 2, b"\xa5\x5a\x00\x00\x7f\xff\xff\xffnot as long")
    return nothing(api, id)


def close_streams(api, id):
    streams = [0, 1, 2, *([3] if "_LAMBDA_TELEMETRY_LOG_FD" in os.environ else [])]
    for descriptor in streams:
        os.close(descriptor)
    # What is opened next must not become standard output.
    for _ in streams:
        os.open(os.devnull, os.O_RDWR)
    return nothing(api, id)


def fill(api, id):
    """Fills its temporary folder without end, or nearly."""
    for number in range(256):
        with open(f"{os.environ['TMPDIR']}/{number}", "wb") as file:
            file.write(b"x" * (64 << 10))
    time.sleep(FOREVER)


def write_file(api, id):
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    with open(f"{os.environ['TMPDIR']}/large", "wb") as file:
        try:
            for _ in range(256):
                file.write(b"x" * (64 << 10))
                file.flush()
        except OSError as error:
            return {"error": errno.errorcode[error.errno]}


def open_files(api, id):
    files = []
    try:
        while True:
            files.append(open(os.devnull))
    except OSError as error:
        return {"error": errno.errorcode[error.errno], "few": len(files) < 256}


def exit(api, id):
    os._exit(3)


def exit_answered(api, id):
    api.respond(id, nothing(api, id))
    os._exit(0)


def abort(api, id):
    os.abort()


def trap(api, id):
    os.kill(os.getpid(), signal.SIGILL)


def fail(api, id):
    error = {"errorMessage": "out of sorts", "errorType": "Mood", "stackTrace": ["  line 1\n", "  line 2\n"]}
    api.ask(
        "POST", f"invocation/{id}/error", json.dumps(error).encode(),
        **{"Lambda-Runtime-Function-Error-Type": "Mood"})


def answer_twice(api, id):
    seen[:] = [api.respond(id, nothing(api, id)), api.respond(id, {"second": True})]


def answer_another(api, id):
    """Answers what is another's, in every way: nobody can guess an id."""
    seen[:] = [
        api.ask("POST", f"invocation/{other}/{what}", b"{}")[0].status
        for other in (in_hand.get("id", "invocation_0"), "..", id + "x", id[:-1])
        for what in ("response", "error", "live")
    ]
    return nothing(api, id)


def answer_dead(api, id):
    """Its child answers once it is gone."""
    parent = os.getpid()
    if os.fork() == 0:
        os.setsid()
        while os.getppid() == parent:
            time.sleep(0.01)
        time.sleep(0.2)
        API().respond(id, {"from": "the dead"})
        os._exit(0)
    os._exit(4)


def never_ask(api, id):
    api.respond(id, nothing(api, id))
    time.sleep(FOREVER)


def spin_answered(api, id):
    api.respond(id, nothing(api, id))
    while True:
        pass


def half(api, id):
    """The beginning of an answer."""
    host, port = ADDRESS.split(":")
    connection = socket.create_connection((host, int(port)))
    kept.append(connection)
    connection.sendall(f"POST {PREFIX}invocation/{id}/response HTTP/1.1\r\nContent-Length: 99\r\n\r\n{{".encode())
    time.sleep(FOREVER)


def large(api, id):
    api.respond(id, b'"' + b"x" * (1 << 20) + b'"')


def not_json(api, id):
    api.respond(id, b'{"statusCode": 200')


def not_text(api, id):
    api.respond(id, b'"\xff\xfe"')


def wrong_status(api, id):
    return {"statusCode": 42}


def wrong_headers(api, id):
    return {"statusCode": 200, "headers": {"X-A\r\nSet-Cookie": "a=b", "X-B": "c\r\nSet-Cookie: d=e"}}


def hang_up(api, id):
    """Asks for events again and again, and does not wait for them."""
    host, port = ADDRESS.split(":")
    for _ in range(50):
        with socket.create_connection((host, int(port))) as connection:
            connection.sendall(f"GET {PREFIX}invocation/next HTTP/1.1\r\n\r\n".encode())
    return nothing(api, id)


def flood(api, id):
    """More connections than anybody needs, each with half a request; they stay open."""
    host, port = ADDRESS.split(":")
    for _ in range(100):
        connection = socket.create_connection((host, int(port)))
        kept.append(connection)
        try:
            connection.sendall(b"GET ")
        except ConnectionError:
            pass
    return nothing(api, id)


def garbage(api, id):
    version = " HTTP/1.1\r\nHost: a\r\n"
    return {"statuses": [raw(data.encode("latin-1")) for data in (
        "\0\xff garbage\r\n\r\n",
        "GET / HTTP/9.9\r\n\r\n",
        "GET /" + version + "\r\n",
        f"DELETE {PREFIX}invocation/next{version}\r\n",
        f"GET {PREFIX}invocation/next/next{version}\r\n",
        f"POST {PREFIX}invocation/{id}{version}Content-Length: 0\r\n\r\n",
        f"POST {PREFIX}invocation/{id}/response{version}Content-Length: -1\r\n\r\n",
        f"POST {PREFIX}invocation/{id}/response{version}Transfer-Encoding: chunked\r\n\r\nxyz\r\n",
        "GET /" + version + "X-Long: " + "x" * 200_000 + "\r\n\r\n",
        "G" * 200_000,
    )]}


def serve():
    api = API()
    while True:
        id, event = api.next()
        what = (event or {}).get("do", "nothing") if isinstance(event, dict) else "nothing"
        in_hand.clear()
        in_hand.update(event if isinstance(event, dict) else {})
        answer = DEEDS[what](api, id)
        if answer is not None:
            api.respond(id, answer)


def refuse_to_start():
    error = json.dumps({"errorMessage": "no mood to start", "errorType": "Mood", "stackTrace": []}).encode()
    API().ask("POST", "init/error", error, **{"Lambda-Runtime-Function-Error-Type": "Mood"})
    os._exit(1)


DEEDS = {name.replace("_", "-"): deed for name, deed in list(globals().items()) if callable(deed)}
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
match sys.argv[2:]:
    case ["die"]:
        os._exit(7)
    case ["refuse"]:
        refuse_to_start()
    case ["sleep"]:
        time.sleep(FOREVER)
    case _:
        serve()
