// ws: permessage-deflate by default, a subprotocol, pings, a closing handshake.
const WebSocket = require("ws");
const assert = require("node:assert");
const base = process.argv[2];

const socket = new WebSocket(`${base.replace("http", "ws")}/ws`, ["arduino"]);
let pong = false;
socket.on("pong", () => { pong = true; });
socket.on("open", () => {
  assert.equal(socket.protocol, "arduino");
  socket.ping();
  socket.send(JSON.stringify({ label: "led", value: false, id: 1 }));
});
socket.on("message", (data) => {
  const frame = JSON.parse(data);
  if (frame.label === "ok" && frame.id === 1) socket.close(1000);
});
socket.on("close", (code) => {
  assert.equal(code, 1000);
  assert.ok(pong, "its ping was answered");
});
socket.on("error", (error) => { throw error; });
