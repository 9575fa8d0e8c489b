//! Suggestions for mistyped command lines.

use super::raw::Table;
use crate::identity::Identity;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use std::net::Ipv4Addr;

/// Other programs' flags for the port and the host of `--addr`.
const PORT: [&str; 2] = ["--port", "-p"];
const HOST: [&str; 4] = ["--host", "--bind", "--listen", "--address"];
const COMMANDS: [&str; 3] = ["serve", "config", "reset"];

/// Suggests a valid command line in place of one that `clap` rejects.
///
/// `arguments` are the arguments after the program's name.
pub(crate) fn advise(identity: &Identity, error: &clap::Error, arguments: &[String]) -> Option<String> {
    if error.kind() != ErrorKind::UnknownArgument {
        return None;
    }
    let Some(ContextValue::String(wrong)) = error.get(ContextKind::InvalidArg) else { return None };
    let wrong = wrong.split('=').next().unwrap_or(wrong);
    let stands_for_address = |name: &str| PORT.contains(&name) || HOST.contains(&name);
    let named = arguments.iter().map(|argument| argument.split('=').next().unwrap_or(argument));
    let other = named.into_iter().find(|name| stands_for_address(name));
    let why = match other {
        Some(other) => format!("unknown option {other}: --addr sets both the address and the port"),
        None if is_option(identity, wrong) => format!("{wrong} is an option of the command serve"),
        None => return None,
    };
    let mut words = with_address(arguments)?;
    // `clap` expects the command first.
    let command = words.iter().position(|word| COMMANDS.contains(&word.as_str())).map(|i| words.remove(i));
    let default = (identity.apps.len() > 1).then(|| "serve".into());
    words.splice(0..0, command.or(default));
    super::configuration::command(identity).no_binary_name(true).try_get_matches_from(&words).ok()?;
    let words: Vec<_> = words.iter().map(|word| quoted(word)).collect();
    Some(format!("{why}; write `{} {}`", identity.name, words.join(" ")))
}

fn is_option(identity: &Identity, flag: &str) -> bool {
    let others = ["--limit", "--config"];
    let public = Table::of(identity).settings.iter().filter(|setting| !setting.secret);
    others.contains(&flag)
        || public.map(super::setting::Setting::flag).any(|name| flag.strip_prefix("--") == Some(&name))
}

/// Replaces flags for the port and the host by `--addr`.
fn with_address(arguments: &[String]) -> Option<Vec<String>> {
    let (mut rest, mut host, mut port) = (Vec::new(), None, None);
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        let (name, value) = match argument.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (argument.as_str(), None),
        };
        let part = match name {
            _ if PORT.contains(&name) => &mut port,
            _ if HOST.contains(&name) => &mut host,
            _ => {
                rest.push(argument.clone());
                continue;
            }
        };
        *part = Some(value.or_else(|| arguments.next().cloned())?);
    }
    let address = match (host, port) {
        (None, None) => return Some(rest),
        (Some(address), None) if super::values::listener(&address).is_ok() => address,
        (host, port) => {
            let host = host.unwrap_or_else(|| Ipv4Addr::LOCALHOST.to_string());
            let host = if host.contains(':') && !host.starts_with('[') { format!("[{host}]") } else { host };
            format!("{host}:{}", port.unwrap_or_else(|| "8080".into()))
        }
    };
    super::values::listener(&address).ok()?;
    rest.extend(["--addr".into(), address]);
    Some(rest)
}

/// Quotes a word for a shell, if necessary.
fn quoted(word: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/:=,@%+[]".contains(&byte);
    if !word.is_empty() && word.bytes().all(plain) {
        word.into()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::super::configuration::tests::program;
    use super::*;

    fn advice(arguments: &[&str]) -> Option<String> {
        let arguments: Vec<_> = arguments.iter().map(ToString::to_string).collect();
        let program = program();
        let command = super::super::command(&program).no_binary_name(true);
        advise(&program, &command.try_get_matches_from(&arguments).unwrap_err(), &arguments)
    }

    #[test]
    fn suggested_command_line_is_valid() {
        for (arguments, written) in [
            (&["--addr", "127.0.0.1:9000"][..], "serve --addr 127.0.0.1:9000"),
            (&["--addr=*:9000", "--open"], "serve '--addr=*:9000' --open"),
            (&["--page", "my page.html"], "serve --page 'my page.html'"),
            (&["--limit", "clients=3"], "serve --limit clients=3"),
            (&["--port", "9000"], "serve --addr 127.0.0.1:9000"),
            (&["serve", "--port=9000", "--app", "lamp"], "serve --app lamp --addr 127.0.0.1:9000"),
            (&["serve", "-p", "9000"], "serve --addr 127.0.0.1:9000"),
            (&["--host", "0.0.0.0", "--port", "80", "--open"], "serve --open --addr 0.0.0.0:80"),
            (&["config", "--host", "::1"], "config --addr [::1]:8080"),
            (&["--bind", "127.0.0.1:80"], "serve --addr 127.0.0.1:80"),
            (&["--open", "--host", "0.0.0.0", "--port=9000"], "serve --open --addr 0.0.0.0:9000"),
            (&["--app", "lamp", "serve"], "serve --app lamp"),
            (&["--page", "it's.html", "config"], r"config --page 'it'\''s.html'"),
        ] {
            let said = advice(arguments).unwrap_or_else(|| panic!("{arguments:?}"));
            let (_, command) = said.split_once("; write `instep ").unwrap();
            let command = command.strip_suffix('`').unwrap();
            assert_eq!(command, written, "{said}");
            let words = std::process::Command::new("/bin/sh")
                .args(["-c", &format!("printf '%s\\n' {command}")])
                .output()
                .unwrap();
            let words = String::from_utf8(words.stdout).unwrap();
            let parsed =
                super::super::command(&program()).no_binary_name(true).try_get_matches_from(words.lines());
            assert!(parsed.is_ok(), "{said}: {parsed:?}");
        }
        for other in [
            &["--adr", "127.0.0.1:80"][..],
            &["--port"],
            &["serve", "--port", "x"],
            &["--password", "x"],
            &["--addr", "127.0.0.1:80", "--nothing"],
        ] {
            assert_eq!(advice(other), None, "{other:?}");
        }
    }
}
