//! What a project says about its board.

use esp_boards::Board;

/// Returns the names and texts of the template's placeholders for a board.
///
/// No text has a placeholder of its own, because other generators fill theirs in one pass.
pub(super) fn texts(board: &Board) -> [(&'static str, String); 11] {
    let target = board.target();
    // Only Espressif's compiler knows Xtensa chips, and it comes without a compiled library.
    let xtensa = |text: &str| if board.is_xtensa() { text.to_owned() } else { String::new() };
    let ci_esp = format!("\n      - run: cargo build --release --features=esp --target={target}");
    let led_note =
        "// The LED of this board is on while the pin is low, so it is dark while the pump is on.\n    ";
    [
        ("board", board.name.to_owned()),
        ("chip", board.chip.to_owned()),
        ("target", target.to_owned()),
        ("led", format!("GPIO{}", board.led)),
        ("led_note", if board.led_inverted { led_note.to_owned() } else { String::new() }),
        // Expressions, so that files with placeholders are Rust, too.
        ("pump", format!("chip.GPIO{}", board.led)),
        ("button", format!("chip.GPIO{}", board.button)),
        ("cargo", if board.is_xtensa() { "cargo +esp" } else { "cargo" }.to_owned()),
        ("build_std", xtensa("\n    \"-Zbuild-std=core,alloc\",")),
        (
            "compiler",
            xtensa(
                "Its chip also needs Espressif's compiler: `cargo install --locked espup && espup install`, and \
                 `. ~/export-esp.sh` in each new shell.\n",
            ),
        ),
        ("ci_esp", if board.is_xtensa() { String::new() } else { ci_esp }),
    ]
}
