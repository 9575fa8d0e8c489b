//! For every form, the answer is a whole page, and no input becomes markup.

use instep::board::BoardPages as _;
use instep_embassy::LogInResources;
use instep_settings::Settings;
use instep_wifi::setup::SetUp;
use proptest::prelude::*;
use std::sync::LazyLock;

static SETTINGS: Settings = Settings::new();
static LOG_IN: LogInResources = LogInResources::new();
static SET_UP: LazyLock<SetUp> = LazyLock::new(|| {
    let log_in = LOG_IN.start_without_password(|bytes| bytes.fill(1));
    SetUp::new(&SETTINGS, "lamp".parse().unwrap(), log_in)
});

fn page() -> String {
    let (mut page, mut next) = (String::new(), Some(0));
    while let Some(part) = next {
        let before = page.len();
        next = SET_UP.write_part(part, &mut page).unwrap();
        assert!(page.len() - before <= instep::board::PAGE_PART_MAX);
    }
    page
}

/// Returns parts of forms, valid and invalid.
fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(vec![
            "network",
            "other",
            "password",
            "name",
            "=",
            "&",
            "%",
            "+",
            "%3Cscript%3E",
            "%00",
            "486f"
        ])
        .prop_map(str::to_owned),
        prop::collection::vec(any::<u8>(), 0..40)
            .prop_map(|bytes| bytes.iter().map(|byte| format!("%{byte:02X}")).collect()),
        "[ -~]{0,70}",
    ]
}

proptest! {
    #[test]
    fn random_form_gets_whole_page_without_markup(
        path in prop::sample::select(vec!["/network", "/network/scan", "/network/device", "/network/broker"]),
        pieces in prop::collection::vec(piece(), 0..12),
    ) {
        let form = pieces.concat();
        prop_assert_eq!(SET_UP.submit(path, form.as_bytes()), "/network");
        let page = page();
        prop_assert!(page.starts_with("<!doctype html>") && page.ends_with("</html>\n"));
        prop_assert!(!page.contains("<script") && !page.contains('\0'));
        prop_assert_eq!(page.matches("<form").count(), page.matches("</form>").count());
        if let Some(name) = SETTINGS.device_name() {
            prop_assert!(name.as_str().bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'));
        }
    }
}
