#!/bin/sh
# What JavaScript's socket.io-client 4.8.1 does when it comes back, which a server with connection-state recovery must
# know. The protocol's pages say nothing of it.
#
# 1. A client whose recovery was refused got a new connection with a new `pid`. Lost again before any event, it names the
#    new `pid` together with the offset of the connection before: the offset is never reset. A server that takes an
#    offset from before the connection began for a fault refuses every such client for ever.
# 2. disconnect() and connect() before the first connect is answered: no disconnect packet goes out, because the socket
#    is not connected yet, but a second connect packet does. The namespace is asked for twice in a row.
# 3. A message and an Engine.IO close packet in one answer to a poll: the line is closed at once, the message looked at a
#    moment later. It is kept for the next connection and its offset is not, so that the client is told of it there once
#    more and hears it twice. The close in an answer of its own, it hears it once.
#
# Runs the client's browser bundle (from nicegui 3.18.0 on PyPI) in Node against a few lines that play the server's side
# in memory. Needs python3 with pip, node 18 or later, and PyPI. Exits with 1 where the client does otherwise.
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: --dest "$folder" nicegui==3.18.0
python3 - "$folder" <<'PYTHON'
import pathlib, sys, zipfile
folder = pathlib.Path(sys.argv[1])
wheel = next(folder.glob("*.whl"))
(folder / "client.js").write_bytes(zipfile.ZipFile(wheel).read("nicegui/static/socket.io.min.js"))
PYTHON

cat > "$folder/finding.js" <<'JAVASCRIPT'
// The server's side of every line: what it answers is up to `played`.
let played;
globalThis.WebSocket = class {
  constructor() {
    this.played = played;
    setTimeout(() => {
      this.onopen?.();
      this.tell('0{"sid":"line","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}');
    }, 1);
  }
  tell(text) { this.onmessage?.({ data: text }); }
  end() { this.onclose?.({ code: 1006 }); }
  send(text) { setTimeout(() => this.played(text, this), 1); }
  close() {}
};

const { io } = require("./client.js");
const open = () => io("http://localhost", { transports: ["websocket"], forceNew: true, reconnectionDelay: 1 });

function coming_back() {
  return new Promise((resolve) => {
    const sent = [];
    played = (text, line) => {
      if (!text.startsWith("40")) return;
      sent.push(text);
      line.tell(`40{"sid":"s${sent.length}","pid":"p${sent.length}"}`);
      if (sent.length === 1) line.tell('42["news",1,"offset-of-the-first"]');
      if (sent.length < 3) return line.end();
      socket.disconnect();
      resolve(sent);
    };
    const socket = open();
  });
}

function twice() {
  return new Promise((resolve) => {
    const sent = [];
    played = (text, line) => {
      if (text.includes("/other")) return;
      sent.push(text);
      if (sent.length === 1) socket.disconnect().connect();
      if (sent.length === 2) {
        line.tell('40{"sid":"s"}');
        socket.disconnect();
        resolve(sent);
      }
    };
    // A second namespace keeps the line open while the first one leaves.
    const socket = open();
    socket.io.socket("/other").connect();
  });
}

// A server of polling that has one event, and ends the first line behind it; what the client hears.
function polled(...goodbye) {
  const lines = [];
  globalThis.XMLHttpRequest = class {
    setRequestHeader() {}
    abort() {}
    open(method, url) {
      const number = new URL(url).searchParams.get("sid");
      this.line = lines[number] ?? { answers: [], number: lines.length };
      if (number === null) lines.push(this.line);
      this.isPost = method === "POST";
      this.isOpening = number === null;
    }
    send(body) {
      const { line } = this;
      if (this.isOpening) {
        const handshake = { sid: `${line.number}`, upgrades: [], pingInterval: 25000, pingTimeout: 20000, maxPayload: 1e6 };
        return this.answer(`0${JSON.stringify(handshake)}`);
      }
      if (!this.isPost) {
        line.poll = this;
      } else {
        this.answer("ok");
        if (!body.startsWith("40")) return;
        const isTold = line.number > 0 && JSON.parse(body.slice(2)).offset === "offset";
        line.answers.push('40{"sid":"s","pid":"p"}');
        if (line.number === 0) line.answers.push(...goodbye);
        else line.answers.push(...(isTold ? [] : ['42["news",1,"offset"]']), '42["over"]');
      }
      if (line.poll && line.answers.length > 0) {
        line.poll.answer(line.answers.shift());
        line.poll = undefined;
      }
    }
    answer(text) {
      setTimeout(() => {
        Object.assign(this, { readyState: 4, status: 200, responseText: text });
        this.onreadystatechange();
      }, 1);
    }
  };
  return new Promise((resolve) => {
    const heard = [];
    const socket = io("http://localhost", { transports: ["polling"], forceNew: true, reconnectionDelay: 1 });
    socket.on("news", (number) => heard.push(number));
    socket.on("over", () => {
      socket.disconnect();
      resolve(heard);
    });
  });
}

function hold(name, seen, expected) {
  console.log(`${name}: ${JSON.stringify(seen)}`);
  if (JSON.stringify(seen) !== JSON.stringify(expected)) {
    console.log(`  and not ${JSON.stringify(expected)}: the behaviour has changed`);
    process.exitCode = 1;
  }
}

(async () => {
  console.log("socket.io-client 4.8.1 (browser bundle)");
  hold("connect packets of a client that is lost twice", await coming_back(), [
    "40",
    '40{"pid":"p1","offset":"offset-of-the-first"}',
    '40{"pid":"p2","offset":"offset-of-the-first"}',
  ]);
  hold("packets of disconnect() and connect() before the answer", await twice(), ["40", "40"]);
  hold("heard of an event with a close behind it in one answer", await polled('42["news",1,"offset"]\x1e1'), [1, 1]);
  hold("heard where the close is an answer of its own", await polled('42["news",1,"offset"]', "1"), [1]);
  process.exit();
})();
JAVASCRIPT

cd "$folder"
exec node finding.js
