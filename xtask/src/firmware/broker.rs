//! Budget of the client of a broker: the flash that it adds to a firmware.

use super::build::{Variables, build, taken};
use super::plan::Plan;
use crate::report::Outcome;
use crate::tools::Tools;
use esp_boards::Board;

/// Application whose firmware is measured with the client and without. It is a Thing, because only a Thing can be published.
const APP: &str = "lamp";
/// Maximum number of bytes that the client adds to the flash.
const FLASH_MAX: u64 = 43_600;

/// Checks what the client of a broker adds to the flash of a board.
pub(super) fn check(board: &'static Board, tools: &mut Tools) -> Outcome {
    let plan = Plan::new(board, APP);
    let base = flash_of(&plan, tools)?;
    let with_client = flash_of(&Plan { mqtt: true, ..plan }, tools)?;
    within_budget(with_client.saturating_sub(base))
}

fn within_budget(flash: u64) -> Outcome {
    println!("The client of a broker adds {flash} bytes of flash; {FLASH_MAX} is the limit.");
    if flash <= FLASH_MAX {
        return Ok(());
    }
    Err(format!("the client of a broker adds {flash} bytes of flash; {FLASH_MAX} is the limit").into())
}

fn flash_of(plan: &Plan, tools: &mut Tools) -> Outcome<u64> {
    let [flash, _] = taken(plan, &build(plan, Variables::Ignored, tools)?.elf)?;
    Ok(flash)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Stop;

    #[test]
    fn client_over_budget_fails() {
        assert_eq!(within_budget(FLASH_MAX), Ok(()));
        let Err(Stop::Failed(why)) = within_budget(FLASH_MAX + 1) else { panic!("it passed") };
        assert!(why.starts_with("the client of a broker adds ") && why.ends_with(" is the limit"), "{why}");
    }
}
