//! Parts of the topics of a gateway.

/// Length of the number of a command, which is its Correlation Data, in bytes.
pub(super) const NUMBER_LENGTH: usize = 8;
/// End of the topics at which a gateway hears answers.
pub(super) const REPLY: &str = "reply";
/// Beginning of the topics between gateways, after the prefix.
pub(super) const GATEWAYS: &str = "gateway/";
