//! Devices that cannot be reached, or not any more.

use crate::call::*;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::process::Stdio;
use std::thread;
use std::time::Duration;
use test_support::Folder;
use updatable_device::{Sample, Setup};

#[test]
fn loss_of_power_during_upload_ends_with_1() {
    let device = Setup { sector_time: Duration::from_millis(300), ..setup() }.start();
    let folder = Folder::new("update-broken");
    let image = write(&folder, &Sample::new("0.3.0"));
    let command =
        command(&[&device.addr.to_string(), &image]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    wait_for_upload(&device);
    device.lose_power();
    let ended = end(command.unwrap().wait_with_output().unwrap());
    assert_eq!(ended.code, 1, "{}{}", ended.out, ended.error);
    let start = format!("instep update: cannot send the image to {}: ", device.addr);
    assert!(ended.error.starts_with(&start), "{}", ended.error);
    assert!(ended.error.ends_with("; the device runs 0.2.0 as before, so try again\n"), "{}", ended.error);
    expect(&run(&[&device.addr.to_string(), &image]), 0, "");
}

#[test]
fn address_without_device_ends_with_1() {
    let folder = Folder::new("update-nothing");
    let image = write(&folder, &Sample::new("0.3.0"));
    let addr = test_support::free_addr().to_string();
    expect(
        &run(&[&addr, &image]),
        1,
        &format!(
            "instep update: cannot reach {addr}: Connection refused (os error 111); check that it is on, and in this network\n"
        ),
    );
    let unknown = run(&["http://nothing.invalid", &image]);
    assert_eq!(unknown.code, 1);
    assert!(unknown.error.contains("cannot reach nothing.invalid: "), "{}", unknown.error);
    // Another server.
    for (answer, says) in [
        (
            "HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nnone",
            "it has no /firmware; its firmware is built without updates, so use a cable",
        ),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>",
            "it answered something else than a device with instep does; check the address",
        ),
        (
            "HTTP/1.1 302 Found\r\nLocation: /login\r\nContent-Length: 0\r\n\r\n",
            "it answered with status 302; check the address",
        ),
        ("no HTTP\r\n\r\n", "cannot reach"),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap().to_string();
        let server = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let _ = stream.read(&mut [0; 1000]);
            stream.write_all(answer.as_bytes()).unwrap();
        });
        let ended = run(&[&addr, &image]);
        server.join().unwrap();
        assert_eq!(ended.code, 1, "{}", ended.error);
        assert!(ended.error.contains(says), "{}", ended.error);
    }
}

#[test]
fn device_behind_https_is_updated_if_its_certificate_is_trusted() {
    let made =
        rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("cannot make a certificate");
    let (pem, key) = (made.cert.pem(), made.signing_key.serialize_pem());
    let certificate = instep_tokio::Certificate::from_pem(pem.as_bytes(), key.as_bytes()).unwrap();
    let device = Setup { certificate: Some(certificate), ..setup() }.start();
    let folder = Folder::new("update-tls");
    let image = write(&folder, &Sample::new("0.3.0"));
    let ca = folder.write("certificate.pem", &pem);
    let address = format!("https://localhost:{}", device.addr.port());
    let unknown = run(&[&address, &image]);
    assert_eq!(unknown.code, 1);
    assert!(unknown.error.ends_with("; name its certificate by --tls-ca FILE\n"), "{}", unknown.error);
    assert!(
        unknown.error.contains(&format!("cannot trust localhost:{}: ", device.addr.port())),
        "{}",
        unknown.error
    );
    expect(&run(&[&address, &image, "--tls-ca", &ca]), 0, "");
    let other = run(&[&address, &image, "--tls-ca", &image]);
    assert_eq!(other.code, 2);
    assert!(other.error.contains("there is none in it; name a file in PEM"), "{}", other.error);
}
