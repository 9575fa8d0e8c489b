//! Input that a client has not consumed.

/// Input that a client has not consumed.
///
/// Most clients have none, so it is a thin pointer.
#[derive(Default)]
#[expect(clippy::box_collection, reason = "a vector itself has three words")]
pub(crate) struct Tail(Option<Box<Vec<u8>>>);

impl Tail {
    pub(crate) fn bytes_mut(&mut self) -> &mut [u8] {
        self.0.as_deref_mut().map_or(&mut [], Vec::as_mut_slice)
    }

    /// Keeps the unconsumed end of an input.
    pub(crate) fn keep(&mut self, rest: &[u8]) {
        if rest.is_empty() {
            self.0 = None;
        } else {
            let tail = self.0.get_or_insert_default();
            tail.clear();
            tail.extend_from_slice(rest);
        }
    }

    /// Removes so many bytes from the front.
    pub(crate) fn remove(&mut self, used: usize) {
        if let Some(tail) = self.0.as_mut().filter(|_| used > 0) {
            tail.drain(..used);
            if tail.is_empty() {
                self.0 = None;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tail_without_bytes_takes_no_memory() {
        let mut tail = Tail::default();
        tail.keep(b"abc");
        tail.remove(0);
        tail.remove(1);
        assert_eq!(tail.bytes_mut(), b"bc");
        tail.keep(b"d");
        tail.remove(1);
        assert!(tail.0.is_none() && tail.bytes_mut().is_empty());
        tail.keep(b"");
        assert!(tail.0.is_none());
    }
}
