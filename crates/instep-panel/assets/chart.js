/** History of a sensor, as a line. Missing values interrupt the line. A pointer or the arrow keys select a point. */

import { clock, say } from "./texts.js";

const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 300;
const HEIGHT = 80;
/** Minimum time without a value that interrupts the line, in intervals. */
const GAP = 3;

function draw(name, attributes = {}, parent) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  parent?.append(element);
  return element;
}

export class Chart {
  /** Element for the page. */
  element = document.createElement("figure");

  #points = []; // [time, value or null]
  #title;
  #write;
  #every;
  #span;
  #svg = draw("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", role: "slider", tabindex: 0, "aria-valuemin": 1 });
  #area = draw("path", { class: "area" }, this.#svg);
  #line = draw("path", { class: "line" }, this.#svg);
  #cursor = draw("path", { class: "cursor" }, this.#svg);
  #dot = draw("path", { class: "dot" }, this.#svg);
  #high = document.createElement("span");
  #low = document.createElement("span");
  #from = document.createElement("span");
  #read = document.createElement("output");
  #to = document.createElement("span");
  #start = 0; // time at the left edge
  #end = 0; // time at the right edge
  #pointed = null; // time of the selected point, or null
  #due = false; // whether a drawing is scheduled

  /** `history`: number of points and their interval in ms. `write` turns a value into text. */
  constructor(name, title, { points, every }, write) {
    this.#title = title;
    this.#every = every;
    this.#span = points * every;
    this.#write = write;
    const range = document.createElement("div");
    range.className = "range";
    range.append(this.#high, this.#low);
    const caption = document.createElement("figcaption");
    caption.append(this.#from, this.#read, this.#to);
    this.element.append(this.#svg, range, caption);
    for (const part of [range, caption]) part.setAttribute("aria-hidden", "true");
    const svg = this.#svg;
    svg.id = `chart-${name}`;
    svg.onpointermove = svg.onpointerdown = (event) => {
      const { left, width } = svg.getBoundingClientRect();
      this.#point(this.#start + ((event.clientX - left) / width) * (this.#end - this.#start));
    };
    // The selected point stays selected when a finger leaves.
    svg.onpointerleave = ({ pointerType }) => pointerType === "mouse" && this.#point(null);
    svg.onblur = () => this.#point(null);
    svg.onkeydown = (event) => {
      const last = this.#points.length - 1;
      const i = this.#pointed === null ? last : this.#nearest();
      const to = { ArrowLeft: i - 1, ArrowDown: i - 1, ArrowRight: i + 1, ArrowUp: i + 1, PageDown: i - 10, PageUp: i + 10, Home: 0, End: last }[event.key];
      if (event.key === "Escape") this.#point(null);
      if (to === undefined) return;
      event.preventDefault();
      this.#point(this.#points[Math.min(Math.max(to, 0), last)][0]);
    };
  }

  /** Replaces all points by the history of the device: `[[AGE_MS, VALUE], …]`, oldest first. */
  replace(history) {
    const now = Date.now();
    const newest = this.#points.at(-1);
    this.#points = history.map(([age, value]) => [now - age, value]);
    // The newest point stays if it arrived during the fetch.
    if (newest && newest[0] > (this.#points.at(-1)?.[0] ?? 0) + this.#every) this.#points.push(newest);
    this.drawSoon();
  }

  /** Adds a current value. */
  add(value) {
    const now = Date.now();
    const last = this.#points.at(-1);
    const before = this.#points.at(-2);
    // Only the latest value of each interval stays, as on the device.
    if (last && before && now - before[0] < this.#every) this.#points.pop();
    this.#points.push([now, value]);
    this.drawSoon();
  }

  #point(time) {
    this.#pointed = time;
    this.drawSoon();
  }

  /** Returns the index of the point that is nearest to the selected time. */
  #nearest() {
    const distance = ([time]) => Math.abs(time - this.#pointed);
    return this.#points.reduce((best, point, i, points) => (distance(point) < distance(points[best]) ? i : best), 0);
  }

  /** Schedules a drawing, unless one is scheduled already. */
  drawSoon() {
    if (this.#due) return;
    this.#due = true;
    requestAnimationFrame(() => {
      this.#due = false;
      this.#drawNow();
    });
  }

  #drawNow() {
    const now = Date.now();
    while (this.#points.length && this.#points[0][0] < now - this.#span) this.#points.shift();
    const values = this.#points.map((point) => point[1]).filter((value) => value !== null);
    this.element.hidden = values.length < 2;
    if (this.element.hidden) return;
    const [low, high] = [Math.min(...values), Math.max(...values)];
    const start = Math.max(this.#points[0][0], now - this.#span);
    [this.#start, this.#end] = [start, now];
    // The margin puts a flat line in the middle.
    const margin = (high - low) * 0.1 || 1;
    const x = (time) => ((time - start) / Math.max(now - start, 1)) * WIDTH;
    const y = (value) => HEIGHT * (1 - (value - low + margin) / (high - low + 2 * margin));
    const runs = [];
    let last = null;
    for (const [time, value] of this.#points) {
      if (value === null) last = null;
      else {
        if (last === null || time - last > GAP * this.#every) runs.push([]);
        runs.at(-1).push([x(time), y(value)]);
        last = time;
      }
    }
    const path = (run) => `M${run.map(([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`).join("L")}`;
    // A single point is a short line, because a point is invisible.
    const line = (run) => path(run) + (run.length === 1 ? "h2" : "");
    this.#line.setAttribute("d", runs.map(line).join(""));
    const area = (run) => `${path(run)}V${HEIGHT}H${run[0][0].toFixed(1)}Z`;
    this.#area.setAttribute("d", runs.map(area).join(""));
    this.#high.textContent = this.#write(high);
    this.#low.textContent = this.#write(low);
    this.#from.textContent = clock(start);
    this.#to.textContent = clock(now);
    this.#svg.setAttribute("aria-label", say("between", {
      title: this.#title, low: this.#write(low), high: this.#write(high), time: clock(start), now: this.#text(this.#points.at(-1)),
    }));
    this.#readOut(x, y);
  }

  #text([, value]) {
    return value === null ? say("unavailable") : this.#write(value);
  }

  #readOut(x, y) {
    const reads = this.#pointed !== null;
    const i = reads ? this.#nearest() : this.#points.length - 1;
    const [time, value] = this.#points[i];
    const text = `${clock(time)}  ${this.#text([time, value])}`;
    this.#from.hidden = this.#to.hidden = reads;
    this.#read.hidden = !reads;
    this.#read.textContent = reads ? text : "";
    this.#cursor.setAttribute("d", reads ? `M${x(time).toFixed(1)} 0V${HEIGHT}` : "");
    this.#dot.setAttribute("d", reads && value !== null ? `M${x(time).toFixed(1)} ${y(value).toFixed(1)}h0` : "");
    // A new value under a resting pointer is not read out.
    if (!reads && document.activeElement === this.#svg) return;
    const said = { "aria-valuemax": this.#points.length, "aria-valuenow": i + 1, "aria-valuetext": text };
    for (const [key, value] of Object.entries(said)) this.#svg.setAttribute(key, value);
  }
}
