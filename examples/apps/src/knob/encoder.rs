//! What the knob needs of its hardware.

/// Rotary encoder.
#[expect(async_fn_in_trait, reason = "applications are one task each")]
pub trait Encoder {
    /// Waits until the knob is turned, and returns the number of detents since the last call, clockwise above 0.
    ///
    /// The future can be dropped at any time without the loss of a detent.
    async fn turned(&mut self) -> i32;
}
