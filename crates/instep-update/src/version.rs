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
    match (parse(a.as_bytes()), parse(b.as_bytes())) {
        (Some(a), Some(b)) => a.0.cmp(&b.0).then_with(|| compare_pre_release(a.1, b.1)) == Ordering::Less,
        _ => true,
    }
}

/// Parses a version into its numbers and its pre-release.
fn parse(version: &[u8]) -> Option<([u32; 3], &[u8])> {
    let (version, _) = split_at(version, b'+');
    let (mut rest, pre_release) = split_at(version, b'-');
    let mut numbers = [0; 3];
    for number in &mut numbers {
        let (part, behind) = split_at(rest, b'.');
        (*number, rest) = (number_of(part)?, behind);
    }
    // Nothing is behind the third number, not even a dot.
    let whole = version.iter().take_while(|byte| **byte != b'-').filter(|byte| **byte == b'.').count() == 2;
    whole.then_some((numbers, pre_release))
}

/// Splits a text at the first separator, and leaves the separator out.
fn split_at(text: &[u8], separator: u8) -> (&[u8], &[u8]) {
    match text.iter().position(|byte| *byte == separator) {
        Some(at) => (&text[..at], &text[at + 1..]),
        None => (text, &[]),
    }
}

/// Parses decimal digits.
fn number_of(text: &[u8]) -> Option<u32> {
    let digit = |number: u32, byte: &u8| {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 { None } else { number.checked_mul(10)?.checked_add(u32::from(digit)) }
    };
    if text.is_empty() { None } else { text.iter().try_fold(0, digit) }
}

/// Compares pre-releases as Semantic Versioning does: none is higher than any.
fn compare_pre_release(a: &[u8], b: &[u8]) -> Ordering {
    if a.is_empty() || b.is_empty() {
        return a.is_empty().cmp(&b.is_empty());
    }
    let (mut a, mut b) = (a, b);
    // The shorter one is lower if it is the start of the longer one.
    while !a.is_empty() && !b.is_empty() {
        let ((first_a, rest_a), (first_b, rest_b)) = (split_at(a, b'.'), split_at(b, b'.'));
        let order = match (number_of(first_a), number_of(first_b)) {
            (Some(a), Some(b)) => a.cmp(&b),
            (a, b) => b.is_some().cmp(&a.is_some()).then_with(|| first_a.cmp(first_b)),
        };
        if order != Ordering::Equal {
            return order;
        }
        (a, b) = (rest_a, rest_b);
    }
    b.is_empty().cmp(&a.is_empty())
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
