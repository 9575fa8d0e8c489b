//! The path of a page lacks its slash.

use instep::{App, Asset};

pub const APP: App = App::new("lamp", "A lamp").page("index.html", Asset::html("<p>Lamp</p>"));

fn main() {}
