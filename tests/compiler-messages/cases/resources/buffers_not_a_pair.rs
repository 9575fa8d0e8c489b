//! One length stands for both buffers of a socket.

use instep::App;

pub const APP: App = App::new("lamp", "A lamp").endpoint("/ws");

instep_embassy::resources! {
    struct Resources { limits: instep::Limits::DEVICE, app: APP, buffers: 640, station: 8 }
}

fn main() {}
