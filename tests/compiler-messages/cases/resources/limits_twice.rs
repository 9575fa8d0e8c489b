//! The limits are stated twice.

use instep::App;

pub const APP: App = App::new("lamp", "A lamp").endpoint("/ws");

instep_embassy::resources! {
    struct Resources { limits: instep::Limits::DEVICE, app: APP, station: 8, limits: instep::Limits::DEVICE }
}

fn main() {}
