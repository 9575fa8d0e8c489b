//! The log, which goes from `log` through `tracing` to standard output.
//!
//! It never waits for the reader.

mod bridge;
mod ring;
mod text;

pub(crate) use ring::Ring;

use crate::options::LogFormat;
use tracing_subscriber::fmt;
use tracing_subscriber::prelude::*;

/// Starts the log, whose records `also` gets, too. Call it once.
pub(crate) fn start(format: LogFormat, also: fn(&log::Record<'_>)) -> Ring {
    let ring = Ring::start(std::io::stdout());
    let writer = ring.clone();
    let layer = fmt::layer().with_writer(move || writer.line());
    let layer = match format {
        LogFormat::Text => layer.event_format(text::Plain).boxed(),
        LogFormat::Json => layer.json().flatten_event(true).with_target(false).boxed(),
    };
    tracing_subscriber::registry().with(layer).init();
    bridge::install(also);
    ring
}
