//! How many frames the network device holds, which follows from the clients that the image is built for.

/// Frames that may wait in each direction: at least one for each socket, because all clients acknowledge an update at once
/// while pages are loaded. A power of two, as the device wants it.
pub const FRAMES: usize = {
    let clients = match option_env!("INSTEP_CLIENTS") {
        Some(text) => match usize::from_str_radix(text, 10) {
            Ok(clients) => clients,
            Err(_) => panic!("INSTEP_CLIENTS is a number"),
        },
        None => 0,
    };
    let sockets = (clients + 8).next_power_of_two();
    if sockets < 32 { 32 } else { sockets }
};
