#!/bin/sh
# What the server of llama-cpp-python 0.3.36 answers to a prompt that is longer than its context. Its documents say
# nothing of it.
#
# Without a stream it is a 400 with the figures (`context_length_exceeded`). With "stream": true it is 200, the head of
# an event stream, and the proper end of it without a single event: the error is raised when the first event is made,
# behind the head. A client that streams, as most do, cannot tell it from a model that has nothing to say.
#
# Runs the server on a model of a megabyte that is made here. Needs python3 with pip, a C++ compiler and PyPI: the
# package has no wheels, so llama.cpp is built, which takes some minutes. Exits with 1 where the server does otherwise.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
folder=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server"; rm -rf "$folder"' EXIT
PYTHON=${PYTHON:-}
if [ -z "$PYTHON" ]; then
    python3 -m venv "$folder/venv"
    PYTHON=$folder/venv/bin/python3
    CMAKE_ARGS=-DLLAVA_BUILD=OFF "$PYTHON" -m pip install --quiet --disable-pip-version-check \
        'llama-cpp-python[server]==0.3.36' gguf==0.19.0
fi
PYTHONPATH=$here/../Tests/EndToEnd "$PYTHON" -B -c 'import sys, tiny_model; tiny_model.write(sys.argv[1], "Told.", 2)' \
    "$folder/tiny.gguf"
port=$(python3 -c 'import socket; print(socket.create_server(("127.0.0.1", 0)).getsockname()[1])')
"$PYTHON" -m llama_cpp.server --model "$folder/tiny.gguf" --port "$port" --host 127.0.0.1 --n_ctx 512 \
    --chat_format chatml >"$folder/log" 2>&1 &
server=$!
python3 -B - "$port" <<'PYTHON'
import http.client, json, sys, time

failures = 0


def ask(stream):
    body = {"messages": [{"role": "user", "content": "x" * 2_000}], "stream": stream, "max_tokens": 10}
    for _ in range(600):
        try:
            connection = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]), timeout=60)
            connection.request("POST", "/v1/chat/completions", json.dumps(body), {"Content-Type": "application/json"})
            response = connection.getresponse()
            return response.status, response.read().decode()
        except ConnectionRefusedError:
            time.sleep(0.1)
    sys.exit("the server does not start")


def hold(name, seen, expected):
    global failures
    print(f"{name}: {seen}")
    if seen != expected:
        print(f"  and not {expected}: the behaviour has changed")
        failures = 1


print("llama-cpp-python 0.3.36, a prompt over the context")
status, text = ask(False)
hold("without a stream", [status, json.loads(text)["error"]["code"]], [400, "context_length_exceeded"])
hold("with a stream", list(ask(True)), [200, ""])
sys.stdout.flush()
sys.exit(failures)
PYTHON
