//! Examples of the documents: their pages, saved and
//! served as shown, and the types of the script.

use std::collections::BTreeSet;
use std::path::Path;

use browser_tests::Browser;
use test_support::{SOON, Server};

const GUIDE: &str = include_str!("../../../docs/guide/your-own-page.md");
const TYPES: &str = include_str!("../../../crates/instep-panel/assets/instep.d.ts");

/// Serves the page that the guide shows for an
/// application, by the command above it.
fn serve(app: &str) -> Server {
    let saved = "my-page.html";
    let command = format!("`instep serve --app {app} --page {saved}`");
    let (_, section) = GUIDE.split_once(&command).expect("the guide does not show the command");
    let block = section.split("```html\n").nth(1).and_then(|rest| rest.split("```").next());
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{app}-{saved}"));
    std::fs::write(&file, block.expect("the guide shows no page")).expect("cannot write the file");
    Server::start(&["--app", app, "--page", file.to_str().expect("the path is not UTF-8")])
}

fn two_browsers(server: &Server) -> [Browser; 2] {
    let url = format!("http://{}/", server.addr());
    [Browser::open(&url), Browser::open(&url)]
}

#[test]
fn guide_page_for_thing_works() {
    let mut server = serve("workshop");
    let pages = two_browsers(&server);
    for page in &pages {
        page.wait_for_text("says", "live");
        assert_eq!(page.eval("document.getElementById('led').checked"), false);
    }
    pages[0].click("led");
    server.expect_line("LED ON");
    for page in &pages {
        page.wait_until("document.getElementById('led').checked", SOON);
    }
    pages[1].click("led");
    server.expect_line("LED OFF");
    pages[0].wait_until("!document.getElementById('led').checked", SOON);
    pages[0].click("blink");
    pages[0].wait_for_text("says", "It blinked");

    server.kill();
    for page in &pages {
        page.wait_until("document.getElementById('led').disabled", SOON);
    }
    server.restart();
    for page in &pages {
        page.wait_for_text("says", "live");
    }
}

#[test]
fn guide_page_for_other_application_works() {
    let server = serve("led-json");
    let pages = two_browsers(&server);
    for page in &pages {
        page.wait_for_text("led", "LED OFF");
        page.wait_for_text("link", "live");
    }
    pages[0].click("toggle");
    for page in &pages {
        page.wait_for_text("led", "LED ON");
    }
    server.expect_line("LED ON");
}

#[test]
fn declared_types_match_script() {
    let server = Server::start(&["--app", "led-json"]);
    let page = Browser::open(&format!("http://{}/", server.addr()));
    page.run(
        "import('./instep.js').then((script) => {
           window.exported = Object.keys(script).join();
           window.thing = script.connect('ws', { staleAfter: 0, liveAfter: 'open' });
         });",
    );
    page.wait_until("window.thing?.state === 'live'", SOON);
    assert_eq!(page.eval("window.exported"), "connect");
    assert!(TYPES.contains("\nexport function connect(path?: string, options?: Options): Thing;\n"));

    // Each declared member exists, is of its kind, and no other exists.
    let kind = |name: &str| {
        page.eval(&format!(
            "typeof thing[{name:?}] === 'function' ? `function of ${{thing[{name:?}].length}}` : 'value'"
        ))
    };
    for (name, parameters) in members("Thing") {
        let typed = parameters.map_or("value".to_owned(), |count| format!("function of {count}"));
        assert_eq!(kind(&name), typed, "{name}");
    }
    let typed: BTreeSet<String> = members("Thing").into_iter().map(|(name, _)| name).collect();
    let had = page.eval(
        "[...Object.keys(thing), ...Object.getOwnPropertyNames(Object.getPrototypeOf(thing))]
         .filter((name) => name !== 'constructor')",
    );
    let had: BTreeSet<String> = had
        .as_array()
        .expect("not a list")
        .iter()
        .map(|name| name.as_str().expect("not a name").into())
        .collect();
    assert_eq!(had, typed);

    // Members of the error of a rejected promise.
    page.run("thing.close(); thing.set('led', true).catch((error) => { window.failed = error; });");
    page.wait_until("window.failed !== undefined", SOON);
    for (name, _) in members("ThingError") {
        assert_eq!(page.eval(&format!("typeof failed[{name:?}]")), "string", "{name}");
    }
    assert_eq!(page.eval("[thing.state, failed.name, failed.code].join()"), "closed,ThingError,not-live");

    // The words and options of the script.
    page.run(
        "fetch('./instep.js').then((answer) => answer.text()).then((text) => { window.script = text; });",
    );
    page.wait_until("window.script !== undefined", SOON);
    let script = page.eval("window.script");
    let script = script.as_str().expect("not a text");
    for name in ["State", "Reason"] {
        let line = TYPES.lines().find(|line| line.starts_with(&format!("export type {name} = ")));
        for word in line.expect("no such type").split('"').skip(1).step_by(2) {
            assert!(script.contains(&format!("\"{word}\"")), "{name} {word}");
        }
    }
    let options = script.split("constructor(path, {").nth(1).and_then(|rest| rest.split('}').next());
    let options: BTreeSet<&str> = options
        .expect("no options of a thing")
        .split(", ")
        .map(|option| option.split('=').next().unwrap_or_default().trim())
        .collect();
    let typed = members("Options");
    assert_eq!(options, typed.iter().map(|(name, _)| name.as_str()).collect());
}

/// Returns the members of an interface, functions with their number of parameters.
fn members(interface: &str) -> Vec<(String, Option<usize>)> {
    let start = TYPES.split(&format!("export interface {interface} ")).nth(1).expect("no such interface");
    let body = start.split("\n}").next().unwrap_or_default();
    // Its members are indented by two spaces, and their parts by more.
    let lines = body.lines().filter_map(|line| line.strip_prefix("  "));
    let lines = lines.filter(|line| line.starts_with(|first: char| first.is_ascii_lowercase()));
    lines
        .map(|line| {
            let line = line.strip_prefix("readonly ").unwrap_or(line);
            let length =
                line.find(|letter: char| !letter.is_ascii_alphanumeric()).expect("a member without an end");
            let (name, rest) = line.split_at(length);
            (name.to_owned(), rest.strip_prefix('(').map(parameters))
        })
        .collect()
}

/// Returns the number of parameters before the closing parenthesis.
fn parameters(text: &str) -> usize {
    let (mut depth, mut count) = (0, 0);
    for letter in text.chars() {
        match letter {
            '(' => depth += 1,
            ')' if depth == 0 => break,
            ')' => depth -= 1,
            ':' if depth == 0 => count += 1,
            _ => {}
        }
    }
    count
}
