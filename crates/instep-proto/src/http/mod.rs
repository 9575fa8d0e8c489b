//! HTTP/1.1 (RFC 9110 and 9112) for a device.
//!
//! This module has request heads, responses, routes, assets and templates.

mod asset;
mod asset_reply;
mod body;
mod chunks;
mod content_coding;
mod credentials;
mod date;
mod etag;
mod extra;
mod fields;
mod form;
mod generated;
mod head;
mod head_error;
mod reply;
mod response;
mod route;
mod security_headers;
mod status;
mod target;
mod template;
mod transfer_coding;
mod trim;

pub use asset::{Asset, Cache, Content};
pub use body::{Chunk, PageValues};
pub use chunks::Chunks;
pub use credentials::{authorization_password, cookies};
pub use date::Date;
pub use extra::{ExtraLines, WriteLines};
pub use fields::Fields;
pub use form::{FormError, QueryValue, form_value};
pub use head::{HEADERS_MAX, HeadLimits, Method, RequestHead, WebSocketHeaders};
pub use head_error::HeadError;
pub use reply::Reply;
pub use response::{Allow, ResponseHead, Window};
pub use route::{Pattern, best_match, strip_path};
pub use security_headers::STRICT_POLICY;
pub use status::Status;
pub use template::{Segment, Template, escape_html};
pub(crate) use trim::{is_token_byte, trim};

/// Returns a writer of text to a slice.
pub(crate) fn cursor(out: &mut [u8]) -> response::Cursor<'_> {
    response::Cursor { out, used: 0 }
}
