//! Words that the boot stub and the firmware leave for each other.

/// Words in RAM that survive a reset of the machine.
///
/// They stand for what a chip keeps in registers: the mapped slot and the reset reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct HandOver {
    /// [`LAUNCHED`](Self::LAUNCHED) from the stub's jump until the firmware has read these words.
    ///
    /// An ELF file that QEMU loads itself finds another value.
    pub launched: u32,
    /// Number of the slot that was booted.
    pub slot: u32,
    /// [Word](ResetReason::word) of the reason for this start.
    pub reason: u32,
    /// Word of the reason for the next start, which the firmware writes before it resets the machine.
    ///
    /// Any other value stands for a power-on, because QEMU keeps the RAM when it ends and has no word of its own.
    pub next: u32,
}

impl HandOver {
    /// Value of [`launched`](Self::launched) after a start by the stub.
    pub const LAUNCHED: u32 = 0x1A5E_B007;
}

/// Reason for a start of the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResetReason {
    /// QEMU was started, or its reset button was pressed.
    PowerOn,
    /// The firmware reset the machine.
    Software,
    /// The firmware panicked.
    Panic,
    /// The watchdog was not fed.
    Watchdog,
}

impl ResetReason {
    /// Returns the word that stands for the reason in a [`HandOver`].
    pub const fn word(self) -> u32 {
        match self {
            Self::PowerOn => 0,
            Self::Software => 0x5E5E_7001,
            Self::Panic => 0x5E5E_7002,
            Self::Watchdog => 0x5E5E_7003,
        }
    }

    /// Returns the reason that a word stands for.
    pub fn from_word(word: u32) -> Self {
        let known = [Self::Software, Self::Panic, Self::Watchdog];
        known.into_iter().find(|reason| reason.word() == word).unwrap_or(Self::PowerOn)
    }
}

impl core::fmt::Display for ResetReason {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::PowerOn => "power-on",
            Self::Software => "software",
            Self::Panic => "panic",
            Self::Watchdog => "watchdog",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_word_is_a_power_on() {
        for reason in [ResetReason::PowerOn, ResetReason::Software, ResetReason::Panic, ResetReason::Watchdog]
        {
            assert_eq!(ResetReason::from_word(reason.word()), reason);
        }
        assert_eq!(ResetReason::from_word(u32::MAX), ResetReason::PowerOn);
    }
}
