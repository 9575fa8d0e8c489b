// Uses a Thing as a program of the Web of Things does: with the W3C's reference client, and from its description alone.
//
//     NODE_PATH=FOLDER/node_modules node consume.js http://127.0.0.1:8080/.well-known/wot
//
// Prints the accesses as JSON: names of properties, actions and events.
"use strict";

const assert = require("node:assert");
const { Servient } = require("@node-wot/core");
const { HttpClientFactory } = require("@node-wot/binding-http");

// Time limits, in ms.
const ENOUGH = 20_000; // for each wait; a busy machine takes longer than a device
const END = 120_000; // for the whole program

/** Values of an observed property or a subscribed event. */
class Stream {
  values = [];
  errors = [];
  #waiting = [];

  listener = async (output) => {
    try {
      // The client checks the value against the data schema of the description.
      this.values.push(await output.value());
    } catch (error) {
      this.errors.push(error);
    }
    this.#waiting.splice(0).forEach((wake) => wake());
  };

  failed = (error) => {
    this.errors.push(error);
    this.#waiting.splice(0).forEach((wake) => wake());
  };

  /** Waits until a value is as wanted. */
  async until(what, wanted) {
    const end = Date.now() + ENOUGH;
    for (;;) {
      assert.deepStrictEqual(this.errors, [], what);
      if (this.values.some(wanted)) return;
      assert(Date.now() < end, `${what}: it never came, only ${JSON.stringify(this.values)}`);
      let timer;
      await Promise.race([
        new Promise((wake) => this.#waiting.push(wake)),
        new Promise((wake) => (timer = setTimeout(wake, end - Date.now()))),
      ]);
      clearTimeout(timer);
    }
  }
}

/** Another value that the schema allows. */
function another(schema, value) {
  if (schema.enum) return schema.enum.find((other) => other !== value);
  if (schema.type === "boolean") return !value;
  if (schema.type === "string") return value === "node" ? "wot" : "node";
  const step = schema["instep:step"];
  return value + step <= schema.maximum ? value + step : value - step;
}

async function main(address) {
  const servient = new Servient();
  servient.addClientFactory(new HttpClientFactory());
  const wot = await servient.start();
  // The client checks the description against the W3C's schema.
  const description = await wot.requestThingDescription(address);
  const thing = await wot.consume(description);
  const { properties = {}, actions = {}, events = {} } = description;
  const did = { read: [], readAll: [], observed: [], written: [], invoked: [], subscribed: [], refused: [] };

  const streams = new Map();
  const subscriptions = [];
  for (const name of Object.keys(properties)) {
    const stream = new Stream();
    streams.set(name, stream);
    subscriptions.push(await thing.observeProperty(name, stream.listener, stream.failed));
    // The first value of the stream is the present one, as a read returns it.
    const value = await (await thing.readProperty(name)).value();
    did.read.push(name);
    await stream.until(name, (seen) => seen === value);
    did.observed.push(name);
  }
  for (const name of Object.keys(events)) {
    const stream = new Stream();
    streams.set(name, stream);
    subscriptions.push(await thing.subscribeEvent(name, stream.listener, stream.failed));
  }

  for (const [name, output] of await thing.readAllProperties()) {
    await output.value();
    did.readAll.push(name);
  }

  for (const [name, schema] of Object.entries(properties)) {
    if (schema.readOnly) {
      await assert.rejects(thing.writeProperty(name, true), /Method Not Allowed|suitable form/);
      did.refused.push(name);
      continue;
    }
    const before = await (await thing.readProperty(name)).value();
    const wanted = another(schema, before);
    await thing.writeProperty(name, wanted);
    assert.strictEqual(await (await thing.readProperty(name)).value(), wanted, name);
    await streams.get(name).until(name, (seen) => seen === wanted);
    did.written.push(name);
  }

  for (const [name, { input }] of Object.entries(actions)) {
    await thing.invokeAction(name, input && "hello");
    did.invoked.push(name);
  }

  // The writes and invocations caused one event of each name.
  for (const name of Object.keys(events)) {
    await streams.get(name).until(name, () => true);
    did.subscribed.push(name);
  }
  did.said = streams.get("said")?.values;

  for (const [name, stream] of streams) assert.deepStrictEqual(stream.errors, [], name);
  for (const subscription of subscriptions) await subscription.stop();
  await servient.shutdown();
  return did;
}

setTimeout(() => {
  console.error("the client did not finish in time");
  process.exit(1);
}, END).unref();

main(process.argv[2]).then(
  (did) => console.log(JSON.stringify(did)),
  (error) => {
    console.error(error);
    // Open streams would keep the process running.
    process.exit(1);
  },
);
