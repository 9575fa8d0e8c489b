//! Topics are counted, not named.

instep::topics! { const TOPICS = 2; }

fn main() {}
