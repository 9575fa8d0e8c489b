//! What a device costs before instep: the radio as access point and station, a network stack with TCP and UDP on
//! each, and one constant answer. `cargo xtask size` subtracts it.
//!
//! It is an example of the firmware's crate so that both have the same dependencies and profile by construction.

#![no_std]
#![no_main]

use embassy_executor::Spawner;
use embassy_net::tcp::TcpSocket;
use embassy_net::udp::{PacketMetadata, UdpSocket};
use embassy_net::{Config, Ipv4Address, Ipv4Cidr, Runner, Stack, StackResources, StaticConfigV4};
use embassy_time::{Duration, Timer};
use esp_backtrace as _;
use esp_hal::clock::CpuClock;
use esp_hal::ram;
use esp_hal::rng::Rng;
use esp_hal::timer::timg::TimerGroup;
use esp_println::println;
use esp_radio::wifi::ap::AccessPointConfig;
use esp_radio::wifi::sta::StationConfig;
use esp_radio::wifi::{self, Interface, WifiController};
use static_cell::StaticCell;

esp_bootloader_esp_idf::esp_app_desc!();

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nok\n";

#[esp_rtos::main]
async fn main(spawner: Spawner) -> ! {
    let peripherals = esp_hal::init(esp_hal::Config::default().with_cpu_clock(CpuClock::max()));
    // For the radio.
    esp_alloc::heap_allocator!(#[ram(reclaimed)] size: 64 * 1024);
    esp_alloc::heap_allocator!(size: 36 * 1024);
    esp_rtos::start(TimerGroup::new(peripherals.TIMG0).timer0, peripherals.FROM_CPU_INTR0);

    let config = wifi::Config::AccessPointStation(
        StationConfig::default().with_ssid("network".try_into().expect("short")),
        AccessPointConfig::default().with_ssid("device".try_into().expect("short")),
    );
    let (access_point, station) = (Interface::access_point(), Interface::station());
    let mut controller = WifiController::new(peripherals.WIFI, Default::default()).expect("a radio");
    controller.set_config(&config).expect("a right configuration");

    let address = StaticConfigV4 {
        address: Ipv4Cidr::new(Ipv4Address::new(192, 168, 4, 1), 24),
        gateway: None,
        dns_servers: Default::default(),
    };
    let random = Rng::new();
    let seed = || u64::from(random.random()) << 32 | u64::from(random.random());
    static RESOURCES: [StaticCell<StackResources<4>>; 2] = [const { StaticCell::new() }; 2];
    let stacks = [
        embassy_net::new(
            access_point,
            Config::ipv4_static(address),
            RESOURCES[0].init(StackResources::new()),
            seed(),
        ),
        embassy_net::new(
            station,
            Config::dhcpv4(Default::default()),
            RESOURCES[1].init(StackResources::new()),
            seed(),
        ),
    ];
    for (stack, runner) in stacks {
        spawner.spawn(run(runner).expect("two of them"));
        spawner.spawn(answer(stack).expect("two of them"));
        spawner.spawn(echo(stack).expect("two of them"));
    }
    loop {
        println!("Connecting to WiFi...");
        match controller.connect_async().await {
            Ok(_) => {
                let _ = controller.wait_for_disconnect_async().await;
            }
            Err(error) => println!("{error:?}"),
        }
        Timer::after(Duration::from_secs(5)).await;
    }
}

/// The panic handler calls it first; the firmware empties its log there.
// SAFETY: nothing else has that name.
#[unsafe(no_mangle)]
extern "Rust" fn custom_pre_backtrace() {}

#[embassy_executor::task(pool_size = 2)]
async fn run(mut runner: Runner<'static, Interface>) -> ! {
    runner.run().await
}

/// The same for everyone who connects.
#[embassy_executor::task(pool_size = 2)]
async fn answer(stack: Stack<'static>) -> ! {
    stack.wait_config_up().await;
    if let Some(config) = stack.config_v4() {
        println!("IP Address: {}", config.address);
    }
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

/// Sends a datagram back.
#[embassy_executor::task(pool_size = 2)]
async fn echo(stack: Stack<'static>) -> ! {
    let (mut input, mut output) = ([0; 512], [0; 512]);
    let (mut inputs, mut outputs) = ([PacketMetadata::EMPTY; 2], [PacketMetadata::EMPTY; 2]);
    let mut socket = UdpSocket::new(stack, &mut inputs, &mut input, &mut outputs, &mut output);
    let _ = socket.bind(7);
    loop {
        let mut datagram = [0; 512];
        if let Ok((length, from)) = socket.recv_from(&mut datagram).await {
            let _ = socket.send_to(&datagram[..length], from).await;
        }
    }
}
