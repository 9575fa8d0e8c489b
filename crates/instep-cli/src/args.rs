//! The command line.

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};
use std::net::{SocketAddr, ToSocketAddrs};
use std::path::PathBuf;

/// Keeps every open page in step with a device: this program is the device.
///
/// Without a command it serves the application led-json at http://127.0.0.1:8080/ : open that address in two
/// browser windows and press the button in one of them.
#[derive(Debug, Parser)]
#[command(name = "instep", version, arg_required_else_help = false)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve an application until Ctrl-C
    Serve(Serve),
    /// List the applications
    Apps,
}

impl Default for Command {
    fn default() -> Self {
        Self::Serve(Serve::default())
    }
}

#[derive(Debug, ClapArgs)]
#[command(after_help = "Examples:\n  \
    instep serve                                          this machine's browsers only\n  \
    instep serve --addr 0.0.0.0:8080                      phones in the same network, too\n  \
    instep serve --app led-plain --page my-page.html      a page of your own\n  \
    instep serve --addr 127.0.0.1:80 --addr 127.0.0.1:81  page and WebSocket on two ports")]
pub(crate) struct Serve {
    /// The application: `instep apps` lists them
    #[arg(long, value_name = "NAME", default_value = DEFAULT_APP, value_parser = parse_app)]
    pub(crate) app: &'static instep::App,

    /// Where to listen: an address of this machine and a port. 0.0.0.0 stands for all of its addresses, port 0
    /// for any free one. May be given more than once
    #[arg(long = "addr", value_name = "HOST:PORT", default_value = DEFAULT_ADDRESS, value_parser = parse_address)]
    pub(crate) addresses: Vec<SocketAddr>,

    /// The device's own name in the network: it answers to NAME and NAME.local [default: this machine's name]
    #[arg(long, value_name = "NAME", value_parser = parse_host)]
    pub(crate) name: Option<String>,

    /// Another name by which browsers may call the device. May be given more than once
    #[arg(long = "allow-host", value_name = "NAME", value_parser = parse_host)]
    pub(crate) hosts: Vec<String>,

    /// A web page from elsewhere that may use the device, such as http://example.org, or `null` for pages opened
    /// from a file. May be given more than once
    #[arg(long = "allow-origin", value_name = "ORIGIN", value_parser = parse_origin)]
    pub(crate) origins: Vec<String>,

    /// Serve this file at / in place of the application's page; %NAME% is filled in
    #[arg(long, value_name = "FILE")]
    pub(crate) page: Option<PathBuf>,

    /// Tell what a Prometheus server wants to know, at /metrics on an address of its own: a port of this machine
    /// alone, or HOST:PORT [without one: 127.0.0.1:9464]
    #[arg(long, value_name = "ADDR", num_args = 0..=1, default_missing_value = METRICS_ADDRESS, value_parser = parse_metrics_address)]
    pub(crate) metrics: Option<SocketAddr>,

    /// How the log is written to standard output
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(crate) log_format: LogFormat,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// A line for people
    #[default]
    Text,
    /// An object for programs
    Json,
}

const DEFAULT_APP: &str = "led-json";
const DEFAULT_ADDRESS: &str = "127.0.0.1:8080";
/// The port that OpenTelemetry gives to what Prometheus reads.
const METRICS_ADDRESS: &str = "127.0.0.1:9464";

impl Default for Serve {
    fn default() -> Self {
        Self {
            app: &instep_apps::led_json::APP,
            addresses: vec![SocketAddr::from(([127, 0, 0, 1], 8080))],
            name: None,
            hosts: Vec::new(),
            origins: Vec::new(),
            page: None,
            metrics: None,
            log_format: LogFormat::Text,
        }
    }
}

fn parse_app(name: &str) -> Result<&'static instep::App, String> {
    instep_apps::find(name).ok_or_else(|| {
        let names: Vec<_> = instep_apps::ALL.iter().map(|app| app.name()).collect();
        format!("there is no such application; there are {}", names.join(", "))
    })
}

fn parse_address(text: &str) -> Result<SocketAddr, String> {
    let wrong = "it is not an address and a port, such as 127.0.0.1:8080";
    let (_, port) = text.rsplit_once(':').ok_or(wrong)?;
    port.parse::<u16>().map_err(|_| "a port is a number from 0 to 65535, as in 127.0.0.1:8080")?;
    let mut addresses = text.to_socket_addrs().map_err(|_| "this machine does not know that host name")?;
    addresses.next().ok_or_else(|| wrong.into())
}

fn parse_metrics_address(text: &str) -> Result<SocketAddr, String> {
    match text.parse::<u16>() {
        Ok(port) => Ok(SocketAddr::from(([127, 0, 0, 1], port))),
        Err(_) => parse_address(text),
    }
}

fn parse_host(text: &str) -> Result<String, String> {
    let good = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    if text.is_empty() || !text.bytes().all(good) {
        return Err("it is not a host name: give it without http:// and without a port".into());
    }
    Ok(text.into())
}

fn parse_origin(text: &str) -> Result<String, String> {
    let host = text.strip_prefix("http://").or(text.strip_prefix("https://"));
    if text != "null" && !host.is_some_and(|host| !host.is_empty() && !host.contains(['/', ' '])) {
        return Err("it is not an origin, such as http://example.org or https://example.org:8443".into());
    }
    Ok(text.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_of_the_command_line_are_those_of_no_command() {
        let Some(Command::Serve(said)) = Args::parse_from(["instep", "serve"]).command else { panic!() };
        let unsaid = Serve::default();
        assert_eq!((said.app.name(), &said.addresses), (unsaid.app.name(), &unsaid.addresses));
        assert_eq!(said.log_format, unsaid.log_format);
        assert_eq!(said.metrics, unsaid.metrics);
        assert_eq!(unsaid.app.name(), DEFAULT_APP);
        assert_eq!(unsaid.addresses[0].to_string(), DEFAULT_ADDRESS);
    }

    #[test]
    fn metrics_are_for_this_machine_unless_an_address_is_given() {
        for (args, expected) in [
            (&["--metrics"][..], Some("127.0.0.1:9464")),
            (&["--metrics", "--app", "hello"], Some("127.0.0.1:9464")),
            (&["--metrics", "9000"], Some("127.0.0.1:9000")),
            (&["--metrics=0.0.0.0:0"], Some("0.0.0.0:0")),
            (&["--metrics", "[::1]:9000"], Some("[::1]:9000")),
            (&[], None),
            (&["--metrics", "99999"], Some("")),
            (&["--metrics", "0.0.0.0"], Some("")),
        ] {
            let parsed = Args::try_parse_from(["instep", "serve"].iter().chain(args));
            let metrics = match parsed {
                Ok(Args { command: Some(Command::Serve(serve)) }) => {
                    serve.metrics.map(|addr| addr.to_string())
                }
                _ => Some(String::new()),
            };
            assert_eq!(metrics.as_deref(), expected, "{args:?}");
        }
    }

    #[test]
    fn wrong_values_are_told_from_right_ones() {
        assert!(parse_address("127.0.0.1:0").is_ok() && parse_address("[::1]:80").is_ok());
        for wrong in ["8080", "127.0.0.1", "127.0.0.1:99999", "127.0.0.1:x", ":80:"] {
            assert!(parse_address(wrong).is_err(), "{wrong}");
        }
        assert!(parse_origin("https://a.b:1").is_ok() && parse_origin("null").is_ok());
        for wrong in ["", "example.org", "http://", "http://a/", "ftp://a"] {
            assert!(parse_origin(wrong).is_err(), "{wrong}");
        }
        assert!(parse_host("lamp.test").is_ok());
        for wrong in ["", "http://lamp", "lamp:80", "a b"] {
            assert!(parse_host(wrong).is_err(), "{wrong}");
        }
    }
}
