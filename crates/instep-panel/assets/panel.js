/** The panel: a page for any Thing, built from its Thing Description. */

import { connect } from "./instep.js";
import { cardOf } from "./controls.js";
import { clock, language, moment, say } from "./texts.js";

const $ = (id) => document.getElementById(id);
const DESCRIPTION = ".well-known/wot";
/** Interval at which the device is asked for its connection to a broker, in ms. Each time takes one of its few sockets. */
const BROKER_INTERVAL = 30_000;

export const thing = connect("ws", {});
let cards = new Map(); // label -> card
let shown = ""; // hash of the Thing that is shown
let announced = ""; // hash of the connected Thing
let describing = false; // whether a fetch of the description is under way
let seen = 0; // time of the last frame
let wasLive = false;
let wasReached = false;
let described = true; // whether the last fetch succeeded
let brokerTimer;
let endings = []; // functions that remove the handlers of the cards

document.documentElement.lang = language;

/** Rebuilds the page from the Thing Description. */
async function describe(hash) {
  if (describing) return;
  describing = true;
  try {
    const response = await fetch(DESCRIPTION, { headers: { Accept: "application/td+json" } });
    if (response.status === 401) return location.reload();
    if (!response.ok) throw new Error(response.statusText);
    build(await response.json());
    shown = hash;
    described = true;
  } catch {
    // The interval below retries while the connection is live.
    described = false;
  }
  describing = false;
  refresh();
}

function build(description) {
  for (const end of endings) end();
  endings = [];
  cards = new Map();
  const { title, version, properties = {}, actions = {}, events = {} } = description;
  document.title = title;
  $("title").textContent = title;
  $("version").textContent = version?.instance ? say("version", { version: version.instance }) : "";
  const open = description.security === "nosec";
  $("access").textContent = open ? say("open") : "";
  $("out").hidden = open;
  const all = Object.entries({ ...properties, ...actions, ...events });
  all.sort((one, other) => one[1]["instep:order"] - other[1]["instep:order"]);
  const groups = new Map();
  for (const [name, about] of all) {
    const card = cardOf(name, about, thing);
    if (!card) continue;
    cards.set(name, card);
    const group = about["instep:group"] ?? "";
    if (!groups.has(group)) groups.set(group, []);
    groups.get(group).push(card.element);
    endings.push(thing.on(name, (value, frame) => card.update(value ?? null, since(frame))));
  }
  $("cards").replaceChildren(...[...groups].map(([name, elements]) => section(name, elements)));
  for (const [name, value, at] of latest.values()) cards.get(name)?.update(value, at);
  catchUp();
  lookAtBroker();
}

/** Shows how the connection to an MQTT broker stands, and asks again where there is one. */
async function lookAtBroker() {
  clearTimeout(brokerTimer);
  let again = true;
  if (thing.state === "live" && !document.hidden) {
    try {
      const details = await (await fetch("healthz?verbose", { cache: "no-store" })).text();
      const state = /^broker: (.*)$/m.exec(details)?.[1];
      $("broker").textContent = state ? say(state === "connected" ? "broker" : "no-broker") : "";
      again = state;
    } catch {
      // The next look shows it.
    }
  }
  if (again) brokerTimer = setTimeout(lookAtBroker, BROKER_INTERVAL);
}

/** Fetches the history of each sensor, one at a time, because a device has few sockets. */
async function catchUp() {
  // A sensor works without its history.
  for (const card of cards.values()) await card.catchUp?.().catch(() => {});
}

function section(name, elements) {
  const section = document.createElement("section");
  if (name) {
    const heading = document.createElement("h2");
    heading.textContent = name;
    section.append(heading);
  }
  section.append(...elements);
  return section;
}

/** Returns the time of an event, or null for a past event that the device sends again. */
const since = ({ seq }) => (seq && thing.state !== "live" ? null : Date.now());

/** Values and numbered events that arrived before their card was built. */
const latest = new Map();
thing.onmessage = (data) => {
  seen = Date.now();
  if (announced === shown && shown) return;
  const frame = JSON.parse(data);
  const { label, value, seq = "" } = frame;
  if (label !== "thing") latest.set(`${label} ${seq}`, [label, value ?? null, since(frame)]);
};
thing.on("thing", ({ hash }) => {
  // A gateway sends the same frame again when the device goes or comes.
  if (hash !== announced) latest.clear();
  announced = hash;
});
thing.on("missed", (count) => ($("missed").textContent = say("missed", { count })));

thing.onstate = () => refresh();

/** Returns whether the device, or a gateway in its place, sends what there is. */
const isReached = () => thing.state === "live" || (thing.state === "waiting" && thing.reason === "offline");

/** Returns since when the device is offline. */
function offline() {
  const { since, before } = thing.offline ?? {};
  if (since) return say("offline", { time: moment(since) });
  return before ? say("offlineBefore", { time: moment(before) }) : say("connecting");
}

/** Shows the state of the connection. */
function refresh() {
  const live = thing.state === "live";
  const reached = isReached();
  if (reached && announced !== shown && (described || !wasReached)) describe(announced);
  if (live && !wasLive) catchUp();
  wasLive = live;
  wasReached = reached;
  for (const card of cards.values()) {
    for (const input of card.inputs) {
      input.disabled = !live || input.classList.contains("working");
      input.dataset.idle = !live;
    }
  }
  document.body.dataset.state = thing.state;
  document.body.classList.toggle("stale", !live && cards.size > 0);
  const problem = reached && !described ? "undescribed" : live ? "live" : thing.reason || "connecting";
  const texts = [problem === "offline" ? offline() : say(problem, { origin: location.origin })];
  if (!reached && cards.size && seen) texts.push(say("asOf", { time: clock(seen) }));
  $("state").textContent = texts.join(" ");
  const signIn = thing.reason === "sign-in" && !live;
  $("in").hidden = !signIn;
  countDown();
}

/**
 * Updates the time until the next attempt. It is outside of the live region, so screen readers do not read it each second.
 */
function countDown() {
  // A hidden page waits until it is visible, so its time is not known.
  const waits = thing.state === "waiting" && thing.retryIn < Infinity;
  const seconds = Math.ceil(thing.retryIn / 1000);
  $("retry").textContent = waits ? say("retry", { seconds }) : thing.state === "connecting" && seen ? say("retrying") : "";
}
setInterval(() => {
  countDown();
  if (!isReached()) return;
  if (!described) describe(announced);
  if (thing.state !== "live") return;
  for (const card of cards.values()) card.tick?.();
}, 1_000);

$("in").textContent = say("signIn");
$("out").textContent = say("signOut");
refresh();
