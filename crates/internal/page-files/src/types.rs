//! `Content-Type` of a file, by the extension of its name.

/// Name of the page of a folder.
pub const INDEX: &str = "index.html";
/// Type of a page.
pub const HTML: &str = "text/html; charset=utf-8";
/// Type of a file with an unknown extension.
const BYTES: &str = "application/octet-stream";

/// Type of each known extension.
const TYPES: [(&str, &str); 34] = [
    ("html", HTML),
    ("htm", HTML),
    ("css", "text/css; charset=utf-8"),
    ("js", "text/javascript; charset=utf-8"),
    ("mjs", "text/javascript; charset=utf-8"),
    ("json", "application/json"),
    ("map", "application/json"),
    ("webmanifest", "application/manifest+json"),
    ("txt", "text/plain; charset=utf-8"),
    ("md", "text/markdown; charset=utf-8"),
    ("csv", "text/csv; charset=utf-8"),
    ("xml", "application/xml"),
    ("svg", "image/svg+xml"),
    ("png", "image/png"),
    ("jpg", "image/jpeg"),
    ("jpeg", "image/jpeg"),
    ("gif", "image/gif"),
    ("webp", "image/webp"),
    ("avif", "image/avif"),
    ("bmp", "image/bmp"),
    ("ico", "image/vnd.microsoft.icon"),
    ("woff", "font/woff"),
    ("woff2", "font/woff2"),
    ("ttf", "font/ttf"),
    ("otf", "font/otf"),
    ("wasm", "application/wasm"),
    ("pdf", "application/pdf"),
    ("mp3", "audio/mpeg"),
    ("ogg", "audio/ogg"),
    ("wav", "audio/wav"),
    ("mp4", "video/mp4"),
    ("webm", "video/webm"),
    ("zip", "application/zip"),
    ("gz", "application/gzip"),
];

/// Returns the type of a file by its name.
///
/// It must be right, because browsers do not guess (`X-Content-Type-Options: nosniff`).
pub fn content_type(name: &str) -> &'static str {
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    TYPES.iter().find(|(known, _)| known.eq_ignore_ascii_case(extension)).map_or(BYTES, |(_, kind)| kind)
}

/// Returns whether `%NAME%` is replaced in a file of that name.
pub fn is_template(name: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(_, extension)| extension.eq_ignore_ascii_case("html"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn type_follows_extension() {
        for (name, kind) in [
            ("index.html", HTML),
            ("a.b.JS", "text/javascript; charset=utf-8"),
            ("page.css", "text/css; charset=utf-8"),
            ("html", BYTES),
            ("a.unknown", BYTES),
            ("a.", BYTES),
        ] {
            assert_eq!(content_type(name), kind, "{name}");
        }
        assert!(is_template("a.html") && is_template("A.HTML"));
        assert!(!is_template("a.htm") && !is_template("html") && !is_template("a.js"));
    }
}
