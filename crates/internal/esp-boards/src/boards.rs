//! The table of boards.

/// Board.
///
/// To add one, add it to [`BOARDS`], its feature to `examples/esp32/Cargo.toml`, and its row to `docs/guide/esp32.md`, and
/// write `examples/template` anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Board {
    /// Its name for `instep new --board`, for `cargo xtask firmware`, and as a feature of `examples/esp32`: small letters,
    /// digits and dashes.
    pub name: &'static str,
    /// Its chip, which is the name of a feature of `instep-esp`.
    pub chip: &'static str,
    /// The pin of its LED.
    pub led: u8,
    /// Whether the LED is on while the pin is low.
    pub led_inverted: bool,
    /// The pin of its button, which is low while it is held. Each of these boards has the one called BOOT, or a pin for it.
    pub button: u8,
}

impl Board {
    /// Returns whether the chip is an Xtensa, for which only Espressif's compiler builds. The other chips are RISC-V.
    pub fn is_xtensa(&self) -> bool {
        matches!(self.chip, "esp32" | "esp32s2" | "esp32s3")
    }

    /// Returns the name of the chip's target.
    pub fn target(&self) -> &'static str {
        match self.chip {
            "esp32" => "xtensa-esp32-none-elf",
            "esp32s2" => "xtensa-esp32s2-none-elf",
            "esp32s3" => "xtensa-esp32s3-none-elf",
            // It has no atomic operations.
            "esp32c3" => "riscv32imc-unknown-none-elf",
            _ => "riscv32imac-unknown-none-elf",
        }
    }
}

/// All boards. Tests and measurements use the first one of a chip.
pub const BOARDS: [Board; 6] = [
    // DevKit V1, NodeMCU-32S and many others: a blue LED.
    Board { name: "esp32-devkit", chip: "esp32", led: 2, led_inverted: false, button: 0 },
    // The red LED beside the button for resets.
    Board { name: "ai-thinker-cam", chip: "esp32", led: 33, led_inverted: true, button: 0 },
    // The LEDs on the following boards are lit by data, not by a level: put one of your own at the pin.
    Board { name: "esp32s2-devkit", chip: "esp32s2", led: 2, led_inverted: false, button: 0 },
    Board { name: "esp32s3-devkit", chip: "esp32s3", led: 2, led_inverted: false, button: 0 },
    // Not 2, 8 or 9: they decide how the chip starts.
    Board { name: "esp32c3-devkit", chip: "esp32c3", led: 3, led_inverted: false, button: 9 },
    // Not 4, 5, 8, 9 or 15, for the same reason.
    Board { name: "esp32c6-devkit", chip: "esp32c6", led: 3, led_inverted: false, button: 9 },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn target_is_that_of_chip() {
        for board in &BOARDS {
            let named =
                board.target().strip_prefix("xtensa-").and_then(|name| name.strip_suffix("-none-elf"));
            assert_eq!(named, board.is_xtensa().then_some(board.chip));
        }
    }
}
