//! The path of an endpoint lacks its slash.

use instep::App;

pub const APP: App = App::new("lamp", "A lamp").endpoint("ws");

fn main() {}
