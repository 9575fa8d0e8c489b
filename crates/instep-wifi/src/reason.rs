//! Maps the reason code of a failed join to an outcome for the user.
//!
//! Codes up to 199 are defined in IEEE 802.11 (2020, table 9-49), and come from the network or from the driver. Codes from
//! 200 are additions of Espressif's driver. Some codes mean different things with and without a password.

use crate::portal::Outcome;

/// Returns the outcome of a join that failed with this reason code.
///
/// `password` is whether the device had a password. WPA2 and WPA3 are one case, because the driver does not report which of
/// them the network has.
pub const fn outcome(reason: u16, password: bool) -> Outcome {
    match reason {
        // AuthenticationExpired. With WPA2, an access point ends a handshake with a wrong password in this way, or does not
        // answer. With WPA3, an access point may stop answering if the password is wrong. An open network did not answer.
        2
        // MicFailure: the access point rejects the device's frames as forged.
        | 14
        // AuthenticationFailed: the access point rejected the device. With WPA2 the access point does not have the password at
        // that point, so it admits only known devices. With WPA3 the password is wrong.
        | 202 if password => Outcome::NotAdmitted,
        // FourWayHandshakeTimeout and HandshakeTimeout: the access point answered every step before the password. An open
        // network has no handshake.
        15 | 204 if password => Outcome::WrongPassword,
        // The protection differs. IeInvalid, GroupCipherInvalid, PairwiseCipherInvalid, AkmpInvalid,
        // UnsupportedRsnIeVersion, InvalidRsnIeCapabilities, 802.1X, CipherSuiteRejected, BadCipherOrAkm.
        13 | 18..=24 | 29
        // NoAccessPointFoundWithCompatibleSecurity and …InAuthmodeThreshold: the network exists, but needs a password
        // and the device has none, or the other way round, or has less than WPA2, or needs a user's name.
        | 210 | 211 => Outcome::OtherProtection,
        // NoAccessPointFound.
        201 => Outcome::NotFound,
        // Other codes do not concern the password: the network is full (5), too far away (200, 212), or disconnects.
        _ => Outcome::NotJoined,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Outcome::{NotAdmitted, NotFound, NotJoined, OtherProtection, WrongPassword};

    /// Every reason code of Espressif's driver, with the outcomes for an open network, for WPA2 and for WPA3.
    const REASONS: [(u16, &str, [Outcome; 3]); 62] = [
        (1, "Unspecified", [NotJoined; 3]),
        (2, "AuthenticationExpired", [NotJoined, NotAdmitted, NotAdmitted]),
        (3, "AuthenticationLeave", [NotJoined; 3]),
        (4, "DisassociatedDueToInactivity", [NotJoined; 3]),
        (5, "AssociationTooMany", [NotJoined; 3]),
        (6, "Class2FrameFromNonAuthenticatedStation", [NotJoined; 3]),
        (7, "Class3FrameFromNonAssociatedStation", [NotJoined; 3]),
        (8, "AssociationLeave", [NotJoined; 3]),
        (9, "AssociationNotAuthenticated", [NotJoined; 3]),
        (10, "DisassociatedPowerCapabilityBad", [NotJoined; 3]),
        (11, "DisassociatedUnsupportedChannel", [NotJoined; 3]),
        (12, "BssTransitionDisassociated", [NotJoined; 3]),
        (13, "IeInvalid", [OtherProtection; 3]),
        (14, "MicFailure", [NotJoined, NotAdmitted, NotAdmitted]),
        (15, "FourWayHandshakeTimeout", [NotJoined, WrongPassword, WrongPassword]),
        (16, "GroupKeyUpdateTimeout", [NotJoined; 3]),
        (17, "IeIn4wayDiffers", [NotJoined; 3]),
        (18, "GroupCipherInvalid", [OtherProtection; 3]),
        (19, "PairwiseCipherInvalid", [OtherProtection; 3]),
        (20, "AkmpInvalid", [OtherProtection; 3]),
        (21, "UnsupportedRsnIeVersion", [OtherProtection; 3]),
        (22, "InvalidRsnIeCapabilities", [OtherProtection; 3]),
        (23, "_802_1xAuthenticationFailed", [OtherProtection; 3]),
        (24, "CipherSuiteRejected", [OtherProtection; 3]),
        (25, "TdlsPeerUnreachable", [NotJoined; 3]),
        (26, "TdlsUnspecified", [NotJoined; 3]),
        (27, "SspRequestedDisassociation", [NotJoined; 3]),
        (28, "NoSspRoamingAgreement", [NotJoined; 3]),
        (29, "BadCipherOrAkm", [OtherProtection; 3]),
        (30, "NotAuthorizedThisLocation", [NotJoined; 3]),
        (31, "ServiceChangePercludesTs", [NotJoined; 3]),
        (32, "UnspecifiedQos", [NotJoined; 3]),
        (33, "NotEnoughBandwidth", [NotJoined; 3]),
        (34, "MissingAcks", [NotJoined; 3]),
        (35, "ExceededTxOp", [NotJoined; 3]),
        (36, "StationLeaving", [NotJoined; 3]),
        (37, "EndBlockAck", [NotJoined; 3]),
        (38, "UnknownBlockAck", [NotJoined; 3]),
        (39, "Timeout", [NotJoined; 3]),
        (46, "PeerInitiated", [NotJoined; 3]),
        (47, "AccessPointInitiatedDisassociation", [NotJoined; 3]),
        (48, "InvalidFtActionFrameCount", [NotJoined; 3]),
        (49, "InvalidPmkid", [NotJoined; 3]),
        (50, "InvalidMde", [NotJoined; 3]),
        (51, "InvalidFte", [NotJoined; 3]),
        (67, "TransmissionLinkEstablishmentFailed", [NotJoined; 3]),
        (68, "AlterativeChannelOccupied", [NotJoined; 3]),
        (200, "BeaconTimeout", [NotJoined; 3]),
        (201, "NoAccessPointFound", [NotFound; 3]),
        (202, "AuthenticationFailed", [NotJoined, NotAdmitted, NotAdmitted]),
        (203, "AssociationFailed", [NotJoined; 3]),
        (204, "HandshakeTimeout", [NotJoined, WrongPassword, WrongPassword]),
        (205, "ConnectionFailed", [NotJoined; 3]),
        (206, "AccessPointTsfReset", [NotJoined; 3]),
        (207, "Roaming", [NotJoined; 3]),
        (208, "AssociationComebackTimeTooLong", [NotJoined; 3]),
        (209, "SaQueryTimeout", [NotJoined; 3]),
        (210, "NoAccessPointFoundWithCompatibleSecurity", [OtherProtection; 3]),
        (211, "NoAccessPointFoundInAuthmodeThreshold", [OtherProtection; 3]),
        (212, "NoAccessPointFoundInRssiThreshold", [NotJoined; 3]),
        // Later drivers may have more.
        (0, "none", [NotJoined; 3]),
        (u16::MAX, "unknown", [NotJoined; 3]),
    ];

    #[test]
    fn reason_maps_to_outcome_by_protection() {
        for (reason, name, [open, wpa2, wpa3]) in REASONS {
            assert_eq!(outcome(reason, false), open, "{name}, open");
            assert_eq!(outcome(reason, true), wpa2, "{name}, WPA2");
            assert_eq!(outcome(reason, true), wpa3, "{name}, WPA3");
        }
    }

    #[test]
    fn open_network_never_blames_the_password() {
        for reason in 0..=u16::MAX {
            assert!(!matches!(outcome(reason, false), WrongPassword | NotAdmitted), "{reason}");
        }
    }
}
