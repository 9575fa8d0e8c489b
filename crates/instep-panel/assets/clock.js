/** A clock that counts sleep, and pauses. */

let time = 0;
let wall = Date.now();
let steady = performance.now();

/** Returns the time in ms. It never runs backwards and, unlike either clock alone, counts sleep. */
export function now() {
  const w = Date.now();
  const s = performance.now();
  time += w - wall > s - steady + 1_000 ? w - wall : s - steady;
  wall = w;
  steady = s;
  return time;
}

/** Resolves after `ms`. */
export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
