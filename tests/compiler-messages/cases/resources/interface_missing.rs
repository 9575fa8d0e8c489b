//! There is no interface.

use instep::App;

pub const APP: App = App::new("lamp", "A lamp").endpoint("/ws");

instep_embassy::resources! {
    struct Resources { limits: instep::Limits::DEVICE, app: APP }
}

fn main() {}
