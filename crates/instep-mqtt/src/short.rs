//! Short bytes and texts of a broker's messages, in memory of fixed size.

/// Maximum length of a name or platform, in bytes.
pub(crate) const NAME_MAX: usize = 40;

/// At most `N` bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Short<const N: usize> {
    bytes: [u8; N],
    length: usize,
}

impl<const N: usize> Short<N> {
    /// Returns `None` if there are more than `N` bytes.
    pub(crate) fn new(from: &[u8]) -> Option<Self> {
        (from.len() <= N).then(|| Self::cut(from))
    }

    /// Copies as many bytes as fit.
    pub(crate) fn cut(from: &[u8]) -> Self {
        let mut bytes = [0; N];
        for (to, from) in bytes.iter_mut().zip(from) {
            *to = *from;
        }
        Self { bytes, length: from.len().min(N) }
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }

    /// Returns the text, which is empty if the bytes are not UTF-8.
    pub(crate) fn as_str(&self) -> &str {
        core::str::from_utf8(self.bytes()).unwrap_or_default()
    }
}
