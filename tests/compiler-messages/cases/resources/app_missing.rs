//! There is no application.

instep_embassy::resources! {
    struct Resources { limits: instep::Limits::DEVICE, station: 8 }
}

fn main() {}
