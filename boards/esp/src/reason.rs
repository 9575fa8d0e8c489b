//! Why a network was not joined, as the page and the log say it.

use esp_radio::wifi::DisconnectReason::{self as Reason, *};
use instep_wifi::portal::Outcome;

/// What came of a try that ended for this reason.
pub const fn came_of(reason: Reason) -> Outcome {
    match reason {
        NoAccessPointFound => Outcome::NotFound,
        AuthenticationExpired
        | AuthenticationFailed
        | FourWayHandshakeTimeout
        | HandshakeTimeout
        | MicFailure
        // It is there, but asks for a password where none was given, or for none, or in a way that is not ours.
        | NoAccessPointFoundInAuthmodeThreshold
        | NoAccessPointFoundWithCompatibleSecurity => Outcome::WrongPassword,
        _ => Outcome::NotJoined,
    }
}

// Tested where it is compiled: these reasons are the radio's own, which no other machine has.
const _: () = {
    const IS_NOT_THERE: [Reason; 1] = [NoAccessPointFound];
    const REFUSES: [Reason; 4] = [
        AuthenticationFailed,
        FourWayHandshakeTimeout,
        HandshakeTimeout,
        NoAccessPointFoundWithCompatibleSecurity,
    ];
    const NEITHER: [Reason; 7] = [
        AssociationTooMany,
        AssociationFailed,
        BeaconTimeout,
        ConnectionFailed,
        NoAccessPointFoundInRssiThreshold,
        Timeout,
        Unspecified,
    ];
    let mut at = 0;
    while at < NEITHER.len() {
        assert!(
            matches!(came_of(NEITHER[at]), Outcome::NotJoined),
            "it may be there, and its password right"
        );
        if at < REFUSES.len() {
            assert!(matches!(came_of(REFUSES[at]), Outcome::WrongPassword), "its password is wrong");
        }
        if at < IS_NOT_THERE.len() {
            assert!(matches!(came_of(IS_NOT_THERE[at]), Outcome::NotFound), "it is not there");
        }
        at += 1;
    }
};
