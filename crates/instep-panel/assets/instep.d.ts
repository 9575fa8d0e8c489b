/** Types of instep.js. docs/reference/javascript.md describes them. */

/** A value on the wire: of a property, of an event, or the input or output of an action. */
export type Value = boolean | number | string | null | Value[] | { [name: string]: Value };

/**
 * State of a connection:
 *
 *   "connecting": an attempt is under way;
 *   "live": connected, and the values from the device are current;
 *   "waiting": not connected, and `retryIn` is the time until the next attempt;
 *   "closed": `close()` was called.
 */
export type State = "connecting" | "live" | "waiting" | "closed";

/**
 * Reason why a connection is not live:
 *
 *   "": none;
 *   "lost": the connection ended;
 *   "silent": no message arrived in time;
 *   "unreachable": an attempt failed;
 *   "full": the device has its maximum number of clients;
 *   "sign-in": the device needs its password;
 *   "password": the device needs its password, which a page from another origin cannot send by a WebSocket;
 *   "refused": the device does not allow pages from this origin;
 *   "no-upgrade": a proxy passes no WebSocket, and the endpoint has no stream;
 *   "pages": other pages of this browser have the maximum number of streams;
 *   "hidden": a page without a WebSocket has no stream while it is hidden;
 *   "offline": the gateway is connected, and the device behind it is not.
 */
export type Reason = "" | "lost" | "silent" | "unreachable" | "full" | "sign-in" | "refused" | "password" | "no-upgrade" | "pages" | "hidden" | "offline";

/** A JSON frame from the device. */
export interface Frame {
  label: string;
  value?: Value;
  id?: number;
  /** Number of an event, if the device replays past events. The first event after each start of the device has 1. */
  seq?: number;
}

/** Failure of a write or an action. */
export interface ThingError extends Error {
  readonly name: "ThingError";
  /** Code of the device, or "not-live", "lost" or "no-answer". */
  readonly code:
    | "not-json" | "unknown" | "read-only" | "wrong-type" | "out-of-range" | "missing-value" | "refused" | "too-deep"
    | "duplicate-key" | "too-long" | "timeout" | "offline" | "busy" | "not-live" | "lost" | "no-answer" | (string & {});
  /** Name of the property or action. */
  readonly label: string;
}

/** A device and the connection to it. */
export interface Thing {
  readonly state: State;
  readonly reason: Reason;
  /**
   * Since when the device behind a gateway is offline, in ms as of `Date.now()`: `before` if the gateway has not seen it. Null unless
   * it is offline.
   */
  readonly offline: { since: number } | { before: number } | null;
  /** Time until the next attempt, in ms. 0 unless `state` is "waiting"; Infinity if `reason` is "hidden" or "offline". */
  readonly retryIn: number;
  /** Called soon after `connect()`, and then on every change of state or reason. */
  onstate: ((thing: Thing) => void) | null;
  /** Called with every message, as a string or an ArrayBuffer. */
  onmessage: ((data: string | ArrayBuffer) => void) | null;
  /** Calls `handler` for every frame of that label, once for each event. Returns a function that removes the handler. */
  on(label: string, handler: (value: any, frame: Frame) => void): () => void;
  /** Writes a property. Resolves when the device has written it; else rejects with a `ThingError`. */
  set(label: string, value: Value): Promise<void>;
  /** Writes a property that changes fast. Sends one write at a time, and then only the latest value. */
  slide(label: string, value: Value): Promise<void>;
  /** Invokes an action. Resolves with its output when it is done; else rejects with a `ThingError`. */
  invoke(label: string, input?: Value): Promise<Value | undefined>;
  /** Sends text or bytes unchanged. Returns whether they were sent, which is false unless live. */
  send(data: string | ArrayBufferLike | ArrayBufferView | Blob): boolean;
  /** Ends the connection for good. */
  close(): void;
}

/** Options of a connection. */
export interface Options {
  /** Time in ms until a connection without any message counts as dead. Default: 12,000; 0 for an endpoint without keep-alives. */
  staleAfter?: number;
  /** Condition for a live connection: the first message, labels that must all have arrived, or the open connection. */
  liveAfter?: "frame" | "open" | string[];
}

/** Connects to `path` on this page's device (else to `ws` beside this script) and stays connected. */
export function connect(path?: string, options?: Options): Thing;
