/**
 * The section of the panel that updates the firmware. It is part of the panel only where updates are built in (the feature
 * `update`), and shown only where the device has `/firmware`.
 *
 * Every text follows from `GET /firmware`, so a page that was reloaded and a second page show the same.
 */

import { make } from "./controls.js";
import { thing } from "./panel.js";
import { inspect, isLower } from "./image.js";
import "./firmware-texts.js";
import { say } from "./texts.js";

const FIRMWARE = "firmware";
/** Interval at which the device is asked while something happens, in ms. */
const SOON = 1_000;
/** Interval at which it is asked otherwise, because another page may update it. */
const LATER = 5_000;
/** Timeout of such a question, in ms. */
const PATIENCE = 8_000;

const STYLE = [
  "#firmware { max-width: 72rem; margin: 0 auto; columns: 3 20rem; column-gap: 1rem; }",
  "@media (min-width: 43rem) { #firmware { margin-top: 1rem; } }",
  ".stale #firmware section { border: 1px solid var(--line); background: var(--card); filter: none; }",
  "#firmware-state { font-weight: 600; }",
  "#firmware label[for] { display: block; margin-top: .75rem; font-size: .875rem; color: var(--quiet); }",
  "#firmware :is(progress, input[type=file]) { display: block; width: 100%; margin-top: .5rem; }",
  "#firmware progress { height: .5rem; accent-color: var(--action); }",
  "#firmware .tick { display: flex; gap: .75rem; align-items: center; min-height: 2.75rem; cursor: pointer; }",
  "#firmware .tick input { flex: none; width: 1.25rem; height: 1.25rem; accent-color: var(--action); }",
  "#firmware input[type=file] { min-height: 2.75rem; border-radius: .75rem; }",
  "#firmware ::file-selector-button { min-height: 2.75rem; margin-right: .75rem; padding: 0 1rem; border: 1px solid var(--quiet); border-radius: .75rem; background: none; color: var(--action); font: inherit; font-weight: 600; }",
  "#firmware button { width: 100%; margin-top: .5rem; }",
  "#firmware button:disabled { opacity: .5; }",
];

const state = make("p", { id: "firmware-state" });
state.setAttribute("role", "status");
const hint = make("p", { className: "hint", id: "firmware-hint" });
const bar = make("progress", { id: "firmware-progress" });
bar.setAttribute("aria-labelledby", hint.id);
const problem = make("p", { className: "problem", id: "firmware-problem" });
problem.setAttribute("role", "alert");
const input = make("input", { type: "file", id: "firmware-file", accept: ".bin" });
const choice = make("label", { textContent: say("choose"), htmlFor: input.id });
const about = make("p", { className: "hint", id: "firmware-about" });
const [lower, other] = ["lower", "other"].map((name) => make("input", { type: "checkbox", id: `firmware-${name}` }));
const [lowerTick, otherTick] = [lower, other].map((box) => make("label", { className: "tick" }, box, make("span")));
const button = make("button", { type: "button", id: "firmware-install" });
const chooser = make("div", {}, choice, input, about, lowerTick, otherTick, button);
const article = make("article", { className: "card" }, state, hint, bar, problem, chooser);
const box = make("section", {}, make("h2", { textContent: say("firmware") }), article);
const place = make("aside", { id: FIRMWARE, ariaLabel: say("firmware") }, box);

const sheet = new CSSStyleSheet();
sheet.replaceSync(STYLE.join(""));
document.adoptedStyleSheets = [sheet];

let status = null; // what the device said last
let from = null; // the slot that ran before the restart, until it is known which image stays
let guessed = false; // whether `from` is a guess, because an upload ended in silence
let restarts = false; // whether the device is about to restart, or restarts
let silent = false; // whether the image before runs again for no known reason
let failed = ""; // why the last upload of this page failed
let sending = false; // whether this page sends an image
let broke = false; // whether the connection of this page's upload broke, until it is known what became of the image
let image = null; // the chosen image, or the name of a text
let first = null; // the first count of the upload, from which its rate follows
let timer;
let looks = 0; // number of calls of look(), of which only the last one goes on

/** Asks the device, shows the answer, and asks again later. */
async function look() {
  const turn = ++looks;
  clearTimeout(timer);
  let missing = false;
  try {
    const response = await fetch(FIRMWARE, { cache: "no-store", signal: AbortSignal.timeout(PATIENCE) });
    if (response.status === 401) {
      // A restart ends all sessions.
      status = null;
      return show();
    }
    missing = response.status === 404;
    // A device without updates always says so, and a proxy perhaps while the device restarts.
    if (missing && !status && from === null) return place.remove();
    if (response.ok) take(await response.json());
  } catch {
    // The state of the connection is above. A new image restarts, too, if it is given up.
    if (from === null && status?.upload) [from, guessed] = [status.slot, true];
    restarts = from !== null;
  }
  if (missing) place.remove();
  else show();
  if (turn !== looks) return;
  const active = !missing && (sending || from !== null || (status && isBusy(status)) || status?.state === "trial");
  timer = setTimeout(() => (document.hidden && !sending ? later() : look()), active ? SOON : LATER);
}

function later() {
  addEventListener("visibilitychange", look, { once: true });
}

function take(answer) {
  const { slot, last, upload } = answer;
  restarts = answer.refusal === "restarting";
  if (!upload) first = null;
  if (!sending && (upload || restarts)) {
    failed = "";
    silent = false;
  }
  if (restarts) from = slot;
  if (restarts || answer.state === "trial") guessed = broke = false;
  // The device may still activate an image while it is busy.
  else if ((from !== null || broke) && !isBusy(answer)) {
    const same = slot === (from ?? status?.slot);
    // Of a loss of power the device does not know. An image of before has lost its version by an upload that was broken off.
    const told = last?.outcome === "returned" ? last.version : last && last.outcome !== "confirmed";
    const unknown = same && (!told || JSON.stringify(last) === JSON.stringify(status?.last));
    if (unknown && (broke || guessed)) failed = say("broken");
    silent = same && !broke && !guessed && last?.outcome !== "returned";
    if (!failed) {
      image = null;
      input.value = "";
    }
    from = null;
    guessed = broke = false;
  }
  status = answer;
}

/** Returns whether a device receives an image, or has yet to end an upload. */
function isBusy({ upload, refusal }) {
  return upload || refusal === "busy";
}

/** Returns why the last upload left the old firmware, or "". */
function outcome({ version, last }) {
  switch (last?.outcome) {
    case "returned":
      // The version is not known if the image that was given up cannot be read any more.
      return say(last.version ? "came_back" : "came_back_because", { tried: last.version, version, reason: last.reason });
    case "refused":
      return say("refused", last);
    case "broken":
      return say("broken");
  }
  return "";
}

/** Shows everything. */
function show() {
  if (!place.isConnected) {
    if (!status) return;
    document.querySelector("footer").before(place);
  }
  if (!status) {
    write(state, say(from === null ? "sign-in" : "restarted"));
    for (const part of [hint, bar, chooser, problem]) part.hidden = true;
    return;
  }
  const { version, upload, refusal } = status;
  write(state, restarts ? say("restarting") : say(status.state === "trial" ? "trial" : "runs", { version }));
  showProgress(restarts ? null : upload);
  const mayNot = ["no-password", "own-network"].includes(refusal);
  const why = failed || (silent ? say("came_back_so", { version }) : outcome(status));
  write(problem, restarts || isBusy(status) ? "" : why);
  problem.hidden = false;
  chooser.hidden = restarts || isBusy(status) || sending || mayNot || status.state === "trial";
  if (mayNot) write(hint, say(refusal));
  hint.hidden = !hint.textContent;
  showChoice();
}

function showProgress(upload) {
  bar.hidden = !upload && !sending;
  if (!upload) {
    bar.removeAttribute("value");
    return write(hint, "");
  }
  const { received, length } = upload;
  const now = performance.now();
  first ??= { now, received };
  if (length) {
    bar.max = length;
    bar.value = received;
  }
  const rate = (received - first.received) / (now - first.now);
  const percent = length ? Math.floor((received / length) * 100) : "?";
  const seconds = length && rate > 0 ? Math.ceil((length - received) / rate / 1_000) : null;
  if (received === length) write(hint, say("checks"));
  else write(hint, say(seconds === null ? "sent" : "left", { percent, seconds }));
}

/** Shows the chosen image, and whether it may be sent. */
function showChoice() {
  const wrong = typeof image === "string" ? say(image) : image && reason(image);
  write(about, wrong || (image ? say("chosen", image) : ""));
  about.className = wrong ? "problem" : "hint";
  const fits = image && !wrong;
  const isOther = fits && image.application !== status.application;
  // Versions of different applications are not compared.
  const isLess = fits && !isOther && isLower(image.version, status.version);
  for (const [tick, box, is, text] of [
    [lowerTick, lower, isLess, () => say("lower", { version: image.version, running: status.version })],
    [otherTick, other, isOther, () => say("other", { application: image.application, running: status.application })],
  ]) {
    tick.hidden = !is;
    if (is) write(tick.lastChild, text());
    else box.checked = false;
  }
  button.hidden = !fits;
  if (fits) write(button, say("install", image));
  button.disabled = (isLess && !lower.checked) || (isOther && !other.checked);
}

/** Returns why an image does not fit the device, or "". */
function reason({ chip, board, file }) {
  if (status.chip !== null && chip !== status.chip) return say("other_chip");
  if (board !== status.board) return say("other_board", { board, running: status.board });
  if (file.size > status.capacity) return say("too_long", { length: file.size, capacity: status.capacity });
  return "";
}

/** Writes a text, unless it is there, because screen readers read each change. */
function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

async function send() {
  const flags = [lower.checked && "downgrade", other.checked && "other-application"].filter(Boolean);
  const query = flags.length ? `?${flags.join("&")}` : "";
  sending = true;
  failed = "";
  silent = broke = false;
  show();
  setTimeout(look, SOON);
  try {
    const response = await fetch(FIRMWARE + query, { method: "PUT", body: image.file });
    if (response.ok) [from, guessed, restarts] = [status.slot, false, true];
    else if (response.status === 401) return location.reload();
    else failed = say("refused", { reason: (await response.json()).message });
  } catch {
    broke = true;
  }
  sending = false;
  look();
}

input.onchange = async () => {
  failed = "";
  image = input.files.length ? await inspect(input.files[0]).catch(() => "no_image") : null;
  show();
};
lower.onchange = other.onchange = showChoice;
button.onclick = send;
addEventListener("beforeunload", (event) => sending && event.preventDefault());
// The first frame of each connection, so also after a restart.
thing.on("thing", look);
