/** What a device says: frames, statuses, and why a command failed. */

export const ANSWER = 10_000; // in ms, timeout of the answer to a write or an action

/** The device's answers to the question why no WebSocket opens, by status. 204: it would open. */
export const WHY = { 204: "no-upgrade", 401: "sign-in", 403: "refused", 503: "full", elsewhere: "password" };

export const LOST = "The connection was lost before the answer came.";

/** Failure of a write or an action. */
export class ThingError extends Error {
  /** A code of the device, such as "out-of-range", or "not-live", "lost" or "no-answer". */
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

/** Returns the frame in a message, or null: a bare `1` or a word is no error. */
export function parse(data) {
  if (typeof data !== "string" || data[0] !== "{") return null;
  try {
    const frame = JSON.parse(data);
    return typeof frame.label === "string" ? frame : null;
  } catch {
    return null;
  }
}

/** Returns the revision up to which all frames have arrived after a message; before it, that was `before`. */
export function revisionIn(data, before) {
  const frame = parse(data);
  return frame?.label === "alive" ? (frame.value ?? before) : -1;
}
