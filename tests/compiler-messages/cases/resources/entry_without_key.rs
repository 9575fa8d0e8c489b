//! An interface has no name.

use instep::App;

pub const APP: App = App::new("lamp", "A lamp").endpoint("/ws");

instep_embassy::resources! {
    struct Resources { limits: instep::Limits::DEVICE, app: APP, 8 }
}

fn main() {}
