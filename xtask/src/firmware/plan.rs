//! Choice of a firmware: a board and an application.

use std::fs;
use std::path::PathBuf;

use clap::Args;

use crate::tools::{list, one_of, workspace};
use esp_boards::{BOARDS, Board};

/// Default application.
pub(crate) const LED_JSON: &str = "led-json";

/// Chips whose firmware is built by every test.
pub(crate) const TESTED: [&str; 2] = ["esp32c3", "esp32c6"];

/// Firmware to build.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub(crate) struct Plan {
    #[arg(value_parser = board, help = format!("Name of the board: {}", list(&board_names())))]
    pub(crate) board: &'static Board,
    /// Name of the application
    #[arg(long, default_value = LED_JSON, value_parser = application)]
    pub(crate) app: String,
    /// Build in updates over HTTP; with INSTEP_UPDATE_KEY, only of signed images
    #[arg(long)]
    pub(crate) update: bool,
    /// Build in the client of an MQTT broker
    #[arg(long)]
    pub(crate) mqtt: bool,
}

impl Plan {
    /// Returns the plan for an application without updates and without a broker.
    pub(crate) fn new(board: &'static Board, app: &str) -> Self {
        Self { board, app: app.to_owned(), update: false, mqtt: false }
    }

    /// Returns the additional features of the firmware's crate. `has_key` is whether the build has a public key.
    pub(super) fn features(&self, has_key: bool) -> Vec<&'static str> {
        let update = match (self.update, has_key) {
            (false, _) => None,
            (true, false) => Some("update"),
            (true, true) => Some("signature"),
        };
        let features = update.into_iter().chain(self.mqtt.then_some("mqtt"));
        features.flat_map(|feature| ["--features", feature]).collect()
    }
}

/// Returns the board of that name.
fn board(name: &str) -> Result<&'static Board, String> {
    let name = one_of(&board_names(), "board", name)?;
    Ok(BOARDS.iter().find(|board| board.name == name).expect("a board with a known name"))
}

/// Returns the name if it is that of an application.
pub(crate) fn application(name: &str) -> Result<String, String> {
    one_of(&apps(), "application", name)
}

fn board_names() -> [String; BOARDS.len()] {
    BOARDS.map(|board| board.name.to_owned())
}

/// Returns the folder of the firmware's crate.
pub(crate) fn folder_of_firmware() -> PathBuf {
    workspace().join("examples/esp32")
}

/// Returns the names of all applications that have firmware.
fn apps() -> Vec<String> {
    let files = fs::read_dir(folder_of_firmware().join("src/bin")).into_iter().flatten().flatten();
    let app = |file: fs::DirEntry| {
        let path = file.path();
        path.file_stem().and_then(|name| name.to_str()).map(ToOwned::to_owned)
    };
    let mut names: Vec<_> = files.filter_map(app).collect();
    names.sort();
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{Cli, Job};
    use clap::Parser as _;

    #[test]
    fn each_application_has_firmware() {
        let text =
            fs::read_to_string(workspace().join("examples/apps/src/run.rs")).expect("cannot read the file");
        let names: Vec<_> =
            text.lines().filter_map(|line| line.trim().strip_prefix('"')?.split_once("\" =>")).collect();
        assert!(names.len() > 10, "{names:?}");
        let apps = apps();
        for (name, _) in names {
            assert!(apps.iter().any(|app| app == name), "examples/esp32/src/bin/{name}.rs is missing");
        }
    }

    #[test]
    fn each_board_is_a_feature() {
        let text =
            fs::read_to_string(folder_of_firmware().join("Cargo.toml")).expect("cannot read the manifest");
        for board in BOARDS {
            let feature = format!("{} = [\"{}\"]", board.name, board.chip);
            assert!(text.lines().any(|line| line == feature), "examples/esp32/Cargo.toml lacks `{feature}`");
        }
    }

    fn plan(args: &[&str]) -> Result<Plan, clap::Error> {
        let cli = Cli::try_parse_from([&["cargo xtask", "firmware"], args].concat())?;
        let Some(Job::Firmware(plan)) = cli.job else { unreachable!("the job is named") };
        Ok(plan)
    }

    #[test]
    fn boards_and_applications_are_known_by_name() {
        let plan =
            plan(&["esp32c3-devkit", "--app", "toggle"]).expect("the board or the application is unknown");
        assert_eq!((plan.board.chip, plan.app.as_str(), plan.update), ("esp32c3", "toggle", false));
        let problem = board("arduino").unwrap_err();
        assert!(problem.starts_with("unknown board arduino; choose one of esp32-devkit, "), "{problem}");
        let problem = application("blink").unwrap_err();
        assert!(problem.starts_with("unknown application blink; choose one of "), "{problem}");
        assert!(problem.contains("led-json") && !problem.contains('\n'), "{problem}");
    }

    #[test]
    fn what_is_wanted_is_understood() {
        let echo =
            plan(&["--app", "echo", "esp32c6-devkit"]).expect("the board or the application is unknown");
        assert_eq!((echo.board.name, echo.app.as_str()), ("esp32c6-devkit", "echo"));
        assert_eq!(plan(&["esp32c6-devkit"]).expect("the board is unknown").app, "led-json");
        assert!(plan(&["esp32c6-devkit", "--update"]).expect("the board is unknown").update);
        let both = plan(&["esp32c6-devkit", "--update", "--mqtt"]).expect("the board is unknown");
        assert_eq!(both.features(true), ["--features", "signature", "--features", "mqtt"]);
        for wrong in [
            &[][..],
            &["arduino"],
            &["esp32c6-devkit", "--app"],
            &["esp32c6-devkit", "--app", "blink"],
            &["esp32c6-devkit", "two"],
            &["esp32c6-devkit", "--erase"],
        ] {
            assert!(plan(wrong).is_err(), "{wrong:?}");
        }
    }
}
