//! The command line: its output, its errors and its exit codes.

mod served;

use served::{INSTEP, get, serve};
use std::net::{Ipv6Addr, SocketAddr};
use std::process::{Command, Output, Stdio};
use test_support::WebSocket;

/// Runs the command to its end.
fn run(args: &[&str]) -> Output {
    Command::new(INSTEP).args(args).stdin(Stdio::null()).output().expect("cannot run the command")
}

/// Runs a command that fails; returns its status and its error output.
#[track_caller]
fn failure(args: &[&str]) -> (i32, String) {
    let Output { status, stdout, stderr } = run(args);
    assert_eq!(stdout, b"", "{args:?}");
    (status.code().expect("ended by a signal"), String::from_utf8(stderr).expect("not UTF-8"))
}

#[test]
fn wrong_argument_is_explained_and_exits_2() {
    for (args, says) in [
        (&["serve", "--app", "led-jsn"][..], "led-json"),
        (&["serve", "--addr", "8080"], "127.0.0.1:8080"),
        (&["serve", "--addr", "127.0.0.1:99999"], "65535"),
        (&["serve", "--addr"], "--addr"),
        (&["serve", "--allow-origin", "example.org"], "http://example.org"),
        (&["serve", "--allow-host", "http://lamp"], "without http://"),
        (&["serve", "--log-format", "xml"], "json"),
        (&["serve", "--addr", "127.0.0.1:0", "--io", "led=17"], "gpiochip0:17"),
        (&["serve", "--addr", "127.0.0.1:0", "--app", "weather", "--io", "bme280=i2c-1:0x50"], "i2c-1:0x77"),
        (&["serve", "--io", "led"], "NAME=PLACE"),
        (&["serve", "--addr", "127.0.0.1:0", "--io", "lde=gpiochip0:17"], "use led"),
        (
            &["serve", "--addr", "127.0.0.1:0", "--app", "chat", "--io", "led=gpiochip0:17"],
            "no inputs or outputs",
        ),
        (&["serve", "--adr", "127.0.0.1:0"], "--addr"),
        (&["--addr", "127.0.0.1:0"], "`instep serve --addr 127.0.0.1:0`"),
        (&["serve", "--port", "9000"], "`instep serve --addr 127.0.0.1:9000`"),
        (&["--open", "--host", "0.0.0.0", "--port=9000"], "`instep serve --open --addr 0.0.0.0:9000`"),
        (&["serve", "something"], "something"),
        (&["srve"], "serve"),
        (&["apps", "more"], "more"),
    ] {
        let (status, error) = failure(args);
        assert_eq!(status, 2, "{args:?}: {error}");
        // Errors in the form of the arguments, and in their values.
        let begins = ["error: ", "instep: --", "instep: unknown option --"];
        assert!(begins.iter().any(|begin| error.starts_with(begin)), "{args:?}: {error}");
        assert!(error.contains(says), "{args:?}: {error}");
    }
}

#[test]
fn unreadable_page_is_explained_and_exits_2() {
    let folder = env!("CARGO_MANIFEST_DIR");
    let binary = INSTEP;
    for (page, says) in [
        ("/nonexistent/page.html", "No such file"),
        (folder, "has no index.html"),
        (binary, "is not text in UTF-8"),
    ] {
        let (status, error) = failure(&["serve", "--addr", "127.0.0.1:0", "--page", page]);
        assert_eq!(status, 2, "{error}");
        assert!(
            error.starts_with("instep: cannot ")
                && error.contains(&format!(" the page {page}"))
                && error.contains(says),
            "{error}"
        );
        assert_eq!(error.lines().count(), 1, "{error}");
    }
}

#[test]
fn second_server_on_port_exits_1() {
    let server = serve(&["--app", "led-plain"]);
    let addr = server.addr().to_string();
    for args in [&["serve", "--addr", &addr][..], &["serve", "--addr", "127.0.0.1:0", "--addr", &addr]] {
        let (status, error) = failure(args);
        assert_eq!(status, 1, "{error}");
        assert!(
            error.starts_with(&format!("instep: cannot bind {addr}: it is in use"))
                && error.contains("--addr"),
            "{error}"
        );
        assert_eq!(error.lines().count(), 1, "{error}");
    }
    assert_eq!(WebSocket::connect(server.addr(), "/ws").read_text(), "0", "the first server stopped");
}

#[test]
fn port_named_twice_is_not_blamed_on_other_server() {
    let port = test_support::free_addr().port();
    let [here, all, six] = ["127.0.0.1", "0.0.0.0", "[::1]"].map(|host| format!("{host}:{port}"));
    for (args, says) in [
        (
            &["--addr", &here, "--addr", &here][..],
            format!("--addr {here} has the same port as --addr {here}"),
        ),
        (
            &["--open", "--addr", &all, "--addr", &here],
            format!("--addr {here} has the same port as --addr {all}"),
        ),
        (
            &["--addr", &six, "--addr", &here, "--metrics", &here],
            format!("--metrics {here} has the same port as --addr"),
        ),
    ] {
        let (status, error) = failure(&[&["serve", "--app", "hello"], args].concat());
        assert_eq!(status, 2, "{error}");
        assert!(error.contains(&says) && !error.contains("another instep"), "{error}");
        assert_eq!(error.lines().count(), 1, "{error}");
    }
}

#[test]
fn all_ipv6_and_ipv4_addresses_combine_in_any_order() {
    for hosts in [["[::]", "0.0.0.0"], ["0.0.0.0", "[::]"], ["[::]", "127.0.0.1"]] {
        let port = test_support::free_addr().port();
        let [first, second] = hosts.map(|host| format!("{host}:{port}"));
        let server = serve(&["--app", "hello", "--open", "--addr", &first, "--addr", &second]);
        for here in [SocketAddr::from(([127, 0, 0, 1], port)), SocketAddr::from((Ipv6Addr::LOCALHOST, port))]
        {
            assert_eq!(get(here, "/healthz").status, 200, "{hosts:?} {here}");
        }
        let mut printed = server.addrs().to_vec();
        printed.sort();
        let all = printed.len();
        printed.dedup();
        assert_eq!(printed.len(), all, "an address was printed more than once: {printed:?}");
    }
}

#[test]
fn port_without_address_means_all_addresses() {
    for host in ["", "*"] {
        let port = test_support::free_addr().port();
        let address = format!("{host}:{port}");
        let (status, error) = failure(&["serve", "--addr", &address]);
        assert!(status == 2 && error.contains("other machines can reach it"), "{error}");
        let server = serve(&["--app", "hello", "--open", "--addr", &address]);
        for here in [SocketAddr::from(([127, 0, 0, 1], port)), SocketAddr::from((Ipv6Addr::LOCALHOST, port))]
        {
            assert_eq!(get(here, "/healthz").status, 200, "{here}");
        }
        drop(server);
    }
}

#[test]
fn address_of_other_machine_exits_1() {
    // Reserved for documentation, so no machine has it.
    let (status, error) = failure(&["serve", "--addr", "192.0.2.1:8080", "--open"]);
    assert_eq!(status, 1, "{error}");
    assert!(
        error.starts_with("instep: cannot bind 192.0.2.1:8080: this machine has no address 192.0.2.1;"),
        "{error}"
    );
}

#[test]
fn missing_hardware_is_explained_and_exits_1() {
    for (app, io, says, tool) in [
        (
            "workshop",
            "led=gpiochip999:17",
            "led: cannot open /dev/gpiochip999: it does not exist",
            "gpiodetect",
        ),
        ("led-json", "led=null:0", "led: cannot open /dev/null: it is not a GPIO chip", "gpiodetect"),
        ("weather", "bme280=i2c-999", "bme280: cannot open /dev/i2c-999: it does not exist", "i2cdetect"),
    ] {
        let (status, error) = failure(&["serve", "--addr", "127.0.0.1:0", "--app", app, "--io", io]);
        assert_eq!(status, 1, "{error}");
        assert!(error.starts_with(&format!("instep: {says}")) && error.contains(tool), "{error}");
        assert_eq!(error.lines().count(), 1, "{error}");
    }
}

#[test]
fn apps_command_lists_applications() {
    let output = run(&["apps"]);
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).expect("not UTF-8");
    let names: Vec<_> = text.lines().filter_map(|line| line.split_whitespace().next()).collect();
    let all = [
        "workshop",
        "lamp",
        "weather",
        "motor",
        "soil",
        "thermometer",
        "push-button",
        "knob",
        "chat",
        "console",
        "hello",
        "toggle",
        "led-plain",
        "led-json",
        "led-words",
        "led-state",
        "soft-ap",
        "echo",
    ];
    assert_eq!(names, all);
    assert!(
        text.lines().all(|line| line.split_whitespace().count() > 3),
        "an application without a description: {text}"
    );
}

#[test]
fn closed_pipe_of_list_causes_no_panic() {
    let (reader, writer) = std::io::pipe().expect("no pipe");
    drop(reader);
    let output = Command::new(INSTEP).arg("apps").stdout(writer).output().expect("cannot run the command");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "", "an error was printed");
}

#[test]
fn version_and_help_are_printed() {
    let version = run(&["--version"]);
    assert!(version.status.success());
    assert_eq!(version.stdout, format!("instep {}\n", env!("CARGO_PKG_VERSION")).into_bytes());
    for args in [&["--help"][..], &["serve", "--help"], &["help", "serve"], &["config", "-h"]] {
        let help = run(args);
        assert!(help.status.success() && help.stderr.is_empty(), "{args:?}");
        let text = String::from_utf8(help.stdout).expect("not UTF-8");
        assert!(text.contains("Usage: instep"), "{text}");
    }
    let text = String::from_utf8(run(&["serve", "--help"]).stdout).expect("not UTF-8");
    for option in [
        "--app",
        "--addr",
        "--name",
        "--allow-host",
        "--allow-origin",
        "--page",
        "--password-file",
        "--open",
        "--metrics",
        "--log-format",
        "--limit",
        "--config",
        "--tls-cert",
        "--tls-key",
        "--tls-self-signed",
    ] {
        assert!(text.contains(option), "{option} is not in {text}");
    }
    assert!(text.contains("pings_missed"), "the limits are in {text}");
}

#[test]
fn printed_addresses_can_be_typed() {
    let server = serve(&["--app", "hello", "--addr", "0.0.0.0:0", "--open"]);
    let port = server.addr().port();
    let urls: Vec<_> = server.lines().into_iter().filter(|line| line.contains("http://")).collect();
    assert_eq!(urls.first(), Some(&format!("Open http://127.0.0.1:{port}/")));
    assert!(
        urls.iter().all(|line| !line.contains("0.0.0.0") && line.ends_with(&format!(":{port}/"))),
        "{urls:?}"
    );
    assert_eq!(get(server.addr(), "/").status, 200);
}

#[test]
fn own_page_is_filled_in_and_its_port_is_advised() {
    let page = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("own-page.html");
    let text = "<style>a { width: 100%; }</style><p>%STATE% %OTHER%</p><script>\n\
        new WebSocket('ws://' + location.hostname + '/ws');\n</script>";
    std::fs::write(&page, text).expect("cannot write the page");
    let server = serve(&["--app", "led-plain", "--page", page.to_str().expect("the path is not UTF-8")]);
    let response = get(server.addr(), "/");
    assert_eq!(response.text(), text.replace("%STATE%", "OFF"));
    assert!(server.lines().iter().any(|line| line.ends_with("add --addr 127.0.0.1:80")));
    assert_eq!(WebSocket::connect(server.addr(), "/ws").read_text(), "0");
    std::fs::remove_file(page).expect("cannot remove the page");
}
