/** Server-Sent Events in place of a WebSocket, because some proxies pass no WebSocket. */

import { now, pause } from "./clock.js";
import { ANSWER, LOST, WHY, parse, revisionIn } from "./frame.js";

// All in ms.
const HEAD_START = 500; // maximum time of a request before the next one is sent
const ANSWERS = 200; // timeout for other pages of this browser to claim their streams

/**
 * Maximum number of pages of this browser with a stream. A browser opens at most six connections to a device, and commands
 * need some.
 */
const STREAMS_MAX = 4;

/** A page's claim of a stream. Of all claims in this browser, the oldest `STREAMS_MAX` get a stream. */
export class Claim {
  #channel = globalThis.BroadcastChannel && new BroadcastChannel("instep");
  #claim = 0; // time of the claim, which orders the claims; 0 without one
  #before = 0; // number of older claims

  /** `onfree` is called when another page releases its claim. */
  constructor(onfree) {
    if (!this.#channel) return;
    this.#channel.onmessage = ({ data: { claim, to } }) => {
      if (claim > this.#claim && this.#claim) this.#channel.postMessage({ to: claim });
      if (to && to === this.#claim) this.#before += 1;
      if (!claim && !to) onfree();
    };
  }

  /** Claims a stream. Resolves to whether this page may open it. */
  async take() {
    const claim = Date.now() + Math.random();
    this.#claim = claim;
    this.#before = 0;
    this.#channel?.postMessage({ claim });
    if (this.#channel) await pause(ANSWERS);
    // This page may have released the claim in the meantime.
    if (this.#claim !== claim) return false;
    if (this.#before >= STREAMS_MAX) this.#claim = 0;
    return this.#claim > 0;
  }

  leave() {
    if (this.#claim) this.#channel?.postMessage({});
    this.#claim = 0;
  }

  close() {
    this.leave();
    this.#channel?.close();
  }
}

/** Same interface as a WebSocket. Frames come by an event stream, and commands go by HTTP requests. */
export class Stream {
  readyState = WebSocket.CONNECTING;
  /** Revision of the last message, if it was a keep-alive; else -1. All frames up to that revision have arrived. */
  revision = -1;
  /** Number of unanswered commands. */
  pending = 0;
  /** Position from which another stream continues. */
  position;
  /** Reason of the close, and the delay in seconds that the device asks for. */
  reason = "";
  after;

  #base;
  #ended = new AbortController();
  #claim;
  #arrived = -1; // highest revision so far
  #ready = Promise.resolve(); // resolves when the next command may be sent
  #answers = []; // [revision, function], held back until all earlier frames have arrived

  constructor(base, position, claim) {
    this.#base = base;
    this.position = position;
    this.#claim = claim;
    this.#run();
  }

  async #run() {
    try {
      if (await this.#claim.take()) await this.#read();
      else this.reason = "pages";
    } catch {
      // The stream has ended.
    }
    this.close();
    this.onclose?.();
  }

  async #read() {
    const response = await this.#fetch(`events?revision=${this.position ?? ""}`);
    if (!response.headers.get("Content-Type")?.startsWith("text/event-stream")) {
      this.reason = WHY[response.status] ?? (response.status === 404 ? "no-upgrade" : "");
      this.after = response.headers.get("Retry-After");
      return;
    }
    this.readyState = WebSocket.OPEN;
    this.onopen?.();
    const reader = response.body.getReader();
    const decoder = new TextDecoder();
    let text = "";
    for (let part; !(part = await reader.read()).done; ) {
      const blocks = (text + decoder.decode(part.value, { stream: true })).split("\n\n");
      text = blocks.pop();
      for (const block of blocks) this.#take(block);
    }
  }

  #take(block) {
    const field = (name) => block.match(`(?:^|\n)${name}: (.*)`)?.[1];
    // Comments are keep-alives.
    const data = field("data") ?? '{"label":"alive"}';
    this.position = field("id") ?? this.position;
    this.revision = revisionIn(data, this.revision);
    this.#arrived = Math.max(this.#arrived, this.revision);
    this.onmessage?.({ data });
    this.#answers = this.#answers.filter(([revision, settle]) => revision > this.#arrived || settle());
  }

  /** Sends a frame as a request. Requests are sent in order, as far as a browser allows. */
  send(data) {
    const frame = parse(data);
    if (!frame) return;
    const late = now() + ANSWER;
    this.pending += 1;
    const answered = this.#ready.then(() => now() < late && this.#request(frame)).catch(() => {
      return { label: "error", value: { code: "lost", message: LOST } };
    });
    this.#ready = this.#ready.then(() => Promise.race([answered, pause(HEAD_START)]));
    answered.then(({ revision = -1, ...answer }) => {
      const settle = () => {
        this.pending -= 1;
        const answers = answer.label === "error" || (answer.label && frame.id);
        this.onmessage?.({ data: answers ? JSON.stringify({ ...answer, id: frame.id }) : undefined });
      };
      if (revision > this.#arrived) this.#answers.push([revision, settle]);
      else settle();
    });
  }

  async #request({ label, value }) {
    const [name, body] = [encodeURIComponent(label), JSON.stringify(value)];
    const ways = [["PUT", "properties"], ["POST", "actions"]];
    // An action may have no value, but a write always has one, so a command without a value is tried as an action first.
    if (body === undefined) ways.reverse();
    let response;
    for (const [method, folder] of ways) {
      response = await this.#fetch(`${folder}/${name}`, { method, body, headers: body && { "Content-Type": "application/json" } });
      if (response.status !== 404) break;
    }
    const text = await response.text();
    const revision = response.headers.get("Instep-Revision") ?? -1;
    let content;
    try {
      content = JSON.parse(text);
    } catch {
      // There is no body, or a proxy sent the body.
    }
    if (response.ok) return { label: "ok", value: content, revision };
    const code = WHY[response.status] ?? "no-answer";
    return { label: "error", value: content?.code ? content : { code, message: text }, revision };
  }

  #fetch(path, options) {
    return fetch(new URL(path, this.#base), { cache: "no-store", signal: this.#ended.signal, ...options });
  }

  close() {
    // A second close must not release the claim, because another stream may use it by then.
    if (this.readyState === WebSocket.CLOSED) return;
    this.readyState = WebSocket.CLOSED;
    this.#ended.abort();
    this.#claim.leave();
  }
}
