//! The log-in over real sockets: sources of the password, access, and secrecy.

mod served;

use served::{INSTEP, get, request, serve, with};
use std::ffi::OsStr;
use std::net::SocketAddr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};
use test_support::{Http, Response, SOON, Server, Tls, WebSocket, http, target};

const PASSWORD: &str = "open sesame+";
const FORM: &str = "password=open+sesame%2B";
const BASIC: &str = "Basic dXNlcjpvcGVuIHNlc2FtZSs=";

#[test]
fn browser_logs_in_uses_device_and_logs_out() {
    let server = guarded(&["--app", "led-plain"]);
    let addr = server.addr();
    let asked = http(addr, request("/", &["Accept: text/html"]));
    assert_eq!((asked.status, asked.header("location")), (303, Some("/login")));
    assert_eq!(
        (get(addr, "/").status, get(addr, "/instep.js").status, get(addr, "/healthz").status),
        (401, 401, 200)
    );
    assert_eq!(
        WebSocket::try_connect(addr, "/ws", &[]).expect_err("a WebSocket opened without a session").status,
        401
    );

    let cookie = log_in(addr);
    let name = format!("instep_{}=", target().port.unwrap_or(addr.port()));
    assert!(cookie.starts_with(&name), "{cookie}");
    assert_eq!(http(addr, request("/", &[&format!("Cookie: {cookie}")])).status, 200);
    let mut socket =
        WebSocket::try_connect(addr, "/ws", &[("Cookie", &cookie)]).expect("the upgrade was refused");
    assert_eq!(socket.read_text(), "0");
    socket.send_text("toggle");
    assert_eq!(socket.read_text(), "1");
    let mut other =
        WebSocket::try_connect(addr, "/ws", &[("Cookie", &log_in(addr))]).expect("the upgrade was refused");
    assert_eq!(other.read_text(), "1");

    let out = post(addr, "/logout", &[&format!("Cookie: {cookie}")], "");
    assert_eq!((out.status, out.header("location")), (303, Some("/login")));
    socket.expect_close(1008);
    assert_eq!(http(addr, request("/", &[&format!("Cookie: {cookie}")])).status, 401);
    other.send_text("toggle");
    assert_eq!(other.read_text(), "0");
    server.expect_line("[1] Closed with 1008: its log-in has ended");
    server.expect_line("[1] Disconnected");
}

#[test]
fn tool_sends_password_with_each_request() {
    let server = guarded(&["--app", "led-plain"]);
    let addr = server.addr();
    for authorization in [BASIC, &format!("Bearer {PASSWORD}")] {
        assert_eq!(http(addr, request("/", &[&format!("Authorization: {authorization}")])).status, 200);
        let headers = [("Authorization", authorization)];
        let mut socket = WebSocket::try_connect(addr, "/ws", &headers).expect("the upgrade was refused");
        assert_eq!(socket.read_text(), "0");
    }
    let wrong = http(addr, request("/", &["Authorization: Bearer open"]));
    assert_eq!(wrong.status, 401);
    assert_eq!(wrong.header("www-authenticate"), Some("Basic realm=\"instep\", charset=\"UTF-8\""));
}

#[test]
fn password_checks_queue_and_delay_no_client() {
    let server = guarded(&["--app", "echo"]);
    let addr = server.addr();
    let mut socket =
        WebSocket::try_connect(addr, "/ws", &[("Authorization", BASIC)]).expect("the upgrade was refused");
    let mut forms: Vec<_> = (0..4).map(|_| Http::connect(addr)).collect();
    for form in &mut forms {
        form.send(posted("/login", &[], FORM));
    }
    // The checks wait for the first one, and the echo for none.
    socket.send_text("now");
    assert_eq!(socket.read_text(), "now");
    let mut cookies: Vec<_> = forms.iter_mut().map(|form| cookie(&form.read())).collect();
    cookies.sort();
    cookies.dedup();
    assert_eq!(cookies.len(), 4, "two log-ins share a session");
}

#[test]
fn five_wrong_passwords_block_address_and_are_logged() {
    let server = guarded(&["--app", "led-plain"]);
    let addr = server.addr();
    let session = log_in(addr);
    for _ in 0..5 {
        let wrong = post(addr, "/login", &[], "password=wrong");
        assert_eq!(wrong.status, 401);
        assert!(wrong.text().contains("Wrong password."));
    }
    let before = Instant::now();
    let wait = post(addr, "/login", &[], FORM);
    assert_eq!(wait.status, 429);
    let seconds: u64 =
        wait.header("retry-after").and_then(|seconds| seconds.parse().ok()).expect("no seconds");
    assert!((1..=60).contains(&seconds) && wait.text().contains("Try again in 1 minute."), "{seconds}");
    assert!(before.elapsed() < Duration::from_secs(60));
    assert_eq!(http(addr, request("/", &[&format!("Authorization: {BASIC}")])).status, 429);
    assert_eq!(http(addr, request("/", &[&format!("Cookie: {session}")])).status, 200, "a session ended");
    server.wait_for_line(
        |line| line.contains(&format!("A wrong password from {}, the 5th", target().here)),
        SOON,
    );
}

#[test]
fn public_address_needs_password_or_open() {
    for addresses in [&["--addr", "0.0.0.0:0"][..], &["--addr", "127.0.0.1:0", "--addr", "[::]:0"]] {
        let refused = run(&[&["serve"], addresses].concat(), &[]);
        assert_eq!((refused.status.code(), &refused.stdout[..]), (Some(2), &b""[..]));
        let error = String::from_utf8(refused.stderr).expect("not UTF-8");
        assert_eq!(error.lines().count(), 1, "{error}");
        assert!(
            error.contains("INSTEP_PASSWORD")
                && error.contains("--password-file")
                && error.contains("--open"),
            "{error}"
        );
    }
    let server = serve(&["--app", "hello", "--addr", "0.0.0.0:0", "--open"]);
    assert_eq!(get(loopback(&server), "/").status, 200);
    server.wait_for_line(|line| line.contains("This device is open to everyone on this network"), SOON);

    let server = guarded(&["--app", "hello", "--addr", "0.0.0.0:0"]);
    assert_eq!(get(loopback(&server), "/").status, 401);
    let line = server.wait_for_line(|line| line.contains("without TLS"), SOON);
    assert!(line.contains("The password is sent to "), "{line}");

    // Only this machine can reach it, so there is no warning.
    let server = guarded(&["--app", "hello"]);
    assert_eq!(get(server.addr(), "/").status, 401);
    let server_open = serve(&["--app", "hello"]);
    assert_eq!(get(server_open.addr(), "/").status, 200);
    for server in [server, server_open] {
        assert!(!server.lines().iter().any(|line| line.contains("network") || line.contains("TLS")));
    }
}

#[test]
fn page_shows_that_device_is_open_to_everyone() {
    // By default a server listens to this machine only.
    let open = if target().access.is_empty() { &["--addr", "0.0.0.0:0", "--open"][..] } else { &[] };
    // `hello` is fixed to the byte.
    for app in ["toggle", "led-plain", "led-json", "led-words", "led-state", "soft-ap"] {
        let server = serve(&[&["--app", app], open].concat());
        let page = get(loopback(&server), "/");
        let said = r#"<p id="access">open to everyone on this network</p>"#;
        assert!(page.text().contains(said), "{app}: {page:?}");

        let server = guarded(&["--app", app]);
        let page = http(server.addr(), request("/", &[&format!("Authorization: {BASIC}")]));
        assert!(page.text().contains(r#"<p id="access"></p>"#), "{app}: {page:?}");
    }
}

#[test]
fn cookie_over_tls_is_secure_and_causes_no_warning() {
    let [certificate, key] = ["certificate.pem", "key.pem"].map(|name| File::path(&format!("login-{name}")));
    let files = ["--tls-cert", certificate.name(), "--tls-key", key.name(), "--tls-self-signed"];
    let addresses = ["--addr", "127.0.0.1:0", "--addr", "https://0.0.0.0:0"];
    let server = guarded(&[&["--app", "led-plain"], &addresses[..], &files].concat());
    let [plain, secure, ..] = server.addrs() else { panic!("{:?}", server.addrs()) };
    let tls = Tls::trusting(std::fs::read_to_string(&certificate.0).expect("no certificate"));
    let connect = || tls.connect(SocketAddr::from(([127, 0, 0, 1], secure.port())));
    let mut https = Http::from(connect());
    https.send(posted("/login", &[], FORM));
    let entered = https.read();
    let cookie = entered.header("set-cookie").expect("no cookie");
    let (pair, attributes) = cookie.split_once(';').expect("the cookie has no attributes");
    assert!(pair.starts_with(&format!("instep_{}=", secure.port())), "{cookie}");
    assert!(attributes.ends_with("; Path=/; HttpOnly; SameSite=Strict; Secure"), "{cookie}");
    let mut socket = WebSocket::over(connect(), "/ws", &[("Cookie", pair)]).expect("the upgrade was refused");
    assert_eq!(socket.read_text(), "0");
    assert!(
        log_in(*plain).starts_with(&format!("instep_{}=", plain.port())),
        "the cookie without TLS has another name"
    );
    https.send(posted("/logout", &[&format!("Cookie: {pair}")], ""));
    assert_eq!(https.read().status, 303);
    socket.expect_close(1008);
    assert!(!server.lines().iter().any(|line| line.contains("without TLS")), "{:?}", server.lines());
}

#[test]
fn password_may_come_from_file() {
    let file = File::new("lines", format!("{PASSWORD}\r\n"));
    let server = serve(&["--app", "hello", "--password-file", file.name()]);
    log_in(server.addr());
    for (text, wrong) in [
        ("", "is empty"),
        ("\n", "is empty"),
        ("a\nb\n", "more than one line"),
        (&"x".repeat(129), "longer than 128 bytes"),
        (&"x".repeat(5000), "longer than 128 bytes"),
        (&"ü".repeat(5000), "longer than 128 bytes"),
        ("\u{feff}\n", "is empty"),
        ("tab\there\n", "control character"),
    ] {
        let file = File::new("wrong", text);
        expect_refused(&["--password-file", file.name()], &[], wrong);
    }
    let file_in_latin_1 = File::new("latin-1", b"k\xfc\n");
    expect_refused(&["--password-file", file_in_latin_1.name()], &[], "is not text in UTF-8");
    expect_refused(&["--password-file", "/nowhere/at/all"], &[], "cannot read the password file");
    expect_refused(&["--password-file", file.name()], &[("INSTEP_PASSWORD", "x")], "two passwords");
    expect_refused(&["--open"], &[("INSTEP_PASSWORD", "x")], "exclude each other");
    expect_refused(&[], &[("INSTEP_PASSWORD", "")], "1 to 128 bytes");
    assert_eq!(
        run(&["serve", "--password", "x"], &[]).status.code(),
        Some(2),
        "a password was accepted on the command line"
    );
}

#[test]
fn bom_and_newline_are_no_part_of_password() {
    let added = ["\u{feff}open sesame+\r\n", "\u{feff}open sesame+", "open sesame+\n"];
    for text in added {
        let file = File::new("added", text);
        let by_file = serve(&["--app", "hello", "--password-file", file.name()]);
        let by_variable = with(&["--app", "hello"]).variable("INSTEP_PASSWORD", text).start();
        log_in(by_file.addr());
        log_in(by_variable.addr());
    }
    for (text, why) in [("a\nb", "more than one line"), ("a\tb", "control character"), ("\n", "is empty")] {
        expect_refused(&[], &[("INSTEP_PASSWORD", text)], why);
    }
    let mut instep = Command::new(INSTEP);
    instep.args(["serve", "--addr", "127.0.0.1:0"]).env("INSTEP_PASSWORD", OsStr::from_bytes(b"k\xfc"));
    let error =
        String::from_utf8(instep.output().expect("cannot run the command").stderr).expect("not UTF-8");
    assert!(error.contains("not text in UTF-8") && error.lines().count() == 1, "{error}");
}

#[test]
fn password_and_session_appear_nowhere() {
    let printed = run(&["config"], &[("INSTEP_PASSWORD", "xyzzy")]);
    let text = String::from_utf8(printed.stdout).expect("not UTF-8");
    let line =
        text.lines().find(|line| line.contains("# password =")).expect("the password is not mentioned");
    assert!(line.contains("\"***\"") && line.ends_with("# environment INSTEP_PASSWORD"), "{line}");
    assert!(!text.contains("xyzzy"), "{text}");
    let long = "xyzzy".repeat(40);
    let refused = run(&["config"], &[("INSTEP_PASSWORD", &long)]);
    let error = String::from_utf8(refused.stderr).expect("not UTF-8");
    assert!(error.contains("***") && !error.contains("xyzzy"), "{error}");

    let server = guarded(&["--app", "led-plain", "--log-format", "json"]);
    let session = log_in(server.addr());
    let id = session.split_once('=').expect("no value").1.to_owned();
    let _ = post(server.addr(), "/login", &[&format!("Cookie: {session}")], "password=opensesame");
    let _ = http(server.addr(), request("/?password=opensesame", &["Authorization: Bearer opensesame"]));
    server.wait_for_line(|line| line.contains("A wrong password"), SOON);
    for line in server.lines() {
        assert!(!line.contains("sesame") && !line.contains(&id), "{line}");
    }
}

#[track_caller]
/// Two programs with a key share their sessions, which also hold after a restart.
#[test]
fn session_holds_at_each_program_with_the_key() {
    let key = File::new("session-key", "5a".repeat(32) + "\n");
    let mut one = guarded(&["--app", "led-plain", "--session-key-file", key.name()]);
    let other = guarded(&["--app", "led-plain", "--session-key-file", key.name()]);
    let without = guarded(&["--app", "led-plain"]);
    let cookie = format!("Cookie: {}", log_in(one.addr()));
    let get = |server: &Server| http(server.addr(), request("/", &[&cookie])).status;
    assert_eq!((get(&one), get(&other), get(&without)), (200, 200, 401));
    one.restart();
    assert_eq!(get(&one), 200);
}

#[test]
fn wrong_session_key_is_explained() {
    let short = File::new("short-key", "5a".repeat(31));
    let password = [("INSTEP_PASSWORD", "x")];
    expect_refused(&["--session-key-file", short.name()], &password, "64 hexadecimal digits");
    expect_refused(&["--session-key-file", "/nowhere/at/all"], &password, "instep keygen --session FILE");
    expect_refused(&["--session-key-file", short.name()], &[], "--session-key-file needs a password");
}

fn guarded(args: &[&str]) -> Server {
    with(args).variable("INSTEP_PASSWORD", PASSWORD).start()
}

/// Returns its address for this machine, if it listens everywhere.
fn loopback(server: &Server) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], server.addr().port()))
}

fn posted(path: &str, headers: &[&str], body: &str) -> String {
    let length = format!("Content-Length: {}", body.len());
    let headers = [headers, &[&length]].concat();
    request(path, &headers).replacen("GET", "POST", 1) + body
}

#[track_caller]
fn post(addr: SocketAddr, path: &str, headers: &[&str], body: &str) -> Response {
    http(addr, posted(path, headers, body))
}

#[track_caller]
fn log_in(addr: SocketAddr) -> String {
    cookie(&post(addr, "/login", &[], FORM))
}

/// Returns the cookie that a log-in set.
#[track_caller]
fn cookie(response: &Response) -> String {
    assert_eq!(response.status, 303, "{response:?}");
    let cookie = response.header("set-cookie").expect("no cookie");
    assert!(cookie.ends_with("; Path=/; HttpOnly; SameSite=Strict"), "{cookie}");
    cookie.split_once(';').expect("the cookie has no attributes").0.to_owned()
}

fn run(args: &[&str], variables: &[(&str, &str)]) -> Output {
    let mut instep = Command::new(INSTEP);
    instep.args(args).envs(variables.iter().copied()).current_dir(env!("CARGO_TARGET_TMPDIR"));
    instep.stdin(Stdio::null()).output().expect("cannot run the command")
}

#[track_caller]
fn expect_refused(args: &[&str], variables: &[(&str, &str)], why: &str) {
    let output = run(&[&["serve", "--addr", "127.0.0.1:0"], args].concat(), variables);
    let error = String::from_utf8(output.stderr).expect("not UTF-8");
    assert_eq!(output.status.code(), Some(2), "{error}");
    assert!(error.contains(why) && error.lines().count() == 1, "{error}");
}

/// File that is removed at the end.
struct File(PathBuf);

impl File {
    fn new(name: &str, text: impl AsRef<[u8]>) -> Self {
        let file = Self::path(&format!("password-{name}"));
        std::fs::write(&file.0, text).expect("cannot write the file");
        file
    }

    /// Path of a file that another program writes.
    fn path(name: &str) -> Self {
        Self(PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name))
    }

    fn name(&self) -> &str {
        self.0.to_str().expect("the path is not UTF-8")
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}
