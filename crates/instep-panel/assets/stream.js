/** Server-Sent Events in place of a WebSocket, where a proxy passes none. */

import { now, pause } from "./clock.js";
import { ANSWER, LOST, WHY, parse, revisionIn } from "./frame.js";

// All in ms.
const HEAD_START = 500; // maximum time of a request before the next one is sent
const ANSWERS = 200; // timeout for other pages of this browser to claim their streams

/** Maximum number of pages with a stream, because a browser has six connections to a device and commands need some. */
const SEATS = 4;

/** A claim of one of the streams that the pages of this browser share. The oldest claims count. */
export class Seat {
  #channel = globalThis.BroadcastChannel && new BroadcastChannel("instep");
  #claim = 0;
  #before = 0;

  /** `onfree` is called when another page releases its claim. */
  constructor(onfree) {
    if (!this.#channel) return;
    this.#channel.onmessage = ({ data: { claim, to } }) => {
      if (claim > this.#claim && this.#claim) this.#channel.postMessage({ to: claim });
      if (to && to === this.#claim) this.#before += 1;
      if (!claim && !to) onfree();
    };
  }

  /** Resolves to whether this page may have a stream. */
  async take() {
    const claim = Date.now() + Math.random();
    this.#claim = claim;
    this.#before = 0;
    this.#channel?.postMessage({ claim });
    if (this.#channel) await pause(ANSWERS);
    // The claim may have been released meanwhile.
    if (this.#claim !== claim) return false;
    if (this.#before >= SEATS) this.#claim = 0;
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

/** Has the interface of a WebSocket: a stream brings the frames, and requests carry the commands. */
export class Stream {
  readyState = WebSocket.CONNECTING;
  /** Revision up to which all frames have arrived, and no later ones. */
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
  #seat;
  #brought = -1; // revision up to which all frames have arrived
  #turn = Promise.resolve(); // resolves when the next command may be sent
  #answers = []; // held back until the stream has brought what was published before them

  constructor(base, position, seat) {
    this.#base = base;
    this.position = position;
    this.#seat = seat;
    this.#run();
  }

  async #run() {
    try {
      if (await this.#seat.take()) await this.#read();
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
    this.#brought = Math.max(this.#brought, this.revision);
    this.onmessage?.({ data });
    this.#answers = this.#answers.filter(([revision, tell]) => revision > this.#brought || tell());
  }

  /** Sends a frame as a request. Requests are sent in order, as far as a browser allows. */
  send(data) {
    const frame = parse(data);
    if (!frame) return;
    const late = now() + ANSWER;
    this.pending += 1;
    const answered = this.#turn.then(() => now() < late && this.#request(frame)).catch(() => {
      return { label: "error", value: { code: "lost", message: LOST } };
    });
    this.#turn = this.#turn.then(() => Promise.race([answered, pause(HEAD_START)]));
    answered.then(({ revision = -1, ...answer }) => {
      const tell = () => {
        this.pending -= 1;
        const told = answer.label === "error" || (answer.label && frame.id);
        this.onmessage?.({ data: told ? JSON.stringify({ ...answer, id: frame.id }) : undefined });
      };
      if (revision > this.#brought) this.#answers.push([revision, tell]);
      else tell();
    });
  }

  async #request({ label, value }) {
    const [name, body] = [encodeURIComponent(label), JSON.stringify(value)];
    const ways = [["PUT", "properties"], ["POST", "actions"]];
    // An action is invoked with or without a value, a property is written with one.
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
      // There is no body, or it is that of a proxy.
    }
    if (response.ok) return { label: "ok", value: content, revision };
    const code = WHY[response.status] ?? "no-answer";
    return { label: "error", value: content?.code ? content : { code, message: text }, revision };
  }

  #fetch(path, options) {
    return fetch(new URL(path, this.#base), { cache: "no-store", signal: this.#ended.signal, ...options });
  }

  close() {
    // Only once, because another stream may have the claim by then.
    if (this.readyState === WebSocket.CLOSED) return;
    this.readyState = WebSocket.CLOSED;
    this.#ended.abort();
    this.#seat.leave();
  }
}
