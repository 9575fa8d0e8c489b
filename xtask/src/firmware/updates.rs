//! What updates add to a firmware, and their budget.

use super::build::{Variables, build, taken};
use super::documented::UPDATES;
use super::plan::{LED_JSON, Plan};
use crate::report::{Outcome, Stop};
use crate::tools::Tools;
use esp_boards::Board;

/// Chip whose firmware is measured with updates and without.
pub(super) const CHIP: &str = "esp32c3";

/// Maximum number of bytes that updates add to the flash.
const FLASH_MAX: u64 = 32_200;
/// Maximum number of bytes that updates of signed images add to the flash.
const SIGNED_FLASH_MAX: u64 = 42_500;
/// Maximum number of bytes that updates add to the memory that is always in use. A sector of the flash is 4,096 of them.
const MEMORY_MAX: u64 = 5_120;

/// What updates add to a firmware, in bytes.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Added {
    flash: u64,
    signed_flash: u64,
    memory: u64,
}

impl Added {
    /// Measures `led-json` for a board without updates, with them, and with signatures.
    pub(super) fn measure(board: &'static Board, tools: &mut Tools) -> Outcome<Self> {
        let plan = Plan::new(board, LED_JSON);
        let [base, base_memory] = taken_by(&plan, Variables::Ignored, tools)?;
        let plan = Plan { update: true, ..plan };
        let [flash, memory] = taken_by(&plan, Variables::Ignored, tools)?;
        let [signed, _] = taken_by(&plan, Variables::Signed, tools)?;
        Ok(Self {
            flash: flash.saturating_sub(base),
            signed_flash: signed.saturating_sub(base),
            memory: memory.saturating_sub(base_memory),
        })
    }

    /// Returns the figures in the order of the documents.
    pub(super) fn figures(&self) -> [u64; 3] {
        [self.flash, self.signed_flash, self.memory]
    }

    /// Checks that updates are within their budget.
    pub(super) fn within_budget(&self) -> Outcome {
        let Self { flash, signed_flash, memory } = self;
        println!(
            "Updates add {flash} bytes of flash, {signed_flash} with signatures, and {memory} bytes of RAM."
        );
        for (what, is, max) in [
            ("flash", flash, FLASH_MAX),
            ("flash with signatures", signed_flash, SIGNED_FLASH_MAX),
            ("RAM", memory, MEMORY_MAX),
        ] {
            if *is > max {
                return Err(format!("updates add {is} bytes of {what}; {max} is the limit").into());
            }
        }
        Ok(())
    }

    /// Checks that the documents have these figures.
    pub(super) fn as_documented(&self, board: &Board) -> Outcome {
        UPDATES.says(board.name, &self.figures()).map_err(Stop::Failed)
    }
}

/// Builds a firmware, and returns how many bytes it takes of the flash and of the memory.
fn taken_by(plan: &Plan, variables: Variables, tools: &mut Tools) -> Outcome<[u64; 2]> {
    taken(plan, &build(plan, variables, tools)?.elf)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn updates_over_budget_fail() {
        let added = |flash, signed_flash, memory| Added { flash, signed_flash, memory }.within_budget();
        assert_eq!(added(FLASH_MAX, SIGNED_FLASH_MAX, MEMORY_MAX), Ok(()));
        for (flash, signed, memory) in [(1, 0, 0), (0, 1, 0), (0, 0, 1)] {
            let over = added(FLASH_MAX + flash, SIGNED_FLASH_MAX + signed, MEMORY_MAX + memory);
            let Err(Stop::Failed(why)) = over else { panic!("it passed") };
            assert!(why.starts_with("updates add ") && why.ends_with(" is the limit"), "{why}");
        }
    }
}
