//! Size of a firmware on its board, and its budget.

use std::path::Path;

use instep_panel::PANEL;

use super::broker;
use super::build::{Built, Variables, build, compile, make, measure, number};
use super::documented::{FIRMWARE, UPDATES};
use super::plan::{LED_JSON, Plan, TESTED};
use super::updates::{Added, CHIP};
use crate::report::{Outcome, Report, Stop};
use crate::tools::Tools;
use esp_boards::{BOARDS, Board};

/// Maximum number of bytes that instep, the page and `led-json` add to the flash.
///
/// They are compared with a device that has one constant answer.
const SERVER_MAX: u64 = 100 * 1024;

/// Prints a table of all boards that can be built here.
pub(crate) fn sizes(report: &mut Report, app: &str, write: bool, tools: &mut Tools) {
    let mut figures = Vec::new();
    let mut table = format!(
        "{:<16}{:<9}{:>8}{:>9}{:>10}{:>8}{:>8}{:>8}  largest future\n",
        "board", "chip", "flash", "+server", "+firmware", "memory", "stack", "client"
    );
    for board in &BOARDS {
        if let Some((_, size)) = report.step_for(board.name, || size_of(&Plan::new(board, app), tools)) {
            figures.push((board.name, size.figures()));
            table += &size.row(board);
        }
    }
    let mut updates = Vec::new();
    for board in BOARDS.iter().filter(|board| TESTED.contains(&board.chip) && app == LED_JSON) {
        let name = format!("{} with updates", board.name);
        if let Some(added) = report.step_for(&name, || Added::measure(board, tools)) {
            updates.push((board.name, added.figures()));
            if board.chip == CHIP {
                report.step(&name, || added.within_budget());
                report.step("a broker's client", || broker::check(board, tools));
            }
        }
    }
    if write {
        report.step("documents", || {
            FIRMWARE.correct(&figures).and_then(|()| UPDATES.correct(&updates)).map_err(Stop::Failed)
        });
    }
    let panel: usize = PANEL.iter().filter_map(|(_, asset)| asset.gzipped()).map(<[u8]>::len).sum();
    println!(
        "\n{table}\nThe panel, in the applications that are Things, has {panel} of the flash.\n\nAll sizes are in bytes.\n\
         flash           the application image\n\
         +server         size of instep, the page and led-json, beside two networks and one constant answer\n\
         +firmware       size of this whole firmware beside them: also settings, set-up, log-in and names\n\
         memory          always in use, beside the radio's 64 KiB in the memory of the boot loader\n\
         stack           left for the stack\n\
         client          memory of one more client, without its TCP socket and that socket's buffers\n\
         largest future  of all tasks; for a task that runs twice, the sum of both"
    );
}

/// Checks that the size is within the budget.
pub(super) fn within_budget(size: &Size) -> Outcome {
    let Size { server, .. } = size;
    println!("instep, the page and led-json add {server} bytes of flash; {SERVER_MAX} is the limit.");
    println!("With settings, set-up, log-in and names the firmware adds {} bytes.", size.firmware);
    if *server <= SERVER_MAX {
        return Ok(());
    }
    let over = server - SERVER_MAX;
    Err(format!("instep adds {server} bytes of flash, which is {over} more than the limit").into())
}

/// Checks that the documents have this size.
pub(super) fn as_documented(board: &Board, size: &Size) -> Outcome {
    FIRMWARE.says(board.name, &size.figures()).map_err(Stop::Failed)
}

/// Size of a firmware, in bytes.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Size {
    /// Size of the image of the application.
    image: u64,
    /// Size that the server alone adds to a firmware that only answers.
    server: u64,
    /// Size that the whole firmware adds to a firmware that only answers.
    firmware: u64,
    memory: u64,
    stack: u64,
    client: Option<u64>,
    /// Size and name of the largest future.
    future: (u64, String),
}

impl Size {
    /// Returns the figures in the order of the documents.
    fn figures(&self) -> [u64; 7] {
        let Size { image, server, firmware, memory, stack, client, future } = self;
        [*image, *server, *firmware, *memory, *stack, client.unwrap_or_default(), future.0]
    }

    fn row(&self, board: &Board) -> String {
        let (future, task) = &self.future;
        let client = self.client.map_or("-".to_owned(), |bytes| bytes.to_string());
        format!(
            "{:<16}{:<9}{:>8}{:>9}{:>10}{:>8}{:>8}{client:>8}  {future} ({task})\n",
            board.name, board.chip, self.image, self.server, self.firmware, self.memory, self.stack
        )
    }
}

/// Builds a firmware and its reference, without environment variables for them.
pub(super) fn size_of(plan: &Plan, tools: &mut Tools) -> Outcome<(Built, Size)> {
    let built = build(plan, Variables::Ignored, tools)?;
    let parts = ["--example", "baseline", "--example", "server"];
    let folder = compile(plan.board, &parts, Variables::Ignored, tools)?.join("examples");
    let flash = |elf: &Path| measure(&built.tool, plan, elf).and_then(|lines| number(&lines, "flash"));
    let (baseline, server) = (flash(&folder.join("baseline"))?, flash(&folder.join("server"))?);
    let lines = measure(&built.tool, plan, &built.elf)?;
    let images = make(plan, &built)?;
    let future =
        lines.iter().find_map(|(name, bytes)| Some((*bytes, name.strip_prefix("future ")?.to_owned())));
    let size = Size {
        image: number(&images, "application")?,
        server: server.saturating_sub(baseline),
        firmware: number(&lines, "flash")?.saturating_sub(baseline),
        memory: number(&lines, "memory")?,
        stack: number(&lines, "stack")?,
        client: number(&lines, "client").ok(),
        future: future.unwrap_or_default(),
    };
    Ok((built, size))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn size_over_budget_fails() {
        let size = |server| Size { server, ..Size::default() };
        assert_eq!(within_budget(&size(SERVER_MAX)), Ok(()));
        let Err(Stop::Failed(why)) = within_budget(&size(SERVER_MAX + 1)) else { panic!("it passed") };
        assert_eq!(why, "instep adds 102401 bytes of flash, which is 1 more than the limit");
    }
}
