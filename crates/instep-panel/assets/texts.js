/**
 * Texts of the panel in each language. A new language needs one more entry here. A text that is missing there is shown in
 * English. `{name}` stands for a value.
 */
export const TEXTS = {
  en: {
    connecting: "Connecting …",
    live: "Connected",
    lost: "The connection was lost.",
    silent: "The device does not answer any more.",
    unreachable: "The device cannot be reached. Is it on, and in this network?",
    full: "Too many pages of this device are open. Close one of them.",
    "sign-in": "The device asks for its password.",
    refused: "The device does not allow pages from {origin}. Its log shows how to allow them.",
    "no-upgrade": "A proxy before the device lets no WebSocket through.",
    pages: "This browser has too many pages of this device open. Close or hide one of them.",
    hidden: "This page is in the background and waits.",
    offline: "The device is offline since {time}. These values are its last ones.",
    offlineBefore: "The device is offline since before {time}. These values are its last ones.",
    undescribed: "The description of the device cannot be loaded.",
    retry: "Next attempt in {seconds} s.",
    retrying: "Trying again …",
    asOf: "These values are from {time}.",
    signIn: "Sign in",
    signOut: "Sign out",
    open: "Open to everyone on this network",
    version: "Version {version}",
    broker: "Connected to the MQTT broker",
    "no-broker": "Not connected to the MQTT broker",
    on: "On",
    off: "Off",
    unavailable: "Unavailable",
    send: "Send",
    set: "Set",
    changed: "The value has changed to “{value}”.",
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
    lost_answer: "The connection was lost. The command may or may not have been carried out.",
    no_answer: "The device does not answer.",
    not_live: "There is no connection to the device.",
  },
  de: {
    connecting: "Verbindet …",
    live: "Verbunden",
    lost: "Die Verbindung ist abgebrochen.",
    silent: "Das Gerät antwortet nicht mehr.",
    unreachable: "Das Gerät ist nicht zu erreichen. Ist es an und in diesem Netz?",
    full: "Zu viele Seiten dieses Geräts sind offen. Schließen Sie eine davon.",
    "sign-in": "Das Gerät fragt nach seinem Passwort.",
    refused: "Das Gerät erlaubt keine Seiten von {origin}. Sein Log zeigt, wie man sie erlaubt.",
    "no-upgrade": "Ein Proxy vor dem Gerät lässt keinen WebSocket durch.",
    pages: "Dieser Browser hat zu viele Seiten dieses Geräts offen. Schließen oder verdecken Sie eine davon.",
    hidden: "Diese Seite ist im Hintergrund und wartet.",
    offline: "Das Gerät ist offline seit {time}. Diese Werte sind seine letzten.",
    offlineBefore: "Das Gerät ist offline, seit einer Zeit vor {time}. Diese Werte sind seine letzten.",
    undescribed: "Die Beschreibung des Geräts kann nicht geladen werden.",
    retry: "Nächster Versuch in {seconds} s.",
    retrying: "Neuer Versuch …",
    asOf: "Diese Werte sind von {time}.",
    signIn: "Anmelden",
    signOut: "Abmelden",
    open: "Offen für alle in diesem Netz",
    version: "Version {version}",
    broker: "Mit dem MQTT-Broker verbunden",
    "no-broker": "Nicht mit dem MQTT-Broker verbunden",
    on: "An",
    off: "Aus",
    unavailable: "Nicht verfügbar",
    send: "Senden",
    set: "Setzen",
    changed: "Der Wert ist jetzt „{value}“.",
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
    lost_answer: "Die Verbindung ist abgebrochen. Der Befehl wurde vielleicht ausgeführt.",
    no_answer: "Das Gerät antwortet nicht.",
    not_live: "Es gibt keine Verbindung zum Gerät.",
  },
};

/** The reader's language, or English if there is no translation. */
export const language = navigator.languages.map((tag) => tag.slice(0, 2)).find((tag) => TEXTS[tag]) ?? "en";

/** Returns a text in the reader's language. */
export function say(name, values = {}) {
  const text = TEXTS[language][name] ?? TEXTS.en[name] ?? name;
  return text.replace(/\{(\w+)\}/g, (all, key) => values[key] ?? all);
}

/** Returns the time of day in the reader's format. */
export function clock(time) {
  return new Date(time).toLocaleTimeString(navigator.languages, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
}

/** Returns the time of day, with the date if that is not today's, in the reader's format. */
export function moment(time) {
  const day = new Date(time).toLocaleDateString(navigator.languages);
  return day === new Date().toLocaleDateString(navigator.languages) ? clock(time) : `${day}, ${clock(time)}`;
}

const UNITS = { "°C": "celsius", "°F": "fahrenheit", "%": "percent", m: "meter", cm: "centimeter", mm: "millimeter", km: "kilometer",
  kg: "kilogram", g: "gram", l: "liter", ml: "milliliter", s: "second", ms: "millisecond", min: "minute", h: "hour", "km/h": "kilometer-per-hour" };

/** Returns a function that writes numbers with that unit in the reader's format. */
export function numbers(unit = "", precision = 0) {
  const digits = { minimumFractionDigits: precision, maximumFractionDigits: precision };
  const known = UNITS[unit] && { style: "unit", unit: UNITS[unit], unitDisplay: "short" };
  const format = new Intl.NumberFormat(navigator.languages, { ...digits, ...known });
  return (value) => format.format(value) + (unit && !known ? `\u202f${unit}` : "");
}
