//! `/things`: the descriptions of all devices, as a directory of the Web of Things lists them (W3C WoT Discovery, section 7.3.2.2).
//!
//! A listing is written while it is sent, device by device, so its memory does not grow with the fleet.

use super::description::{Site, members};
use crate::fleet::{Description, Fleet};
use instep::folder::{FOLDER_FILES_MAX, FileContent, Folder, FolderFile, Found};
use instep_mqtt::DeviceId;
use instep_proto::http::{Chunk, PageValues, RequestHead};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

/// Path of the directory.
const THINGS: &str = "/things";
/// Maximum number of listings that are being sent. One more ends the oldest.
const LISTINGS_MAX: u16 = 64;
/// Number of devices in a part of a collection, unless the client asks for another.
const PART: usize = 100;

/// Directory of the devices of a fleet.
#[derive(Debug)]
pub(super) struct Directory {
    fleet: Arc<Fleet>,
    guarded: bool,
    sent: Mutex<Sent>,
}

/// Listings that are being sent, the oldest first.
///
/// A number is used again late, so a listing that was too slow does not get the text of another one.
#[derive(Debug, Default)]
struct Sent {
    listings: VecDeque<(u16, Listing)>,
    next: u16,
}

/// Listing that is being sent.
#[derive(Debug)]
struct Listing {
    site: Site,
    /// The device before the next one.
    after: Option<DeviceId>,
    /// The number of devices that may still be listed.
    left: usize,
    /// The last description and its members, because devices of one firmware share it.
    last: Option<(Arc<Description>, Option<String>)>,
    /// Whether a device was listed.
    any: bool,
    /// What follows the last device, until it is sent.
    end: Option<&'static str>,
    /// Text that is to be sent, and the start of what is left of it.
    text: String,
    used: usize,
    /// The number of bytes that were sent.
    position: u32,
}

/// What a client asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Query {
    offset: usize,
    limit: Option<usize>,
    is_collection: bool,
}

impl Directory {
    pub(super) fn new(fleet: Arc<Fleet>, guarded: bool) -> Self {
        Self { fleet, guarded, sent: Mutex::default() }
    }

    fn list(&self, query: Query, site: Site) -> Listing {
        let Query { offset, limit, is_collection } = query;
        let limit = limit.or(is_collection.then_some(PART));
        let before = if offset > 0 { self.fleet.list(None, offset) } else { Vec::new() };
        // Behind the end there is nothing.
        let left = if before.len() < offset { 0 } else { limit.unwrap_or(usize::MAX) };
        let text = if is_collection { self.collection(offset, limit.unwrap_or(PART)) } else { "[".into() };
        Listing {
            site,
            after: before.last().map(|summary| summary.id),
            left,
            last: None,
            any: false,
            end: Some(if is_collection { "]}" } else { "]" }),
            text,
            used: 0,
            position: 0,
        }
    }

    /// Returns the beginning of a collection.
    fn collection(&self, offset: usize, limit: usize) -> String {
        let total = self.fleet.counts().devices;
        // Relative to the address of this part, so they hold behind any proxy.
        let part = |offset: usize| format!("?offset={offset}&limit={limit}&format=collection");
        let following = offset.saturating_add(limit);
        let next =
            if following < total { format!(",\"next\":\"{}\"", part(following)) } else { String::new() };
        format!(
            "{{\"@context\":\"https://www.w3.org/2022/wot/discovery\",\"@type\":\"ThingCollection\",\"total\":{total},\"@id\":\"{}\"{next},\"members\":[",
            part(offset)
        )
    }

    /// Returns the listing of one device.
    fn only(&self, id: &str, site: Site) -> Option<Listing> {
        let description = self.fleet.description(id)?;
        let id = DeviceId::new(id).ok()?;
        let text = site.describe(&id, &members(&description)?);
        let (after, last, end) = (None, None, None);
        Some(Listing { site, after, left: 0, last, any: true, end, text, used: 0, position: 0 })
    }
}

impl Folder for Directory {
    fn find(&self, head: &RequestHead<'_>) -> Found {
        let Some(path) = head.path.strip_prefix(THINGS) else { return Found::Nothing };
        let site = Site::of(head, self.guarded);
        let (listing, content_type) = match path.strip_prefix('/') {
            None if path.is_empty() => {
                (Some(self.list(Query::parse(head.query), site)), "application/ld+json")
            }
            None => return Found::Nothing,
            Some(id) => (self.only(id.strip_prefix(Site::URN).unwrap_or(id), site), "application/td+json"),
        };
        let Some(listing) = listing else { return Found::Nothing };
        let number = self.sent.lock().unwrap_or_else(PoisonError::into_inner).add(listing);
        Found::File(FolderFile { number, content_type, content: FileContent::Template })
    }

    fn read(&self, number: u16, position: u32, _: &dyn PageValues, out: &mut [u8]) -> Chunk {
        let mut sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        let chunk = match sent.find(number) {
            Some(listing) if listing.position == position => listing.write(&self.fleet, out),
            _ => return Chunk::BROKEN,
        };
        if chunk.next.is_none() {
            sent.remove(number);
        }
        chunk
    }
}

impl Sent {
    fn add(&mut self, listing: Listing) -> u16 {
        if self.listings.len() >= usize::from(LISTINGS_MAX) {
            self.listings.pop_front();
        }
        let number = self.next;
        self.next = (number + 1) % FOLDER_FILES_MAX;
        self.listings.push_back((number, listing));
        number
    }

    /// Returns the listing of that number, unless it was too slow.
    fn find(&mut self, number: u16) -> Option<&mut Listing> {
        self.listings.iter_mut().find(|(of, _)| *of == number).map(|(_, listing)| listing)
    }

    fn remove(&mut self, number: u16) {
        self.listings.retain(|(of, _)| *of != number);
    }
}

impl Listing {
    fn write(&mut self, fleet: &Fleet, out: &mut [u8]) -> Chunk {
        let mut length = 0;
        while length < out.len() && (self.used < self.text.len() || self.refill(fleet)) {
            let rest = &self.text.as_bytes()[self.used..];
            let taken = rest.len().min(out.len() - length);
            out[length..length + taken].copy_from_slice(&rest[..taken]);
            (self.used, length) = (self.used + taken, length + taken);
        }
        let is_more = self.used < self.text.len() || self.refill(fleet);
        self.position = self.position.wrapping_add(u32::try_from(length).unwrap_or(0));
        Chunk { length, next: is_more.then_some(self.position) }
    }

    /// Puts the next device or the end into the text. Returns `false` if there is nothing more.
    fn refill(&mut self, fleet: &Fleet) -> bool {
        self.text.clear();
        self.used = 0;
        while self.left > 0
            && let Some(summary) = fleet.list(self.after.as_ref(), 1).pop()
        {
            self.after = Some(summary.id);
            self.left -= 1;
            let Some(description) = summary.description else { continue };
            if !self.last.as_ref().is_some_and(|(last, _)| Arc::ptr_eq(last, &description)) {
                let members = members(&description);
                self.last = Some((description, members));
            }
            if let Some((_, Some(members))) = &self.last {
                if std::mem::replace(&mut self.any, true) {
                    self.text.push(',');
                }
                self.text.push_str(&self.site.describe(&summary.id, members));
                return true;
            }
        }
        self.left = 0;
        self.end.take().is_some_and(|end| {
            self.text.push_str(end);
            true
        })
    }
}

impl Query {
    /// Reads a query. What it does not understand is left out.
    fn parse(query: Option<&str>) -> Self {
        let mut all = Self { offset: 0, limit: None, is_collection: false };
        for (name, value) in query.unwrap_or_default().split('&').filter_map(|item| item.split_once('=')) {
            match name {
                "offset" => all.offset = value.parse().unwrap_or(0),
                "limit" => all.limit = value.parse().ok().filter(|limit| *limit > 0),
                "format" => all.is_collection = value == "collection",
                _ => {}
            }
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn query_is_read_as_far_as_it_is_known() {
        let query = |text| {
            let Query { offset, limit, is_collection } = Query::parse(text);
            (offset, limit, is_collection)
        };
        assert_eq!(query(None), (0, None, false));
        assert_eq!(query(Some("offset=20&limit=10&format=collection&x=y")), (20, Some(10), true));
        assert_eq!(query(Some("offset=-1&limit=0&format=array&&=")), (0, None, false));
    }

    #[test]
    fn listing_that_was_too_slow_never_continues_with_another_one() {
        let directory = Directory::new(Fleet::new(crate::FleetLimits::default()), false);
        let listing = || directory.list(Query::parse(None), Site::default());
        let mut sent = Sent::default();
        assert_eq!(sent.add(listing()), 0);
        for number in 1..=LISTINGS_MAX {
            assert_eq!(sent.add(listing()), number);
        }
        assert!(sent.find(0).is_none() && sent.find(1).is_some());
        sent.remove(1);
        assert!(sent.find(1).is_none());
        sent.next = FOLDER_FILES_MAX - 1;
        assert_eq!((sent.add(listing()), sent.add(listing())), (FOLDER_FILES_MAX - 1, 0));
    }
}
