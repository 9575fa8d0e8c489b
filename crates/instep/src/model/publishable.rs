//! What the methods of a handle take for a value.

/// A number to publish, or none where it is not known.
///
/// All numbers of Rust with at most 32 bits are one, and so are `usize` and `Option<f64>`. A type of one's own, such as a unit, may be
/// one too.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be published as a number",
    label = "not a number",
    note = "a `number` or `sensor` publishes an `f64`, an `f32`, an integer such as `i32` or `usize`, or an `Option<f64>`",
    note = "`None` is unavailable; for other options, map the number: `value.map(f64::from)`"
)]
pub trait IntoNumber {
    /// Returns the number. `None` is shown as unavailable.
    fn into_number(self) -> Option<f64>;
}

/// On or off to publish, or neither where it is not known.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be published as on or off",
    label = "neither `true` nor `false`",
    note = "a `switch` or `binary_sensor` publishes a `bool`, or an `Option<bool>`; `None` is unavailable"
)]
pub trait IntoSwitch {
    /// Returns `true` for on. `None` is shown as unavailable.
    fn into_switch(self) -> Option<bool>;
}

#[diagnostic::do_not_recommend]
impl IntoSwitch for bool {
    fn into_switch(self) -> Option<bool> {
        Some(self)
    }
}

#[diagnostic::do_not_recommend]
impl IntoSwitch for Option<bool> {
    fn into_switch(self) -> Option<bool> {
        self
    }
}

/// This is the only implementation for an option, because with two of them the type of `None` would be ambiguous.
#[diagnostic::do_not_recommend]
impl IntoNumber for Option<f64> {
    fn into_number(self) -> Option<f64> {
        self
    }
}

#[diagnostic::do_not_recommend]
impl IntoNumber for usize {
    fn into_number(self) -> Option<f64> {
        // Exact up to 2^53.
        Some(self as f64)
    }
}

macro_rules! into_number {
    ($($number:ty)+) => {$(
        #[diagnostic::do_not_recommend]
        impl IntoNumber for $number {
            fn into_number(self) -> Option<f64> {
                Some(self.into())
            }
        }
    )+};
}

into_number!(f64 f32 i8 i16 i32 u8 u16 u32);
