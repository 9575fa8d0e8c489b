//! Files of a folder, served behind the application's
//! own paths: access, and a file that breaks off.

mod guarded;
mod link;

use guarded::*;
use instep::folder::Found;
use instep::folder::{FileContent, Folder, FolderFile};
use instep::{App, Asset, Limits};
use instep_proto::http::{Chunk, PageValues, RequestHead};
use link::Simulation;

const TEXT: &[u8] = b"0123456789 and much more";
static STYLE: Asset = Asset::new("text/css", b"main{}");

/// Files by name: `/plain`, `/template`, and `/broken`, which ends early.
#[derive(Debug)]
struct Files;

impl Folder for Files {
    fn find(&self, head: &RequestHead<'_>) -> Found {
        let file = |number, content| Found::File(FolderFile { number, content_type: "text/css", content });
        let length = u32::try_from(TEXT.len()).unwrap();
        let plain = FileContent::Plain { length, hash: 7 };
        match head.path {
            "/" | "/plain" => file(0, plain),
            "/template" => file(1, FileContent::Template),
            "/broken" => file(2, plain),
            "/broken-template" => file(3, FileContent::Template),
            "/asset" => Found::Asset(&STYLE),
            "/sub" => Found::Folder,
            _ => Found::Nothing,
        }
    }

    fn read(&self, number: u16, position: u32, values: &dyn PageValues, out: &mut [u8]) -> Chunk {
        let index = position as usize;
        if number >= 2 && index > 0 {
            return Chunk::BROKEN;
        }
        let mut text = TEXT.to_vec();
        if number % 2 == 1 {
            text.clear();
            values.page_value("STATE", &mut |part| text.extend_from_slice(part.as_bytes()));
        }
        let length = (text.len() - index).min(out.len()).min(10);
        out[..length].copy_from_slice(&text[index..index + length]);
        let next = index + length;
        let more = next < text.len() || number == 3;
        Chunk { length, next: more.then_some(u32::try_from(next).unwrap()) }
    }
}

const APP: App = link::APP.with_folder(&Files);

fn simulation() -> Simulation {
    let simulation = Simulation::with_app(&APP, Limits::DEVICE);
    simulation.device.set_page_value("STATE", "ON");
    simulation
}

#[test]
fn folder_page_shares_path_with_endpoint() {
    const BOTH: App = link::APP.endpoint("/").with_folder(&Files);
    let mut simulation = Simulation::with_app(&BOTH, Limits::DEVICE);
    assert_eq!(get(&mut simulation, "/", "").body.as_bytes(), TEXT);
    assert_eq!(get(&mut simulation, "/ws", "").status, 426);
    let _ = simulation.open("/");
}

#[test]
fn files_come_after_paths_of_application_but_not_page() {
    let mut simulation = simulation();
    let text = std::str::from_utf8(TEXT).unwrap();
    for path in ["/", "/plain"] {
        let answer = get(&mut simulation, path, "");
        assert_eq!((answer.status, &*answer.body), (200, text), "{path}");
        assert_eq!(answer.header("Cache-Control"), Some("no-cache"));
        assert_eq!(answer.header("X-Frame-Options"), Some("SAMEORIGIN"));
        let etag = format!("If-None-Match: {}\r\n", answer.header("ETag").unwrap());
        assert_eq!(get(&mut simulation, path, &etag).status, 304);
    }
    assert_eq!(get(&mut simulation, "/script.js", "").body, "let on;");
    assert_eq!(get(&mut simulation, "/any/plain", "").body, "plain");
    assert_eq!(get(&mut simulation, "/asset", "").body, "main{}");
    assert_eq!(get(&mut simulation, "/nothing", "").status, 404);
    assert_eq!(get(&mut simulation, "/ws", "").status, 426);
    assert_eq!(request(&mut simulation, "POST", "/plain", "", "").status, 405);
    let template = get(&mut simulation, "/template", "");
    assert_eq!(
        (&*template.body, template.header("Cache-Control")),
        ("0002\r\nON\r\n0\r\n\r\n", Some("no-store"))
    );
    let sub = get(&mut simulation, "/sub", "");
    assert_eq!((sub.status, sub.header("Location")), (302, Some("/sub/")));
    for (path, own) in
        [("/script.js", true), ("/ws", true), ("/healthz", true), ("/login", false), ("/plain", false)]
    {
        assert_eq!(APP.hides(path, false), own, "{path}");
    }
    assert!(APP.hides("/login", true) && APP.hides("/logout", true) && !APP.hides("/", true));
}

#[test]
fn built_in_files_are_served_as_assets() {
    static FILES: instep::folder::Files = instep::folder::Files(&[
        ("/", Asset::template("<p>%STATE% 100%%</p>").percent_escape()),
        ("/style.css", Asset::hashed("text/css", b"p {}", 7)),
        ("/script.js", Asset::hashed("text/javascript", b"hidden", 7)),
    ]);
    static BUILT_IN: App = link::APP.with_folder(&FILES);
    let mut simulation = Simulation::with_app(&BUILT_IN, Limits::DEVICE);
    simulation.device.set_page_value("STATE", "ON");
    assert!(get(&mut simulation, "/", "").body.contains("<p>ON 100%</p>"));
    let style = get(&mut simulation, "/style.css", "");
    assert_eq!((&*style.body, style.header("ETag")), ("p {}", Some("\"0000000000000007\"")));
    assert_eq!(
        get(&mut simulation, "/script.js", "").body,
        "let on;",
        "a file hides the application's asset"
    );
    assert_eq!(get(&mut simulation, "/style", "").status, 404);
}

#[test]
fn files_need_log_in() {
    let mut simulation = guard(simulation());
    assert_eq!(get(&mut simulation, "/plain", "").status, 401);
    assert_eq!(get(&mut simulation, "/plain", &format!("{BASIC}\r\n")).status, 200);
}

#[test]
fn broken_file_ends_connection_without_next_answer() {
    let mut simulation = simulation();
    let two = |path: &str| {
        let request = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: lamp\r\n\r\n");
        request(path) + &request("/asset")
    };
    let broken = exchange(&mut simulation, &two("/broken"));
    assert_eq!(broken.body, "0123456789", "not the bytes before the break");
    assert!(broken.all.contains(&format!("Content-Length: {}\r\n", TEXT.len())));
    let broken = exchange(&mut simulation, &two("/broken-template"));
    assert_eq!(broken.body, "0002\r\nON\r\n", "not the chunks before the break");
    assert!(
        exchange(&mut simulation, &two("/plain")).all.contains("main{}"),
        "no answer behind a whole file"
    );
}
