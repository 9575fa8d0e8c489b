//! Writer of Prometheus's text format, version 0.0.4.
//!
//! The usual crates are not used, because they hold the counters themselves, but these counters are in the shards.
//!
//! Labels are `&'static str`, so that no label holds data from a client.

use super::process::Process;
use super::source::{More, Sample};
use instep::driver::{DropReason, RefusalReason};
use instep_tokio::{Lag, Metrics};
use std::fmt::{Display, Write};

pub(super) const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Returns all metrics as text.
pub(super) fn write(metrics: &Metrics, more: &More, process: &Process) -> String {
    let mut text = Text(String::with_capacity(8192));
    let Metrics { counts, .. } = metrics;
    text.gauge("instep_clients", "Connected clients, by WebSocket or event stream.", counts.clients);
    text.gauge("instep_connections", "Open connections, of clients and others.", metrics.connections);
    text.gauge("instep_revision", "Revision of the last publish.", counts.revision);
    text.counter(
        "instep_opened_total",
        "Clients that connected, by WebSocket or event stream.",
        counts.opened,
    );
    text.counter(
        "instep_publishes_total",
        "Retained messages that the application published.",
        counts.publishes,
    );
    text.counter("instep_events_total", "Events that the application sent.", counts.events);
    text.counter(
        "instep_events_missed_total",
        "Events that slow clients missed, counted for each client.",
        counts.events_missed,
    );
    text.counter("instep_messages_received_total", "Messages that clients sent.", metrics.messages_received);
    text.counter(
        "instep_received_bytes_total",
        "Bytes that were read from sockets, without the overhead of TLS.",
        metrics.received_bytes,
    );
    text.counter(
        "instep_sent_bytes_total",
        "Bytes that sockets accepted, without the overhead of TLS.",
        metrics.sent_bytes,
    );
    text.family(
        "instep_closed_total",
        "counter",
        "Clients that left after a closing handshake, by close code. 1005 is a close frame without a code.",
    );
    for (code, count) in counts.closed() {
        text.sample("instep_closed_total", Some(("code", code)), count);
    }
    text.family(
        "instep_dropped_total",
        "counter",
        "Clients that left without a closing handshake, by reason.",
    );
    for reason in DropReason::ALL {
        text.sample("instep_dropped_total", Some(("reason", reason.label())), counts.dropped(reason));
    }
    text.family("instep_refused_total", "counter", "Requests and connections that were refused, by reason.");
    for reason in RefusalReason::ALL {
        text.sample("instep_refused_total", Some(("reason", reason.label())), metrics.refused(reason));
    }
    if let Some(lag) = &metrics.lag {
        text.lag(lag);
    }
    text.gauge(
        "instep_shard_unresponsive",
        "Threads for clients that did not answer within 1 s.",
        metrics.shards_unresponsive as u64,
    );
    if let Some(broker) = more.broker {
        text.gauge("instep_mqtt_connected", "Whether the MQTT broker is connected.", broker.connected.into());
        text.counter(
            "instep_mqtt_connections_total",
            "Connections that the MQTT broker accepted.",
            broker.connections,
        );
    }
    for Sample { name, help, is_counter, value } in &more.samples {
        if *is_counter {
            text.counter(name, help, *value);
        } else {
            text.gauge(name, help, *value);
        }
    }
    for (name, help, value) in [
        ("process_resident_memory_bytes", "Resident memory of the process.", process.resident_bytes),
        ("process_open_fds", "Open file descriptors of the process.", process.open_descriptors),
        (
            "process_max_fds",
            "Maximum number of open file descriptors of the process.",
            process.descriptor_limit,
        ),
    ] {
        if let Some(value) = value {
            text.gauge(name, help, value);
        }
    }
    text.0
}

struct Text(String);

impl Text {
    fn gauge(&mut self, name: &'static str, help: &'static str, value: u64) {
        self.family(name, "gauge", help);
        self.sample(name, None, value);
    }

    fn counter(&mut self, name: &'static str, help: &'static str, value: u64) {
        self.family(name, "counter", help);
        self.sample(name, None, value);
    }

    fn lag(&mut self, lag: &Lag) {
        self.family(
            "instep_client_lag_revisions",
            "histogram",
            "Revisions by which each client is behind now. The value is a snapshot, and not a sum over time.",
        );
        for (bound, count) in Lag::BOUNDS.into_iter().zip(lag.cumulated()) {
            self.line(format_args!("instep_client_lag_revisions_bucket{{le=\"{bound}\"}} {count}"));
        }
        self.sample("instep_client_lag_revisions_bucket", Some(("le", "+Inf")), lag.clients());
        self.sample("instep_client_lag_revisions_sum", None, lag.revisions());
        self.sample("instep_client_lag_revisions_count", None, lag.clients());
    }

    fn family(&mut self, name: &'static str, kind: &'static str, help: &'static str) {
        self.line(format_args!("# HELP {name} {help}"));
        self.line(format_args!("# TYPE {name} {kind}"));
    }

    /// Writes a sample.
    ///
    /// The value of a label needs no escaping, because it is a constant of this program.
    fn sample(&mut self, name: &'static str, label: Option<(&'static str, &'static str)>, value: u64) {
        match label {
            Some((label, of)) => self.line(format_args!("{name}{{{label}=\"{of}\"}} {value}")),
            None => self.line(format_args!("{name} {value}")),
        }
    }

    fn line(&mut self, line: impl Display) {
        // Writing to a `String` cannot fail.
        let _ = writeln!(self.0, "{line}");
    }
}
