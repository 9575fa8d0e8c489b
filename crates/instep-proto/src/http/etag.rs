//! Validation of cached copies by ETag.

use super::trim;

/// Returns whether `If-None-Match` lists the ETag of `hash`.
///
/// The comparison is weak (RFC 9110 section 13.1.2).
pub(super) fn matches_etag(list: &str, hash: u64, gzip: bool) -> bool {
    list.split(',').map(trim).any(|item| {
        let opaque = item.strip_prefix("W/").unwrap_or(item);
        let digits = opaque.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
        item == "*"
            || digits.is_some_and(|digits| {
                let (digits, zipped) =
                    digits.strip_suffix("-gzip").map_or((digits, false), |rest| (rest, true));
                zipped == gzip && digits.len() == 16 && u64::from_str_radix(digits, 16) == Ok(hash)
            })
    })
}
