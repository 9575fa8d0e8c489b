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
    match (parse(a), parse(b)) {
        (Some(a), Some(b)) => a.0.cmp(&b.0).then_with(|| compare_pre_release(a.1, b.1)) == Ordering::Less,
        _ => true,
    }
}

/// Parses a version into its numbers and its pre-release.
fn parse(version: &str) -> Option<([u32; 3], &str)> {
    let version = version.split('+').next()?;
    let (numbers, pre_release) = version.split_once('-').unwrap_or((version, ""));
    let mut parts = numbers.split('.');
    let mut number = || parts.next()?.parse().ok();
    let numbers = [number()?, number()?, number()?];
    parts.next().is_none().then_some((numbers, pre_release))
}

/// Compares pre-releases as Semantic Versioning does: none is higher than any.
fn compare_pre_release(a: &str, b: &str) -> Ordering {
    match (a.is_empty(), b.is_empty()) {
        (true, _) | (_, true) => return a.is_empty().cmp(&b.is_empty()),
        _ => {}
    }
    let (mut a, mut b) = (a.split('.'), b.split('.'));
    loop {
        let order = match (a.next(), b.next()) {
            (None, None) => return Ordering::Equal,
            (a, b) if a.is_none() || b.is_none() => return a.is_some().cmp(&b.is_some()),
            (a, b) => {
                let (a, b) = (a.unwrap_or_default(), b.unwrap_or_default());
                match (a.parse::<u32>(), b.parse::<u32>()) {
                    (Ok(a), Ok(b)) => a.cmp(&b),
                    (a_number, b_number) => b_number.is_ok().cmp(&a_number.is_ok()).then_with(|| a.cmp(b)),
                }
            }
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
