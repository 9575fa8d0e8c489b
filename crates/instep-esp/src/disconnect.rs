//! Reason codes of the radio's driver. `instep_wifi::reason` maps them to outcomes.

use esp_radio::wifi::DisconnectReason::{self as Reason, *};

/// Returns the reason code, which the driver's type does not expose, if the outcome depends on it.
pub(crate) const fn code(reason: Reason) -> u16 {
    match reason {
        AuthenticationExpired => 2,
        IeInvalid => 13,
        MicFailure => 14,
        FourWayHandshakeTimeout => 15,
        GroupCipherInvalid => 18,
        PairwiseCipherInvalid => 19,
        AkmpInvalid => 20,
        UnsupportedRsnIeVersion => 21,
        InvalidRsnIeCapabilities => 22,
        _802_1xAuthenticationFailed => 23,
        CipherSuiteRejected => 24,
        BadCipherOrAkm => 29,
        NoAccessPointFound => 201,
        AuthenticationFailed => 202,
        HandshakeTimeout => 204,
        NoAccessPointFoundWithCompatibleSecurity => 210,
        NoAccessPointFoundInAuthmodeThreshold => 211,
        // Unspecified, and reasons with the same outcome.
        _ => 1,
    }
}
