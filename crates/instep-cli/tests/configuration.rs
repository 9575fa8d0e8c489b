//! Options from the file, the environment and flags, and `instep config`.

mod served;

use served::{INSTEP, get};
use std::process::{Command, Output, Stdio};
use test_support::{Server, WebSocket, http, opcode};

/// Working folder for one test, removed at its end.
struct Folder(test_support::Folder);

impl Folder {
    fn new(name: &str) -> Self {
        Self(test_support::Folder::new(&format!("configuration-{name}")))
    }

    fn with_file(name: &str, text: &str) -> Self {
        let folder = Self::new(name);
        folder.write("instep.toml", text);
        folder
    }

    fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        self.0.write(name, text);
    }

    fn run(&self, command: &[&str], variables: &[(&str, &str)]) -> Output {
        let mut instep = Command::new(INSTEP);
        instep.args(command).envs(variables.iter().copied()).current_dir(&self.0);
        instep.stdin(Stdio::null()).output().expect("cannot run the command")
    }

    /// Returns the output of `instep config`.
    #[track_caller]
    fn config(&self, args: &[&str], variables: &[(&str, &str)]) -> String {
        let output = self.run(&[&["config"], args].concat(), variables);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("not UTF-8")
    }

    /// Returns the error of `instep config`, which must be the error of `instep serve`.
    #[track_caller]
    fn error(&self, args: &[&str], variables: &[(&str, &str)]) -> String {
        let mut errors = Vec::new();
        for command in ["config", "serve"] {
            let output = self.run(&[&[command], args].concat(), variables);
            let error = String::from_utf8(output.stderr).expect("not UTF-8");
            assert_eq!((output.status.code(), &output.stdout[..]), (Some(2), &b""[..]), "{error}");
            errors.push(error);
        }
        assert_eq!(errors[0], errors[1]);
        let error = errors.remove(0);
        assert_eq!(error.lines().count(), 1, "{error}");
        error
            .trim_end()
            .strip_prefix("instep: ")
            .expect("the error does not begin with the name of the command")
            .into()
    }

    fn server(&self, args: &[&str]) -> test_support::Builder {
        Server::with(args).binary(INSTEP).folder(&*self.0)
    }
}

/// Returns the lines that set a value, without their sources.
fn values(config: &str) -> Vec<&str> {
    let value = |line: &'_ str| line.find("  # ").unwrap_or(line.len());
    config.lines().map(|line| line[..value(line)].trim_end()).filter(|line| !line.starts_with('#')).collect()
}

#[track_caller]
fn expect(config: &str, lines: &[&str]) {
    // The sources are aligned in a column.
    let narrow = |line: &str| match line.split_once("  # ") {
        Some((value, from)) => format!("{}  # {from}", value.trim_end()),
        None => line.to_owned(),
    };
    for line in lines {
        assert!(config.lines().any(|other| narrow(other) == *line), "no line {line} in:\n{config}");
    }
}

#[test]
fn stronger_source_overrides_a_weaker_one() {
    let file = "app = \"hello\"\nallow_host = [\"a\", \"b\"]\nname = \"file\"\n\n[limits]\nclients = 1\nevents = 1\n\
        idle_time = \"1 s\"\n";
    let folder = Folder::with_file("precedence", file);
    let default = Folder::new("precedence-default").config(&[], &[]);
    expect(
        &default,
        &[
            "# Configuration file: none",
            "app = \"workshop\"  # default",
            "addr = [\"127.0.0.1:8080\"]  # default",
            "# name is not set: this machine's name",
            "clients = 4096  # default",
        ],
    );
    let variables = [
        ("INSTEP_APP", "echo"),
        ("INSTEP_ALLOW_HOST", "c, d"),
        ("INSTEP_LIMIT_EVENTS", "2"),
        ("INSTEP_LIMIT_IDLE_TIME", "2 s"),
    ];
    let flags = ["--app", "toggle", "--limit", "idle_time=300ms"];
    expect(
        &folder.config(&[], &[]),
        &[
            "# Configuration file: \"instep.toml\"",
            "app = \"hello\"  # file, line 1",
            "allow_host = [\"a\", \"b\"]  # file, line 2",
            "clients = 1  # file, line 6",
            "idle_time = \"1 s\"  # file, line 8",
        ],
    );
    expect(
        &folder.config(&[], &variables),
        &[
            "app = \"echo\"  # environment INSTEP_APP",
            "allow_host = [\"c\", \"d\"]  # environment INSTEP_ALLOW_HOST",
        ],
    );
    expect(
        &folder.config(&flags, &variables),
        &[
            "app = \"toggle\"  # flag --app",
            "allow_host = [\"c\", \"d\"]  # environment INSTEP_ALLOW_HOST",
            "name = \"file\"  # file, line 3",
            "allow_origin = []  # default",
            "clients = 1  # file, line 6",
            "events = 2  # environment INSTEP_LIMIT_EVENTS",
            "idle_time = \"300 ms\"  # flag --limit idle_time",
            "ping_every = \"10 s\"  # default",
        ],
    );
    // The value of this flag is optional.
    for (flags, value) in [
        (&["--metrics"][..], "127.0.0.1:9464"),
        (&["--metrics", "--app", "hello"], "127.0.0.1:9464"),
        (&["--metrics", "9000"], "127.0.0.1:9000"),
        (&["--metrics=0.0.0.0:0"], "0.0.0.0:0"),
    ] {
        expect(&folder.config(flags, &[]), &[&format!("metrics = \"{value}\"  # flag --metrics")]);
    }
    // An empty list overrides the list of the file.
    expect(
        &folder.config(&[], &[("INSTEP_ALLOW_HOST", "")]),
        &["allow_host = []  # environment INSTEP_ALLOW_HOST"],
    );
}

#[test]
fn file_is_named_by_flag_variable_or_default() {
    let folder = Folder::with_file("which-file", "app = \"hello\"");
    folder.write("other.toml", "app = \"echo\"");
    folder.write("third.toml", "app = \"toggle\"");
    let by_variable = [("INSTEP_CONFIG", "other.toml")];
    for (args, variables, first, app) in [
        (&[][..], &[][..], "instep.toml", "hello"),
        (&[], &by_variable, "other.toml", "echo"),
        (&["--config", "third.toml"], &by_variable, "third.toml", "toggle"),
    ] {
        let config = folder.config(args, variables);
        let app = format!("app = \"{app}\"  # file, line 1");
        expect(&config, &[&format!("# Configuration file: \"{first}\""), &app]);
    }
    let missing = folder.error(&["--config", "none.toml"], &by_variable);
    assert!(missing.starts_with("--config: cannot read the file \"none.toml\": "), "{missing}");
    let missing = folder.error(&[], &[("INSTEP_CONFIG", "none.toml")]);
    assert!(missing.starts_with("in INSTEP_CONFIG: cannot read the file \"none.toml\": "), "{missing}");
}

#[test]
fn printed_configuration_read_again_is_the_same() {
    let folder = Folder::new("round-trip");
    let all = [
        "--app=led-plain",
        "--addr=127.0.0.1:81",
        "--addr=[::1]:82",
        "--name=lamp",
        "--allow-host=a.test",
        "--allow-origin=null",
        "--allow-origin=http://b.test:1",
        "--page=a \"quoted\" \\ näme.html",
        "--metrics=9000",
        "--log-format=json",
        "--limit=clients=7",
        "--tls-cert=certificate.pem",
        "--tls-key=key.pem",
        "--tls-self-signed",
        "--limit=head_time=1500ms",
        "--limit=linger_time=2s",
    ];
    for flags in [&[][..], &all] {
        let printed = folder.config(flags, &[]);
        folder.write("printed.toml", &printed);
        let again = folder.config(&["--config", "printed.toml"], &[]);
        assert_eq!(values(&again), values(&printed));
        assert!(!again.contains("# default"), "every value comes from the file:\n{again}");
    }
}

#[test]
fn invalid_file_is_rejected_with_its_line() {
    let folder = Folder::new("wrong-file");
    for (text, says) in [
        ("\nadr = \"127.0.0.1:0\"", "line 2: unknown option \"adr\"; use one of app, addr, name, "),
        ("[limit]\nclients = 1", "line 1: unknown option \"limit\"; use one of app, "),
        ("clients = 1", "line 1: clients is a limit; move it below a line [limits]"),
        ("[limits]\n\napp = \"echo\"", "line 3: app is not a limit; move it above the line [limits]"),
        ("[limits]\nclient = 1", "line 2: unknown limit \"client\"; use one of clients, "),
        ("limits = 1", "line 1: limits must be a table"),
        ("config = \"x\"", "line 1: unknown option \"config\""),
        ("app = 5", "line 1: app must be a text in quotes; write app = \"NAME\""),
        ("app = [\"echo\"]", "line 1: app must be a text in quotes"),
        ("addr = 8080", "line 1: addr must be a list of texts in quotes"),
        ("addr = [\"127.0.0.1:0\", 1]", "line 1: addr must be a list of texts in quotes"),
        ("addr = []", "line 1: \"\" is not an address; at least one is needed"),
        ("addr = \"8080\"", "line 1: \"8080\" is not an address and a port, such as 127.0.0.1:8080"),
        ("app = \"led-jsn\"", "line 1: \"led-jsn\" is not an application; use one of workshop, "),
        (
            "[limits]\nclients = \"8\"",
            "line 2: clients must be a whole number, in decimal and without quotes",
        ),
        ("[limits]\nclients = 1.5", "line 2: clients must be a whole number"),
        ("[limits]\nclients = -1", "line 2: \"-1\" is not a whole number"),
        ("[limits]\nclients = 0", "line 2: \"0\" is out of range: clients must be from 1 to 60000"),
        (
            "[limits]\nidle_time = 5",
            "line 2: idle_time must be a time with its unit, in quotes, such as \"5 s\"",
        ),
        ("[limits]\nidle_time = \"5\"", "line 2: \"5\" is not a time with its unit, such as 5 s or 500 ms"),
        (
            "[limits]\nping_every = \"0 s\"",
            "line 2: \"0 s\" is out of range: ping_every must be from 1 s to 86400 s",
        ),
        (
            "[limits]\noutbox = 99\nframe = 100",
            "line 3: the limits frame and outbox conflict: a whole frame must fit into the outbox; set outbox to at least 122",
        ),
        ("app = \"echo\"\napp = \"echo\"", "line 2: invalid TOML: duplicate key"),
        ("app = \"echo\"\naddr =", "line 2: invalid TOML: "),
    ] {
        folder.write("instep.toml", text);
        let error = folder.error(&[], &[]);
        assert!(error.starts_with(&format!("in instep.toml, {says}")), "{text}\n{error}");
    }
    folder.write("instep.toml", b"app = \"\xff\"");
    assert_eq!(folder.error(&[], &[]), "cannot read the file \"instep.toml\": it is not text in UTF-8");
}

#[test]
fn invalid_variable_or_flag_is_rejected_by_name() {
    let folder = Folder::new("wrong-elsewhere");
    for (name, value, says) in [
        (
            "INSTEP_ADR",
            "127.0.0.1:0",
            "unknown variable INSTEP_ADR; unset it or use one of INSTEP_CONFIG, INSTEP_APP, ",
        ),
        ("INSTEP_LIMIT_CLIENT", "1", "unknown limit in the variable INSTEP_LIMIT_CLIENT; "),
        ("INSTEP_LIMIT_clients", "1", "unknown limit in the variable INSTEP_LIMIT_clients; "),
        ("INSTEP_ADDR", "127.0.0.1:0,80", "in INSTEP_ADDR: \"80\" is not an address and a port"),
        ("INSTEP_ADDR", "", "in INSTEP_ADDR: \"\" is not an address; "),
        ("INSTEP_APP", "led", "in INSTEP_APP: \"led\" is not an application; use one of "),
        ("INSTEP_ALLOW_ORIGIN", "null,a.test", "in INSTEP_ALLOW_ORIGIN: \"a.test\" is not an origin"),
        ("INSTEP_LOG_FORMAT", "xml", "in INSTEP_LOG_FORMAT: \"xml\" is not a log format; use text or json"),
        ("INSTEP_LIMIT_CLIENTS", "many", "in INSTEP_LIMIT_CLIENTS: \"many\" is not a whole number"),
        ("INSTEP_LIMIT_PINGS_MISSED", "256", "in INSTEP_LIMIT_PINGS_MISSED: \"256\" is out of range: "),
    ] {
        let error = folder.error(&[], &[(name, value)]);
        assert!(error.starts_with(says), "{name}={value}\n{error}");
    }
    for (flag, value, says) in [
        ("--addr", "80", "--addr: \"80\" is not an address and a port"),
        ("--allow-host", "a:1", "--allow-host: \"a:1\" is not a host name"),
        ("--page", "", "--page: \"\" is not the name of a file"),
        ("--metrics", "99999", "--metrics: \"99999\" is not an address and a port"),
        ("--limit", "message", "--limit: invalid limit \"message\"; write KEY=VALUE, such as message=1000"),
        ("--limit", "messages=1", "--limit: unknown limit \"messages\"; use one of clients, "),
        ("--limit", "message=0", "--limit message: \"0\" is out of range: message must be from 1 to "),
        (
            "--limit",
            "http_slots=60000",
            "--limit http_slots: the limits clients and http_slots conflict: their sum must be at most 65535",
        ),
    ] {
        // In the last case, only the sum of both limits is out of range.
        let error = folder.error(&[flag, value], &[("INSTEP_LIMIT_CLIENTS", "6000")]);
        assert!(error.starts_with(says), "{flag} {value}\n{error}");
    }
    // An invalid value is an error even if a source overrides it.
    let error = folder.error(&["--app", "echo"], &[("INSTEP_APP", "led")]);
    assert!(error.starts_with("in INSTEP_APP: "), "{error}");
}

#[test]
fn foreign_variables_are_ignored() {
    let folder = Folder::new("others");
    let others = ["INSTEP_BIN", "INSTEP_AP_PASSWORD", "INSTEP_WIFI_SSID", "INSTEP_HOST_ANYTHING", "INSTEPS"];
    let variables = others.map(|name| (name, "x"));
    assert_eq!(folder.config(&[], &variables), folder.config(&[], &[]));
}

#[test]
fn server_applies_and_logs_its_configuration() {
    let folder =
        Folder::with_file("serves", "app = \"led-plain\"\nname = \"lamp\"\n[limits]\nmessage = 10\n");
    let server = folder.server(&["--limit", "clients=1"]).variable("INSTEP_ALLOW_HOST", "light.test").start();
    server.expect_line("Configuration file: \"instep.toml\"");
    let status = |host| http(server.addr(), format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n")).status;
    assert_eq!((status("lamp.local"), status("light.test"), status("other.test")), (200, 200, 421));

    let mut client = WebSocket::connect(server.addr(), "/ws");
    assert_eq!(client.read_text(), "0", "the application is led-plain");
    let refused =
        WebSocket::try_connect(server.addr(), "/ws", &[]).expect_err("the limit second client was client");
    assert_eq!(refused.status, 503);
    client.send_text("0123456789");
    server.expect_line("[1] Received: 0123456789");
    client.frame(true, 0, opcode::TEXT, Some([1; 4]), b"0123456789x");
    client.expect_close(1009);
}

#[test]
fn call_without_a_command_reads_the_file() {
    let folder = Folder::with_file("no-command", "addr = \"127.0.0.1:x\"");
    let output = folder.run(&[], &[]);
    let error = String::from_utf8(output.stderr).expect("not UTF-8");
    assert_eq!(output.status.code(), Some(2));
    assert!(error.starts_with("instep: in instep.toml, line 1: "), "{error}");
}

/// The documented ends of each range work.
#[test]
fn server_runs_with_min_and_max_of_every_limit() {
    let folder = Folder::new("extremes");
    let min = "clients=1 http_slots=1 per_address=1 message_rate=0 head=256 headers=5 body=0 message=1 frame=1 events=0 inbox=1 \
        replies=1 outbox=23 head_time=100ms idle_time=100ms ping_every=1s pings_missed=1 write_stall=1s \
        linger_time=100ms linger_bytes=1 unsent=1 inflaters=0";
    let max = "clients=60000 http_slots=5535 per_address=65535 message_rate=1000000 head=1048576 headers=64 body=1073741824 \
        message=1073741824 frame=16777216 events=63 inbox=65535 replies=65535 outbox=1073741824 head_time=86400s \
        idle_time=86400s ping_every=86400s pings_missed=255 write_stall=86400s linger_time=86400s \
        linger_bytes=1073741824 unsent=1073741824 inflaters=1024";
    for limits in [min, max] {
        let limits: Vec<_> = limits.split_whitespace().map(|limit| format!("--limit={limit}")).collect();
        let limits: Vec<_> = limits.iter().map(String::as_str).collect();
        let server = folder.server(&[&["--app=led-plain"], &limits[..]].concat()).start();
        let mut client = WebSocket::connect(server.addr(), "/ws");
        assert_eq!(client.read_text(), "0");
        client.send_text("x");
        server.expect_line("[1] Received: x");
        // A second connection, which is the maximum.
        assert_eq!(get(server.addr(), "/").status, 200);
        drop(client);
        server.expect_line("[1] Disconnected");
    }
}
