/** Frames and HTTP statuses of a device, and the errors of commands. */

export const ANSWER = 10_000; // in ms, timeout of the answer to a write or an action

/**
 * Reason why no WebSocket opens, by the status of the device. 204 means that a direct WebSocket would open, so a proxy
 * blocks it.
 */
export const WHY = { 204: "no-upgrade", 401: "sign-in", 403: "refused", 503: "full", elsewhere: "password" };

export const LOST = "The connection was lost before the answer came.";

/** Failure of a write or an action. */
export class ThingError extends Error {
  /** Code of the device, such as "out-of-range", or "not-live", "lost" or "no-answer". */
  code;

  /** Name of the property or action. */
  label;

  constructor(code, message, label) {
    super(message);
    this.name = "ThingError";
    this.code = code;
    this.label = label;
  }
}

/** Returns the frame in a message, or null if the message is no frame, such as a bare `1` or a word. */
export function parse(data) {
  if (typeof data !== "string" || data[0] !== "{") return null;
  try {
    const frame = JSON.parse(data);
    return typeof frame.label === "string" ? frame : null;
  } catch {
    return null;
  }
}

/** Returns the revision of a keep-alive, `before` if it has none, and -1 for any other message. */
export function revisionIn(data, before) {
  const frame = parse(data);
  return frame?.label === "alive" ? (frame.value ?? before) : -1;
}
