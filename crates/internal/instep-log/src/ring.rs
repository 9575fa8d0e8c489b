//! The ring of lines.

use core::fmt::{self, Write};

/// Ring of whole lines, of `SIZE` bytes.
///
/// Logging never waits: a line that finds no room is lost and counted, and the next line that finds room is preceded by
/// the count. A line is cut after `LINE_MAX` bytes.
#[derive(Debug)]
pub struct Ring<const SIZE: usize, const LINE_MAX: usize> {
    bytes: [u8; SIZE],
    first: usize,
    length: usize,
    lost: u32,
}

impl<const SIZE: usize, const LINE_MAX: usize> Ring<SIZE, LINE_MAX> {
    /// Returns an empty ring.
    #[must_use]
    pub const fn new() -> Self {
        Self { bytes: [0; SIZE], first: 0, length: 0, lost: 0 }
    }

    /// Adds a line and the end of a line, or neither.
    pub fn add(&mut self, line: fmt::Arguments<'_>) {
        let before = self.length;
        let told = match self.lost {
            0 => Ok(()),
            lost => self.write(format_args!("({lost} lines of the log were lost here)")),
        };
        if told.and_then(|()| self.write(line)).is_ok() {
            self.lost = 0;
        } else {
            self.length = before;
            self.lost = self.lost.saturating_add(1);
        }
    }

    /// Moves the oldest bytes to `to`, and returns how many were moved.
    pub fn take(&mut self, to: &mut [u8]) -> usize {
        let length = self.length.min(to.len());
        for byte in &mut to[..length] {
            *byte = self.bytes[self.first];
            self.first = (self.first + 1) % SIZE;
        }
        self.length -= length;
        length
    }

    /// Returns whether no byte waits.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.length == 0
    }

    fn write(&mut self, line: fmt::Arguments<'_>) -> fmt::Result {
        let mut writer = Line { ring: self, room: LINE_MAX };
        writer.write_fmt(line)?;
        self.push(b'\n')
    }

    fn push(&mut self, byte: u8) -> fmt::Result {
        if self.length == SIZE {
            return Err(fmt::Error);
        }
        self.bytes[(self.first + self.length) % SIZE] = byte;
        self.length += 1;
        Ok(())
    }
}

impl<const SIZE: usize, const LINE_MAX: usize> Default for Ring<SIZE, LINE_MAX> {
    fn default() -> Self {
        Self::new()
    }
}

/// A line that is being written.
struct Line<'r, const SIZE: usize, const LINE_MAX: usize> {
    ring: &'r mut Ring<SIZE, LINE_MAX>,
    room: usize,
}

impl<const SIZE: usize, const LINE_MAX: usize> Write for Line<'_, SIZE, LINE_MAX> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let length = text.len().min(self.room);
        self.room -= length;
        text.as_bytes()[..length].iter().try_for_each(|byte| self.ring.push(*byte))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    extern crate std;
    use std::string::String;
    use std::vec::Vec;

    fn taken<const SIZE: usize, const LINE_MAX: usize>(ring: &mut Ring<SIZE, LINE_MAX>) -> String {
        let mut bytes = Vec::new();
        let mut portion = [0; 7];
        while !ring.is_empty() {
            let length = ring.take(&mut portion);
            bytes.extend_from_slice(&portion[..length]);
        }
        assert_eq!(ring.take(&mut portion), 0);
        String::from_utf8(bytes).expect("UTF-8")
    }

    #[test]
    fn lines_come_out_in_order_however_often_the_ring_wraps() {
        let mut ring = Ring::<20, 20>::new();
        assert_eq!(taken(&mut ring), "");
        for number in 0..100 {
            ring.add(format_args!("line {number}"));
            ring.add(format_args!("é"));
            assert_eq!(taken(&mut ring), std::format!("line {number}\né\n"));
        }
    }

    #[test]
    fn lines_without_room_are_lost_whole_and_counted() {
        let mut ring = Ring::<64, 64>::new();
        let line = "l".repeat(40);
        ring.add(format_args!("{line}"));
        ring.add(format_args!("{line}"));
        ring.add(format_args!("{}{line}", "of parts "));
        // The count alone has room, but not the line with it.
        ring.add(format_args!("short"));
        assert_eq!(taken(&mut ring), line.clone() + "\n");
        ring.add(format_args!("again"));
        assert_eq!(taken(&mut ring), "(3 lines of the log were lost here)\nagain\n");
        ring.add(format_args!("{line}"));
        assert_eq!(taken(&mut ring), line + "\n", "the count is told once");
    }

    #[test]
    fn long_lines_are_cut_and_keep_their_end() {
        let mut ring = Ring::<20, 8>::new();
        ring.add(format_args!("{}{}", "12345", "67890"));
        ring.add(format_args!("12345678"));
        assert_eq!(taken(&mut ring), "12345678\n12345678\n");
    }

    #[test]
    fn line_that_fills_the_ring_is_kept_and_a_longer_one_is_lost() {
        let mut ring = Ring::<8, 8>::new();
        ring.add(format_args!("1234567"));
        assert_eq!(taken(&mut ring), "1234567\n");
        ring.add(format_args!("12345678"));
        assert_eq!(taken(&mut ring), "");
    }
}
