/** The list of a gateway: all devices, live. */

import { connect } from "./instep.js";
import { language, say } from "./list-texts.js";

const $ = (id) => document.getElementById(id);
/** Number of devices on a page. */
const PAGE = 50;
/** Pause before an update of the page, in ms, so that many changes at once cost one update. */
const PAUSE = 200;
/** Choices of the two menus: the texts' names. The first is what a new page shows. */
const CHOICES = { show: ["all", "online", "offline"], group: ["nothing", "name", "version", "state"] };

const gateway = connect("ws");
const devices = new Map(); // id -> device
const places = new Map(); // place -> id, as far as this connection has told
const order = new Intl.Collator(navigator.languages, { numeric: true, sensitivity: "base" });
let sorted = null; // devices in their order, or null if it has to be found
let about; // what the gateway last said of itself
let ahead = 0; // how far the gateway's clock is ahead of this one, in ms
let seen = 0; // time of the last frame
let begins = true; // whether the next frame is the first of a connection
let timer; // of the next update
let first = 0; // number of the first device on the page
let structure = ""; // groups and devices on the page

document.documentElement.lang = language;

/** Device with its item in the list. */
class Device {
  constructor(id) {
    this.id = id;
    this.told = true; // whether this connection has told of it
    this.parts = {};
    this.element = document.createElement("li");
    this.link = document.createElement("a");
    this.link.href = `${id}/`;
    this.element.append(this.link);
    for (const name of ["pill", "id", "since", "version"]) {
      const part = document.createElement("span");
      part.className = name;
      this.element.append(part);
      this.parts[name] = part;
    }
  }

  /** State of the device, as far as it is known. */
  get state() {
    return about && !about.broker ? "unknown" : this.online ? "online" : "offline";
  }

  get words() {
    return `${this.title} ${this.id} ${this.version}`.toLocaleLowerCase();
  }

  show() {
    const state = this.state;
    this.element.className = state;
    this.link.textContent = this.title;
    this.parts.id.textContent = this.id;
    this.parts.version.textContent = this.version && say("versioned", { version: this.version });
    this.parts.pill.textContent = say(state);
    const time = moment(this.since - ahead);
    this.parts.since.textContent = state === "unknown" ? "" : say(this.seen ? "since" : "before", { time });
  }
}

/** Returns a time in the reader's format, with the date if it is not of today. */
function moment(time) {
  const then = new Date(time);
  const today = then.toDateString() === new Date().toDateString();
  return then.toLocaleString(navigator.languages, { dateStyle: today ? undefined : "medium", timeStyle: "short" });
}

gateway.onmessage = () => {
  seen = Date.now();
  if (!begins) return;
  // Another gateway, and one that has been restarted, gives other places to the devices.
  begins = false;
  places.clear();
  for (const device of devices.values()) device.told = false;
};

gateway.on("device", ({ place, id, ...rest }) => {
  const before = places.get(place);
  // The device may have got another place meanwhile.
  if (before && before !== id && devices.get(before)?.place === place) remove(before);
  if (id) {
    places.set(place, id);
    if (!devices.has(id)) devices.set(id, new Device(id));
    const device = devices.get(id);
    if (device.title !== rest.title) sorted = null;
    Object.assign(device, rest, { place, told: true });
  } else {
    places.delete(place);
  }
  soon();
});

// All devices are told before the gateway itself.
gateway.on("gateway", (value) => {
  about = value;
  ahead = value.now - Date.now();
  for (const device of devices.values()) if (!device.told) remove(device.id);
  soon();
});

gateway.onstate = () => {
  if (gateway.state !== "live") begins = true;
  refresh();
};

function remove(id) {
  devices.delete(id);
  sorted = null;
}

/** Updates the page soon. */
function soon() {
  timer ??= setTimeout(() => {
    timer = undefined;
    refresh();
  }, PAUSE);
}

/** Writes a text if it is another one, because a screen reader reads what is written again. */
function write(id, text) {
  if ($(id).textContent !== text) $(id).textContent = text;
}

/** Shows the state of the connection, and the devices. */
function refresh() {
  const live = gateway.state === "live";
  const without = about?.broker === false;
  document.body.dataset.state = live && without ? "waiting" : gateway.state;
  document.body.classList.toggle("stale", without || (!live && devices.size > 0));
  const texts = [say(live ? (without ? "no-broker" : "live") : gateway.reason || "connecting", { origin: location.origin })];
  if (!live && devices.size) texts.push(say("asOf", { time: moment(seen) }));
  write("state", texts.join(" "));
  $("in").hidden = live || gateway.reason !== "sign-in";
  countDown();
  if (!about) return;
  $("tools").hidden = false;
  $("out").hidden = !about.guarded;
  write("access", about.open ? say("open") : "");
  write("full", about.full ? say("no-place") : "");
  showDevices();
}

/** Shows the time until the next attempt. It is outside of the live region, so screen readers do not read it each second. */
function countDown() {
  const waits = gateway.state === "waiting" && gateway.retryIn < Infinity;
  write("retry", waits ? say("retry", { seconds: Math.ceil(gateway.retryIn / 1000) }) : "");
}
setInterval(countDown, 1_000);

/** Returns the heading above a device. */
function groupOf(device) {
  const by = $("group").value;
  if (by === "name") return device.title;
  if (by === "version") return device.version ? say("versioned", { version: device.version }) : say("unversioned");
  return by === "state" ? say(device.state) : "";
}

/** Returns the devices that the reader has asked for, by their groups. */
function wanted() {
  sorted ??= [...devices.values()].sort((one, other) => order.compare(one.title, other.title) || order.compare(one.id, other.id));
  const words = $("search").value.toLocaleLowerCase().split(/\s+/).filter(Boolean);
  const state = $("show").value;
  const groups = new Map();
  for (const device of sorted) {
    if ((state !== "all" && device.state !== state) || !words.every((word) => device.words.includes(word))) continue;
    const name = groupOf(device);
    if (!groups.has(name)) groups.set(name, []);
    groups.get(name).push(device);
  }
  return [...groups].sort(([one], [other]) => order.compare(one, other));
}

function showDevices() {
  const groups = wanted();
  const count = groups.reduce((sum, [, members]) => sum + members.length, 0);
  first = Math.max(0, Math.min(first, Math.floor((count - 1) / PAGE) * PAGE));
  let left = first; // devices on the pages before
  let room = PAGE;
  const sections = [];
  for (const [name, members] of groups) {
    const shown = members.slice(left, left + room);
    left = Math.max(0, left - members.length);
    room -= shown.length;
    if (shown.length) sections.push([name, members.length, shown]);
  }
  for (const [, , shown] of sections) for (const device of shown) device.show();
  const now = JSON.stringify(sections.map(([name, all, shown]) => [name, all, shown.map((device) => device.id)]));
  if (now !== structure) {
    structure = now;
    const focused = document.activeElement;
    $("list").replaceChildren(...sections.map(section));
    if (focused?.isConnected) focused.focus({ preventScroll: true });
  }
  write("none", say(devices.size ? "unmatched" : "empty"));
  $("none").hidden = count > 0;
  const online = sorted.filter((device) => device.state === "online").length;
  write("count", say(about.broker ? "count" : "devices", { online, count: devices.size }));
  $("pages").hidden = count <= PAGE;
  write("range", say("range", { first: first + 1, last: Math.min(first + PAGE, count), count }));
  $("back").disabled = first === 0;
  $("next").disabled = first + PAGE >= count;
}

function section([name, count, members]) {
  const element = document.createElement("section");
  if (name) {
    const heading = document.createElement("h2");
    const number = document.createElement("span");
    number.textContent = count;
    heading.append(name, " ", number);
    element.append(heading);
  }
  const list = document.createElement("ul");
  list.append(...members.map((device) => device.element));
  element.append(list);
  return element;
}

/** Shows the devices that the reader asks for now, and keeps that in the address, so that the way back leads there. */
function ask(start = 0) {
  first = start;
  const query = new URLSearchParams();
  for (const [name, value] of [["search", $("search").value], ["show", $("show").value], ["group", $("group").value], ["first", start]]) {
    if (value && value !== CHOICES[name]?.[0]) query.set(name, value);
  }
  history.replaceState(null, "", query.size ? `?${query}` : location.pathname);
  refresh();
}

function turn(pages) {
  ask(first + pages * PAGE);
  $("title").scrollIntoView();
}

for (const [name, choices] of Object.entries(CHOICES)) {
  $(name).append(...choices.map((choice) => new Option(say(choice), choice)));
  $(name).onchange = () => ask();
}
const asked = new URLSearchParams(location.search);
for (const name of ["search", "show", "group"]) {
  const value = asked.get(name);
  if (value && (CHOICES[name]?.includes(value) ?? true)) $(name).value = value;
}
first = Number.parseInt(asked.get("first"), 10) || 0;
$("search").oninput = () => ask();
$("tools").onsubmit = (event) => event.preventDefault();
$("back").onclick = () => turn(-1);
$("next").onclick = () => turn(1);
for (const [id, text] of [["title", "title"], ["search-label", "search"], ["show-label", "show"], ["group-label", "groupBy"],
  ["back", "back"], ["next", "next"], ["directory", "directory"], ["in", "signIn"], ["out", "signOut"]]) write(id, say(text));
document.title = say("title");
refresh();
