// A search service on Node's own HTTP server: one event loop that filters and sorts, and waits for the stock.
"use strict";

const http = require("node:http");

let state = 19;

/** Returns the next number of a linear congruential generator, from 0 to 1. */
function chance() {
  state = (state * 1664525 + 1013904223) % 4294967296;
  return state / 4294967296;
}

const products = Array.from({ length: 4000 }, (_, id) => ({ id, name: `product ${id}`, cents: (id * 7919) % 10007 }));

/** Computes for a few milliseconds. */
function search(times) {
  let found = [];
  for (let round = 0; round < times; round += 1) {
    found = products.filter((each) => (each.cents + round) % 3 === 0).sort((a, b) => a.name.localeCompare(b.name));
  }
  return JSON.stringify(found.slice(0, 50));
}

function answer(response, status, body) {
  response.writeHead(status, { "content-type": "application/json", "content-length": Buffer.byteLength(body) });
  response.end(body);
}

const server = http.createServer((request, response) => {
  const path = new URL(request.url, "http://localhost").pathname;
  if (path === "/search") {
    const found = search(96);
    setTimeout(() => answer(response, 200, found), 20 + 20 * chance()); // as if the stock were asked for
  } else if (path === "/suggest") {
    answer(response, 200, search(32));
  } else if (path === "/health") {
    answer(response, 200, "{}");
  } else {
    answer(response, 404, "{}");
  }
});

server.listen(Number(process.env.PORT || 8080), process.env.HOST || "0.0.0.0");
process.on("SIGTERM", () => process.exit(0));
