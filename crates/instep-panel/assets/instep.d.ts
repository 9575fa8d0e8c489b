/** Types of instep.js: see docs/reference/javascript.md. */

/** A value on the wire: that of a property, the input or output of an action, an event. */
export type Value = boolean | number | string | null | Value[] | { [name: string]: Value };

/** "connecting": an attempt is under way; "live": what is shown is current; "waiting": for the next attempt. */
export type State = "connecting" | "live" | "waiting" | "closed";

/**
 * Why a connection is not live. "password": the device asks for its password, which a page from elsewhere cannot give by a
 * WebSocket. "no-upgrade": a proxy passes no WebSocket, and there is no stream in its place. "pages": enough pages of this
 * browser have a stream. "hidden": without a WebSocket, a page waits until it is seen.
 */
export type Reason = "" | "lost" | "silent" | "unreachable" | "full" | "sign-in" | "refused" | "password" | "no-upgrade" | "pages" | "hidden";

/** A frame as the device sent it. */
export interface Frame {
  label: string;
  value?: Value;
  id?: number;
  /** The number of an event, from 1 on at each start of the device, where it tells past ones again. */
  seq?: number;
}

/** Why a write or an action came to nothing. */
export interface ThingError extends Error {
  readonly name: "ThingError";
  /** A code of the device, or "not-live", "lost" or "no-answer". */
  readonly code:
    | "not-json" | "unknown" | "read-only" | "wrong-type" | "out-of-range" | "missing-value" | "refused" | "too-deep"
    | "duplicate-key" | "too-long" | "not-live" | "lost" | "no-answer" | (string & {});
  /** The property or action. */
  readonly label: string;
}

/** A device, kept in step. */
export interface Thing {
  readonly state: State;
  readonly reason: Reason;
  /** Milliseconds until the next attempt; 0 unless waiting, Infinity while hidden. */
  readonly retryIn: number;
  /** Called soon after `connect()`, and then on every change of state or reason. */
  onstate: ((thing: Thing) => void) | null;
  /** Called with every message as it came. */
  onmessage: ((data: string | ArrayBuffer) => void) | null;
  /** Calls `handler` for every frame of that label, once for each event. Returns a function that ends it. */
  on(label: string, handler: (value: any, frame: Frame) => void): () => void;
  /** Writes a property; resolves when the device has done it. */
  set(label: string, value: Value): Promise<void>;
  /** Writes a property that changes fast: one write at a time, the latest value next. */
  slide(label: string, value: Value): Promise<void>;
  /** Invokes an action; resolves with its output when it is done. */
  invoke(label: string, input?: Value): Promise<Value | undefined>;
  /** Sends text or bytes as they are. Returns whether they were sent: false unless live. */
  send(data: string | ArrayBufferLike | ArrayBufferView | Blob): boolean;
  /** Ends the connection for good. */
  close(): void;
}

/** How a connection is kept. */
export interface Options {
  /** Milliseconds without any message until a connection counts as dead; 0 for a silent endpoint. Default: 12,000. */
  staleAfter?: number;
  /** What makes a connection live: the first message, labels that must all have come, or that it opened. */
  liveAfter?: "frame" | "open" | string[];
}

/** Connects to `path` on this page's device (else to `ws` beside this script) and stays connected. */
export function connect(path?: string, options?: Options): Thing;
