//! The number of topics is stated beside the application that has them.

use instep::App;

pub const APP: App = App::new("lamp", "A lamp").endpoint("/ws");

instep_embassy::resources! {
    struct Resources { limits: instep::Limits::DEVICE, app: APP, topics: 2, station: 8 }
}

fn main() {}
