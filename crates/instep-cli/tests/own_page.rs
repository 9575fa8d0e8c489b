//! The user's own page: a folder with all its files, or one file.

mod served;

use served::{INSTEP, get, request, serve, with};
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use test_support::{Folder, Http, SOON, Server, WebSocket, http};

const PAGE: &str = "<link rel=stylesheet href=style.css><p>%STATE% 100%% %OTHER%</p>";

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn serve_page(page: &Path, args: &[&str]) -> Server {
    serve(&[&["--app", "led-plain", "--page", text(page)], args].concat())
}

fn status(server: &Server, path: &str) -> u16 {
    get(server.addr(), path).status
}

#[test]
fn folder_has_types_etags_and_templates_in_html_only() {
    let folder = Folder::with(
        "types",
        &[
            ("index.html", PAGE.as_bytes()),
            ("style.css", b"p::after { content: '%STATE%'; }"),
            ("script.js", b"let percent = '%STATE%';"),
            ("picture.png", b"\x89PNG\0\xff"),
            ("empty.txt", b""),
            ("sub/index.html", b"<p>sub %STATE%</p>"),
            ("sub/my file \u{fc}.json", b"{}"),
        ],
    );
    let server = serve_page(&folder, &[]);
    let addr = server.addr();
    for path in ["/", "/index.html"] {
        let page = get(addr, path);
        assert_eq!(page.text(), PAGE.replace("%STATE%", "OFF"), "{path}");
        assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
        assert_eq!((page.header("cache-control"), page.header("etag")), (Some("no-store"), None));
    }
    assert_eq!(get(addr, "/sub/").text(), "<p>sub OFF</p>");
    let sub = get(addr, "/sub");
    assert_eq!((sub.status, sub.header("location")), (302, Some("/sub/")));
    for (path, file, kind) in [
        ("/style.css", "style.css", "text/css; charset=utf-8"),
        ("/style.css?v=2", "style.css", "text/css; charset=utf-8"),
        ("/script.js", "script.js", "text/javascript; charset=utf-8"),
        ("/picture.png", "picture.png", "image/png"),
        ("/empty.txt", "empty.txt", "text/plain; charset=utf-8"),
        ("/sub/my%20file%20%C3%BC.json", "sub/my file \u{fc}.json", "application/json"),
    ] {
        let response = get(addr, path);
        let content = fs::read(folder.join(file)).unwrap();
        assert_eq!((response.status, &response.body), (200, &content), "{path}");
        let length = content.len().to_string();
        assert_eq!(response.header("content-length"), Some(&*length));
        assert_eq!(response.header("content-type"), Some(kind));
        assert_eq!(response.header("cache-control"), Some("no-cache"));
        assert_eq!(response.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(response.header("x-frame-options"), Some("SAMEORIGIN"));
        let etag = format!("If-None-Match: {}", response.header("etag").expect("no ETag"));
        let copy = http(addr, request(path, &[&etag]));
        assert_eq!((copy.status, copy.body.len()), (304, 0), "{path}");
        let mut connection = Http::connect(addr);
        connection.send(request(path, &[]).replacen("GET", "HEAD", 1));
        let head = connection.read_head();
        assert_eq!((head.status, head.header("content-length")), (200, Some(&*length)));
        assert_eq!(http(addr, request(path, &[]).replacen("GET", "POST", 1)).status, 405, "{path}");
    }
    assert_eq!(WebSocket::connect(addr, "/ws").read_text(), "0");
    let escaped = serve_page(&folder, &["--percent-escape"]);
    assert_eq!(get(escaped.addr(), "/").text(), PAGE.replace("%STATE%", "OFF").replace("%%", "%"));
    assert_eq!(get(escaped.addr(), "/style.css").text(), "p::after { content: '%STATE%'; }");
}

#[test]
fn folder_hides_dotfiles_listings_and_outside_files() {
    let folder = Folder::with(
        "hidden",
        &[
            ("site/index.html", PAGE.as_bytes()),
            ("site/.htpasswd", b"secret"),
            ("site/.git/config", b"secret"),
            ("site/sub/a.txt", b"a"),
            ("secret.txt", b"secret"),
        ],
    );
    let site = folder.join("site");
    symlink("../secret.txt", site.join("out.txt")).unwrap();
    symlink(folder.join("secret.txt"), site.join("absolute.txt")).unwrap();
    symlink("..", site.join("up")).unwrap();
    symlink("/", site.join("root")).unwrap();
    symlink(".htpasswd", site.join("visible.txt")).unwrap();
    symlink("sub/a.txt", site.join("within.txt")).unwrap();
    assert!(Command::new("mkfifo").arg(site.join("pipe")).status().expect("cannot run mkfifo").success());
    let server = serve_page(&site, &[]);
    assert_eq!(get(server.addr(), "/within.txt").text(), "a", "a link within the folder was not followed");
    for path in [
        "/.htpasswd",
        "/.git/config",
        "/%2ehtpasswd",
        "/sub/",
        "/sub",
        "/out.txt",
        "/absolute.txt",
        "/up/secret.txt",
        "/root/etc/passwd",
        "/visible.txt",
        "/pipe",
        "/../secret.txt",
        "/sub/../../secret.txt",
        "/..%2fsecret.txt",
        "/%2e%2e/secret.txt",
        "//secret.txt",
        "/sub//a.txt",
        "/sub/a.txt/",
        "/sub%2fa.txt",
        "/within.txt%00",
        "/nothing",
    ] {
        let response = get(server.addr(), path);
        assert_eq!(response.status, 404, "{path}");
        assert!(!response.text().contains("secret"), "{path}");
    }
    // A file that is replaced by a link out of the folder.
    fs::remove_file(site.join("sub/a.txt")).unwrap();
    symlink("../../secret.txt", site.join("sub/a.txt")).unwrap();
    assert_eq!((status(&server, "/sub/a.txt"), status(&server, "/within.txt")), (404, 404));
}

#[test]
fn folder_needs_log_in() {
    let folder = Folder::with("log-in", &[("index.html", PAGE.as_bytes()), ("a.css", b"a"), ("login", b"x")]);
    let server =
        with(&["--app", "led-plain", "--page", text(&folder)]).variable("INSTEP_PASSWORD", "sesame").start();
    for path in ["/", "/a.css", "/nothing"] {
        assert_eq!(status(&server, path), 401, "{path}");
        let inside = http(server.addr(), request(path, &["Authorization: Bearer sesame"]));
        assert_eq!(inside.status, if path == "/nothing" { 404 } else { 200 }, "{path}");
    }
    let elsewhere = request("/a.css", &[]).replacen("localhost", "evil.test", 1);
    assert_eq!(http(server.addr(), elsewhere).status, 421);
    assert!(get(server.addr(), "/login").text().contains("password"));
    server.wait_for_line(|line| line.contains("The file \"/login\" of the page is not served"), SOON);
}

#[test]
fn file_hidden_by_device_path_is_reported() {
    let folder = Folder::with(
        "own",
        &[
            ("index.html", PAGE.as_bytes()),
            ("instep.js", b"mine"),
            ("properties/led", b"mine"),
            ("healthz", b"mine"),
            ("login", b"mine"),
            ("panel.css", b"mine"),
        ],
    );
    let server = serve(&["--app", "workshop", "--page", text(&folder)]);
    assert!(get(server.addr(), "/").text().contains("%OTHER%"), "not the user's page");
    assert!(!get(server.addr(), "/instep.js").text().contains("mine"));
    assert_eq!(get(server.addr(), "/properties/led").text(), "false");
    assert_eq!(get(server.addr(), "/healthz").text(), "ok");
    assert_eq!(
        (get(server.addr(), "/panel.css").text(), get(server.addr(), "/login").text()),
        ("mine", "mine")
    );
    let lines = server.lines();
    let logged: Vec<_> = lines
        .iter()
        .filter_map(|line| {
            line.split('"').nth(1).filter(|_| line.contains("the device has its own answer at this path"))
        })
        .collect();
    assert_eq!(logged, ["/healthz", "/instep.js", "/properties/led"]);
}

#[test]
fn changed_file_is_served_at_next_reload() {
    let folder = Folder::with("change", &[("index.html", b"first"), ("a.css", b"first")]);
    let server = serve_page(&folder, &[]);
    let etag = get(server.addr(), "/a.css").header("etag").expect("no ETag").to_owned();
    for name in ["index.html", "a.css"] {
        fs::write(folder.join(name), "second").unwrap();
    }
    assert_eq!(get(server.addr(), "/").text(), "second");
    let second = http(server.addr(), request("/a.css", &[&format!("If-None-Match: {etag}")]));
    assert_eq!((second.status, second.text()), (200, "second"));
    fs::write(folder.join("new.js"), "new").unwrap();
    assert_eq!(get(server.addr(), "/new.js").text(), "new");
    // The whole folder is replaced by another one.
    fs::rename(&folder, folder.with_extension("old")).unwrap();
    assert_eq!(status(&server, "/"), 404);
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("index.html"), "third").unwrap();
    assert_eq!(get(server.addr(), "/").text(), "third");
    fs::remove_dir_all(folder.with_extension("old")).unwrap();

    let file = folder.join("page.txt");
    fs::write(&file, "one %STATE%").unwrap();
    let server = serve_page(&file, &[]);
    assert_eq!(get(server.addr(), "/").text(), "one OFF");
    fs::write(&file, "two %STATE%").unwrap();
    assert_eq!(get(server.addr(), "/").text(), "two OFF");
}

#[test]
fn missing_file_is_logged_once() {
    let folder = Folder::with("missing", &[("index.html", PAGE.as_bytes()), ("page.html", PAGE.as_bytes())]);
    for (page, says) in [
        (folder.to_path_buf(), "which is not in its folder"),
        (folder.join("page.html"), "--page FOLDER serves"),
    ] {
        let server = serve_page(&page, &[]);
        let ask = |path: &str, headers: &[&str]| http(server.addr(), request(path, headers)).status;
        let here = ["Referer: http://localhost/"];
        assert_eq!(ask("/scanned.php", &[]), 404);
        for path in ["/style.css", "/style.css", "/favicon.ico", "/last.js"] {
            assert_eq!(ask(path, &here), 404);
        }
        server.wait_for_line(|line| line.contains("/last.js"), SOON);
        let lines = server.lines();
        let logged: Vec<_> = lines.iter().filter(|line| line.starts_with("The page requests")).collect();
        assert_eq!(logged.len(), 2, "{logged:?}");
        assert!(logged[0].contains("\"/style.css\"") && logged[0].contains(says), "{logged:?}");
    }
}

/// Returns the peak memory of the process, in KiB.
fn peak(server: &Server) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", server.pid())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// Reads the head of an answer.
fn read_head(stream: &mut TcpStream) -> String {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).expect("cannot read the head");
        head.push(byte[0]);
    }
    String::from_utf8(head).expect("not UTF-8")
}

fn ask(addr: SocketAddr, path: &str) -> TcpStream {
    let mut stream = TcpStream::connect(addr).expect("cannot connect");
    stream.set_read_timeout(Some(SOON)).expect("cannot set the timeout");
    stream.write_all(request(path, &[]).as_bytes()).expect("cannot send");
    stream
}

const LARGE: u64 = 96 << 20;

#[test]
fn large_file_uses_no_more_memory() {
    let folder = Folder::with(
        "large",
        &[("index.html", PAGE.as_bytes()), ("large.bin", b"begin"), ("large.html", b"%STATE%")],
    );
    for name in ["large.bin", "large.html"] {
        fs::File::options().write(true).open(folder.join(name)).unwrap().set_len(LARGE).unwrap();
    }
    let server = serve_page(&folder, &[]);
    assert_eq!(status(&server, "/"), 200);
    let before = peak(&server);
    for path in ["/large.bin", "/large.html"] {
        let mut stream = ask(server.addr(), path);
        let head = read_head(&mut stream);
        let (mut buffer, mut left) = (vec![0; 1 << 16], LARGE);
        assert!(path == "/large.html" || head.contains(&format!("Content-Length: {LARGE}\r\n")), "{head}");
        // The response in chunks is a little longer.
        while left > 0 {
            let length = stream.read(&mut buffer).expect("cannot read the rest");
            assert!(length > 0, "{left} bytes are missing");
            left = left.saturating_sub(u64::try_from(length).unwrap());
        }
    }
    let more = peak(&server) - before;
    assert!(more < 8 << 10, "{more} KiB for a file of {LARGE} bytes");
}

#[test]
fn file_replaced_while_sent_is_cut_off() {
    let folder = Folder::with("torn", &[("index.html", PAGE.as_bytes()), ("large.bin", b"")]);
    let file = folder.join("large.bin");
    fs::File::create(&file).unwrap().set_len(LARGE).unwrap();
    let server = serve_page(&folder, &[]);
    let mut stream = ask(server.addr(), "/large.bin");
    read_head(&mut stream);
    // Most of the file is not even in the kernel yet.
    fs::write(folder.join("other"), vec![b'x'; usize::try_from(LARGE).unwrap()]).unwrap();
    fs::rename(folder.join("other"), &file).unwrap();
    let mut all = Vec::new();
    // The end may come as a reset.
    let _ = stream.read_to_end(&mut all);
    assert!(u64::try_from(all.len()).unwrap() < LARGE, "the whole file arrived");
    assert!(all.iter().all(|byte| *byte == 0), "bytes of the other file arrived");
    let mut new = ask(server.addr(), "/large.bin");
    assert!(read_head(&mut new).starts_with("HTTP/1.1 200 "));
    let mut first = [0];
    new.read_exact(&mut first).unwrap();
    assert_eq!(first, *b"x");
}

#[test]
fn folder_that_cannot_be_page_is_reported_at_start() {
    let folder = Folder::with(
        "refused",
        &[
            ("outside.html", b"out"),
            ("site/style.css", b"a"),
            ("site/latin/index.html", b"\xfc"),
            ("site/out/a", b"a"),
        ],
    );
    let site = folder.join("site");
    symlink("../../outside.html", site.join("out/index.html")).unwrap();
    for (page, says) in [
        (site.clone(), "has no index.html"),
        (site.join("latin"), "it is not text in UTF-8"),
        (site.join("out"), "cannot read the page"),
        (PathBuf::from("/dev/zero"), "it is not a regular file"),
    ] {
        let output = Command::new(INSTEP)
            .args(["serve", "--addr", "127.0.0.1:0", "--page", text(&page)])
            .stdin(Stdio::null())
            .output()
            .expect("cannot run the command");
        let error = String::from_utf8(output.stderr).expect("not UTF-8");
        assert_eq!(output.status.code(), Some(2), "{error}");
        assert!(
            error.starts_with("instep: cannot ") && error.contains(" the page ") && error.contains(says),
            "{error}"
        );
        assert_eq!(error.lines().count(), 1, "{error}");
    }
}
