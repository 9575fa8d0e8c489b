//! The browser side of instep, as assets for an application to serve.
//!
//! The sources in `assets/` are plain files that a browser can run. The build script joins the panel's modules and
//! compresses all files, so no device spends time or memory on that, and the build needs no Node. Firmware has each
//! file only compressed. Programs for an operating system have each file in both forms, for clients that do not accept
//! gzip.

#![no_std]
#![forbid(unsafe_code)]

#[doc(hidden)]
pub use instep_proto::http::Asset;

/// Asset of a file that a build script has put into `OUT_DIR`, and of its compressed form.
#[doc(hidden)]
#[macro_export]
macro_rules! asset {
    ($kind:literal, $name:literal) => {{
        const GZIP: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/", $name, ".gz"));
        #[cfg(target_os = "none")]
        const ASSET: $crate::Asset = $crate::Asset::compressed($kind, GZIP);
        #[cfg(not(target_os = "none"))]
        const ASSET: $crate::Asset =
            $crate::Asset::new($kind, include_bytes!(concat!(env!("OUT_DIR"), "/", $name))).gzip(GZIP);
        ASSET
    }};
}

macro_rules! script {
    ($name:literal) => {
        asset!("text/javascript; charset=utf-8", $name)
    };
}

/// Script that keeps a page in step with its device.
///
/// It is an ES module for the path `/instep.js`. It reconnects by itself, reports when its values are stale, and never
/// queues a command while it is disconnected. The comment at its start explains how a page uses it.
pub const INSTEP_JS: Asset = script!("instep.js");

/// The page for any Thing and its files, with their paths relative to the page.
///
/// With the feature `update` it also updates the firmware, where the device has `/firmware`.
///
/// It reads the Thing Description (`/.well-known/wot`) and connects to `/ws`. It loads nothing from other servers.
pub const PANEL: [(&str, Asset); 3] =
    [("/", PAGE), ("/instep.js", INSTEP_JS), ("/panel.js", script!("panel.js"))];

/// The page of a gateway with all of its devices, and its files, with their paths relative to the page.
///
/// It connects to `/ws`, which tells of the devices (docs/contracts.md, section 9). It loads nothing from other servers.
///
pub const LIST: [(&str, Asset); 3] =
    [("/", LIST_PAGE), ("/instep.js", INSTEP_JS), ("/list.js", script!("list.js"))];

const LIST_PAGE: Asset = asset!("text/html; charset=utf-8", "list.html").policy(LIST_POLICY);

/// Content security policy of the list, as [`POLICY`] with another style.
const LIST_POLICY: &str = "default-src 'none'; script-src 'self'; connect-src 'self'; \
    style-src 'sha256-xHOgqe9+e76rF9OnOaOjElEzYcSsSfZeMQ+YLVaob7g='; img-src data:; form-action 'none'; base-uri 'none'";

const PAGE: Asset = asset!("text/html; charset=utf-8", "panel.html").policy(POLICY);

/// Content security policy of the page.
///
/// It allows scripts and connections of the same origin, and the style by its hash.
const POLICY: &str = "default-src 'none'; script-src 'self'; connect-src 'self'; \
    style-src 'sha256-EAA11ygIpCE5jdaT7w3qxY28fGWu041Izx18EvIbPVw='; img-src data:; form-action 'none'; base-uri 'none'";

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;
    use base64::prelude::{BASE64_STANDARD, Engine as _};
    use sha2::{Digest as _, Sha256};
    use std::{format, io::Read as _, string::String, vec::Vec};

    /// Modules of the library, in the order in which they are joined.
    const LIBRARY: [&str; 4] = [
        include_str!("../assets/clock.js"),
        include_str!("../assets/frame.js"),
        include_str!("../assets/stream.js"),
        include_str!("../assets/instep.js"),
    ];

    #[test]
    fn decompressed_asset_is_the_source() {
        for (path, asset) in PANEL.into_iter().chain([LIST[2]]) {
            let mut unpacked = Vec::new();
            flate2::read::GzDecoder::new(asset.gzipped().unwrap()).read_to_end(&mut unpacked).unwrap();
            let source = match path {
                "/" => &include_bytes!("../assets/panel.html")[..],
                "/instep.js" => include_bytes!(concat!(env!("OUT_DIR"), "/instep.js")),
                "/list.js" => include_bytes!(concat!(env!("OUT_DIR"), "/list.js")),
                _ => include_bytes!(concat!(env!("OUT_DIR"), "/panel.js")),
            };
            assert!(unpacked == source && asset.body() == source, "{path}");
        }
    }

    #[test]
    fn served_library_is_its_source_without_comments() {
        let served = include_str!(concat!(env!("OUT_DIR"), "/instep.js"));
        let [others @ .., last] = LIBRARY;
        let others = others.concat().replace("\nexport ", "\n");
        let lines = [&others, last].into_iter().flat_map(|module| module.split_inclusive('\n'));
        let source: String = lines.filter(|line| !line.starts_with("import ")).collect();
        let source = source.as_str();
        let head = last.split_once("*/").unwrap().0;
        assert!(served.starts_with(head));
        fn code(script: &str) -> Vec<&str> {
            let lines = script.lines().map(str::trim);
            let comment = |line: &str| ["//", "/**", "* ", "*/"].iter().any(|begin| line.starts_with(begin));
            lines.filter(|line| !comment(line) && !["*", ""].contains(line)).collect()
        }
        assert_eq!(code(served).len(), code(source).len());
        for (served, source) in code(served).into_iter().zip(code(source)) {
            let cut = source.strip_prefix(served).expect("the served code is not the source's");
            assert!(cut.is_empty() || cut.starts_with(" // "), "{source}");
        }
        assert_eq!(served.matches("/**").count(), 1);
    }

    #[test]
    fn joined_panel_imports_only_the_library() {
        let panel = include_str!(concat!(env!("OUT_DIR"), "/panel.js"));
        let imports: Vec<_> = panel.lines().filter(|line| line.starts_with("import ")).collect();
        assert_eq!(imports, ["import { connect } from \"./instep.js\";"]);
        assert!(!panel.contains("\nexport "));
        let mut names: Vec<_> = panel
            .lines()
            .filter_map(|line| {
                let mut words = line.split([' ', '(']);
                let declares = ["function", "const", "let", "class"].contains(&words.next()?);
                words.next().filter(|_| declares)
            })
            .collect();
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all, "two modules declare the same name");
        for module in [
            include_str!("../assets/texts.js"),
            include_str!("../assets/chart.js"),
            include_str!("../assets/controls.js"),
        ] {
            assert!(module.lines().all(|line| panel.contains(line.strip_prefix("export ").unwrap_or(line))
                || line.starts_with("import ")));
        }
    }

    #[test]
    fn texts_are_complete_in_each_language_and_used() {
        let of_panel = |language: &str| {
            let texts = include_str!("../assets/texts.js");
            let (_, rest) = texts.split_once(&format!("\n  {language}: {{\n")).expect("a language");
            rest.split_once("\n  },\n").expect("its end").0
        };
        let of_update = |language: &str| {
            let texts = include_str!("../assets/firmware-texts.js");
            let (_, rest) = texts.split_once(&format!("(TEXTS.{language}, {{\n")).expect("a language");
            rest.split_once("\n});\n").expect("its end").0
        };
        let lines = |language: &str| -> Vec<_> {
            let update = of_update(language).lines().filter(|_| cfg!(feature = "update"));
            of_panel(language).lines().chain(update).collect()
        };
        let keys = |language: &str| -> Vec<_> {
            let key =
                |line: &'static str| line.trim_start().split_once(": \"").expect(line).0.trim_matches('"');
            lines(language).into_iter().map(key).collect()
        };
        let english = keys("en");
        assert_eq!(keys("de"), english, "the keys or their order differ");
        let panel = include_str!(concat!(env!("OUT_DIR"), "/panel.js"));
        for said in panel.split("say(\"").skip(1).filter_map(|rest| rest.split('"').next()) {
            assert!(english.contains(&said), "there is no text {said:?}");
        }
        // A key may be a word in the code, as in `live ? "live" : …`, or the name of a severity.
        let code = panel.split_once("/** The reader's language").expect("the code after the texts").1;
        for key in english {
            let written = [format!("\"{key}\""), format!("{key}:")].iter().any(|word| code.contains(word))
                || LIBRARY.iter().any(|module| module.contains(&format!("\"{key}\"")));
            assert!(written, "the text {key:?} is unused");
        }
        let values = |text: &str| text.matches('{').count();
        let counts = |language: &str| -> Vec<_> { lines(language).into_iter().map(values).collect() };
        assert_eq!(counts("de"), counts("en"), "the placeholders differ");
    }

    #[test]
    fn scripts_have_no_way_to_write_markup_or_code() {
        let assets = [
            &LIBRARY.concat(),
            include_str!("../assets/texts.js"),
            include_str!("../assets/chart.js"),
            include_str!("../assets/controls.js"),
            include_str!("../assets/panel.js"),
            include_str!("../assets/firmware-texts.js"),
            include_str!("../assets/image.js"),
            include_str!("../assets/firmware.js"),
            include_str!("../assets/panel.html"),
            include_str!("../assets/list-texts.js"),
            include_str!("../assets/list.js"),
            include_str!("../assets/list.html"),
        ];
        for asset in assets {
            for way in [
                "innerHTML",
                "outerHTML",
                "insertAdjacentHTML",
                "setHTMLUnsafe",
                "createContextualFragment",
                "DOMParser",
                "srcdoc",
                "document.write",
                "eval(",
                "Function(",
            ] {
                assert!(!asset.contains(way), "{way}");
            }
        }
    }

    #[test]
    fn update_is_in_panel_with_its_feature_alone() {
        let panel = include_str!(concat!(env!("OUT_DIR"), "/panel.js"));
        assert_eq!(panel.contains("\"firmware\""), cfg!(feature = "update"));
        let modules = [
            include_str!("../assets/firmware-texts.js"),
            include_str!("../assets/image.js"),
            include_str!("../assets/firmware.js"),
        ];
        for line in modules.into_iter().flat_map(str::lines).filter(|_| cfg!(feature = "update")) {
            let code = line.split(" // ").next().unwrap();
            let is_left_out = ["/**", " *", "//", "import "]
                .iter()
                .any(|begin| code.trim_start().starts_with(begin.trim_start()));
            assert!(is_left_out || panel.contains(code.strip_prefix("export ").unwrap_or(code)), "{line}");
        }
    }

    #[test]
    fn assets_stay_within_28_kib_compressed() {
        let all: usize = PANEL.iter().map(|(_, asset)| asset.gzipped().unwrap().len()).sum();
        assert!(all <= 28 * 1024, "{all} bytes");
        let script = INSTEP_JS.gzipped().unwrap().len();
        assert!(script <= 7 * 1024, "instep.js has {script} bytes compressed");
    }

    #[test]
    fn policies_match_the_pages() {
        let pages = [
            (include_str!("../assets/panel.html"), POLICY),
            (include_str!("../assets/list.html"), LIST_POLICY),
        ];
        for (page, policy) in pages {
            let style = page.split_once("<style>").unwrap().1.split_once("</style>").unwrap().0;
            let hash = BASE64_STANDARD.encode(Sha256::digest(style));
            assert!(policy.contains(&format!("'sha256-{hash}'")), "the style's hash is {hash}");
            assert!(!page.contains(" style=") && !page.contains(" on"), "an inline style or handler");
            assert_eq!(page.matches("<script").count(), 1);
        }
    }

    #[test]
    fn list_has_its_texts_in_each_language_and_imports_only_the_library() {
        let list = include_str!(concat!(env!("OUT_DIR"), "/list.js"));
        let imports: Vec<_> = list.lines().filter(|line| line.starts_with("import ")).collect();
        assert_eq!(imports, ["import { connect } from \"./instep.js\";"]);
        let keys = |language: &str| -> Vec<_> {
            let (_, rest) =
                include_str!("../assets/list-texts.js").split_once(&format!("\n  {language}: {{\n")).unwrap();
            let lines = rest.split_once("\n  },\n").unwrap().0.lines();
            lines
                .map(|line| {
                    (
                        line.trim_start().split_once(": \"").unwrap().0.trim_matches('"'),
                        line.matches('{').count(),
                    )
                })
                .collect()
        };
        let english = keys("en");
        assert_eq!(keys("de"), english, "the keys, their order or their placeholders differ");
        let code = list.split_once("/** The reader's language").unwrap().1;
        for (key, _) in &english {
            let written = code.contains(&format!("\"{key}\""))
                || LIBRARY.iter().any(|module| module.contains(&format!("\"{key}\"")));
            assert!(written, "the text {key:?} is unused");
        }
        for said in code.split("say(\"").skip(1).filter_map(|rest| rest.split('"').next()) {
            assert!(english.iter().any(|(key, _)| *key == said), "there is no text {said:?}");
        }
        let size: usize = LIST.iter().map(|(_, asset)| asset.gzipped().unwrap().len()).sum();
        assert!(size <= 16 * 1024, "{size} bytes");
    }
}
