//! What the compiler says of mistakes in an application: see `tests/compiler_messages.rs`.
