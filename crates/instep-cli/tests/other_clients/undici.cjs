// undici: content of unknown length, connections that are kept, a WebSocket.
const { Agent, WebSocket, request } = require("undici");
const assert = require("node:assert");
const base = process.argv[2];

const change = (socket, label, value) => new Promise((resolve) => {
  socket.addEventListener("message", ({ data }) => {
    const frame = JSON.parse(data);
    if (frame.label === label && frame.value === value) resolve();
  });
});

(async () => {
  const dispatcher = new Agent({ connections: 1, pipelining: 1 });
  const headers = { "content-type": "application/json" };
  async function* parts() { yield "tr"; yield "ue"; }
  for (let round = 0; round < 3; round += 1) {
    const put = await request(`${base}/properties/led`, { method: "PUT", headers, body: parts(), dispatcher });
    assert.equal(put.statusCode, 204);
    assert.match(put.headers["keep-alive"], /^timeout=\d+$/);
    await put.body.dump();
  }
  const led = await request(`${base}/properties/led`, { dispatcher });
  assert.equal(await led.body.json(), true);
  await dispatcher.close();
  const socket = new WebSocket(`${base.replace("http", "ws")}/ws`, ["arduino", "other"]);
  await new Promise((resolve, reject) => { socket.onopen = resolve; socket.onerror = reject; });
  assert.equal(socket.protocol, "arduino");
  const changed = change(socket, "brightness", 7);
  socket.send(JSON.stringify({ label: "brightness", value: 7 }));
  await changed;
  socket.close();
})();
