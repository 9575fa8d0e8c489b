//! Head of a certificate (RFC 5280 section 4.1): its version and its validity.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Tag of an INTEGER in DER.
const INTEGER: u8 = 0x02;
/// Tag of a UTCTime in DER.
const UTC_TIME: u8 = 0x17;
/// Tag of a GeneralizedTime in DER.
const GENERALIZED_TIME: u8 = 0x18;
/// Tag of a SEQUENCE in DER.
const SEQUENCE: u8 = 0x30;
/// Tag of the version, which certificates of version 1 omit.
const VERSION: u8 = 0xa0;

/// Validity period of a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Validity {
    /// First second.
    pub from: Moment,
    /// Last second.
    pub until: Moment,
}

/// Date and time in UTC, to the second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// Year, month, day, hour, minute, second.
    parts: [u16; 6],
}

impl Moment {
    /// Returns the same time as [`SystemTime`]; times before 1970 become 1970.
    pub fn time(self) -> SystemTime {
        let [year, month, day, hour, minute, second] = self.parts.map(u64::from);
        // Years begin in March here, so a leap day is the last of its year.
        let (year, month) = if month > 2 { (year, month - 3) } else { (year.saturating_sub(1), month + 9) };
        let days = year * 365 + year / 4 - year / 100 + year / 400 + (month * 153 + 2) / 5 + day;
        // 1 January 1970 is 719,468 days after 1 March of the year 0, and days of a month count from 1.
        let days = days.saturating_sub(719_469);
        UNIX_EPOCH + Duration::from_secs(((days * 24 + hour) * 60 + minute) * 60 + second)
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [year, month, day, hour, minute, second] = self.parts;
        write!(f, "{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02} UTC")
    }
}

/// Head of a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    /// Version of X.509: 1, 2 or 3.
    pub(crate) version: u8,
    pub(crate) validity: Validity,
}

impl Head {
    /// Parses the head of a certificate in DER. Returns `None` if it is invalid.
    pub(crate) fn read(certificate: &[u8]) -> Option<Self> {
        let (whole, _) = element(certificate, SEQUENCE)?;
        let (mut signed, _) = element(whole, SEQUENCE)?;
        let mut version = 1;
        if let Some((explicit, rest)) = element(signed, VERSION) {
            let [number] = element(explicit, INTEGER)?.0 else { return None };
            (version, signed) = (number.checked_add(1)?, rest);
        }
        let (_serial, rest) = element(signed, INTEGER)?;
        let (_algorithm, rest) = element(rest, SEQUENCE)?;
        let (_issuer, rest) = element(rest, SEQUENCE)?;
        let (validity, _) = element(rest, SEQUENCE)?;
        let (from, rest) = moment(validity)?;
        let (until, _) = moment(rest)?;
        Some(Self { version, validity: Validity { from, until } })
    }
}

/// Splits off the content of the first element.
///
/// Returns `None` if the element has another tag than `tag`, or is incomplete.
fn element(bytes: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (first, rest) = bytes.split_first()?;
    let (length, rest) = rest.split_first()?;
    let (length, rest) = match length {
        0..=0x7f => (usize::from(*length), rest),
        0x81..=0x83 => {
            let (digits, rest) = rest.split_at_checked(usize::from(length & 0x7f))?;
            (digits.iter().fold(0, |sum, digit| sum << 8 | usize::from(*digit)), rest)
        }
        _ => return None,
    };
    rest.split_at_checked(length).filter(|_| *first == tag)
}

/// Parses a UTCTime or GeneralizedTime, and returns the bytes after it.
fn moment(bytes: &[u8]) -> Option<(Moment, &[u8])> {
    let (text, rest, short) = match element(bytes, UTC_TIME) {
        Some((text, rest)) => (text, rest, true),
        None => element(bytes, GENERALIZED_TIME).map(|(text, rest)| (text, rest, false))?,
    };
    let digits = text.strip_suffix(b"Z")?;
    if digits.len() != if short { 12 } else { 14 } || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let mut pairs =
        digits.chunks(2).map(|pair| pair.iter().fold(0, |sum, digit| sum * 10 + u16::from(digit - b'0')));
    let year = match pairs.next()? {
        // Two-digit years are 1950 to 2049 (RFC 5280 section 4.1.2.5.1).
        year if short => {
            if year < 50 {
                2000 + year
            } else {
                1900 + year
            }
        }
        century => century * 100 + pairs.next()?,
    };
    let mut parts = [year; 6];
    for part in &mut parts[1..] {
        *part = pairs.next()?;
    }
    let [_, month, day, hour, minute, second] = parts;
    let is_date =
        (1..=12).contains(&month) && (1..=31).contains(&day) && hour < 24 && minute < 60 && second < 61;
    is_date.then_some((Moment { parts }, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(parts: [u16; 6]) -> u64 {
        Moment { parts }.time().duration_since(UNIX_EPOCH).unwrap().as_secs()
    }

    /// The expected values come from `date --utc --date=… +%s`.
    #[test]
    fn moment_converts_to_seconds_since_1970() {
        for (parts, expected) in [
            ([1970, 1, 1, 0, 0, 0], 0),
            ([1970, 1, 1, 0, 0, 1], 1),
            ([1950, 1, 1, 0, 0, 0], 0),
            ([2000, 2, 29, 12, 0, 0], 951_825_600),
            ([2000, 3, 1, 0, 0, 0], 951_868_800),
            ([2026, 11, 29, 19, 37, 14], 1_795_981_034),
            ([2100, 3, 1, 0, 0, 0], 4_107_542_400),
            ([9999, 12, 31, 23, 59, 59], 253_402_300_799),
        ] {
            assert_eq!(seconds(parts), expected, "{parts:?}");
        }
        assert_eq!(Moment { parts: [2027, 1, 5, 8, 0, 9] }.to_string(), "2027-01-05 08:00:09 UTC");
    }

    #[test]
    fn head_is_read_and_none_of_its_prefixes_is() {
        use rustls::pki_types::CertificateDer;
        use rustls::pki_types::pem::PemObject as _;
        for (pem, version, from, until) in [
            (
                &include_bytes!("../tests/data/lamp.test.pem")[..],
                3,
                "2026-11-21 07:34:52 UTC",
                "2026-11-22 07:34:52 UTC",
            ),
            (
                include_bytes!("../tests/data/version-1.pem"),
                1,
                "2026-11-29 19:37:14 UTC",
                "2126-11-05 19:37:14 UTC",
            ),
        ] {
            let der = CertificateDer::from_pem_slice(pem).unwrap();
            let head = Head::read(&der).unwrap();
            assert_eq!(head.version, version);
            assert_eq!(
                (head.validity.from.to_string(), head.validity.until.to_string()),
                (from.into(), until.into())
            );
            for length in 0..der.len() {
                assert_eq!(Head::read(&der[..length]), None);
            }
        }
    }
}
