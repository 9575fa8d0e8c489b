//! Client of an MQTT broker, in the joined network.

use crate::config::MQTT_COMMANDS;
use crate::limits::LIMITS;
use crate::lines;
use crate::servers::PORT;
use core::fmt::Write as _;
use embassy_executor::Spawner;
use embassy_net::Stack;
use esp_hal::rng::Rng;
use heapless::String;
use instep_embassy::Server;
use instep_embassy::broker::{
    Broker, BrokerAddress, BrokerClient, BrokerMemory, DeviceId, input_bytes, send_bytes,
};
use instep_settings::{BrokerPassword, BrokerUrl, Settings};
use instep_wifi::name::Name;
use static_cell::StaticCell;

/// Maximum length of the address of the device's page, in bytes.
const PAGE_MAX: usize = 64;

const _: () = assert!(PORT == 80, "the address of the page needs a port");

static MEMORY: BrokerMemory<{ input_bytes(&LIMITS) }, { send_bytes(&LIMITS) }> = BrokerMemory::new();
static TEXTS: StaticCell<Texts> = StaticCell::new();

/// Texts of the client. They are in one cell, because each has code for a second call.
struct Texts {
    url: BrokerUrl,
    password: Option<BrokerPassword>,
    page: String<PAGE_MAX>,
}

/// Starts the client, if there is a broker.
///
/// Another address that is set later is for the next start.
pub(crate) fn start(
    spawner: Spawner,
    settings: &Settings,
    server: Server,
    station: Stack<'static>,
    name: &Name,
    mac: [u8; 6],
) {
    let Some(url) = settings.broker() else { return };
    let texts = TEXTS.init(Texts { url, password: settings.broker_password(), page: String::new() });
    // A name is shorter than the room.
    let _ = write!(texts.page, "http://{name}.local/");
    let Texts { url, password, page } = &*texts;
    // The build and the form have checked it, so the sentence needs no cause, whose texts take flash.
    let Ok(address) = BrokerAddress::parse_for_device(url.as_str()) else {
        return lines::warn(format_args!(
            "The broker is not used: its address is not valid; set it again on the page /network"
        ));
    };
    let password = password.as_ref().map(BrokerPassword::reveal);
    let id = DeviceId::of_mac(server.app.name(), mac);
    let broker = Broker { address, password, id, commands: MQTT_COMMANDS, page: Some(page) };
    if let Some(client) = MEMORY.start(server, broker) {
        spawner.spawn(publish(client, station).expect("task pool exhausted"));
    }
}

#[embassy_executor::task]
async fn publish(client: BrokerClient, stack: Stack<'static>) -> ! {
    client.run(stack, || Rng::new().random()).await
}
