//! Strict parser of the Prometheus text format, written from its description.
//!
//! It parses the exposition format 0.0.4.

#![allow(dead_code, reason = "not every test uses all of it")]

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::time::Instant;
use test_support::{SOON, Server, http, wait_for};

pub const REQUEST: &str = "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n";

/// Returns the address of the metrics.
#[track_caller]
pub fn metrics_addr(server: &Server) -> SocketAddr {
    let line = server.wait_for_line(|line| line.starts_with("Metrics at http://"), SOON);
    let url = line.strip_prefix("Metrics at http://").and_then(|url| url.strip_suffix("/metrics"));
    url.and_then(|addr| addr.parse().ok()).unwrap_or_else(|| panic!("no address in {line:?}"))
}

/// One scrape, the value of each sample by its name and label as written.
#[derive(Clone, Debug, PartialEq)]
pub struct Scrape(pub BTreeMap<String, u64>);

impl Scrape {
    /// Returns a scrape in which each shard answered.
    ///
    /// A shard of a busy machine may miss its second.
    #[track_caller]
    pub fn of(addr: SocketAddr) -> Scrape {
        let deadline = Instant::now() + SOON;
        loop {
            let response = http(addr, REQUEST);
            assert_eq!(response.status, 200, "{}", response.text());
            let scrape = Scrape::parse(response.text());
            if scrape.value("instep_shard_unresponsive") == 0 {
                return scrape;
            }
            assert!(Instant::now() < deadline, "a shard does not answer: {scrape:#?}");
        }
    }

    /// Scrapes until `wanted` is true.
    ///
    /// A client may read a byte before it is counted.
    #[track_caller]
    pub fn until(addr: SocketAddr, wanted: impl Fn(&Scrape) -> bool) -> Scrape {
        wait_for(
            SOON,
            || Some(Scrape::of(addr)).filter(&wanted),
            || format!("the counters do not reach the expected values: {:#?}", Scrape::of(addr)),
        )
    }

    #[track_caller]
    pub fn value(&self, sample: &str) -> u64 {
        *self.0.get(sample).unwrap_or_else(|| panic!("no sample {sample} in {self:#?}"))
    }

    /// Returns the counters that have grown since `before`, and by how much.
    pub fn since(&self, before: &Scrape) -> BTreeMap<&str, u64> {
        let totals = self.0.iter().filter(|(sample, _)| sample.contains("_total"));
        totals
            .map(|(sample, value)| (&**sample, value - before.value(sample)))
            .filter(|(_, more)| *more > 0)
            .collect()
    }

    #[track_caller]
    pub fn parse(text: &str) -> Scrape {
        assert!(text.ends_with('\n') && !text.contains('\r'), "a line does not end in a line feed");
        let mut samples = BTreeMap::new();
        let (mut family, mut kind, mut seen) = ("", "", BTreeSet::new());
        let mut lines = text.lines();
        while let Some(line) = lines.next() {
            if let Some(help) = line.strip_prefix("# HELP ") {
                let (name, words) = help.split_once(' ').expect("HELP without a name and a sentence");
                assert!(!words.is_empty() && !words.contains('\\'), "{line}");
                let typed =
                    lines.next().and_then(|line| line.strip_prefix("# TYPE ")).expect("TYPE after HELP");
                (family, kind) = typed.split_once(' ').expect("TYPE without a name and a type");
                assert!(family == name && is_name(name) && seen.insert(name), "{line}");
                assert!(["counter", "gauge", "histogram"].contains(&kind), "{line}");
                assert_eq!(name.ends_with("_total"), kind == "counter", "{line}");
                continue;
            }
            let (sample, value) = line.rsplit_once(' ').unwrap_or_else(|| panic!("not a sample: {line:?}"));
            let name = sample.split('{').next().expect("no name");
            let suffix = name.strip_prefix(family).unwrap_or_else(|| panic!("{line} in the family {family}"));
            let suffixes: &[&str] = if kind == "histogram" { &["_bucket", "_sum", "_count"] } else { &[""] };
            assert!(suffixes.contains(&suffix), "{line}");
            if let Some(labels) = sample.strip_prefix(name).filter(|labels| !labels.is_empty()) {
                let label = labels.strip_prefix('{').and_then(|labels| labels.strip_suffix("\"}"));
                let (label, of) = label.and_then(|label| label.split_once("=\"")).expect("no label");
                assert!(["code", "le", "reason"].contains(&label), "{line}");
                let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
                assert!(of == "+Inf" || (!of.is_empty() && of.bytes().all(plain)), "{line}");
            }
            let value = value.parse().unwrap_or_else(|_| panic!("not a whole number: {line}"));
            assert_eq!(samples.insert(sample.to_owned(), value), None, "twice: {line}");
        }
        let scrape = Scrape(samples);
        if seen.contains("instep_client_lag_revisions") {
            scrape.check_buckets();
        }
        scrape
    }

    #[track_caller]
    fn check_buckets(&self) {
        let bounds = [0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024].map(|bound: u32| bound.to_string());
        let mut before = 0;
        for bound in bounds.iter().map(String::as_str).chain(["+Inf"]) {
            let count = self.lag(bound);
            assert!(count >= before, "{self:#?}");
            before = count;
        }
        assert_eq!(before, self.value("instep_client_lag_revisions_count"));
    }

    /// Returns the number of clients that lag by at most `bound`.
    #[track_caller]
    pub fn lag(&self, bound: &str) -> u64 {
        self.value(&format!("instep_client_lag_revisions_bucket{{le=\"{bound}\"}}"))
    }
}

fn is_name(name: &str) -> bool {
    let good = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b':');
    !name.starts_with(|first: char| first.is_ascii_digit()) && name.bytes().all(good)
}
