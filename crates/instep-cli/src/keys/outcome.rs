//! The end of a command.

use std::process::ExitCode;

/// Prints the result of a command, or the sentence with which it failed.
pub(super) fn end(command: &str, result: Result<String, String>) -> ExitCode {
    match result {
        Ok(text) => {
            println!("{text}");
            ExitCode::SUCCESS
        }
        Err(sentence) => {
            eprintln!("{command}: {sentence}");
            ExitCode::FAILURE
        }
    }
}
