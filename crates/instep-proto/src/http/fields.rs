//! Header fields in several lines, which are one list (RFC 9110 section 5.3).

/// Header lines of a request as sent, for fields that are needed as whole lists.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fields<'b>(&'b [u8]);

impl<'b> Fields<'b> {
    /// Returns the lines of a head behind its first one.
    pub(super) fn of(head: &'b [u8]) -> Self {
        let start = head.iter().position(|byte| *byte == b'\n').map_or(head.len(), |end| end + 1);
        Self(&head[start..])
    }

    /// Returns the items of the comma-separated list `name`, over all its lines.
    ///
    /// White space around items is removed. Items that are empty or not UTF-8 are left out.
    pub fn items(self, name: &'static str) -> impl DoubleEndedIterator<Item = &'b str> {
        let lines = self.0.split(|byte| *byte == b'\n');
        let values = lines.filter_map(move |line| {
            let (known, rest) = line.split_at_checked(name.len())?;
            rest.strip_prefix(b":").filter(|_| known.eq_ignore_ascii_case(name.as_bytes()))
        });
        let items = values.flat_map(|value| value.split(|byte| *byte == b','));
        let texts = items.filter_map(|item| core::str::from_utf8(item).ok());
        texts.map(|item| item.trim_matches([' ', '\t', '\r'])).filter(|item| !item.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    #[test]
    fn lines_of_a_name_are_one_list() {
        let head = b"GET /List: x HTTP/1.1\r\nHost: a\r\nLIST: one,two\r\nList-Of: no\r\n\
            list:\t three ,, four\t\r\nlist: \xff, five\r\n\nX: list: six\r\n\r\n";
        let fields = Fields::of(head);
        assert_eq!(fields.items("list").collect::<Vec<_>>(), ["one", "two", "three", "four", "five"]);
        assert_eq!(fields.items("list").next_back(), Some("five"));
        assert_eq!(fields.items("lis").next(), None);
        assert_eq!(Fields::default().items("list").next(), None);
    }
}
