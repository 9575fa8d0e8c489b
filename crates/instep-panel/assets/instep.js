/**
 * instep.js: keeps a page in step with a device over one WebSocket. Its types are in instep.d.ts. Behind a proxy that
 * passes no WebSocket, a Thing sends Server-Sent Events and gets commands by HTTP, with the same functions and states.
 *
 *     import { connect } from "./instep.js";
 *     const thing = connect();
 *     thing.on("led", (on) => { box.checked = on; });
 *     thing.onstate = () => { box.disabled = thing.state !== "live"; };
 *     box.onchange = () => thing.set("led", box.checked).catch((error) => alert(error.message));
 *
 * It reconnects by itself. Treat what you show as old unless `thing.state` is "live".
 */

import { now, pause } from "./clock.js";
import { ANSWER, LOST, ThingError, WHY, parse, revisionIn } from "./frame.js";
import { Claim, Stream } from "./stream.js";

// All times are in ms. Delays have random jitter, so that many pages do not retry in the same instant.
const ATTEMPT = 10_000; // timeout of an attempt to become live, because a frozen device never answers
const RETRY_FIRST = 500; // first retry delay; it doubles with every failure
const RETRY_MAX = 15_000; // maximum retry delay
const LIVED = 5_000; // a connection of this length resets the retry delay
const TICK = 1_000; // interval of checking the clock, because timers alone miss that a laptop slept
const SETTLE = 200; // delay after a Thing's first frame, so that its values arrive
const SLIDE = 50; // interval between two writes of a slider
const AFTER_MAX = 60_000; // maximum delay that a full device may ask for
const UPGRADE_FIRST = 1_000; // first delay before a WebSocket is tried beside a stream; it doubles with every failure
const UPGRADE_MAX = 300_000; // maximum of this delay
const UPGRADE_KEPT = 3; // maximum number of failures that count when a new stream begins

class Thing {
  /**
   * "connecting": an attempt is under way;
   * "live": connected, and what the device sent is current;
   * "waiting": not connected, the next attempt is in `retryIn` ms;
   * "closed": `close()` was called.
   */
  state = "connecting";

  /**
   * Reason why the connection is not live:
   *
   *   "": none yet;
   *   "lost": the connection ended;
   *   "silent": no message arrived in time;
   *   "unreachable": an attempt failed;
   *   "full": the device has its maximum number of clients;
   *   "sign-in": the device needs its password;
   *   "password": the device needs its password, which a page from another origin cannot send by a WebSocket;
   *   "refused": the device does not allow this page;
   *   "no-upgrade": a proxy passes no WebSocket, and the device has no stream;
   *   "pages": other pages of this browser have the maximum number of streams;
   *   "hidden": a page without a WebSocket has no stream while it is hidden;
   *   "offline": the gateway is connected, and the device behind it is not.
   */
  reason = "";

  /**
   * While the device behind a gateway is offline: since when, as `{ since }`, or as `{ before }` if the gateway has not seen it;
   * a time in ms, as of `Date.now()`. Else null.
   */
  offline = null;

  /** Called soon after `connect()`, and then on every change of state. */
  onstate = null;

  /** Called with every message, as a string or an ArrayBuffer. */
  onmessage = null;

  #url;
  #staleAfter;
  #liveAfter;
  #handlers = new Map(); // label -> Set of functions
  #socket = null;
  #missing; // labels that must still arrive before this connection is live
  #opened = false;
  #liveSince = 0;
  #failures = 0;
  #deadline = 0; // the only deadline; #look() handles it, depending on the state
  #timer;
  #listening = new AbortController();
  #asked = new Map(); // id -> handler of its answer
  #lastId = 0;
  #slides = new Map(); // label -> { next }
  #streams = false; // whether a stream takes the place of a WebSocket
  #plain = false; // whether the device has no stream
  #position; // position of the last stream, from which the next one continues
  #claim; // claim of a stream
  #upgrade; // WebSocket that is tried beside the stream
  #upgradeFailures = 0;
  #upgradeTimer;
  #start; // boot id of the device; at each boot, the numbers of events begin again
  #lastEvents = new Map(); // name -> number of the last event

  constructor(path, { staleAfter = 12_000, liveAfter = "frame" } = {}) {
    // The URL has the page's host and port. http becomes ws, and https becomes wss.
    this.#url = new URL(path, location.href.replace(/^http/, "ws")).href;
    this.#staleAfter = staleAfter > 0 ? staleAfter : Infinity;
    this.#liveAfter = liveAfter;
    this.#open();
    // The call comes later, because the caller has not set `onstate` yet.
    queueMicrotask(() => this.onstate?.(this));

    const { signal } = this.#listening;
    addEventListener("online", () => this.#wake(this.#staleAfter === Infinity), { signal });
    addEventListener("pageshow", (event) => event.persisted && this.#wake(), { signal });
    // A page in the back-forward cache has no connection, and is not live when it returns.
    addEventListener("pagehide", () => (this.#fail("lost"), this.#release()), { signal });
    addEventListener("visibilitychange", () => (document.hidden ? this.#replace() : this.#wake()), { signal });
  }

  /**
   * Calls `handler(value, frame)` for every `{"label": label, "value": value}` from the device.
   * Returns a function that removes the handler. A handler runs before `state` becomes "live". Events that the device
   * sends again after a reconnect (their frames have a `seq`) are handled once.
   */
  on(label, handler) {
    if (!this.#handlers.has(label)) this.#handlers.set(label, new Set());
    const handlers = this.#handlers.get(label);
    handlers.add(handler);
    return () => handlers.delete(handler);
  }

  /**
   * Sends text or bytes. Returns whether they were sent, which is false unless live. Nothing is queued, because a stale
   * command could do harm when the device is back.
   */
  send(data) {
    if (this.state !== "live" || this.#socket.readyState !== WebSocket.OPEN) return false;
    if (this.#streams && !parse(data)) return false;
    this.#socket.send(data);
    return true;
  }

  /** Writes a property. Resolves when the device has written it; else rejects with a `ThingError`. */
  set(label, value) {
    return this.#ask({ label, value });
  }

  /** Invokes an action, with input if it takes any. Resolves with its output when it is done. */
  invoke(label, input) {
    return this.#ask(input === undefined ? { label } : { label, value: input });
  }

  /**
   * Writes a property that changes faster than a network allows, such as that of a slider. Sends a write only after the
   * answer to the previous one, and then only the latest value. Resolves when this value or a later one is written.
   */
  slide(label, value) {
    const under = this.#slides.get(label);
    if (under) {
      under.value = value;
      return (under.next ??= under.done.then(() => this.#slide(label, under.value)));
    }
    return this.#slide(label, value);
  }

  #slide(label, value) {
    const written = this.set(label, value);
    const under = { done: Promise.allSettled([written, pause(SLIDE)]) };
    this.#slides.set(label, under);
    under.done.then(() => under.next || this.#slides.delete(label));
    return written;
  }

  #ask(frame) {
    const { label } = frame;
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      if (!this.send(JSON.stringify({ ...frame, id }))) {
        return reject(new ThingError("not-live", "There is no connection to the device.", label));
      }
      const late = () => this.#answer(id, "no-answer", "The device does not answer.");
      this.#asked.set(id, { resolve, reject, label, timer: setTimeout(late, ANSWER) });
    });
  }

  /** Settles a request. It succeeded if there is no code. */
  #answer(id, code, value) {
    const asked = this.#asked.get(id);
    if (!asked) return;
    this.#asked.delete(id);
    clearTimeout(asked.timer);
    if (code) asked.reject(new ThingError(code, value, asked.label));
    else asked.resolve(value);
  }

  /** Milliseconds until the next attempt; 0 unless waiting. */
  get retryIn() {
    if (this.reason === "offline" && this.state === "waiting") return Infinity;
    return this.state === "waiting" ? Math.max(0, this.#deadline - now()) : 0;
  }

  /** Ends the connection for good. */
  close() {
    this.#listening.abort();
    this.#drop();
    this.#release();
    this.#enter("closed", "", Infinity);
  }

  #open() {
    this.#drop();
    this.#opened = false;
    this.#missing = new Set(Array.isArray(this.#liveAfter) ? this.#liveAfter : []);
    // The stream of a hidden page would take a connection from a visible one.
    if (this.#streams && document.hidden) return this.#enter("waiting", "hidden", Infinity);
    if (this.#streams) this.#claim ??= new Claim(() => this.reason === "pages" && this.#wake());
    this.#follow(this.#streams ? new Stream(this.#http(), this.#position, this.#claim) : new WebSocket(this.#url));
    this.#enter("connecting", this.reason === "hidden" ? "" : this.reason, ATTEMPT);
  }

  /** Handles the events of a socket. */
  #follow(socket) {
    socket.binaryType = "arraybuffer";
    socket.onopen = () => {
      this.#opened = true;
      if (this.#liveAfter === "open") this.#live();
    };
    socket.onmessage = ({ data }) => {
      if (data !== undefined) this.#receive(socket, data);
      if (this.#streams) this.#replace();
    };
    socket.onclose = () => {
      if (this.#streams && !this.#opened) this.#refused(socket);
      else this.#fail(this.#opened ? "lost" : "unreachable");
    };
    this.#socket = socket;
  }

  #release() {
    this.#claim?.close();
    this.#claim = null;
  }

  #http() {
    return this.#url.replace(/^ws/, "http");
  }

  /** Handles a stream that could not be opened. */
  #refused({ reason, after }) {
    this.#plain ||= reason === "no-upgrade";
    // The next attempt is a WebSocket again, unless it would fail in the same way.
    this.#streams = reason !== "no-upgrade" && reason !== "";
    this.#fail(reason || "unreachable");
    this.#wait(reason || "unreachable", after);
  }

  /**
   * Replaces the stream by the WebSocket, once the WebSocket has received everything that the stream has. Closes the stream
   * of a hidden page. Does nothing while a command is unanswered.
   */
  #replace() {
    const stream = this.#socket;
    if (!this.#streams || !stream || stream.pending) return;
    this.#position = stream.position;
    if (document.hidden) {
      this.#drop();
      return this.#enter("waiting", "hidden", Infinity);
    }
    const upgrade = this.#upgrade;
    const behind = upgrade?.marks.get(stream.revision);
    if (this.state !== "live" || behind === undefined || upgrade.readyState !== WebSocket.OPEN) return;
    // Up to that revision, both have received the same. Later frames of the WebSocket are new.
    clearTimeout(this.#upgradeTimer);
    this.#upgrade = null;
    this.#upgradeFailures = 0;
    this.#position = undefined;
    // The WebSocket has received the rest, or will.
    stream.onmessage = stream.onclose = null;
    stream.close();
    this.#streams = false;
    this.#release();
    this.#follow(upgrade);
    this.#deadline = now() + this.#staleAfter;
    for (const data of upgrade.held.slice(behind)) if (this.#socket === upgrade) this.#receive(upgrade, data);
  }

  /** Tries a WebSocket beside the stream. */
  #tryUpgrade() {
    const upgrade = new WebSocket(`${this.#url}?revision`);
    upgrade.held = []; // frames that it has received
    upgrade.marks = new Map(); // revision -> number of frames before it
    upgrade.onmessage = ({ data }) => {
      const revision = revisionIn(data, -1);
      if (revision >= 0) upgrade.marks.set(revision, upgrade.held.length);
      else upgrade.held.push(data);
      this.#replace();
    };
    upgrade.onclose = () => this.#upgradeSoon();
    this.#upgrade = upgrade;
    // A proxy may never answer, or forward nothing.
    this.#upgradeTimer = setTimeout(() => {
      this.#upgrade = upgrade.onmessage = upgrade.onclose = null;
      upgrade.close();
      this.#upgradeSoon();
    }, ATTEMPT);
  }

  #upgradeSoon() {
    clearTimeout(this.#upgradeTimer);
    const ms = Math.min(UPGRADE_MAX, UPGRADE_FIRST * 2 ** this.#upgradeFailures++);
    this.#upgradeTimer = setTimeout(() => this.#tryUpgrade(), ms * (1 + Math.random() / 2));
  }

  /** Drops the socket without waiting for its close event, because a frozen device never sends one. */
  #drop() {
    clearTimeout(this.#upgradeTimer);
    for (const socket of [this.#upgrade, this.#socket]) {
      if (!socket) continue;
      socket.onopen = socket.onmessage = socket.onclose = null;
      socket.close();
    }
    this.#upgrade = this.#socket = null;
    // The device may or may not have run these commands.
    for (const id of this.#asked.keys()) this.#answer(id, "lost", LOST);
  }

  #receive(socket, data) {
    if (this.state === "live" || this.reason === "offline") this.#deadline = now() + this.#staleAfter;
    const frame = parse(data);
    if (this.onmessage) run(this.onmessage, data);
    if (frame) {
      const { label, id, value, seq } = frame;
      if (label === "thing") this.#begin(value?.start, value?.offline);
      // Received before, on an earlier connection. A broker that is a cluster keeps the order of events of one name only.
      const again = seq <= this.#lastEvents.get(label);
      if (seq && !again) this.#lastEvents.set(label, seq);
      if (label === "ok") this.#answer(id, "", value);
      if (label === "error") this.#answer(id, value?.code ?? "error", value?.message);
      for (const handler of again ? [] : (this.#handlers.get(label) ?? [])) run(handler, value, frame);
      this.#missing.delete(label);
    }
    if (this.offline && this.state === "live") this.#live();
    if (frame?.label === "thing" && this.state !== "live" && !this.#missing.size) {
      // A Thing's first frame has no value; its values follow at once.
      this.#missing.add("");
      setTimeout(() => socket === this.#socket && this.state !== "live" && this.#live(), SETTLE);
    }
    // Values first, then live, so that stale values never look current. (A handler may have closed this.)
    if (socket === this.#socket && this.state !== "live" && !this.#missing.size) this.#live();
  }

  /**
   * Resets the numbers of the last events if the device has restarted, or if it sends no boot id. Without a boot id, an event
   * may be handled twice, but is never lost.
   */
  #begin(start, offline) {
    if (!start || start !== this.#start) this.#lastEvents.clear();
    this.#start = start;
    this.offline = offline ?? null;
  }

  #live() {
    // The device may go and come again on this connection.
    this.#missing.clear();
    if (this.offline) {
      // The values are the last ones that the device sent. The connection stays, and tells when it is back.
      if (this.reason !== "offline") this.#enter("waiting", "offline", this.#staleAfter);
      return;
    }
    this.#liveSince = now();
    this.#enter("live", "", this.#staleAfter);
    // Frames of a WebSocket have no position.
    if (!this.#streams) return (this.#position = undefined);
    this.#upgradeFailures = Math.min(this.#upgradeFailures, UPGRADE_KEPT);
    this.#upgradeSoon();
  }

  #fail(reason) {
    if (this.state === "live" && now() - this.#liveSince > LIVED) this.#failures = 0;
    this.offline = null;
    this.#drop();
    // A failed attempt keeps the last reason that the device gave.
    if (reason === "unreachable" && Object.values(WHY).includes(this.reason)) reason = this.reason;
    const most = Math.min(RETRY_MAX, RETRY_FIRST * 2 ** ++this.#failures);
    this.#enter("waiting", reason, (most * (1 + Math.random())) / 2);
    if (!this.#opened && !this.#streams) this.#askWhy();
  }

  /** Asks the device why a WebSocket failed, because a browser does not say so. */
  async #askWhy() {
    let reason = "unreachable";
    let after;
    try {
      const url = `${this.#http()}?why=${encodeURIComponent(location.origin)}`;
      const { status, headers } = await fetch(url, { cache: "no-store", signal: AbortSignal.timeout(5_000) });
      // The log-in cookie is for the device's own pages.
      const elsewhere = status === 401 && new URL(url).origin !== location.origin;
      reason = WHY[elsewhere ? "elsewhere" : status] ?? reason;
      after = headers.get("Retry-After");
    } catch {
      // The device is unreachable.
    }
    if (this.state !== "waiting") return;
    // Only a Thing has a stream.
    this.#streams = reason === "no-upgrade" && !this.#plain && this.#url.endsWith("/ws");
    if (this.#streams) this.#open();
    else this.#wait(reason, after);
  }

  /** Waits for the next attempt, for at least the seconds that the device asks for. */
  #wait(reason, seconds) {
    const after = Math.min(seconds * 1_000 || 0, AFTER_MAX);
    // Jitter, so that pages with the same delay do not retry at once.
    const until = after && now() + after * (1 + Math.random() / 2);
    if (reason === this.reason && until <= this.#deadline) return;
    this.#deadline = Math.max(this.#deadline, until);
    this.reason = reason;
    this.onstate?.(this);
  }

  #enter(state, reason, ms) {
    this.state = state;
    this.reason = reason;
    this.#deadline = now() + ms;
    this.#tick();
    this.onstate?.(this);
  }

  #tick() {
    clearTimeout(this.#timer);
    if (this.state === "closed") return;
    const ms = Math.max(0, Math.min(TICK, this.#deadline - now()));
    this.#timer = setTimeout(() => this.#look(), ms);
  }

  /** Handles the deadline, if it has passed. */
  #look() {
    if (now() < this.#deadline) this.#tick();
    else if (this.state === "waiting") this.#open();
    else {
      // A stream that does not open is not tried again.
      this.#streams &&= this.#opened;
      this.#fail(this.#opened ? "silent" : "unreachable");
    }
  }

  /** Retries at once, because the page became visible or the network is back. */
  #wake(doubtful = false) {
    this.#look();
    const hanging = this.state === "connecting" && this.#deadline - now() < ATTEMPT - 2_000;
    // An endpoint without keep-alives may be dead without notice, so it is opened again when the network is back.
    const waits = this.state === "waiting" && this.reason !== "offline";
    if (waits || hanging || (doubtful && this.state === "live")) this.#open();
  }
}

/** A handler that throws must not stop the others. */
function run(handler, ...values) {
  try {
    handler(...values);
  } catch (error) {
    reportError(error);
  }
}

/**
 * Connects to `path` on this page's device (else to `ws` beside this script) and stays connected. Options:
 *
 *   `staleAfter`: ms without any message until the connection counts as dead; 0 for an endpoint without keep-alives;
 *   `liveAfter`: condition for a live connection: "frame" (the first message, because the device sends its state at once),
 *   a list of labels that must all have arrived, or "open" (the connection is open, because the device sends no state).
 */
export function connect(path = new URL("ws", import.meta.url).pathname, options = {}) {
  return new Thing(path, options);
}
