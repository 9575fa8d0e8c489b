//! The clients that a gateway lets in.

/// The clients that a gateway lets in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admittance {
    /// Those with the password.
    Password,
    /// Everybody in the network.
    Open,
    /// Those of this machine.
    Local,
}
