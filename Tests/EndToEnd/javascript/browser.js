// What a browser's page brings and Node does not: XMLHttpRequest, FileReader and (before Node 22) WebSocket, as far as
// socket.io-client's browser bundle uses them, with an origin that the server has to allow.

const crypto = require("node:crypto");
const http = require("node:http");

// Of the page: of another site than the host's, if nobody says.
const ORIGIN = process.env.ORIGIN || "https://play.example";
const agent = new http.Agent({ keepAlive: true });

// A browser tells a page of each event in a task of its own, and what a handler has promised is done before the next one.
// Two events in one task would do what no browser does: socket.io-client learns of its line's end before it has looked at
// the message in front of it, keeps that for its next connection, and does not ask from behind it.
const inTask = setImmediate;

// The connections that are open, so that a test can cut them.
const wires = new Set();

// The address that they come from.
let localAddress;
exports.comeFrom = (address) => {
  localAddress = address;
};

class XMLHttpRequest {
  readyState = 0;
  status = 0;
  responseText = "";
  withCredentials = false;
  #headers = { Origin: ORIGIN };

  open(method, url) {
    this.method = method;
    this.url = url;
  }

  setRequestHeader(name, value) {
    if (name === "Content-type" && !value.startsWith("text/plain")) throw new Error(`${value} needs a preflight`);
    this.#headers[name] = value;
  }

  send(body) {
    const options = { method: this.method, headers: this.#headers, agent, localAddress };
    this.request = http.request(this.url, options, (response) => {
      // A page of another origin may read what the server allows it to, only.
      const allowed = response.headers["access-control-allow-origin"];
      if (allowed !== ORIGIN && allowed !== "*") {
        response.destroy();
        return this.#done(0, "");
      }
      const parts = [];
      response.on("data", (part) => parts.push(part));
      response.on("end", () => this.#done(response.statusCode, Buffer.concat(parts).toString()));
      response.on("error", () => this.#done(0, ""));
    });
    this.request.on("socket", (socket) => {
      if (wires.has(socket)) return;
      wires.add(socket);
      socket.once("close", () => wires.delete(socket));
    });
    this.request.on("error", () => this.#done(0, ""));
    this.request.end(body ?? undefined);
  }

  abort() {
    this.onreadystatechange = () => {};
    this.request?.destroy();
  }

  #done(status, text) {
    if (this.readyState === 4) return;
    this.readyState = 4;
    this.status = status;
    this.responseText = text;
    inTask(() => this.onreadystatechange?.());
  }
}

class WebSocket {
  readyState = 0;
  binaryType = "blob";
  #received = Buffer.alloc(0);
  #fragments = [];

  constructor(url) {
    const headers = {
      Origin: ORIGIN,
      Connection: "Upgrade",
      Upgrade: "websocket",
      "Sec-WebSocket-Version": "13",
      "Sec-WebSocket-Key": crypto.randomBytes(16).toString("base64"),
    };
    this.request = http.request(url.replace(/^ws/, "http"), { headers, agent: false, localAddress });
    this.request.on("upgrade", (response, socket, head) => {
      this.socket = socket;
      socket.setNoDelay(true);
      wires.add(socket);
      socket.once("close", () => {
        wires.delete(socket);
        this.#ended(1006, "");
      });
      socket.on("error", () => socket.destroy());
      inTask(() => {
        this.readyState = 1;
        this.onopen?.({});
      });
      socket.on("data", (data) => this.#receive(data));
      this.#receive(head);
    });
    this.request.on("response", () => this.#failed());
    this.request.on("error", () => this.#failed());
    this.request.end();
  }

  send(data) {
    if (this.readyState !== 1) return;
    if (typeof data === "string") return this.#frame(1, Buffer.from(data));
    const view = ArrayBuffer.isView(data) ? data : new Uint8Array(data);
    this.#frame(2, Buffer.from(view.buffer, view.byteOffset, view.byteLength));
  }

  close() {
    if (this.readyState === 1) {
      this.readyState = 2;
      this.#frame(8, Buffer.from([0x03, 0xe8]));
    } else {
      this.request.destroy();
    }
  }

  #frame(opcode, payload) {
    if (!this.socket.writable) return;
    const head = [0x80 | opcode];
    if (payload.length < 126) head.push(0x80 | payload.length);
    else if (payload.length < 65536) head.push(0xfe, payload.length >> 8, payload.length & 255);
    else head.push(0xff, 0, 0, 0, 0, ...[24, 16, 8, 0].map((shift) => (payload.length >>> shift) & 255));
    const mask = crypto.randomBytes(4);
    const masked = Buffer.from(payload.map((byte, index) => byte ^ mask[index & 3]));
    this.socket.write(Buffer.concat([Buffer.from(head), mask, masked]));
  }

  #receive(data) {
    this.#received = Buffer.concat([this.#received, data]);
    for (;;) {
      const bytes = this.#received;
      if (bytes.length < 2) return;
      let size = bytes[1] & 127;
      let at = 2;
      if (size === 126) {
        if (bytes.length < 4) return;
        size = bytes.readUInt16BE(2);
        at = 4;
      } else if (size === 127) {
        if (bytes.length < 10) return;
        size = Number(bytes.readBigUInt64BE(2));
        at = 10;
      }
      if (bytes.length < at + size) return;
      this.#received = bytes.subarray(at + size);
      this.#take(bytes[0] & 15, bytes.subarray(at, at + size));
    }
  }

  #take(opcode, payload) {
    if (opcode === 1) this.#said(payload.toString());
    if (opcode === 2) this.#said(new Uint8Array(payload).buffer);
    if (opcode === 9) this.#frame(10, payload);
    if (opcode === 8) {
      const code = payload.length >= 2 ? payload.readUInt16BE(0) : 1005;
      if (this.readyState < 2) this.#frame(8, payload);
      this.socket.end();
      this.#ended(code, payload.subarray(2).toString());
    }
  }

  #said(data) {
    inTask(() => {
      if (this.readyState === 1) this.onmessage?.({ data });
    });
  }

  #failed() {
    inTask(() => this.onerror?.({}));
    this.#ended(1006, "");
  }

  #ended(code, reason) {
    inTask(() => {
      if (this.readyState === 3) return;
      this.readyState = 3;
      this.onclose?.({ code, reason });
    });
  }
}

class FileReader {
  async readAsDataURL(blob) {
    const bytes = Buffer.from(await blob.arrayBuffer());
    this.result = `data:application/octet-stream;base64,${bytes.toString("base64")}`;
    this.onload();
  }
}

Object.defineProperty(globalThis, "FileReader", { value: FileReader });
Object.defineProperty(globalThis, "XMLHttpRequest", { value: XMLHttpRequest });
Object.defineProperty(globalThis, "WebSocket", { value: WebSocket });

// Cuts every connection, as a network does that goes away.
exports.cut = () => {
  for (const wire of wires) wire.resetAndDestroy ? wire.resetAndDestroy() : wire.destroy();
};
