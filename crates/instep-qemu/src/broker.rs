//! Client of an MQTT broker, from the settings of the build or of QEMU.

use crate::settings::{Build, Secret, secret};
use embassy_executor::Spawner;
use embassy_net::Stack;
use instep_embassy::Server;
use instep_embassy::broker::{Broker, BrokerAddress, BrokerClient, DeviceId, LOGIN_MAX};
use qemu_machine::{Boot, random_array};
use static_cell::StaticCell;

pub use instep_embassy::broker::{BrokerMemory, SOCKETS as BROKER_SOCKETS, input_bytes, send_bytes};

/// What the expansion of [`main!`](crate::main) says of the broker's client.
pub trait BrokerBuild {
    /// Creates the client, in its memory.
    fn client(server: Server, broker: Broker) -> Option<BrokerClient>;
}

/// Creates the client, if there is a broker.
///
/// # Panics
/// If a setting is invalid.
pub fn start<B: BrokerBuild>(
    boot: Boot,
    build: &Build,
    server: Server,
    mac: [u8; 6],
) -> Option<BrokerClient> {
    static PASSWORD: StaticCell<Secret> = StaticCell::new();
    let text = boot.value("instep.mqtt=").or(build.mqtt).filter(|text| !text.is_empty())?;
    let address = BrokerAddress::parse_for_device(text)
        // Without the text, which may have a password.
        .unwrap_or_else(|error| panic!("the address in INSTEP_MQTT {error}"));
    let password = secret(boot, "instep.mqtt-password=", build.mqtt_password);
    let password = password
        .map(|bytes| str::from_utf8(PASSWORD.init(bytes)).expect("INSTEP_MQTT_PASSWORD must be UTF-8"));
    let is_short = |text: Option<&str>| text.is_none_or(|text| text.len() <= LOGIN_MAX);
    assert!(
        is_short(password) && is_short(address.user),
        "INSTEP_MQTT_PASSWORD, and the user in INSTEP_MQTT, must have at most {LOGIN_MAX} bytes"
    );
    assert!(
        password.is_none() || address.user.is_some(),
        "INSTEP_MQTT_PASSWORD needs a user; write it as INSTEP_MQTT=mqtt://USER@HOST"
    );
    let id = match boot.value("instep.mqtt-id=") {
        Some(id) => {
            DeviceId::new(id).unwrap_or_else(|error| panic!("instep.mqtt-id={id} is invalid: {error}"))
        }
        None => DeviceId::of_mac(server.app.name(), mac),
    };
    let commands = match boot.value("instep.mqtt-commands=").or(build.mqtt_commands) {
        None | Some("") => false,
        Some("true") => true,
        Some(_) => panic!("INSTEP_MQTT_COMMANDS must be true, or unset"),
    };
    B::client(server, Broker { address, password, id, commands, page: Some(boot.url()) })
}

/// Starts the task of the client.
pub fn run(client: BrokerClient, spawner: Spawner, stack: Stack<'static>) {
    spawner.spawn(publish(client, stack).expect("task pool exhausted"));
}

#[embassy_executor::task]
async fn publish(client: BrokerClient, stack: Stack<'static>) -> ! {
    client.run(stack, || u32::from_le_bytes(random_array())).await
}
