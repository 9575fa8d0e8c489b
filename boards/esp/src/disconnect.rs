//! Reason codes of the radio's driver. `instep_wifi::reason` maps them to outcomes.

use esp_radio::wifi::DisconnectReason::{self as Reason, *};
use instep_wifi::portal::Outcome;
use instep_wifi::reason::outcome;

/// Returns the outcome of a failed join.
///
/// `password` is whether the device had a password for that network.
pub const fn outcome_of(reason: Reason, password: bool) -> Outcome {
    outcome(number(reason), password)
}

/// Returns the reason code, which the driver's type does not expose.
const fn number(reason: Reason) -> u16 {
    match reason {
        AuthenticationExpired => 2,
        AuthenticationLeave => 3,
        DisassociatedDueToInactivity => 4,
        AssociationTooMany => 5,
        Class2FrameFromNonAuthenticatedStation => 6,
        Class3FrameFromNonAssociatedStation => 7,
        AssociationLeave => 8,
        AssociationNotAuthenticated => 9,
        DisassociatedPowerCapabilityBad => 10,
        DisassociatedUnsupportedChannel => 11,
        BssTransitionDisassociated => 12,
        IeInvalid => 13,
        MicFailure => 14,
        FourWayHandshakeTimeout => 15,
        GroupKeyUpdateTimeout => 16,
        IeIn4wayDiffers => 17,
        GroupCipherInvalid => 18,
        PairwiseCipherInvalid => 19,
        AkmpInvalid => 20,
        UnsupportedRsnIeVersion => 21,
        InvalidRsnIeCapabilities => 22,
        _802_1xAuthenticationFailed => 23,
        CipherSuiteRejected => 24,
        TdlsPeerUnreachable => 25,
        TdlsUnspecified => 26,
        SspRequestedDisassociation => 27,
        NoSspRoamingAgreement => 28,
        BadCipherOrAkm => 29,
        NotAuthorizedThisLocation => 30,
        ServiceChangePercludesTs => 31,
        UnspecifiedQos => 32,
        NotEnoughBandwidth => 33,
        MissingAcks => 34,
        ExceededTxOp => 35,
        StationLeaving => 36,
        EndBlockAck => 37,
        UnknownBlockAck => 38,
        Timeout => 39,
        PeerInitiated => 46,
        AccessPointInitiatedDisassociation => 47,
        InvalidFtActionFrameCount => 48,
        InvalidPmkid => 49,
        InvalidMde => 50,
        InvalidFte => 51,
        TransmissionLinkEstablishmentFailed => 67,
        AlterativeChannelOccupied => 68,
        BeaconTimeout => 200,
        NoAccessPointFound => 201,
        AuthenticationFailed => 202,
        AssociationFailed => 203,
        HandshakeTimeout => 204,
        ConnectionFailed => 205,
        AccessPointTsfReset => 206,
        Roaming => 207,
        AssociationComebackTimeTooLong => 208,
        SaQueryTimeout => 209,
        NoAccessPointFoundWithCompatibleSecurity => 210,
        NoAccessPointFoundInAuthmodeThreshold => 211,
        NoAccessPointFoundInRssiThreshold => 212,
        // This is the unspecified reason, and any reason of a later driver.
        _ => 1,
    }
}
