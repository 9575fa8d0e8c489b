//! State of a socket that the standard library does not return.

// One call of ioctl, because no well-kept safe crate offers it.
#![allow(unsafe_code)]

use std::io;
use std::os::fd::{AsFd, AsRawFd as _};

/// Returns how many written bytes of a TCP socket its peer has not acknowledged.
///
/// They are in flight or still unsent. While the number falls, the peer accepts data, however slowly.
///
/// # Errors
/// If the socket is not TCP, or listens.
pub fn unacknowledged(socket: &impl AsFd) -> io::Result<u32> {
    let mut bytes: libc::c_int = 0;
    // SAFETY: the descriptor is open while it is borrowed, and this request (SIOCOUTQ, tcp(7)) writes one int
    // to the
    // pointer's target.
    let result = unsafe { libc::ioctl(socket.as_fd().as_raw_fd(), libc::TIOCOUTQ, &raw mut bytes) };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(u32::try_from(bytes).unwrap_or(0)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read as _, Write as _};
    use std::net::{TcpListener, TcpStream};

    #[test]
    fn unacknowledged_falls_when_peer_reads() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut writer = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (mut reader, _) = listener.accept().unwrap();
        writer.set_nonblocking(true).unwrap();
        let mut written = 0;
        while let Ok(length) = writer.write(&[0; 65_536]) {
            written += length;
        }
        let full = unacknowledged(&writer).unwrap();
        assert!(full > 0, "nothing is unacknowledged, although the peer has read nothing");
        reader.read_exact(&mut vec![0; written]).unwrap();
        while unacknowledged(&writer).unwrap() > 0 {
            std::thread::yield_now();
        }
        assert!(unacknowledged(&std::fs::File::open("/dev/null").unwrap()).is_err());
    }
}
