#!/bin/sh
# What the server of llama.cpp (b11549, from xllamacpp 2026.10.11549) does with the JSON schema of an answer
# (response_format), which a client that wants to stream must know. Its documents say neither.
#
# 1. A model with a vocabulary of SentencePiece's kind and a space prefix (tokenizer.ggml.add_space_prefix) takes no
#    schema at all: every request with one is a 400 whose text names neither the schema nor the vocabulary. A client that
#    learns from words alone fails for ever; the same request without the schema is answered.
# 2. The model must write an object's members in the schema's order, whatever it would say by itself. A client that
#    sorts the keys of its JSON has thereby decided which member is streamed first.
#
# Runs the server on models of a few hundred kilobytes that are made here and say one text each. Needs python3 with pip
# and PyPI, on Linux with x86_64 or aarch64. Exits with 1 where the server does otherwise.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --disable-pip-version-check --only-binary :all: --target "$folder/packages" \
    xllamacpp==2026.10.11549 gguf==0.19.0
cat >"$folder/finding.py" <<'PYTHON'
import http.client, json, pathlib, re, sys

import tiny_model, xllamacpp

folder = pathlib.Path(sys.argv[1])
STATED = '{"story": "A bell tolls.", "choices": "None."}'
failures = 0


def serve(name, space_prefix):
    tiny_model.write(folder / name, STATED, 4, space_prefix)
    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(folder / name)
    parameters.n_ctx = 512
    parameters.n_parallel = 1
    parameters.port = 0
    parameters.verbosity = -1
    return xllamacpp.Server(parameters)


def ask(server, members):
    body = {"messages": [{"role": "user", "content": "Tell."}], "max_tokens": 100, "temperature": 0}
    if members:
        schema = {"type": "object", "properties": {name: {"type": "string"} for name in members}, "required": members,
                  "additionalProperties": False}
        body["response_format"] = {"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}
    connection = http.client.HTTPConnection(server.listening_address.removeprefix("http://"), timeout=60)
    connection.request("POST", "/v1/chat/completions", json.dumps(body), {"Content-Type": "application/json"})
    response = connection.getresponse()
    answer = json.loads(response.read())
    if response.status != 200:
        return [response.status, answer["error"]["message"]]
    # The member that comes first; what the model says after one that it does not want is of no use.
    return [200, re.search(r'"(\w+)"', answer["choices"][0]["message"]["content"])[1]]


def hold(name, seen, expected):
    global failures
    print(f"{name}: {seen}")
    if seen != expected:
        print(f"  and not {expected}: the behaviour has changed")
        failures = 1


print("llama.cpp b11549 (xllamacpp 2026.10.11549)")
server = serve("prefix.gguf", True)
hold("with a space prefix, a schema", ask(server, ["story", "choices"]),
     [400, "Failed to initialize samplers: std::exception"])
hold("with a space prefix, no schema", ask(server, []), [200, "story"])
server = serve("plain.gguf", False)
hold("without one, no schema", ask(server, []), [200, "story"])
hold("without one, a schema", ask(server, ["story", "choices"]), [200, "story"])
hold("without one, the schema in another order", ask(server, ["choices", "story"]), [200, "choices"])
sys.stdout.flush()
sys.exit(failures)
PYTHON
PYTHONPATH=$folder/packages:$here/../Tests/EndToEnd python3 -B "$folder/finding.py" "$folder"
