//! Image without instep: two networks and one constant response.
//!
//! `cargo xtask size` subtracts its size. It is an example of the firmware's crate, so that both have the same
//! dependencies and profile.

#![no_std]
#![no_main]

mod bare;

use embassy_executor::Spawner;
use embassy_net::Stack;
use embassy_net::tcp::TcpSocket;
use embassy_time::Duration;

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nok\n";

#[esp_rtos::main]
async fn main(spawner: Spawner) {
    for stack in bare::start(spawner) {
        spawner.spawn(answer(stack).expect("task pool exhausted"));
    }
}

/// Sends the same response on every connection.
#[embassy_executor::task(pool_size = 2)]
async fn answer(stack: Stack<'static>) -> ! {
    let (mut input, mut output) = ([0; 512], [0; 512]);
    let mut socket = TcpSocket::new(stack, &mut input, &mut output);
    socket.set_timeout(Some(Duration::from_secs(10)));
    loop {
        if socket.accept(80).await.is_ok() {
            let mut request = [0; 512];
            let _ = socket.read(&mut request).await;
            let mut rest = ANSWER;
            while let Ok(sent @ 1..) = socket.write(rest).await {
                rest = &rest[sent..];
            }
            let _ = socket.flush().await;
            socket.close();
        }
        socket.abort();
        let _ = socket.flush().await;
    }
}
