//! Generated section of a document.

/// Section of a document between two lines, which a program writes.
#[derive(Clone, Copy, Debug)]
pub struct Section {
    /// File, relative to the workspace of instep.
    pub file: &'static str,
    /// Line before the section.
    pub begin: &'static str,
    /// Line behind the section.
    pub end: &'static str,
}

impl Section {
    /// Replaces the section in the file.
    ///
    /// # Errors
    /// If the file lacks the lines around the section, or cannot be read or written.
    pub fn write(&self, content: &str) -> Result<(), String> {
        let Self { file, .. } = self;
        let text = std::fs::read_to_string(file).map_err(|error| format!("{file}: {error}"))?;
        let text = self.replace(&text, content).ok_or(format!("{file} lacks the lines around its tables"))?;
        std::fs::write(file, text).map_err(|error| format!("{file}: {error}"))?;
        println!("{file} is written");
        Ok(())
    }

    /// Returns the text with other content in this section, or `None` if it has no such section.
    pub fn replace(&self, text: &str, content: &str) -> Option<String> {
        let Self { begin, end, .. } = self;
        let (before, rest) = text.split_once(begin)?;
        let (_, after) = rest.split_once(end)?;
        Some(format!("{before}{begin}\n\n{content}\n{end}{after}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_around_section_stays() {
        let section = Section { file: "", begin: "<!-- from -->", end: "<!-- to -->" };
        let text = "before\n<!-- from -->\nold\n<!-- to -->\nafter\n";
        assert_eq!(
            section.replace(text, "new").as_deref(),
            Some("before\n<!-- from -->\n\nnew\n<!-- to -->\nafter\n")
        );
        assert_eq!(section.replace("nothing of ours", "new"), None);
    }
}
