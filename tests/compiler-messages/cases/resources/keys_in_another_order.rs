//! The application stands before the limits.

use instep::App;

pub const APP: App = App::new("lamp", "A lamp").endpoint("/ws");

instep_embassy::resources! {
    struct Resources { app: APP, limits: instep::Limits::DEVICE, station: 8 }
}

fn main() {}
