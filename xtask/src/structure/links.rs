//! Links in Markdown.
//!
//! Each relative link must lead to a file or folder that exists, and its fragment to a heading.

use std::collections::BTreeSet;

use super::source::{Sources, folder, join};

/// Returns the broken links.
///
/// `exists` returns whether the repository has a file or folder.
pub(crate) fn problems(sources: &Sources, exists: impl Fn(&str) -> bool) -> Vec<String> {
    let mut problems = Vec::new();
    for (path, text) in sources.iter().filter(|(path, _)| path.ends_with(".md")) {
        for (line, target) in links(text).filter(|(_, target)| !target.contains("://")) {
            let (file, fragment) = target.split_once('#').unwrap_or((target, ""));
            let file = if file.is_empty() { path.clone() } else { join(&folder(path), file) };
            if !exists(&file) {
                problems.push(format!("{path}:{line} links to {file}, which does not exist"));
            } else if !fragment.is_empty()
                && sources.get(&file).is_none_or(|text| !anchors(text).contains(fragment))
            {
                problems.push(format!("{path}:{line} links to #{fragment}, which {file} does not have"));
            }
        }
    }
    problems
}

/// Returns the lines of a text outside of fenced code, with their numbers.
fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut is_code = false;
    text.lines().zip(1..).filter_map(move |(line, number)| {
        let is_fence = line.trim_start().starts_with("```");
        is_code ^= is_fence;
        (!is_code && !is_fence).then_some((number, line))
    })
}

/// Returns the targets of links and pictures, with the numbers of their lines.
fn links(text: &str) -> impl Iterator<Item = (usize, &str)> {
    prose(text).flat_map(|(number, line)| {
        line.split("](").skip(1).filter_map(move |rest| Some((number, rest.split_once(')')?.0)))
    })
}

/// Returns the fragments of a text's headings and elements `<a id="…">`.
fn anchors(text: &str) -> BTreeSet<String> {
    let mut anchors = BTreeSet::new();
    for (_, line) in prose(text) {
        if line.starts_with('#') {
            let heading = line.trim_start_matches('#').trim().to_lowercase();
            let kept = heading.chars().filter(|letter| letter.is_alphanumeric() || " -_".contains(*letter));
            anchors.insert(kept.map(|letter| if letter == ' ' { '-' } else { letter }).collect());
        }
        let ids = line.split("<a id=\"").skip(1);
        anchors.extend(ids.filter_map(|rest| Some(rest.split_once('"')?.0.to_owned())));
    }
    anchors
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems_of(text: &str) -> Vec<String> {
        let other = "# One: `two` three\n<a id=\"four\"></a>\n```\n# code\n```\n";
        let sources =
            [("README.md", ""), ("docs/a.md", text), ("docs/b/c.md", other)].map(|(path, text)| (path, text));
        let sources = sources.map(|(path, text)| (path.to_owned(), text.to_owned())).into();
        problems(&sources, |path| ["README.md", "docs/a.md", "docs/b/c.md", "apps"].contains(&path))
    }

    #[test]
    fn links_to_files_folders_and_headings_pass() {
        let text = "# Here\n[1](b/c.md), ![2](../README.md) and [3](../apps)\n[4](b/c.md#one-two-three) [5](#here)\n\
             [6](https://example.org/x) [7](b/c.md#four)\n```\n[8](nowhere)\n```\n";
        assert_eq!(problems_of(text), Vec::<String>::new());
    }

    #[test]
    fn links_that_lead_nowhere_are_reported() {
        let text = "[1](c.md)\n[2](b/c.md#code) [3](#there)\n[4](../apps#x)";
        let expected = [
            "docs/a.md:1 links to docs/c.md, which does not exist",
            "docs/a.md:2 links to #code, which docs/b/c.md does not have",
            "docs/a.md:2 links to #there, which docs/a.md does not have",
            "docs/a.md:3 links to #x, which apps does not have",
        ];
        assert_eq!(problems_of(text), expected);
    }
}
