//! Metrics of a server.

use crate::program::Serving;
use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// Time limit of an answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);
/// Time between two scrapes. A server accepts one each 50 ms.
const INTERVAL: Duration = Duration::from_millis(10);

/// Metrics of a server at one time.
#[derive(Debug)]
pub struct Scrape(String);

impl Scrape {
    /// Reads the metrics of a server.
    pub fn of(server: &Serving) -> Result<Self, String> {
        read(server.metrics).map(Self).map_err(|error| format!("the metrics cannot be read: {error}"))
    }

    /// Returns a metric without labels, or 0 if there is none.
    pub fn value(&self, name: &str) -> u64 {
        let value = |line: &str| line.strip_prefix(name)?.strip_prefix(' ')?.trim().parse().ok();
        self.0.lines().find_map(value).unwrap_or(0)
    }
}

/// Waits until the metrics of a server are as wanted.
pub fn wait(
    server: &Serving,
    within: Duration,
    what: &str,
    is_so: impl Fn(&Scrape) -> bool,
) -> Result<Scrape, String> {
    let begin = Instant::now();
    loop {
        let scrape = Scrape::of(server)?;
        if is_so(&scrape) {
            return Ok(scrape);
        }
        if begin.elapsed() > within {
            return Err(format!("a gateway never {what}, within {within:?}"));
        }
        std::thread::sleep(INTERVAL);
    }
}

fn read(port: u16) -> io::Result<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(ANSWER_TIMEOUT))?;
    write!(stream, "GET /metrics HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn value_is_that_of_the_whole_name() {
        let scrape = Scrape("# TYPE a gauge\na_b 7\na 12\n".into());
        assert_eq!([scrape.value("a"), scrape.value("a_b"), scrape.value("b")], [12, 7, 0]);
    }
}
