//! Comparison of versions, as those of Cargo.

use core::cmp::Ordering;

/// Returns whether version `a` is lower than version `b`.
///
/// Equal texts are not lower. Otherwise a version that is not `MAJOR.MINOR.PATCH` counts as lower, because it cannot be
/// compared. Build metadata (`+…`) is ignored.
pub(crate) fn is_lower(a: &str, b: &str) -> bool {
    if a == b {
        return false;
    }
    let ((a, a_pre_release), (b, b_pre_release)) = (parts(a), parts(b));
    if !is_comparable(a) || !is_comparable(b) {
        return true;
    }
    let order = match compare(a, b) {
        // No pre-release is higher than any.
        Ordering::Equal if a_pre_release.is_empty() || b_pre_release.is_empty() => {
            a_pre_release.is_empty().cmp(&b_pre_release.is_empty())
        }
        Ordering::Equal => compare(a_pre_release, b_pre_release),
        order => order,
    };
    order == Ordering::Less
}

/// Returns `MAJOR.MINOR.PATCH` and the pre-release.
fn parts(version: &str) -> (&[u8], &[u8]) {
    let (version, _) = split_at(version.as_bytes(), b'+');
    split_at(version, b'-')
}

/// Splits a text at the first separator, and leaves the separator out.
fn split_at(text: &[u8], separator: u8) -> (&[u8], &[u8]) {
    let mut parts = text.splitn(2, |byte| *byte == separator);
    (parts.next().unwrap_or_default(), parts.next().unwrap_or_default())
}

/// Returns the parts between dots.
fn identifiers(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|byte| *byte == b'.')
}

/// Returns whether a version without its pre-release is three numbers.
fn is_comparable(version: &[u8]) -> bool {
    let mut count = 0;
    identifiers(version).all(|part| {
        count += 1;
        number_of(part).is_some()
    }) && count == 3
}

/// Parses decimal digits.
fn number_of(text: &[u8]) -> Option<u32> {
    let digit = |number: u32, byte: &u8| {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 { None } else { number.checked_mul(10)?.checked_add(u32::from(digit)) }
    };
    if text.is_empty() { None } else { text.iter().try_fold(0, digit) }
}

/// Compares identifiers as Semantic Versioning does.
///
/// The shorter text is lower if it is the start of the longer one.
fn compare(a: &[u8], b: &[u8]) -> Ordering {
    let (mut a, mut b) = (identifiers(a), identifiers(b));
    loop {
        let (a, b) = match (a.next(), b.next()) {
            (Some(a), Some(b)) => (a, b),
            (a, b) => return a.is_some().cmp(&b.is_some()),
        };
        let order = match (number_of(a), number_of(b)) {
            (Some(a), Some(b)) => a.cmp(&b),
            (None, None) => a.cmp(b),
            // A number is lower than a text.
            (a, b) => b.is_some().cmp(&a.is_some()),
        };
        if order != Ordering::Equal {
            return order;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::is_lower;

    #[test]
    fn versions_are_ordered_as_those_of_cargo() {
        let rising = [
            "0.1.9",
            "0.1.10",
            "0.2.0-1",
            "0.2.0-alpha",
            "0.2.0-alpha.1",
            "0.2.0-alpha.2",
            "0.2.0-alpha.10",
            "0.2.0-beta",
            "0.2.0",
            "1.0.0",
        ];
        for (index, low) in rising.iter().enumerate() {
            assert!(!is_lower(low, low), "{low}");
            for high in &rising[index + 1..] {
                assert!(is_lower(low, high) && !is_lower(high, low), "{low} {high}");
            }
        }
        assert!(!is_lower("1.0.0+a", "1.0.0+b"));
    }

    #[test]
    fn incomparable_version_counts_as_lower() {
        for version in ["", "1", "1.2", "1.2.3.4", "v1.2.3", "1.x.3", "1.2.4294967296", "deadbeef"] {
            assert!(is_lower(version, "0.0.1") && is_lower("0.0.1", version), "{version}");
            assert!(!is_lower(version, version), "{version}");
        }
    }
}
