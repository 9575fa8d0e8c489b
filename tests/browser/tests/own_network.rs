//! The provisioning page in a real browser as wide as a phone, on the image of a
//! device with its own network, in QEMU.

use browser_tests::Browser;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use test_support::SOON;

/// Networks that the device's radio finds. One of the names contains markup.
const AROUND: &str =
    "instep.name=lamp instep.network=Home:correct-horse:192.168.1.50 instep.network=<b>Next</b>:12345678:";
const HOME: &str = "document.querySelector('input[value=\"486f6d65\"]')";
const PASSWORD: &str = "document.querySelector('form input[name=password]')";
const JOIN: &str = "document.querySelector('form button').click()";

struct Machine(Child);

impl Drop for Machine {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Boots the image that `INSTEP_OWN_NETWORK_IMAGE`
/// names, and returns the port that leads to it.
fn boot() -> (Machine, u16) {
    let image = std::env::var_os("INSTEP_OWN_NETWORK_IMAGE")
        .expect("INSTEP_OWN_NETWORK_IMAGE does not name the image");
    let port = test_support::free_addr().port();
    let network = "user,id=n0,net=192.168.4.0/24,host=192.168.4.254";
    let mut qemu = Command::new("qemu-system-riscv32")
        .args(["-M", "virt", "-m", "16M", "-bios", "none", "-display", "none", "-monitor", "none"])
        .args(["-serial", "stdio", "-device", "virtio-rng-device", "-device", "virtio-net-device,netdev=n0"])
        .args(["-netdev", &format!("{network},hostfwd=tcp:127.0.0.1:{port}-192.168.4.1:80")])
        .args(["-append", AROUND, "-kernel"])
        .arg(image)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .expect("cannot start QEMU");
    let mut log = BufReader::new(qemu.stdout.take().expect("no pipe")).lines().map_while(Result::ok);
    let machine = Machine(qemu);
    assert!(log.any(|line| line.starts_with("Open http://192.168.4.1/network")), "the image ended early");
    // Its later output must be read, too, or it would block.
    std::thread::spawn(move || log.for_each(drop));
    (machine, port)
}

#[test]
fn person_provisions_device_on_phone() {
    let (_machine, port) = boot();
    let browser = Browser::with().phone().open(&format!("http://127.0.0.1:{port}/network"));
    // The page reloads by itself until there are networks.
    browser.wait_until(&format!("{HOME} !== null"), SOON);
    assert_eq!(browser.eval("document.documentElement.scrollWidth <= innerWidth"), true);
    assert_eq!(
        browser.eval("getComputedStyle(document.querySelector('legend')).fontWeight"),
        "600",
        "the style was not applied"
    );
    assert_eq!(browser.eval("document.querySelectorAll('bdi')[1].textContent"), "<b>Next</b>");
    assert_eq!(browser.eval("document.querySelector('b')"), serde_json::Value::Null);
    browser.screenshot("network");

    browser.run(&format!("{HOME}.click(); {PASSWORD}.value = 'wrong horse'; {JOIN}"));
    browser.wait_until(
        "document.querySelector('[role=alert]')?.textContent === 'The network refuses this password.'",
        SOON,
    );
    assert_eq!(browser.eval(&format!("{HOME}.checked")), true, "the chosen network is no longer selected");
    assert_eq!(browser.eval(&format!("{PASSWORD}.value")), "");
    browser.screenshot("network-refused");

    browser.run(&format!("{PASSWORD}.value = 'correct-horse'; {JOIN}"));
    browser.wait_until("document.querySelector('a[href=\"http://192.168.1.50/\"]') !== null", SOON);
    assert_eq!(browser.eval("document.querySelector('a').href"), "http://lamp.local/");
    browser.screenshot("network-joined");
    let refused = |entry: &String| entry.contains("Content Security Policy");
    assert_eq!(browser.console().into_iter().find(refused), None, "the page violated its policy");
}
