//! Pseudo-random numbers for tests.

/// Generator of the same numbers each time, from a seed that is not 0 (xorshift64).
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// Creates a generator. Other seeds give other numbers.
    ///
    /// # Panics
    /// If the seed is 0.
    pub fn new(seed: u64) -> Random {
        assert!(seed > 0, "the seed is 0");
        Random(seed)
    }

    /// Returns any number, except 0.
    pub fn number(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// Returns a number below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.number() % end as u64).expect("a number below `end` does not fit into usize")
    }

    /// Returns `count` bytes.
    pub fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.number().to_be_bytes()[3]).collect()
    }

    /// Shuffles the items.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        (1..items.len()).rev().for_each(|index| items.swap(index, self.below(index + 1)));
    }
}
