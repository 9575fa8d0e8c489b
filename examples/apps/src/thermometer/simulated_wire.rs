//! A wire with a DS18B20 on it, which judges each edge by its time.

use core::convert::Infallible;
use embassy_time::{Duration, Instant};
use embedded_hal::delay::DelayNs;
use embedded_hal::digital::{ErrorType, InputPin, OutputPin};
use std::rc::Rc;
use std::sync::{Mutex, MutexGuard};
use std::vec::Vec;

/// The master's pin and its delay, whose time the sensor sees.
#[derive(Clone)]
pub(super) struct Wire(Rc<Mutex<State>>);

struct State {
    /// Time of the delays, in µs.
    now: u64,
    /// When the master pulled the wire low, if it does.
    low_since: Option<u64>,
    /// Until when the sensor pulls the wire low, and from when on.
    sensor_low: (u64, u64),
    there: bool,
    shorted: bool,
    /// Bits that the sensor received since the reset, the first one lowest.
    received: Vec<bool>,
    /// Bits that the sensor has yet to send, the last one first.
    to_send: Vec<bool>,
    converted_at: Option<Instant>,
    scratchpad: [u8; 9],
    disturbed_answers: u32,
    disturbed_commands: u32,
}

impl Wire {
    pub(super) fn with_sensor(scratchpad: [u8; 9]) -> Self {
        Self(Rc::new(Mutex::new(State {
            now: 1_000,
            low_since: None,
            sensor_low: (0, 0),
            there: true,
            shorted: false,
            received: Vec::new(),
            to_send: Vec::new(),
            converted_at: None,
            scratchpad,
            disturbed_answers: 0,
            disturbed_commands: 0,
        })))
    }

    /// Returns the time for which the core was busy.
    pub(super) fn busy_micros(&self) -> u64 {
        self.state().now - 1_000
    }

    /// Sets whether there is a sensor, and whether the wire is shorted to ground.
    pub(super) fn connect(&self, there: bool, shorted: bool) {
        let mut state = self.state();
        (state.there, state.shorted) = (there, shorted);
    }

    /// Flips a bit of the next `number` scratchpads.
    pub(super) fn disturb_answers(&self, number: u32) {
        self.state().disturbed_answers = number;
    }

    /// Lets the sensor miss the next `number` commands to convert.
    pub(super) fn disturb_commands(&self, number: u32) {
        self.state().disturbed_commands = number;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }
}

impl State {
    /// Handles the end of a low level of the master.
    fn handle_low(&mut self, micros: u64) {
        if !self.there {
            return;
        }
        match micros {
            480.. => {
                self.received.clear();
                self.to_send.clear();
                // The latest and shortest presence that the data sheet allows.
                self.sensor_low = (self.now + 60, self.now + 120);
            }
            // In a slot of the sensor the master only asks for the bit.
            1..15 if self.is_sending() => {}
            1..15 => self.receive(true),
            60..=120 => self.receive(false),
            other => panic!("the wire was low for {other} µs, which is neither a 0 nor a 1"),
        }
    }

    fn is_sending(&self) -> bool {
        self.received.len() >= 16
    }

    fn receive(&mut self, bit: bool) {
        self.received.push(bit);
        if self.received.len() != 16 {
            return;
        }
        let command = (0..16).filter(|i| self.received[*i]).map(|i| 1_u16 << i).sum::<u16>();
        match command {
            0x44CC if self.disturbed_commands > 0 => self.disturbed_commands -= 1,
            0x44CC => self.converted_at = Some(Instant::now() + Duration::from_millis(750)),
            0xBECC => {
                let mut bytes = self.scratchpad;
                if self.disturbed_answers > 0 {
                    self.disturbed_answers -= 1;
                    bytes[0] ^= 0x10;
                }
                self.to_send =
                    bytes.iter().flat_map(|byte| (0..8).map(move |i| byte >> i & 1 == 1)).collect();
                self.to_send.reverse();
            }
            other => panic!("unknown command {other:#06x}"),
        }
    }

    /// Sends the next bit in the slot that begins now.
    fn send(&mut self) {
        let converts = self.converted_at.is_some_and(|at| Instant::now() < at);
        if converts {
            assert!(self.to_send.is_empty(), "the scratchpad was read during the conversion");
        }
        if !self.to_send.pop().unwrap_or(!converts) {
            // The shortest time for which the sensor holds a 0.
            self.sensor_low = (self.now, self.now + 15);
        }
    }
}

impl ErrorType for Wire {
    type Error = Infallible;
}

impl OutputPin for Wire {
    fn set_low(&mut self) -> Result<(), Infallible> {
        let mut state = self.state();
        state.low_since = Some(state.now);
        if state.there && state.is_sending() {
            state.send();
        }
        Ok(())
    }

    fn set_high(&mut self) -> Result<(), Infallible> {
        let mut state = self.state();
        if let Some(since) = state.low_since.take() {
            let micros = state.now - since;
            state.handle_low(micros);
        }
        Ok(())
    }
}

impl InputPin for Wire {
    fn is_high(&mut self) -> Result<bool, Infallible> {
        self.is_low().map(|low| !low)
    }

    fn is_low(&mut self) -> Result<bool, Infallible> {
        let state = self.state();
        let (from, to) = state.sensor_low;
        Ok(state.shorted || state.low_since.is_some() || (from..to).contains(&state.now))
    }
}

impl DelayNs for Wire {
    fn delay_ns(&mut self, ns: u32) {
        self.state().now += u64::from(ns.div_ceil(1_000));
    }
}
