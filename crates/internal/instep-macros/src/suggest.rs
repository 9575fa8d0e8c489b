//! Suggestions for misspelt words, and lists of words.

/// Maximum number of edits between a misspelt word and the suggestion.
const EDITS_MAX: usize = 2;

/// Returns the word of `words` that is nearest to `given`.
///
/// Returns `None` if none is near.
pub(crate) fn nearest<'w>(given: &str, words: impl IntoIterator<Item = &'w str>) -> Option<&'w str> {
    let distances = words.into_iter().map(|word| (distance(given, word), word));
    let (distance, word) = distances.min_by_key(|(distance, _)| *distance)?;
    (distance <= EDITS_MAX && distance < word.len().min(given.len())).then_some(word)
}

/// Returns `words` as a list: `a`, `b` and `c`, each in backticks.
pub(crate) fn list(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} and {last}", others.join(", ")),
        None => String::new(),
    }
}

/// Returns the number of bytes to add, remove or replace (Levenshtein distance).
fn distance(from: &str, to: &str) -> usize {
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (i, from) in from.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, to) in to.bytes().enumerate() {
            let replaced = diagonal + usize::from(from != to);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearest_word_has_at_most_two_edits() {
        let words = ["switch", "number", "sensor", "log"];
        assert_eq!(nearest("swich", words), Some("switch"));
        assert_eq!(nearest("sensro", words), Some("sensor"));
        assert_eq!(nearest("slider", words), None);
        assert_eq!(nearest("x", words), None);
    }

    #[test]
    fn list_has_commas_and_one_and() {
        assert_eq!(list(&["a"]), "`a`");
        assert_eq!(list(&["a", "b", "c"]), "`a`, `b` and `c`");
    }
}
