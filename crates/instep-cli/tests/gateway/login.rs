//! A gateway at a broker with an access list.

use crate::house::{gateway, get, put, wait_for_device};
use crate::served::with;
use test_support::mosquitto::{Mosquitto, passwords, url_of};
use test_support::{SOON, wait_until};

#[test]
fn gateway_needs_no_more_than_its_access_list() {
    let Some(file) = passwords(&[("lamp-1", "one"), ("gateway", "two")]) else { return };
    let shown = include_str!("../../../../docs/guide/mqtt/mosquitto.conf");
    let acl = include_bytes!("../../../../docs/guide/mqtt/acl");
    let lines = shown.replace("listener 1883\n", "").replace("/etc/mosquitto/", "FOLDER/");
    let Some(broker) = Mosquitto::with(&lines, &[("passwords", &file), ("acl", acl)]) else { return };
    let url = |user: &str| url_of(broker.addr).replace("mqtt://", &format!("mqtt://{user}@"));
    let device = with(&["--app", "workshop", "--mqtt", &url("lamp-1"), "--mqtt-id", "lamp-1"]);
    let _device = device.variable("INSTEP_MQTT_PASSWORD", "one").start();
    let password = broker.folder.write("gateway-password", "two\n");
    let gateway = gateway(&url("gateway")).arg("--mqtt-password-file").arg(password).start();
    wait_for_device(gateway.addr(), "lamp-1");
    assert_eq!(put(gateway.addr(), "/lamp-1/properties/led", "true").status, 204);
    let is_on = || get(gateway.addr(), "/lamp-1/properties/led").text() == "true";
    wait_until(SOON, is_on, || "the value does not come back");
    // The message to itself arrives.
    gateway.wait_for_line(|line| line.starts_with("The broker tells of"), SOON);
}
