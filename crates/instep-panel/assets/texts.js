/**
 * Texts of the panel in each language. A translation is one more entry; missing texts are English.
 * `{name}` is filled in.
 */
const TEXTS = {
  en: {
    connecting: "Connecting …",
    live: "Connected",
    lost: "The connection was lost.",
    silent: "The device does not answer any more.",
    unreachable: "The device cannot be reached. Is it on, and in this network?",
    full: "The device has as many pages open as it can take. Close another one.",
    "sign-in": "The device asks for its password.",
    refused: "The device lets no page from {origin} in. Its log says how to allow that.",
    "no-upgrade": "A proxy before the device lets no WebSocket through.",
    pages: "This browser has enough pages of this device open. Close or hide another one.",
    hidden: "This page waits until it is seen.",
    undescribed: "The device does not say what it is.",
    retry: "Next attempt in {seconds} s.",
    retrying: "Trying again …",
    asOf: "What you see is from {time}.",
    signIn: "Sign in",
    signOut: "Sign out",
    open: "Open to everyone on this network",
    version: "Version {version}",
    on: "On",
    off: "Off",
    unavailable: "Unavailable",
    send: "Send",
    set: "Set",
    changed: "Meanwhile it has become “{value}”.",
    done: "Done",
    working: "Working …",
    nothing: "Nothing yet",
    earlier: "earlier",
    missed: "{count} missed",
    pause: "Pause",
    resume: "Resume ({count})",
    clear: "Clear",
    search: "Search",
    show: "Show",
    debug: "Everything",
    info: "Info and above",
    warning: "Warnings, errors",
    error: "Errors only",
    between: "{title}: between {low} and {high} since {time}, now {now}",
    lost_answer: "The connection was lost. Whether it was done is not known.",
    no_answer: "The device does not answer.",
    not_live: "There is no connection to the device.",
  },
  de: {
    connecting: "Verbindet …",
    live: "Verbunden",
    lost: "Die Verbindung ist abgebrochen.",
    silent: "Das Gerät antwortet nicht mehr.",
    unreachable: "Das Gerät ist nicht zu erreichen. Ist es an und in diesem Netz?",
    full: "Das Gerät hat so viele Seiten offen, wie es kann. Schließen Sie eine andere.",
    "sign-in": "Das Gerät fragt nach seinem Passwort.",
    refused: "Das Gerät lässt keine Seite von {origin} ein. Sein Log sagt, wie man das erlaubt.",
    "no-upgrade": "Ein Proxy vor dem Gerät lässt keinen WebSocket durch.",
    pages: "Dieser Browser hat genug Seiten dieses Geräts offen. Schließen oder verdecken Sie eine andere.",
    hidden: "Diese Seite wartet, bis jemand sie ansieht.",
    undescribed: "Das Gerät sagt nicht, was es ist.",
    retry: "Nächster Versuch in {seconds} s.",
    retrying: "Neuer Versuch …",
    asOf: "Was Sie sehen, ist von {time}.",
    signIn: "Anmelden",
    signOut: "Abmelden",
    open: "Offen für alle in diesem Netz",
    version: "Version {version}",
    on: "An",
    off: "Aus",
    unavailable: "Nicht verfügbar",
    send: "Senden",
    set: "Setzen",
    changed: "Inzwischen ist es „{value}“.",
    done: "Fertig",
    working: "Läuft …",
    nothing: "Noch nichts",
    earlier: "früher",
    missed: "{count} verpasst",
    pause: "Anhalten",
    resume: "Weiter ({count})",
    clear: "Leeren",
    search: "Suchen",
    show: "Zeigen",
    debug: "Alles",
    info: "Ab Info",
    warning: "Ab Warnung",
    error: "Nur Fehler",
    between: "{title}: zwischen {low} und {high} seit {time}, jetzt {now}",
    lost_answer: "Die Verbindung ist abgebrochen. Ob es geschah, ist nicht bekannt.",
    no_answer: "Das Gerät antwortet nicht.",
    not_live: "Es gibt keine Verbindung zum Gerät.",
  },
};

/** The reader's language, if there is a translation. */
export const language = navigator.languages.map((tag) => tag.slice(0, 2)).find((tag) => TEXTS[tag]) ?? "en";

/** A text in the reader's language. */
export function say(name, values = {}) {
  const text = TEXTS[language][name] ?? TEXTS.en[name] ?? name;
  return text.replace(/\{(\w+)\}/g, (all, key) => values[key] ?? all);
}

/** The time of day as the reader writes it. */
export function clock(time) {
  return new Date(time).toLocaleTimeString(navigator.languages, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
}

const UNITS = { "°C": "celsius", "°F": "fahrenheit", "%": "percent", m: "meter", cm: "centimeter", mm: "millimeter", km: "kilometer",
  kg: "kilogram", g: "gram", l: "liter", ml: "milliliter", s: "second", ms: "millisecond", min: "minute", h: "hour", "km/h": "kilometer-per-hour" };

/** A function that writes numbers with that unit as the reader writes them. */
export function numbers(unit = "", precision = 0) {
  const digits = { minimumFractionDigits: precision, maximumFractionDigits: precision };
  const known = UNITS[unit] && { style: "unit", unit: UNITS[unit], unitDisplay: "short" };
  const format = new Intl.NumberFormat(navigator.languages, { ...digits, ...known });
  return (value) => format.format(value) + (unit && !known ? `\u202f${unit}` : "");
}
