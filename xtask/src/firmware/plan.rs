//! Which firmware: a board, and an application.

use std::fmt::Write as _;
use std::fs;

use crate::boards::{BOARDS, Board};
use crate::tools::workspace;

/// The application that is built if none is named.
pub(crate) const LED_JSON: &str = "led-json";

/// What to build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) board: &'static Board,
    pub(super) app: String,
}

impl Plan {
    /// Knows boards and applications by their names.
    pub(crate) fn new(board: &str, app: &str) -> Result<Plan, String> {
        let board = BOARDS
            .iter()
            .find(|known| known.name == board)
            .ok_or_else(|| format!("there is no board {board}: there are {}", list(&board_names())))?;
        application(app)?;
        Ok(Plan { board, app: app.to_owned() })
    }

    /// Reads `BOARD [--app APP]`.
    pub(crate) fn parse(options: &[&str]) -> Result<Plan, String> {
        let (mut board, mut app) = (None, LED_JSON);
        let mut options = options.iter();
        while let Some(option) = options.next() {
            match *option {
                "--app" => app = options.next().ok_or("--app lacks the name of an application")?,
                "--install" => {}
                name if !name.starts_with('-') && board.is_none() => board = Some(name),
                other => return Err(format!("{other} is not known here")),
            }
        }
        let boards = || format!("name a board: {}", list(&board_names()));
        Plan::new(board.ok_or_else(boards)?, app)
    }
}

/// Knows an application by its name.
pub(crate) fn application(name: &str) -> Result<(), String> {
    let apps = apps();
    if apps.iter().any(|known| known == name) {
        return Ok(());
    }
    Err(format!("there is no application {name}: there are {}", list(&apps)))
}

fn board_names() -> [String; BOARDS.len()] {
    BOARDS.map(|board| board.name.to_owned())
}

/// All applications: each is a file, or a folder.
fn apps() -> Vec<String> {
    let files = fs::read_dir(workspace().join("apps/src")).into_iter().flatten().flatten();
    let app = |file: fs::DirEntry| {
        let path = file.path();
        let path = if path.is_dir() { path.join("mod.rs") } else { path };
        let text = fs::read_to_string(path).ok()?;
        let name = text.split_once("App::new(")?.1.split('"').nth(1)?;
        text.contains("pub const APP: App").then(|| name.to_owned())
    };
    let mut names: Vec<_> = files.filter_map(app).collect();
    names.sort();
    names
}

/// `a, b and c`.
fn list(names: &[String]) -> String {
    let mut text = String::new();
    for (at, name) in names.iter().enumerate() {
        let before = match at {
            0 => "",
            at if at + 1 == names.len() => " and ",
            _ => ", ",
        };
        let _ = write!(text, "{before}{name}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boards_and_applications_are_known_by_name() {
        let plan = Plan::new("esp32c3-devkit", "toggle").expect("both are there");
        assert_eq!((plan.board.chip, plan.app.as_str()), ("esp32c3", "toggle"));
        let problem = Plan::new("arduino", "toggle").unwrap_err();
        assert!(problem.starts_with("there is no board arduino: there are esp32-devkit, "), "{problem}");
        let problem = Plan::new("esp32-devkit", "blink").unwrap_err();
        assert!(problem.starts_with("there is no application blink: there are "), "{problem}");
        assert!(problem.contains("led-json") && !problem.contains('\n'), "{problem}");
    }

    #[test]
    fn what_is_wanted_is_understood() {
        let plan = Plan::parse(&["--app", "echo", "esp32c6-devkit"]).expect("both are there");
        assert_eq!((plan.board.name, plan.app.as_str()), ("esp32c6-devkit", "echo"));
        assert_eq!(Plan::parse(&["esp32c6-devkit"]).expect("a board").app, "led-json");
        for wrong in [
            &[][..],
            &["esp32c6-devkit", "--app"],
            &["esp32c6-devkit", "two"],
            &["esp32c6-devkit", "--erase"],
        ] {
            assert!(Plan::parse(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn lists_are_read_aloud() {
        let names = ["a", "b", "c"].map(str::to_owned);
        assert_eq!([list(&names[..1]), list(&names[..2]), list(&names)], ["a", "a and b", "a, b and c"]);
    }
}
