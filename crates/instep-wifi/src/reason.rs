//! What the reason for which a network was not joined means to the person who reads it.
//!
//! A radio's driver gives the reason as a number: up to 199 those of IEEE 802.11 (2020, table 9-49), which the network
//! sends or the driver itself uses for what it has seen; from 200 on those that Espressif's driver adds. The driver uses one
//! number for what differs with the network's protection, so the meaning depends on whether the device had a password.

use crate::portal::Outcome;

/// Returns what came of a try that ended for this reason. `password`: the device had a password for that network.
///
/// WPA2 and WPA3 are one case: the driver takes whichever of them the network has, and does not say which it was.
pub const fn outcome(reason: u16, password: bool) -> Outcome {
    match reason {
        // AuthenticationExpired. An open network did not answer. With WPA2, access points end a failed handshake so, which
        // is the password's fault, but one that does not answer looks the same. With WPA3, one may stop to answer when the
        // password is wrong.
        2
        // MicFailure: the network takes the device's frames for forged.
        | 14
        // AuthenticationFailed: it answered no. An open network or one with WPA2 knows no password at that point, so it
        // admits only devices that it knows; with WPA3 it is the answer to a wrong password.
        | 202 if password => Outcome::NotAdmitted,
        // FourWayHandshakeTimeout and HandshakeTimeout: the network has answered all that needs no password. An open
        // network has no handshake.
        15 | 204 if password => Outcome::WrongPassword,
        // The two sides do not agree about the protection. IeInvalid, GroupCipherInvalid, PairwiseCipherInvalid,
        // AkmpInvalid, UnsupportedRsnIeVersion, InvalidRsnIeCapabilities, 802.1X, CipherSuiteRejected, BadCipherOrAkm.
        13 | 18..=24 | 29
        // NoAccessPointFoundWithCompatibleSecurity and …InAuthmodeThreshold: it is there, but asks for a password where
        // none was given, or for none, or for less than WPA2, or for a user's name.
        | 210 | 211 => Outcome::OtherProtection,
        // NoAccessPointFound.
        201 => Outcome::NotFound,
        // All else says nothing about the password: it is full (5), too far away (200, 212), or ends the connection.
        _ => Outcome::NotJoined,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Outcome::{NotAdmitted, NotFound, NotJoined, OtherProtection, WrongPassword};

    /// Every reason that Espressif's driver has, with what it means for an open network, for WPA2 and for WPA3.
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
        // A driver to come may have more.
        (0, "none", [NotJoined; 3]),
        (u16::MAX, "unknown", [NotJoined; 3]),
    ];

    #[test]
    fn each_reason_for_each_protection() {
        for (reason, name, [open, wpa2, wpa3]) in REASONS {
            assert_eq!(outcome(reason, false), open, "{name}, open");
            assert_eq!(outcome(reason, true), wpa2, "{name}, WPA2");
            assert_eq!(outcome(reason, true), wpa3, "{name}, WPA3");
        }
    }

    #[test]
    fn nothing_is_said_of_a_password_that_there_was_none_of() {
        for reason in 0..=u16::MAX {
            assert!(!matches!(outcome(reason, false), WrongPassword | NotAdmitted), "{reason}");
        }
    }
}
