// Many pages of socket.io-client in one process. Orders come as lines of JSON, and each is answered by one.
//
//     node swarm.js BUNDLE ADDRESS
//
// A page is a Manager with a socket in each of its namespaces; what its sockets hear is kept until it is asked for.

const readline = require("node:readline");
const browser = require("./browser.js");
const { Manager } = require(process.argv[2]);

browser.comeFrom(process.argv[3]);

const EVENT = "numbered";
const pages = [];

process.on("uncaughtException", (error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exit(1);
});

function tell(what) {
  process.stdout.write(JSON.stringify(what) + "\n");
}

// Numbers from 0 to 1 that a seed repeats (xorshift32).
class Chance {
  constructor(seed) {
    this.state = seed || 1;
  }

  next() {
    this.state ^= this.state << 13;
    this.state ^= this.state >>> 17;
    this.state ^= this.state << 5;
    return (this.state >>> 0) / 2 ** 32;
  }
}

// One socket, and what has become of it.
class Place {
  chains = [];
  beginnings = 0;
  recoveries = 0;
  denials = [];
  isLeft = false;

  constructor(manager, namespace, token) {
    this.namespace = namespace;
    this.socket = manager.socket(namespace, { auth: { token } });
    this.socket.on("connect", () => {
      if (this.socket.recovered) this.recoveries += 1;
      else {
        this.beginnings += 1;
        this.chains.push([]);
      }
      if (this.isLeft && this.socket.recovered) this.denials.push("recovered behind a goodbye");
      this.isLeft = false;
    });
    this.socket.on("connect_error", (error) => {
      // Where the line fails the client comes back by itself; where the server says so it does not.
      if (!this.socket.active) this.denials.push(`connect_error ${error.message}`);
    });
    this.socket.on("disconnect", (reason) => {
      if (reason === "io server disconnect") this.denials.push("sent away");
    });
    this.socket.on(EVENT, (data) => this.chains.at(-1)?.push(data.id));
  }

  again() {
    if (!this.socket.connected) return;
    this.isLeft = true;
    this.socket.disconnect().connect();
  }
}

const orders = {
  // `count` pages, all of which set out at once.
  open({ url, count, tokens, namespaces, transports }) {
    for (let number = 0; number < count; number += 1) {
      const index = pages.length;
      const manager = new Manager(url, {
        transports: transports[index % transports.length],
        reconnectionDelay: 200,
        reconnectionDelayMax: 2000,
        autoConnect: false,
      });
      const token = tokens[index % tokens.length];
      const places = namespaces.map((namespace) => new Place(manager, namespace, token));
      pages.push({ manager, places });
      for (const place of places) place.socket.connect();
    }
    return {};
  },
  // How many of the pages are there; the ids of their sockets, and the reasons of those that were denied.
  look() {
    const places = pages.flatMap((page) => page.places);
    return {
      pages: pages.filter((page) => page.places.every(({ socket }) => socket.connected)).length,
      sids: places.filter(({ socket }) => socket.connected).map(({ socket }) => socket.id),
      denials: places.flatMap(({ denials }) => denials),
      beginnings: places.reduce((sum, place) => sum + place.beginnings, 0),
      recoveries: places.reduce((sum, place) => sum + place.recoveries, 0),
      away: places.filter(({ socket }) => !socket.connected)
        .map(({ socket, namespace }) => `${namespace} ${socket.io._readyState} ${socket.active}`),
    };
  },
  // All lines are cut at once; away until `wake` unless they come back.
  cut({ comesBack }) {
    for (const { manager } of pages) manager.reconnection(comesBack);
    browser.cut();
    return {};
  },
  wake() {
    for (const { manager, places } of pages) {
      manager.reconnection(true);
      for (const { socket } of places) socket.connect();
    }
    return {};
  },
  // Some pages say goodbye in one namespace and connect again at once.
  again({ share, place, seed }) {
    const chance = new Chance(seed);
    let count = 0;
    for (const { places } of pages) {
      if (chance.next() >= share) continue;
      places[place % places.length].again();
      count += 1;
    }
    return { count };
  },
  leave() {
    for (const { places } of pages) for (const { socket } of places) socket.disconnect();
    return {};
  },
  chains() {
    return {
      chains: pages.flatMap(({ places }) =>
        places.map(({ namespace, chains, socket }) => ({ namespace, chains, isHere: socket.connected }))),
    };
  },
};

readline.createInterface({ input: process.stdin }).on("line", (line) => {
  const order = JSON.parse(line);
  tell(orders[order.do](order));
}).on("close", () => process.exit(0));
tell({ what: "ready" });
