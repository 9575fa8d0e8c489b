//! Texts of the panel: the reader's language and number
//! format, and the device's texts without markup.

#[path = "../../../crates/instep-tokio/tests/in_process/mod.rs"]
mod in_process;

use browser_tests::Browser;
use in_process::serve;
use instep::broker::Followed;
use instep::{App, Limits, Severity};
use instep_panel::PANEL;
use instep_tokio::SocketLimits;
use test_support::{SOON, Server, WebSocket};

instep::thing! {
    /// A station with read-only values.
    pub Station: "Station", commands StationCommand {
        temperature: sensor { title: "Temperature", unit: "°C", precision: 1, history: 60 every 1_000 },
        pressure: sensor { title: "Pressure", unit: "hPa", precision: 1 },
        part => Part: number { title: "Part", min: 0, max: 1, step: 0.25, unit: "" },
        wet: binary_sensor { title: "Wet" },
        door: binary_sensor { title: "Door", on: "open", off: "closed <b>" },
        wind: sensor { title: "Wind", unit: "km/h", precision: 0 },
    }
}

instep::thing! {
    /// A Thing whose texts contain markup.
    pub Hostile: "<img src=x onerror=window.hurt=1>", commands HostileCommand {
        led => Led: switch { title: "<img src=x onerror=window.hurt=2>", group: "<img src=x onerror=window.hurt=3>" },
        mode => Mode: select { title: "Mode", options: ["<img src=x onerror=window.hurt=4>", "\"></option><script>window.hurt=5</script>"] },
        blink => Blink: button { title: "<img src=x onerror=window.hurt=6>" },
        level: sensor { title: "Level", unit: "<img src=x onerror=window.hurt=7>", precision: 1, history: 60 every 1_000 },
        said: event { title: "Said" },
        lines: log { title: "Log" },
    }
}

static STATION: App = App::new("station", "for tests").thing(&Station::THING).pages(&PANEL);
static HOSTILE: App = App::new("hostile", "for tests")
    .thing(&Hostile::THING)
    .version("<img src=x onerror=window.hurt=8>")
    .pages(&PANEL);

#[track_caller]
fn reads(browser: &Browser, id: &str, text: &str) {
    // A browser may use any of the narrow spaces.
    browser.wait_until(
        &format!(
            "document.getElementById('{id}')?.textContent.replace(/[\\u00a0\\u202f]/g, ' ') === '{text}'"
        ),
        SOON,
    );
}

#[test]
fn panel_uses_language_and_numbers_of_reader() {
    let server = serve(&STATION, Limits::LINUX, SocketLimits::default());
    let station = Station::new(server.device());
    station.temperature(21.5);
    station.pressure(1013.25);
    station.wet(true);
    station.door(true);
    station.part(0.25);
    station.wind(f64::NAN);
    let url = format!("http://{}/", server.addr);

    let german = Browser::with().language("de-DE,de").open(&url);
    reads(&german, "state", "Verbunden");
    reads(&german, "value-temperature", "21,5 °C");
    reads(&german, "value-pressure", "1.013,3 hPa");
    reads(&german, "value-part", "0,25");
    reads(&german, "value-wet", "An");
    reads(&german, "value-door", "open");
    station.door(false);
    reads(&german, "value-door", "closed <b>");
    station.door(None);
    reads(&german, "value-door", "Nicht verfügbar");
    reads(&german, "value-wind", "Nicht verfügbar");
    assert_eq!(german.eval("document.documentElement.lang"), "de");
    assert_eq!(german.text("access"), "Offen für alle in diesem Netz");

    let english = Browser::with().language("en-US,en").open(&url);
    reads(&english, "state", "Connected");
    reads(&english, "value-temperature", "21.5°C");
    reads(&english, "value-pressure", "1,013.3 hPa");
    reads(&english, "value-wet", "On");
    assert_eq!(english.eval("document.documentElement.lang"), "en");

    // Without a translation the words are English, but the numbers are the reader's.
    let french = Browser::with().language("fr-FR,fr").open(&url);
    reads(&french, "state", "Connected");
    reads(&french, "value-temperature", "21,5 °C");
    reads(&french, "value-pressure", "1 013,3 hPa");
    assert_eq!(french.eval("document.documentElement.lang"), "en");
}

#[test]
fn texts_of_device_are_never_markup() {
    let server = serve(&HOSTILE, Limits::LINUX, SocketLimits::default());
    let hostile = Hostile::new(server.device());
    hostile.led(true);
    hostile.mode("<img src=x onerror=window.hurt=4>");
    hostile.level(1.0);
    let browser = Browser::open(&format!("http://{}/", server.addr));
    browser.wait_until(
        "document.body.dataset.state === 'live' && document.getElementById('control-led') !== null",
        SOON,
    );
    hostile.said("<img src=x onerror=window.hurt=9>");
    hostile.lines(Severity::Error, "<img src=x onerror=window.hurt=10>");
    for text in ["#card-said li span", "#card-lines li span"] {
        browser.wait_until(
            &format!("document.querySelector('{text}')?.textContent.startsWith('<img src=x')"),
            SOON,
        );
    }
    for (of, text) in
        [("h1", "1"), ("#title-led", "2"), ("section h2", "3"), ("option", "4"), ("#control-blink", "6")]
    {
        let shown = browser.eval(&format!(
            "[...document.querySelectorAll('{of}')].some((one) => one.textContent === '<img src=x onerror=window.hurt={text}>')"
        ));
        assert_eq!(shown, true, "{of}");
    }
    assert_eq!(browser.eval("document.title"), "<img src=x onerror=window.hurt=1>");
    assert_eq!(browser.text("version"), "Version <img src=x onerror=window.hurt=8>");
    assert!(browser.text("value-level").ends_with("<img src=x onerror=window.hurt=7>"));
    // The read-out of the history, too.
    hostile.level(2.0);
    assert_eq!(browser.eval("document.querySelectorAll('img, main script').length"), 0);
    assert_eq!(browser.eval("window.hurt === undefined"), true);
}

#[test]
fn edited_text_stays_and_change_is_announced() {
    let server = Server::start(&["--app", "workshop"]);
    let browser = Browser::open(&format!("http://{}/", server.addr()));
    browser.wait_until(
        "document.body.dataset.state === 'live' && document.getElementById('control-name')?.value === 'Workshop'",
        SOON,
    );
    let mut peer = WebSocket::connect(server.addr(), "/ws");
    let mut name = |name: &str| {
        peer.send_text(&format!(r#"{{"label":"name","value":"{name}"}}"#));
        peer.read_text_until(|text| text.contains(r#""label":"name""#) && text.contains(name));
    };
    let value = "document.getElementById('control-name').value";
    browser.type_into("control-name", " of");
    name("Shed");
    browser.wait_for_text("hint-name", "The value has changed to “Shed”.");
    assert_eq!(browser.eval(value), "Workshop of", "the edited text was replaced");
    browser.press(" mine");
    assert_eq!(browser.eval(value), "Workshop of mine");
    browser.press("\u{e007}"); // Enter
    settles_on(&browser, value, "Workshop of mine");
    browser.wait_for_text("hint-name", "");

    // Cancelling shows the device's value.
    browser.type_into("control-name", "!");
    name("Barn");
    browser.wait_for_text("hint-name", "The value has changed to “Barn”.");
    browser.press("\u{e00c}"); // Escape
    settles_on(&browser, value, "Barn");
    browser.wait_for_text("hint-name", "");
    // Without editing, the field follows the device.
    name("Attic");
    settles_on(&browser, value, "Attic");
}

#[track_caller]
fn settles_on(browser: &Browser, value: &str, text: &str) {
    browser.wait_until(
        &format!("{value} === '{text}' && document.getElementById('control-name-send').hidden"),
        SOON,
    );
}

#[test]
fn panel_shows_how_the_broker_stands() {
    let server = serve(&STATION, Limits::LINUX, SocketLimits::default());
    let broker = Followed::new(&STATION, server.device(), 0).expect("the application has a Thing");
    broker.note_connection(false);
    let browser = Browser::open(&format!("http://{}/", server.addr));
    reads(&browser, "broker", "Not connected to the MQTT broker");
    broker.note_connection(true);
    // It would ask again by itself, but later.
    browser.run("location.reload()");
    reads(&browser, "broker", "Connected to the MQTT broker");
}
