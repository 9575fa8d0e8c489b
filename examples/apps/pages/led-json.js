/* The page of led-json, in step with its device. */
import { connect } from "./instep.js";

const [panel, link, old, led, count, button, message, next] =
  ["panel", "link", "old", "ledStatus", "countData", "toggle", "message", "next"].map((id) => document.getElementById(id));

// Live once both values have come, so nothing on the page is older than the word "Live".
const thing = connect("ws", { liveAfter: ["ledStatus", "count"] });

thing.on("ledStatus", (value) => {
  show(led, value);
  panel.classList.toggle("on", value === "LED ON");
});
thing.on("count", (value) => show(count, value));
button.onclick = () => thing.send("toggle");

let heard = null; // when the device last said anything
thing.onmessage = () => { heard = new Date(); };

const words = { connecting: "Connecting", live: "Live", waiting: "Not connected" };
const reasons = {
  "": "Connecting to the device…",
  lost: "The connection was lost.",
  silent: "The device has stopped answering.",
  unreachable: "The device cannot be reached.",
  "no-upgrade": "A proxy before the device lets no WebSocket through.",
};
let leftButton = false; // a button that is disabled loses the keyboard's focus

thing.onstate = () => {
  const live = thing.state === "live";
  panel.classList.toggle("live", live);
  show(link, words[thing.state]);
  show(old, heard ? `Last known at ${heard.toLocaleTimeString()}` : "Not known yet");
  show(message, live ? "In step with the device." : reasons[thing.reason] ?? reasons.lost);

  leftButton = live ? leftButton : leftButton || document.activeElement === button;
  button.disabled = !live;
  if (live && leftButton && document.activeElement === document.body) button.focus();
  if (live) leftButton = false;
  showNext();
};

function showNext() {
  const seconds = Math.ceil(thing.retryIn / 1000);
  show(next, { waiting: `Trying again in ${seconds} s.`, connecting: thing.reason && "Trying now…" }[thing.state] ?? "");
}
setInterval(showNext, 500);

/** Only ever as text; and only when it changes, or a screen reader says it twice. */
function show(element, text) {
  if (element.textContent !== String(text)) element.textContent = text;
}
