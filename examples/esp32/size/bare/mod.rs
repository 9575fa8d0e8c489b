//! The common part of both images.
//!
//! It has the chip, the radio as access point and station, and a network stack with TCP and UDP on each.

use embassy_executor::Spawner;
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

/// Starts everything, and returns the two stacks.
pub fn start(spawner: Spawner) -> [Stack<'static>; 2] {
    let chip = esp_hal::init(esp_hal::Config::default().with_cpu_clock(CpuClock::max()));
    // This is the heap of the radio's driver.
    esp_alloc::heap_allocator!(#[ram(reclaimed)] size: 64 * 1024);
    esp_alloc::heap_allocator!(size: 36 * 1024);
    esp_rtos::start(TimerGroup::new(chip.TIMG0).timer0, chip.FROM_CPU_INTR0);

    let config = wifi::Config::AccessPointStation(
        StationConfig::default().with_ssid("network".try_into().expect("SSID too long")),
        AccessPointConfig::default().with_ssid("device".try_into().expect("SSID too long")),
    );
    let (access_point, station) = (Interface::access_point(), Interface::station());
    let mut controller = WifiController::new(chip.WIFI, Default::default()).expect("radio failed to start");
    controller.set_config(&config).expect("invalid radio configuration");
    spawner.spawn(join(controller).expect("task pool exhausted"));

    let address = StaticConfigV4 {
        address: Ipv4Cidr::new(Ipv4Address::new(192, 168, 4, 1), 24),
        gateway: None,
        dns_servers: Default::default(),
    };
    static RESOURCES: [StaticCell<StackResources<20>>; 2] = [const { StaticCell::new() }; 2];
    let [of_access_point, of_station] =
        RESOURCES.each_ref().map(|resources| resources.init_with(StackResources::new));
    let stacks = [
        embassy_net::new(access_point, Config::ipv4_static(address), of_access_point, seed()),
        embassy_net::new(station, Config::dhcpv4(Default::default()), of_station, seed()),
    ];
    stacks.map(|(stack, runner)| {
        spawner.spawn(run(runner).expect("task pool exhausted"));
        spawner.spawn(send_back(stack).expect("task pool exhausted"));
        stack
    })
}

/// Hook of the panic handler, in which the firmware writes its log.
// SAFETY: esp-backtrace calls this function by its name, and nothing else has this name.
#[unsafe(no_mangle)]
extern "Rust" fn custom_pre_backtrace() {}

fn seed() -> u64 {
    let random = Rng::new();
    u64::from(random.random()) << 32 | u64::from(random.random())
}

#[embassy_executor::task]
async fn join(mut controller: WifiController<'static>) -> ! {
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

#[embassy_executor::task(pool_size = 2)]
async fn run(mut runner: Runner<'static, Interface>) -> ! {
    runner.run().await
}

/// Sends each datagram back to its source.
#[embassy_executor::task(pool_size = 2)]
async fn send_back(stack: Stack<'static>) -> ! {
    stack.wait_config_up().await;
    if let Some(config) = stack.config_v4() {
        println!("IP Address: {}", config.address);
    }
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
