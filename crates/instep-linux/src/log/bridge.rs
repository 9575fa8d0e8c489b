//! Forwards records of `log` to `tracing`, with their key-value pairs.

use log::kv::{Key, Value, VisitSource};
use log::{LevelFilter, Log, Metadata, Record};

struct Bridge {
    /// Receiver of all records beside the log.
    also: fn(&Record<'_>),
}

pub(super) fn install(also: fn(&Record<'_>)) {
    if log::set_logger(Box::leak(Box::new(Bridge { also }))).is_ok() {
        log::set_max_level(LevelFilter::Info);
    }
}

/// Key-value pairs of instep's crates.
#[derive(Default)]
struct Values {
    client: Option<u64>,
    port: Option<u64>,
    peer: Option<String>,
}

impl<'kvs> VisitSource<'kvs> for Values {
    fn visit_pair(&mut self, key: Key<'kvs>, value: Value<'kvs>) -> Result<(), log::kv::Error> {
        match key.as_str() {
            "client" => self.client = value.to_u64(),
            "port" => self.port = value.to_u64(),
            "peer" => self.peer = Some(value.to_string()),
            _ => {}
        }
        Ok(())
    }
}

impl Log for Bridge {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.level() <= log::max_level()
    }

    fn log(&self, record: &Record<'_>) {
        if !self.enabled(record.metadata()) {
            return;
        }
        (self.also)(record);
        let mut values = Values::default();
        // This cannot fail, because `visit_pair` above does not.
        let _ = record.key_values().visit(&mut values);
        let Values { client, port, peer } = values;
        let (peer, line) = (peer.as_deref(), record.args());
        match record.level() {
            log::Level::Error => tracing::error!(client, peer, port, "{line}"),
            log::Level::Warn => tracing::warn!(client, peer, port, "{line}"),
            log::Level::Info => tracing::info!(client, peer, port, "{line}"),
            log::Level::Debug => tracing::debug!(client, peer, port, "{line}"),
            log::Level::Trace => tracing::trace!(client, peer, port, "{line}"),
        }
    }

    fn flush(&self) {}
}
