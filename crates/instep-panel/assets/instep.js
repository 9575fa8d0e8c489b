/**
 * instep.js: keeps a page in step with a device over one WebSocket. Its types are in instep.d.ts.
 *
 *     import { connect } from "./instep.js";
 *     const thing = connect();
 *     thing.on("led", (on) => { box.checked = on; });
 *     thing.onstate = () => { box.disabled = thing.state !== "live"; };
 *     box.onchange = () => thing.set("led", box.checked).catch((error) => alert(error.message));
 *
 * It reconnects by itself. Treat what you show as old unless `thing.state` is "live".
 */

// All in ms.
const ATTEMPT = 10_000; // for an attempt to become live: a frozen device never answers
const RETRY_FIRST = 500; // doubles with every failure, plus as much again at random, so that
const RETRY_MAX = 15_000; // many pages do not all return in the same instant
const LIVED = 5_000; // only a connection that lasted so long starts the delays anew
const TICK = 1_000; // between looks at the clock: timers alone miss that a laptop slept
const ANSWER = 10_000; // for the answer to a write or an action
const SETTLE = 200; // after a Thing's first frame, for the values behind it
const SLIDE = 50; // between two writes of a slider
const AFTER_MAX = 60_000; // that a full device may ask for until the next attempt

/** What a device answers to whoever asks why no WebSocket opens. */
const WHY = { 401: "sign-in", 403: "refused", 503: "full", elsewhere: "password" };

let time = 0;
let wall = Date.now();
let steady = performance.now();

/** Never runs backwards and, unlike either clock alone, counts sleep as well. */
function now() {
  const w = Date.now();
  const s = performance.now();
  time += w - wall > s - steady + 1_000 ? w - wall : s - steady;
  wall = w;
  steady = s;
  return time;
}

/** Why a write or an action came to nothing. */
class ThingError extends Error {
  /** What is wrong: a code of the device, such as "out-of-range", or "not-live", "lost" or "no-answer". */
  code;

  /** The property or action. */
  label;

  constructor(code, message, label) {
    super(message);
    this.name = "ThingError";
    this.code = code;
    this.label = label;
  }
}

class Thing {
  /**
   * "connecting": an attempt is under way;
   * "live": connected, and what the device sent is current;
   * "waiting": not connected, the next attempt is in `retryIn` ms;
   * "closed": after `close()`.
   */
  state = "connecting";

  /**
   * Why it is not live: "lost" (the connection ended), "silent" (nothing came in time),
   * "unreachable" (an attempt failed), "full" (the device has all the clients that it takes),
   * "sign-in" (it asks for its password), "refused" (it does not let this page in), "password" (it asks for its
   * password, which a page from elsewhere cannot give by a WebSocket), "" (not yet).
   */
  reason = "";

  /** Called soon after `connect()`, and then on every change of state. */
  onstate = null;

  /** Called with every message as it came: a string or an ArrayBuffer. */
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
  #deadline = 0; // one deadline: what it ends depends on the state, see #look
  #timer;
  #listening = new AbortController();
  #asked = new Map(); // id -> what to do with its answer
  #lastId = 0;
  #slides = new Map(); // label -> { next }
  #start; // of the device: at each, the numbers of events begin anew
  #heard = 0; // the number of the last event

  constructor(path, { staleAfter = 12_000, liveAfter = "frame" } = {}) {
    // The page's host and port; http becomes ws, and https wss.
    this.#url = new URL(path, location.href.replace(/^http/, "ws")).href;
    this.#staleAfter = staleAfter > 0 ? staleAfter : Infinity;
    this.#liveAfter = liveAfter;
    this.#open();
    // Later, since the caller has not set `onstate` yet.
    queueMicrotask(() => this.onstate?.(this));

    const { signal } = this.#listening;
    addEventListener("online", () => this.#wake(this.#staleAfter === Infinity), { signal });
    addEventListener("pageshow", (event) => event.persisted && this.#wake(), { signal });
    // A page kept for the back button holds no connection, and is not live when it returns.
    addEventListener("pagehide", () => this.#fail("lost"), { signal });
    addEventListener("visibilitychange", () => document.hidden || this.#wake(), { signal });
  }

  /**
   * Calls `handler(value, frame)` for every `{"label": label, "value": value}` from the device.
   * Returns a function that ends it. A handler runs before `state` becomes "live". Events that the device tells
   * again when a connection is made anew (their frames have a `seq`) come once.
   */
  on(label, handler) {
    if (!this.#handlers.has(label)) this.#handlers.set(label, new Set());
    const handlers = this.#handlers.get(label);
    handlers.add(handler);
    return () => handlers.delete(handler);
  }

  /**
   * Sends text or bytes. Returns whether it was sent: false unless live. Nothing is kept for
   * later: a command meant for now could do harm when the device is back.
   */
  send(data) {
    if (this.state !== "live" || this.#socket.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(data);
    return true;
  }

  /** Writes a property. Resolves when the device has done it; else rejects with a `ThingError`. */
  set(label, value) {
    return this.#ask({ label, value });
  }

  /** Invokes an action, with input if it takes any. Resolves with its output when it is done. */
  invoke(label, input) {
    return this.#ask(input === undefined ? { label } : { label, value: input });
  }

  /**
   * Writes a property that changes faster than a network takes it, such as a slider's: one write at a time is
   * under way, and the latest value goes next. Resolves when this value or a later one is there.
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
    const pause = new Promise((resolve) => setTimeout(resolve, SLIDE));
    const written = this.set(label, value);
    const under = { done: Promise.allSettled([written, pause]) };
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

  /** Ends what was asked: without a code, well. */
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
    return this.state === "waiting" ? Math.max(0, this.#deadline - now()) : 0;
  }

  /** Ends the connection for good. */
  close() {
    this.#listening.abort();
    this.#drop();
    this.#enter("closed", "", Infinity);
  }

  #open() {
    this.#drop();
    this.#opened = false;
    this.#missing = new Set(Array.isArray(this.#liveAfter) ? this.#liveAfter : []);
    const socket = new WebSocket(this.#url);
    socket.binaryType = "arraybuffer";
    socket.onopen = () => {
      this.#opened = true;
      if (this.#liveAfter === "open") this.#live();
    };
    socket.onmessage = ({ data }) => this.#receive(socket, data);
    socket.onclose = () => this.#fail(this.#opened ? "lost" : "unreachable");
    this.#socket = socket;
    this.#enter("connecting", this.reason, ATTEMPT);
  }

  /** Lets go of the socket without waiting for its close event: a frozen device never sends one. */
  #drop() {
    const socket = this.#socket;
    if (!socket) return;
    this.#socket = socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
    // Whether it was done nobody knows.
    for (const id of this.#asked.keys()) this.#answer(id, "lost", "The connection was lost before the answer came.");
  }

  #receive(socket, data) {
    if (this.state === "live") this.#deadline = now() + this.#staleAfter;
    const frame = parse(data);
    if (this.onmessage) run(this.onmessage, data);
    if (frame) {
      const { label, id, value, seq } = frame;
      if (label === "thing") this.#begin(value?.start);
      const again = seq <= this.#heard; // told before, on an earlier connection
      if (seq && !again) this.#heard = seq;
      if (label === "ok") this.#answer(id, "", value);
      if (label === "error") this.#answer(id, value?.code ?? "error", value?.message);
      for (const handler of again ? [] : (this.#handlers.get(label) ?? [])) run(handler, value, frame);
      this.#missing.delete(label);
    }
    if (frame?.label === "thing" && this.state !== "live" && !this.#missing.size) {
      // A Thing's first frame has no value; its values follow at once.
      this.#missing.add("");
      setTimeout(() => socket === this.#socket && this.state !== "live" && this.#live(), SETTLE);
    }
    // Values first, then live: old ones never look current. (A handler may have closed this.)
    if (socket === this.#socket && this.state !== "live" && !this.#missing.size) this.#live();
  }

  /** Where the device does not tell its starts apart, events are rather told twice than never. */
  #begin(start) {
    if (!start || start !== this.#start) this.#heard = 0;
    this.#start = start;
  }

  #live() {
    this.#liveSince = now();
    this.#enter("live", "", this.#staleAfter);
  }

  #fail(reason) {
    if (this.state === "live" && now() - this.#liveSince > LIVED) this.#failures = 0;
    this.#drop();
    // Until the device says otherwise, an attempt that failed did so for the reason that it gave.
    if (reason === "unreachable" && Object.values(WHY).includes(this.reason)) reason = this.reason;
    const most = Math.min(RETRY_MAX, RETRY_FIRST * 2 ** ++this.#failures);
    this.#enter("waiting", reason, (most * (1 + Math.random())) / 2);
    if (!this.#opened) this.#askWhy();
  }

  /** A browser does not tell why a WebSocket failed. The device does, to whoever asks. */
  async #askWhy() {
    let reason = "unreachable";
    let after = 0;
    try {
      const url = `${this.#url.replace(/^ws/, "http")}?why=${encodeURIComponent(location.origin)}`;
      const { status, headers } = await fetch(url, { cache: "no-store", signal: AbortSignal.timeout(5_000) });
      // The cookie of a log-in is for the device's own pages.
      const elsewhere = status === 401 && new URL(url).origin !== location.origin;
      reason = WHY[elsewhere ? "elsewhere" : status] ?? reason;
      after = Math.min(headers.get("Retry-After") * 1_000 || 0, AFTER_MAX);
    } catch {
      // It is unreachable indeed.
    }
    if (this.state !== "waiting") return;
    // Not all who were told the same return at once.
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

  /** Acts if the deadline has passed, however late the timer was. */
  #look() {
    if (now() < this.#deadline) this.#tick();
    else if (this.state === "waiting") this.#open();
    else this.#fail(this.#opened ? "silent" : "unreachable");
  }

  /** Someone looks at the page, or the network is back: no more waiting. */
  #wake(doubtful = false) {
    this.#look();
    const hanging = this.state === "connecting" && this.#deadline - now() < ATTEMPT - 2_000;
    // A silent endpoint's old connection cannot be told from a dead one.
    if (this.state === "waiting" || hanging || (doubtful && this.state === "live")) this.#open();
  }
}

/** The frame in a message, or null: a bare `1` or a word is no error. */
function parse(data) {
  if (typeof data !== "string" || data[0] !== "{") return null;
  try {
    const frame = JSON.parse(data);
    return typeof frame.label === "string" ? frame : null;
  } catch {
    return null;
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
 *   `staleAfter`: ms without any message until it counts as dead; 0 for a silent endpoint;
 *   `liveAfter`: what makes a connection live: "frame" (the first message: the device sends its
 *   state at once), a list of labels that must all have come, or "open" (no state is sent).
 */
export function connect(path = new URL("ws", import.meta.url).pathname, options = {}) {
  return new Thing(path, options);
}
