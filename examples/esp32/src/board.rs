//! Name and pins of the board that a feature selects, which the build script writes.

include!(concat!(env!("OUT_DIR"), "/board.rs"));
