//! Lines of the log.

instep::log_functions!(info: Info, warn: Warn, error: Error);
