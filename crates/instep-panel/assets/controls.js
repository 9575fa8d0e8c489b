/**
 * A card for each interaction of a Thing, by its kind. Texts of the device go into the page as text, never as markup.
 *
 * A card has these members:
 *
 *   `element`: element for the page;
 *   `inputs`: controls, which are disabled while the connection is not live;
 *   `update(value, at)`: shows a value of the device, with its time or null;
 *   `catchUp()`: fetches the history when the connection becomes live (only if the card has a history);
 *   `tick()`: draws the history; the panel calls it each second while the connection is live.
 */

import { Chart } from "./chart.js";
import { clock, numbers, say } from "./texts.js";

/** Maximum number of events in a card. */
const EVENTS_MAX = 50;
/** Maximum number of lines in the card of a log. */
const LINES_MAX = 200;
/** Time for which a button shows "Done", in ms. */
const DONE = 1_500;
const SEVERITIES = ["debug", "info", "warning", "error"];

export function make(name, properties = {}, ...children) {
  const element = Object.assign(document.createElement(name), properties);
  element.append(...children);
  return element;
}

/** Makes a card with its title and a place for an error. */
function card(kind, name, about) {
  const id = `title-${name}`;
  const label = make("h3", { id, textContent: about.title });
  const head = make("div", { className: "head" }, label);
  const problem = make("p", { className: "problem", id: `problem-${name}` });
  problem.setAttribute("role", "alert");
  const element = make("article", { className: `card ${kind}`, id: `card-${name}` }, head, problem);
  element.setAttribute("aria-labelledby", id);
  const fail = (error) => {
    const own = { lost: "lost_answer", "no-answer": "no_answer", "not-live": "not_live" }[error.code];
    problem.textContent = own ? say(own) : error.message;
  };
  const clear = () => (problem.textContent = "");
  /** Puts a control before the error, and labels it. */
  const add = (control, where = element) => {
    control.id = `${control.localName === "output" ? "value" : "control"}-${name}`;
    control.setAttribute("aria-labelledby", id);
    control.setAttribute("aria-describedby", problem.id);
    if (where === element) problem.before(control);
    else where.append(control);
    return control;
  };
  return { element, head, problem, fail, clear, add };
}

/** Waits for a write or an action, and shows an error next to the control. */
async function ask(base, asking, truth) {
  base.clear();
  try {
    await asking;
  } catch (error) {
    base.fail(error);
  }
  truth?.();
}

function switchCard(name, about, thing) {
  const base = card("switch", name, about);
  let value = null;
  const button = base.add(make("button", { type: "button", className: "toggle" }), base.head);
  button.setAttribute("role", "switch");
  const truth = () => {
    button.setAttribute("aria-checked", String(value === true));
    base.element.classList.toggle("unavailable", value === null);
  };
  button.onclick = () => {
    const wanted = value !== true;
    button.setAttribute("aria-checked", String(wanted));
    ask(base, thing.set(name, wanted), truth);
  };
  truth();
  return { element: base.element, inputs: [button], update: (to) => ((value = to), truth()) };
}

function numberCard(name, about, thing) {
  const base = card("number", name, about);
  const write = numbers(about.unit, about["instep:precision"]);
  const output = base.add(make("output", { className: "value" }), base.head);
  const { minimum: min, maximum: max } = about;
  const input = base.add(make("input", { type: "range", min, max, step: about["instep:step"] }));
  let value = null;
  let held = false; // whether a pointer holds the slider
  let asking = 0;
  const show = (number) => {
    output.textContent = number === null ? say("unavailable") : write(number);
    if (number !== null) input.setAttribute("aria-valuetext", output.textContent);
    // The bar goes from zero, if the range includes it, to the value.
    const ends = [min < 0 && max > 0 ? 0 : min, Number(input.value)].sort((one, other) => one - other);
    ["--from", "--to"].forEach((name, end) => input.style.setProperty(name, `${((ends[end] - min) / (max - min)) * 100}%`));
  };
  // While the slider is moved, values from the device are not shown.
  const truth = () => {
    if (held || asking) return;
    if (value !== null) input.value = value;
    show(value);
  };
  input.oninput = () => {
    show(Number(input.value));
    asking += 1;
    ask(base, thing.slide(name, Number(input.value)), () => ((asking -= 1), truth()));
  };
  input.onpointerdown = () => (held = true);
  for (const event of ["pointerup", "pointercancel", "change", "blur"]) {
    input.addEventListener(event, () => ((held = false), truth()));
  }
  truth();
  return { element: base.element, inputs: [input], update: (to) => ((value = to), truth()) };
}

function sensorCard(name, about) {
  const base = card("sensor", name, about);
  const write = numbers(about.unit, about["instep:precision"]);
  const output = base.add(make("output", { className: "value" }));
  const history = about["instep:history"];
  const chart = history && new Chart(name, about.title, history, write);
  if (chart) base.problem.before(chart.element);
  const update = (value) => {
    output.textContent = value === null ? say("unavailable") : write(value);
    base.element.classList.toggle("unavailable", value === null);
    chart?.add(value);
  };
  const catchUp = async () => {
    const response = await fetch(`properties/${name}/history`, { cache: "no-store" });
    if (response.ok) chart.replace(await response.json());
  };
  output.textContent = say("unavailable");
  return { element: base.element, inputs: [], update, catchUp: chart && catchUp, tick: () => chart?.drawSoon() };
}

function binarySensorCard(name, about) {
  const base = card("binary", name, about);
  const output = base.add(make("output", { className: "pill" }), base.head);
  const update = (value) => {
    const word = value ? "on" : "off";
    output.textContent = value === null ? say("unavailable") : about[`instep:${word}`] ?? say(word);
    output.classList.toggle("on", value === true);
    base.element.classList.toggle("unavailable", value === null);
  };
  update(null);
  return { element: base.element, inputs: [], update };
}

function selectCard(name, about, thing) {
  const base = card("select", name, about);
  const options = about.enum.map((option) => make("option", { textContent: option }));
  const input = base.add(make("select", {}, ...options), base.head);
  let value = null;
  const truth = () => (value === null ? (input.selectedIndex = -1) : (input.value = value));
  input.onchange = () => ask(base, thing.set(name, input.value), truth);
  truth();
  return { element: base.element, inputs: [input], update: (to) => ((value = to), truth()) };
}

/** Makes a field with a button beside it. */
function field(base, max, action) {
  const input = base.add(make("input", { type: "text", autocomplete: "off" }), base.element);
  const button = make("button", { type: "submit", textContent: action, id: `${input.id}-send` });
  button.setAttribute("aria-describedby", base.problem.id);
  const form = make("form", {}, input, button);
  base.problem.before(form);
  const bytes = () => new TextEncoder().encode(input.value).length;
  input.addEventListener("input", () => input.classList.toggle("long", bytes() > max));
  return { input, button, form };
}

function textCard(name, about, thing) {
  const base = card("text", name, about);
  const { input, button, form } = field(base, about["instep:bytes"], say("set"));
  const hint = make("p", { className: "hint", id: `hint-${name}`, role: "status" });
  base.problem.before(hint);
  input.setAttribute("aria-describedby", `${base.problem.id} ${hint.id}`);
  let value = null;
  let edited = false;
  let began = null; // value when the edit began
  // Values from the device do not replace text that is being edited.
  const truth = () => {
    if (!edited) input.value = began = value ?? "";
    button.hidden = !edited;
    hint.textContent = edited && (value ?? "") !== began ? say("changed", { value }) : "";
  };
  input.addEventListener("input", () => ((edited = input.value !== (value ?? "")), truth()));
  input.onkeydown = (event) => {
    if (event.key !== "Escape") return;
    edited = false;
    base.clear();
    truth();
  };
  form.onsubmit = (event) => {
    event.preventDefault();
    edited = false;
    ask(base, thing.set(name, input.value), truth);
  };
  truth();
  return { element: base.element, inputs: [input, button], update: (to) => ((value = to), truth()) };
}

/** Shows that an action is running, and then that it is done. */
async function press(base, button, words, invoking) {
  button.classList.remove("done");
  button.classList.add("working");
  button.textContent = say("working");
  button.disabled = true;
  base.clear();
  let done = true;
  try {
    await invoking;
  } catch (error) {
    base.fail(error);
    done = false;
  }
  button.classList.remove("working");
  button.classList.toggle("done", done);
  button.textContent = done ? say("done") : words;
  // The button stays disabled if the connection is no longer live.
  button.disabled = button.dataset.idle === "true";
  setTimeout(() => {
    if (button.classList.contains("working")) return;
    button.classList.remove("done");
    button.textContent = words;
  }, DONE);
  return done;
}

function buttonCard(name, about, thing) {
  const base = card("button", name, about);
  const button = base.add(make("button", { type: "button", textContent: about.title }));
  // The button itself shows its name and its result.
  button.removeAttribute("aria-labelledby");
  button.onclick = () => press(base, button, about.title, thing.invoke(name));
  return { element: base.element, inputs: [button], update: () => {} };
}

function messageCard(name, about, thing) {
  const base = card("message", name, about);
  const { input, button, form } = field(base, about.input["instep:bytes"], say("send"));
  form.onsubmit = async (event) => {
    event.preventDefault();
    if (await press(base, button, say("send"), thing.invoke(name, input.value))) input.value = "";
  };
  return { element: base.element, inputs: [input, button], update: () => {} };
}

/** Appends an item, and scrolls to it, unless the reader has scrolled up. Removes the oldest items above `max`. */
function append(lines, item, max) {
  const box = lines.parentElement;
  const end = box.scrollHeight - box.scrollTop - box.clientHeight < 40;
  lines.append(item);
  while (lines.childElementCount > max) lines.firstElementChild.remove();
  if (end) box.scrollTop = box.scrollHeight;
}

function list(base) {
  const lines = make("ol");
  const box = base.add(make("div", { className: "lines", tabIndex: 0 }, lines));
  box.setAttribute("role", "log");
  lines.dataset.empty = say("nothing");
  return lines;
}

const time = (at) => make("time", at ? { textContent: clock(at), dateTime: new Date(at).toISOString() } : { textContent: say("earlier") });

function eventCard(name, about) {
  const base = card("event", name, about);
  const lines = list(base);
  const update = (value, at) => {
    const text = typeof value === "string" ? value : JSON.stringify(value);
    append(lines, make("li", {}, time(at), make("span", { textContent: text })), EVENTS_MAX);
  };
  return { element: base.element, inputs: [], update };
}

function logCard(name, about) {
  const base = card("log", name, about);
  const filter = make("select", { ariaLabel: say("show"), id: `filter-${name}` });
  filter.append(...SEVERITIES.map((value) => make("option", { value, textContent: say(value) })));
  filter.value = "info";
  const search = make("input", { type: "search", ariaLabel: say("search"), placeholder: say("search"), id: `search-${name}` });
  const pause = make("button", { type: "button", textContent: say("pause"), id: `pause-${name}` });
  const clear = make("button", { type: "button", textContent: say("clear"), id: `clear-${name}` });
  base.head.append(make("div", { className: "tools" }, pause, clear), make("div", { className: "tools" }, filter, search));
  const lines = list(base);
  let waiting = null; // lines that arrived during a pause, or null
  const find = (item) => (item.hidden = !item.lastChild.textContent.toLowerCase().includes(search.value.trim().toLowerCase()));
  const show = () => {
    lines.dataset.least = filter.value;
    for (const item of lines.children) find(item);
    lines.parentElement.scrollTop = lines.scrollHeight;
  };
  const add = ({ at, severity, message }) => {
    const item = make("li", { className: severity }, time(at), make("b", { textContent: severity }), make("span", { textContent: message }));
    find(item);
    append(lines, item, LINES_MAX);
  };
  filter.onchange = search.oninput = show;
  clear.onclick = () => {
    lines.replaceChildren();
    if (waiting) waiting = [];
    label();
  };
  pause.onclick = () => {
    if (waiting) waiting.forEach(add);
    waiting = waiting ? null : [];
    label();
  };
  const label = () => (pause.textContent = say(waiting ? "resume" : "pause", { count: waiting?.length }));
  const update = (value, at) => {
    const severity = SEVERITIES.includes(value?.severity) ? value.severity : "info";
    const line = { at, severity, message: String(value?.message ?? "") };
    if (!waiting) return add(line);
    waiting.push(line);
    if (waiting.length > LINES_MAX) waiting.shift();
    label();
  };
  show();
  return { element: base.element, inputs: [], update };
}

const KINDS = {
  switch: switchCard,
  number: numberCard,
  sensor: sensorCard,
  binary_sensor: binarySensorCard,
  select: selectCard,
  text: textCard,
  button: buttonCard,
  message: messageCard,
  event: eventCard,
  log: logCard,
};

/** Returns the card of an interaction, or null if its kind is newer than this page. */
export function cardOf(name, about, thing) {
  return KINDS[about["instep:kind"]]?.(name, about, thing) ?? null;
}
