// socket.io-client in a process of its own: orders come as lines of JSON, and what happens goes out as such.
//
//     node client.js BUNDLE

const readline = require("node:readline");
const { cut } = require("./browser.js");
const io = require(process.argv[2]);

const sockets = {};

// Without the source line, which is the whole bundle.
process.on("uncaughtException", (error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exit(1);
});

function tell(what) {
  // Bytes as JSON.
  const text = JSON.stringify(what, (_, value) =>
    value instanceof ArrayBuffer ? { bytes: [...new Uint8Array(value)] } : value);
  process.stdout.write(text + "\n");
}

// Bytes out of JSON.
function revive(value) {
  if (Array.isArray(value)) return value.map(revive);
  if (value === null || typeof value !== "object") return value;
  if (value.bytes) return new Uint8Array(value.bytes);
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, revive(member)]));
}

const orders = {
  open({ socket, url, options }) {
    const opened = io(url, { forceNew: true, reconnectionDelay: 50, reconnectionDelayMax: 300, ...options });
    sockets[socket] = opened;
    const happens = (what, more) => tell({ socket, what, ...more });
    opened.io.on("open", () => {
      const { engine } = opened.io;
      engine.once("upgrade", () => happens("upgrade", { transport: engine.transport.name }));
    });
    opened.on("connect", () => {
      const { engine } = opened.io;
      happens("connect", { id: opened.id, recovered: opened.recovered, transport: engine.transport.name });
    });
    opened.on("connect_error", (error) => happens("connect_error", { message: error.message, data: error.data }));
    opened.on("disconnect", (reason) => happens("disconnect", { reason }));
    opened.io.on("reconnect", (attempt) => happens("reconnect", { attempt }));
    opened.onAny((event, ...values) => {
      const answer = typeof values.at(-1) === "function" ? values.pop() : undefined;
      happens("event", { event, values });
      if (answer && opened.answers !== undefined) answer(...opened.answers);
    });
  },
  emit({ socket, event, values }) {
    sockets[socket].emit(event, ...revive(values));
  },
  call({ socket, event, values, timeout = 10_000 }) {
    sockets[socket].timeout(timeout).emit(event, ...revive(values), (error, ...answers) => {
      tell({ socket, what: "answer", to: event, answers, timed_out: Boolean(error) });
    });
  },
  // What is answered to the server's questions from now on.
  answer({ socket, values }) {
    sockets[socket].answers = revive(values);
  },
  // Goes and comes back by itself.
  drop({ socket }) {
    sockets[socket].io.engine.close();
  },
  // Away until `connect`, as a laptop that sleeps.
  sleep({ socket }) {
    sockets[socket].io.reconnection(false);
    cut();
  },
  wake({ socket }) {
    sockets[socket].io.reconnection(true);
    sockets[socket].connect();
  },
  cut() {
    cut();
  },
  // As a page does that has a fresh token, and React's StrictMode with every socket.
  again({ socket }) {
    sockets[socket].disconnect().connect();
  },
  close({ socket }) {
    sockets[socket].disconnect();
  },
};

readline.createInterface({ input: process.stdin }).on("line", (line) => {
  const order = JSON.parse(line);
  orders[order.do](order);
}).on("close", () => process.exit(0));
tell({ what: "ready" });
