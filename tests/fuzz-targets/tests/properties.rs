//! Properties of the fuzz targets for mostly valid inputs.
//!
//! A failure is reduced to a short input.

use fuzz_targets::check;
use proptest::collection::vec;
use proptest::prelude::*;

/// Returns frames as the target `connection`
/// reads them: first byte, length, payload.
fn frame() -> impl Strategy<Value = Vec<u8>> {
    // At most 120 bytes.
    let plain = |first: u8| {
        "\\PC{0,30}".prop_map(move |text| [&[first, text.len().to_le_bytes()[0]], text.as_bytes()].concat())
    };
    let packed = (prop::sample::select(vec![0xc1, 0xc2, 0x41]), "[ -~]{0,100}")
        .prop_map(|(first, text)| [&[first, 252, text.len().to_le_bytes()[0]], text.as_bytes()].concat());
    prop_oneof![
        6 => plain(0x81),
        3 => plain(0x82),
        2 => plain(0x01),
        2 => plain(0x00),
        3 => plain(0x80),
        3 => plain(0x89),
        1 => plain(0x8a),
        4 => packed,
        1 => Just(vec![0xc2, 253]),
        1 => Just(vec![0x82, 254]),
        1 => Just(vec![0x88, 2, 0x03, 0xe8]),
    ]
}

/// Returns paths of pages.
///
/// The answers to a short and a long one do not fit into the output together.
fn path() -> impl Strategy<Value = String> {
    prop_oneof![3 => "/any/[a-z]{0,9}", 3 => "/any/[a-z]{400,450}", 2 => "/(script.js|nothing|\\?q|ws|echo)?"]
}

/// Returns content in chunks, a third of it malformed.
fn chunks() -> impl Strategy<Value = String> {
    let chunk =
        ("0{0,3}", "( ?;[a-z=\" ]{0,9})?", "[a-z\r\n]{1,40}").prop_map(|(zeros, extension, content)| {
            format!("{zeros}{:x}{extension}\r\n{content}\r\n", content.len())
        });
    let chunks = (vec(chunk, 0..5), "0{1,3}(;[a-z]{0,9})?\r\n", "(X-[a-z]{1,5}: ?[a-z]{0,9}\r\n){0,3}\r\n");
    let whole = chunks.prop_map(|(chunks, last, trailer)| chunks.concat() + &last + &trailer);
    let other = prop::sample::select(vec!["", "\n", "\r", " ", "0", ":", ";", "\0", "g", "\t"]);
    (whole, 0_u8..3, any::<prop::sample::Index>(), other).prop_map(|(whole, malformed, index, other)| {
        let mut text = whole;
        if malformed == 0 {
            let index = index.index(text.len());
            text.replace_range(index..index + 1, other);
        }
        text
    })
}

/// Returns packets of an MQTT broker, one byte in three streams replaced.
fn broker_packets() -> impl Strategy<Value = Vec<u8>> {
    let short = |text: &str| [&[0, text.len().to_le_bytes()[0]], text.as_bytes()].concat();
    let property = prop_oneof![
        "[a-z/]{0,9}".prop_map(move |topic| [&[0x08][..], &short(&topic)].concat()),
        "\\PC{0,5}".prop_map(move |data| [&[0x09][..], &short(&data)].concat()),
        "[a-z]{0,5}".prop_map(move |text| [&[0x26, 0, 1, b'k'][..], &short(&text)].concat()),
        any::<u16>().prop_map(|seconds| [&[0x13][..], &seconds.to_be_bytes()].concat()),
        any::<u32>().prop_map(|bytes| [&[0x27][..], &bytes.to_be_bytes()].concat()),
        (0_u8..3, 0x20_u8..0x2b).prop_map(|(value, id)| vec![id, value]),
    ];
    let properties = vec(property, 0..3).prop_map(|all| {
        let all = all.concat();
        [&[all.len().to_le_bytes()[0]][..], &all].concat()
    });
    let kind = prop::sample::select(vec![0x20_u8, 0x30, 0x30, 0x30, 0x31, 0x90, 0xd0, 0xe0]);
    let packet =
        (kind, "[a-z/]{1,9}", properties, "\\PC{0,9}").prop_map(move |(kind, topic, properties, payload)| {
            let content = match kind >> 4 {
                2 => [&[0, 0][..], &properties].concat(),
                3 => [&short(&topic)[..], &properties, payload.as_bytes()].concat(),
                9 => [&[0, 1][..], &properties, &[0, 0x87]].concat(),
                13 => vec![],
                _ => [&[0x8e][..], &properties].concat(),
            };
            [&[kind, content.len().to_le_bytes()[0]], &content[..]].concat()
        });
    let opened = [0xff, 0x20, 3, 0, 0, 0];
    let changed = (0_u8..3, any::<prop::sample::Index>(), any::<u8>());
    (vec(packet, 0..5), changed).prop_map(move |(packets, (changed, index, byte))| {
        let mut stream = [&opened[..], &packets.concat()].concat();
        if changed == 0 {
            let index = index.index(stream.len());
            stream[index] = byte;
        }
        stream
    })
}

proptest! {
    #[test]
    fn packets_of_broker_are_read_as_by_model(stream in broker_packets()) {
        check("mqtt", &stream);
    }

    /// Echo and application, with permessage-deflate or
    /// without, on a link that takes everything or little.
    #[test]
    fn messages_survive_any_split_and_any_pause(
        what in 0_u8..2,
        narrow in any::<bool>(),
        deflate in any::<bool>(),
        script in vec(any::<u8>(), 0..60),
        frames in vec(frame(), 0..12),
    ) {
        let mode = what | 4 | if narrow { 8 } else { 0 } | if deflate { 16 } else { 0 };
        let length = script.len().to_le_bytes()[0];
        check("connection", &[&[mode, length], &script[..], &frames.concat()].concat());
    }

    /// Short messages and single frames, with turns and without, for any split and any room.
    #[test]
    fn what_needs_no_turn_has_the_effects_of_turns(
        script in vec(any::<u8>(), 0..120),
        room in 0_usize..9,
        frames in vec(prop_oneof![2 => frame(), 3 => "[a-z]{0,20}".prop_map(|text| {
            [&[0x81, text.len().to_le_bytes()[0]], text.as_bytes()].concat()
        })], 0..12),
    ) {
        // The link opens at the beginning, and the application takes the opening.
        let script = [&vec![3 | 31 << 3; room][..], &[5], &script].concat();
        let length = script.len().to_le_bytes()[0];
        check("at_once", &[&[length], &script[..], &frames.concat()].concat());
    }

    /// Pipelined requests, at any split.
    #[test]
    fn requests_get_same_answers_at_any_split(
        cuts in vec(any::<u8>(), 0..60),
        paths in vec(path(), 1..6),
        method in "GET|GET|GET|HEAD|POST",
        more in "|Accept-Encoding: gzip\r\n|Connection: close\r\n|Content-Length: 0\r\n",
        chunks in prop_oneof![2 => Just(None), 1 => chunks().prop_map(Some)],
    ) {
        let (more, chunks) = match &chunks {
            None => (more, ""),
            Some(chunks) => ("Transfer-Encoding: chunked\r\n".to_owned(), &chunks[..]),
        };
        let requests: String = paths
            .iter()
            .map(|path| format!("{method} {path} HTTP/1.1\r\nHost: lamp\r\n{more}\r\n{chunks}"))
            .collect();
        // Only steps that deliver bytes.
        let script: Vec<u8> = cuts.iter().map(|cut| cut & !7 | (cut & 1)).collect();
        let length = script.len().to_le_bytes()[0];
        check("connection", &[&[2, length], &script[..], requests.as_bytes()].concat());
    }

    /// Content in chunks, mostly valid.
    #[test]
    fn chunks_are_decoded_as_by_model(
        limits in (0_u8..12, 0_u8..4, 0_u8..20),
        lengths in vec(1_u8..20, 0..6),
        chunks in chunks(),
        behind in "(GET /)?",
    ) {
        let length = lengths.len().to_le_bytes()[0];
        let head = [&[limits.0, limits.1, limits.2, length], &lengths[..]].concat();
        check("chunks", &[&head[..], chunks.as_bytes(), behind.as_bytes()].concat());
    }

    /// The header of a frame, a close frame, an offer of compression.
    #[test]
    fn headers_closes_and_offers_are_read_as_by_model(
        header in vec(any::<u8>(), 0..20),
        close in (900_u16..5100, "\\PC{0,20}"),
        offer in "(permessage-deflate(; ?(server|client)_(no_context_takeover|max_window_bits(=\"?[0-9]{1,2}\"?)?)){0,3},? ?){1,3}",
    ) {
        check("frame_header", &header);
        let payload = [&close.0.to_be_bytes(), close.1.as_bytes()].concat();
        check("frame_header", &payload);
        check("extensions", offer.as_bytes());
    }

    /// Images that are almost valid: one byte is changed, before or after they are sealed.
    #[test]
    fn image_is_checked_and_told_as_by_model(
        options in (0_u8..16, 0_u8..70, prop::sample::select(vec![0_u16, 0, 0, 24, 300, 500, 544, 545, 700])),
        lengths in vec(0_usize..40, 0..4),
        names in ("[ -~]{0,32}", "[ -~]{1,32}", "[a-z]{1,6}\0?[a-z]{0,3}"),
        change in proptest::option::of((any::<prop::sample::Index>(), any::<u8>())),
    ) {
        let padded = |text: &str| [text.as_bytes(), &[0; 32][text.len()..]].concat();
        let (version, board, application) = &names;
        let mut first = [&0xabcd_5432_u32.to_le_bytes()[..], &[0; 12], &padded(version), &[0; 208]].concat();
        first.extend(b"instep\xd5\x01");
        first.extend([padded(board), padded(application), padded("0.2.0"), vec![0; 24]].concat());
        let segments = lengths.iter().map(|length| (0x4200_0000_u32, vec![7; 4 * length]));
        let segments: Vec<_> = [(0x3c00_0020, first)].into_iter().chain(segments).collect();
        let mut image = vec![0xe9, segments.len().to_le_bytes()[0], 2, 0x2f, 0x20, 0, 0, 0x42];
        image.extend([0xee, 0, 0, 0, 5, 0, 0, 0, 0, 255, 255, 0, 0, 0, 0, 1]);
        for (address, bytes) in &segments {
            image.extend(address.to_le_bytes());
            image.extend(u32::try_from(bytes.len()).unwrap().to_le_bytes());
            image.extend(bytes);
        }
        if let Some((index, byte)) = change {
            let index = index.index(image.len());
            image[index] = byte;
        }
        let [low, high] = options.2.to_le_bytes();
        check("firmware_image", &[&[options.0, options.1, low, high], &image[..]].concat());
    }

    /// The DNS server, with messages that are almost queries.
    #[test]
    fn dns_query_is_answered_as_by_model(
        flags in prop::sample::select(vec![0_u8, 1, 0x80, 0x28]),
        questions in vec(("[a-z]{1,9}(\\.[a-z-]{1,20}){0,3}", 0_u8..70, any::<bool>()), 0..5),
        more in vec(any::<u8>(), 0..20),
    ) {
        let mut query = vec![1, 2, flags, 0, 0, questions.len().to_le_bytes()[0], 0, 0, 0, 0, 0, 0];
        for (name, kind, again) in &questions {
            if *again && query.len() > 12 {
                query.extend([0xc0, 12]);
            } else {
                query.extend(name.split('.').flat_map(|label| [&[label.len().to_le_bytes()[0]], label.as_bytes()].concat()));
                query.push(0);
            }
            query.extend([0, if kind % 2 == 0 { 1 } else { *kind }, 0, 1]);
        }
        check("captive_dns", &query);
        check("captive_dns", &[&query[..], &more].concat());
        check("captive_dns", &query[..query.len() - more.len().min(query.len())]);
    }

    /// Clients that come and go, and request their own addresses and those of others.
    #[test]
    fn no_address_is_leased_twice(
        steps in vec((0_u8..7, prop::sample::select(vec![1_u8, 3, 3, 4, 7, 8]), prop::sample::select(vec![0_u8, 0, 2, 3]),
            0_u8..7, prop::sample::select(vec![0_u8, 1, 1, 9]), prop::sample::select(vec![0_u8, 0, 1, 60, 120])), 0..40),
    ) {
        let steps = steps.iter().flat_map(|(client, kind, has, wants, means, wait)| {
            [*wait, 128 | kind << 3 | client, *has, *wants, *means]
        });
        check("dhcp", &steps.collect::<Vec<u8>>());
    }

    /// Queries, claims and probes at any time.
    #[test]
    fn mdns_name_is_answered_defended_and_given_up(
        steps in vec((0_u8..128, 0_u8..127, prop::sample::select(vec![1_u8, 12, 16, 28, 33, 47, 255]),
            prop::sample::select(vec![9_u8, 50, 99])), 0..40),
    ) {
        let steps = steps.iter().flat_map(|(wait, step, kind, octet)| [*wait, 128 | step, *kind, *octet]);
        check("mdns", &steps.collect::<Vec<u8>>());
    }

    /// Documents written by another library, and the same with one byte changed.
    #[test]
    fn json_document_is_read_as_written(document in document(), index in any::<usize>(), byte in any::<u8>()) {
        let text = document.to_string();
        let value = instep_proto::json::Value::parse(&text);
        prop_assert!(value.is_ok(), "{value:?}");
        check("json", text.as_bytes());
        let mut bytes = text.into_bytes();
        let index = index % bytes.len();
        bytes[index] = byte;
        check("json", &bytes);
    }

    /// Messages that a Thing almost accepts.
    #[test]
    fn thing_executes_or_rejects_every_message(
        messages in vec((request(), "(,\"id\":(7|0|-1|1.5|null|\"a\"|7.0))?"), 1..5),
    ) {
        let messages: Vec<_> =
            messages.iter().map(|((label, value), id)| format!("{{\"label\":\"{label}\"{value}{id}}}")).collect();
        check("thing", messages.join("\0").as_bytes());
    }

    /// Bodies that a Thing almost accepts.
    #[test]
    fn thing_executes_or_rejects_every_http_request(
        bodies in vec((
            prop::sample::select(vec!["h", "i", "j", "k", "l", "m", "n", "o"]),
            "(true|null|-?[0-9]{1,3}(\\.[05]{1,2})?(e-?[0-2])?|\"(day|night|[a-zé]{0,17})\"|\\[1\\]|\\{\\})?",
            "(,|\\}|,\"id\":1|,\"label\":\"blink\"| | \n)?",
        ), 1..5),
    ) {
        let bodies: Vec<_> = bodies.iter().map(|(target, value, more)| format!("{target}{value}{more}")).collect();
        check("rest", bodies.join("\0").as_bytes());
    }
}

/// Returns a label, and with its comma a value that often suits it.
fn request() -> impl Strategy<Value = (&'static str, String)> {
    let all = vec!["led", "level", "mode", "name", "blink", "say", "heat", "said", "other", "l\\u0065d"];
    let level = "-?(0|[1-9][0-9]{0,2})(\\.[0-9]{1,2})?(e-?[0-2])?".prop_map(|number| ("level", number));
    let text = prop::sample::select(vec!["mode", "name", "say"]);
    let text = (text, "\"(day|night|[a-zé]{0,18}|(\\\\n|\\\\u00e9){0,9})\"");
    let any = "true|null|-?[0-9]{1,3}|\"(day|[a-zé]{0,9})\"|\\[1\\]|\\{\\}";
    let fits = prop_oneof![level, text, (prop::sample::select(vec!["led", "blink"]), any)];
    prop_oneof![
        3 => fits.prop_map(|(label, value)| (label, format!(",\"value\":{value}"))),
        1 => (prop::sample::select(all), "(,\"value\":(true|null|-?[0-9]{1,3}|\"[a-z]{0,9}\"|\\[1\\]|\\{\\}))?"),
    ]
}

/// Returns documents of limited depth without repeated keys.
fn document() -> impl Strategy<Value = serde_json::Value> {
    use serde_json::Value;
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-1e9..1e9).prop_map(Value::from),
        "\\PC{0,9}|[\"\\\\/\u{0}-\u{1f}<>&]{0,5}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map("\\PC{0,4}", inner, 0..5)
                .prop_map(|members| members.into_iter().collect::<serde_json::Map<_, _>>().into()),
        ]
    })
}
