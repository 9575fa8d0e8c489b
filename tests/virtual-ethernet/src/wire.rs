//! A link to another process, with frames over a TCP connection as QEMU's `-netdev
//! socket` sends them, each preceded by its length.

use crate::clock::spawn;
use crate::link::{Link, Station};
use std::future::poll_fn;
use std::net::TcpStream;
use std::rc::Rc;
use std::task::Poll;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

/// Maximum length of a frame, in bytes.
const FRAME_MAX: usize = 1 << 16;

impl Link {
    /// Adds the machine at the other end of that connection to the link.
    ///
    /// Its hardware address has to be 02:00:00:00:00 and the previous value of [`Link::next_number`].
    ///
    /// # Panics
    /// If the connection cannot be used.
    pub fn wire(&self, tcp: TcpStream) {
        tcp.set_nonblocking(true).expect("cannot set the socket to non-blocking");
        let (from, to) = tokio::net::TcpStream::from_std(tcp).expect("cannot create a socket").into_split();
        let own = self.plug_in();
        let (link, station) = (self.clone(), own.clone());
        spawn(async move { carry_in(&link, &station, from).await });
        spawn(async move { carry_out(&own, to).await });
    }
}

/// Forwards frames until the machine is gone.
async fn carry_in(link: &Link, own: &Rc<Station>, mut from: OwnedReadHalf) {
    let mut frame = Vec::new();
    while let Ok(length) = from.read_u32().await {
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        assert!(length <= FRAME_MAX, "the frame is too long");
        frame.resize(length, 0);
        if from.read_exact(&mut frame).await.is_err() {
            return;
        }
        link.carry(&frame, Some(own));
    }
}

async fn carry_out(own: &Rc<Station>, mut to: OwnedWriteHalf) {
    loop {
        let frame = poll_fn(|context| {
            *own.waker.borrow_mut() = Some(context.waker().clone());
            own.waiting.borrow_mut().pop_front().map_or(Poll::Pending, Poll::Ready)
        })
        .await;
        let length = u32::try_from(frame.len()).unwrap_or_default();
        if to.write_all(&length.to_be_bytes()).await.is_err() || to.write_all(&frame).await.is_err() {
            return;
        }
    }
}
