//! `instep update`, against a device that is updated by the real HTTP.

use instep::{App, Asset};
use rustix::pty;
use rustix::termios::{LocalModes, tcgetattr};
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::Duration;
use test_support::{Folder, SOON, http, wait_until};
use updatable_device::{Device, Fate, Sample, Setup};

static APP: App = App::new("garden", "for tests").page("/", Asset::html("<p>Garden</p>"));

const PASSWORD: &str = "öpen sesame";

/// Returns a device that everyone may update.
fn setup() -> Setup {
    Setup::new(&APP)
}

/// Writes an image to a file of that folder.
fn write(folder: &Folder, sample: &Sample) -> String {
    let path = folder.file("image.bin");
    std::fs::write(&path, sample.make()).expect("cannot write the image");
    path
}

/// Returns the command, without a terminal and without a password.
fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_instep"));
    command.arg("update").args(args).stdin(Stdio::null()).env_remove("INSTEP_PASSWORD");
    command
}

/// Exit code, output and error output of the command.
struct Ended {
    code: i32,
    out: String,
    error: String,
}

fn end(output: Output) -> Ended {
    let text = |bytes| String::from_utf8(bytes).expect("the output is not UTF-8");
    let code = output.status.code().expect("the command was ended by a signal");
    Ended { code, out: text(output.stdout), error: text(output.stderr) }
}

fn run(args: &[&str]) -> Ended {
    end(command(args).output().expect("cannot run the command"))
}

/// Sends version 0.3.0 to a device that runs 0.2.0.
fn update(name: &str, device: &Device, more: &[&str]) -> Ended {
    let folder = Folder::new(&format!("update-{name}"));
    let image = write(&folder, &Sample::new("0.3.0"));
    run(&[&[&*device.addr.to_string(), &image], more].concat())
}

/// Returns what the device says of its firmware.
fn firmware(device: &Device) -> String {
    http(device.addr, "GET /firmware HTTP/1.1\r\nHost: localhost\r\n\r\n").text().into()
}

/// Waits until an image is being received.
#[track_caller]
fn wait_for_upload(device: &Device) {
    wait_until(SOON, || !firmware(device).contains("\"upload\":null"), || firmware(device));
}

#[track_caller]
fn expect(ended: &Ended, code: i32, error: &str) {
    let Ended { code: real, out, error: said } = ended;
    assert_eq!((*real, said.as_str()), (code, error), "{out}");
}

#[test]
fn confirmed_image_ends_with_0() {
    let device = setup().start();
    let ended = update("confirmed", &device, &[]);
    expect(&ended, 0, "");
    let name = device.addr;
    let length = Sample::new("0.3.0").make().len();
    let lines: Vec<_> = ended.out.lines().collect();
    assert_eq!(lines[0], format!("{name}: sending 0.3.0 ({length} bytes) to replace 0.2.0"));
    assert_eq!(lines[1], format!("{name}: restarting"));
    assert_eq!(lines.last().unwrap(), &format!("{name}: version 0.3.0 runs"));
    assert!(firmware(&device).starts_with("{\"version\":\"0.3.0\","), "{}", firmware(&device));
    // The same version again goes to the other slot.
    expect(&update("again", &device, &[]), 0, "");
    assert!(firmware(&device).contains("\"slot\":\"ota_0\""), "{}", firmware(&device));
}

#[test]
fn image_that_was_given_up_ends_with_3_and_the_reason() {
    let fate = Fate::Returned("the new firmware panicked");
    let device = Setup { fate, ..setup() }.start();
    let name = device.addr;
    expect(
        &update("returned", &device, &[]),
        3,
        &format!(
            "instep update: {name} came back with 0.2.0: the new firmware panicked; correct the new image\n"
        ),
    );
    let device = Setup { fate: Fate::Forgotten, ..setup() }.start();
    let name = device.addr;
    expect(
        &update("forgotten", &device, &[]),
        3,
        &format!(
            "instep update: {name} came back with 0.2.0: the new image did not start; read the device's log\n"
        ),
    );
}

#[test]
fn update_stops_at_first_device_that_came_back() {
    let good = setup().start();
    let bad = Setup { fate: Fate::Returned("the new firmware panicked"), ..setup() }.start();
    let rest = [setup().start(), setup().start()];
    let names = [&bad, &rest[0], &rest[1]].map(|device| device.addr.to_string());
    let ended = update("several", &good, &[&names[0], &names[1], &names[2]]);
    assert_eq!(ended.code, 3, "{}", ended.error);
    assert!(ended.out.contains(&format!("{}: version 0.3.0 runs\n", good.addr)), "{}", ended.out);
    let last = format!("Not updated, because the update stopped: {}, {}\n", names[1], names[2]);
    assert!(ended.out.ends_with(&last), "{}", ended.out);
    for device in &rest {
        assert!(firmware(device).starts_with("{\"version\":\"0.2.0\","));
    }
}

#[test]
fn device_that_does_not_come_back_ends_with_4() {
    let device = Setup { fate: Fate::Silent, ..setup() }.start();
    let ended = update("silent", &device, &["--wait", "1"]);
    assert_eq!(ended.code, 4);
    assert!(ended.error.contains("it did not answer within 1 s after the upload; wait"), "{}", ended.error);
}

#[test]
fn image_that_stays_on_trial_ends_with_4() {
    let device = Setup { fate: Fate::OnTrial, ..setup() }.start();
    let ended = update("on-trial", &device, &["--wait", "3"]);
    assert_eq!(ended.code, 4);
    assert!(ended.error.contains("runs 0.3.0, but did not confirm it within 3 s"), "{}", ended.error);
    assert!(ended.out.contains("0.3.0 runs on trial\n"), "{}", ended.out);
    // Nothing replaces it meanwhile, because the image before is the one to return to.
    let ended = update("on-trial-again", &device, &[]);
    expect(
        &ended,
        1,
        &format!(
            "instep update: {} refused the update: the running image is on trial: try again in a few minutes\n",
            device.addr
        ),
    );
}

#[test]
fn new_image_that_cannot_be_asked_ends_with_4() {
    let device = Setup { fate: Fate::OtherPassword("another"), ..setup() }.start();
    let ended = update("other-password", &device, &[]);
    assert_eq!(ended.code, 4);
    assert!(ended.error.contains("its new image needs another password"), "{}", ended.error);
    let device = Setup { fate: Fate::NoUpdates, ..setup() }.start();
    let ended = update("updates-gone", &device, &[]);
    assert_eq!(ended.code, 4);
    assert!(ended.error.contains("its new image has no /firmware"), "{}", ended.error);
}

#[test]
fn password_comes_from_variable_or_file() {
    let device = Setup { password: Some(PASSWORD), is_open: false, ..setup() }.start();
    let folder = Folder::new("update-password");
    let image = write(&folder, &Sample::new("0.3.0"));
    let args = [&*device.addr.to_string(), &image];
    expect(
        &run(&args),
        1,
        &format!(
            "instep update: cannot update {}: it needs its password; set INSTEP_PASSWORD or --password-file FILE\n",
            device.addr
        ),
    );
    let wrong = end(command(&args).env("INSTEP_PASSWORD", "wrong").output().unwrap());
    expect(
        &wrong,
        1,
        &format!(
            "instep update: cannot update {}: the password is wrong; correct it in INSTEP_PASSWORD\n",
            device.addr
        ),
    );
    let right = end(command(&args).env("INSTEP_PASSWORD", PASSWORD).output().unwrap());
    expect(&right, 0, "");
    let file = folder.file("password");
    std::fs::write(&file, format!("{PASSWORD}\n")).unwrap();
    let with_file = [&args[..], &["--password-file", &file]].concat();
    expect(&run(&with_file), 0, "");
    let both = end(command(&with_file).env("INSTEP_PASSWORD", PASSWORD).output().unwrap());
    expect(
        &both,
        2,
        &format!("instep update: there are two passwords, in INSTEP_PASSWORD and in {file}; leave out one\n"),
    );
    std::fs::write(&file, "").unwrap();
    let empty = run(&with_file);
    assert_eq!(empty.code, 2);
    assert!(empty.error.starts_with(&format!("instep update: the password in {file} ")), "{}", empty.error);
    for ended in [wrong, right, both] {
        assert!(!format!("{}{}", ended.out, ended.error).contains(PASSWORD));
    }
}

#[test]
fn many_wrong_passwords_are_told_with_the_time_to_wait() {
    let device = Setup { password: Some(PASSWORD), is_open: false, ..setup() }.start();
    let folder = Folder::new("update-throttled");
    let image = write(&folder, &Sample::new("0.3.0"));
    let mut last = String::new();
    for _ in 0..6 {
        let mut command = command(&[&device.addr.to_string(), &image]);
        let ended = end(command.env("INSTEP_PASSWORD", "wrong").output().unwrap());
        assert_eq!(ended.code, 1);
        last = ended.error;
    }
    assert!(last.contains("too many wrong passwords came; try again in "), "{last}");
}

#[test]
fn password_is_asked_for_in_a_terminal_that_does_not_show_it() {
    let device = Setup {
        password: Some("open sesame"),
        is_open: false,
        sector_time: Duration::from_millis(350),
        ..setup()
    }
    .start();
    let folder = Folder::new("update-terminal");
    let image = write(&folder, &Sample::new("0.3.0"));
    let terminal = pty::openpt(pty::OpenptFlags::RDWR | pty::OpenptFlags::NOCTTY).expect("no terminal");
    pty::grantpt(&terminal).and_then(|()| pty::unlockpt(&terminal)).expect("no terminal");
    let name = pty::ptsname(&terminal, Vec::new()).expect("no terminal").into_string().unwrap();
    let open = || File::options().read(true).write(true).open(&name).expect("cannot open the terminal");
    let mut program = Command::new("setsid")
        .args(["--ctty", "--wait", env!("CARGO_BIN_EXE_instep"), "update", &device.addr.to_string(), &image])
        .env_remove("INSTEP_PASSWORD")
        .stdin(open())
        .stdout(open())
        .stderr(open())
        .spawn()
        .expect("cannot run setsid");
    let hides = || !tcgetattr(&terminal).expect("no terminal").local_modes.contains(LocalModes::ECHO);
    wait_until(SOON, hides, || "the terminal shows what is typed");
    let mut terminal = File::from(terminal);
    terminal.write_all(b"open sesame\n").expect("cannot type");
    let mut shown = Vec::new();
    // Reading fails once the program has ended.
    let _ = terminal.read_to_end(&mut shown);
    let shown = String::from_utf8_lossy(&shown).into_owned();
    assert!(program.wait().expect("cannot wait for the program").success(), "{shown}");
    assert!(shown.contains(&format!("Password of {}: ", device.addr)), "{shown}");
    assert!(!shown.contains("sesame"), "{shown}");
    assert!(shown.contains(" %, ") && shown.contains(" s left"), "{shown}");
    assert!(shown.contains("version 0.3.0 runs"), "{shown}");
}

#[test]
fn image_for_something_else_is_not_sent() {
    let device = setup().start();
    let folder = Folder::new("update-not-for-it");
    let new = || Sample::new("0.3.0");
    let name = device.addr.to_string();
    for (sample, option, sentence) in [
        (
            Sample { board: "esp32c3-devkit", ..new() },
            "",
            "the image is for the board esp32c3-devkit, the device is devkit",
        ),
        (
            Sample { chip: instep_update::Chip::ESP32C6, ..new() },
            "",
            "the image is for ESP32-C6, the device has ESP32-C3",
        ),
        (
            Sample { application: "lamp", ..new() },
            "--other-application",
            "the image has the application lamp, the device garden; add --other-application to replace it",
        ),
        (
            Sample::new("0.1.9"),
            "--downgrade",
            "the image has version 0.1.9, which is lower than 0.2.0; add --downgrade to replace it",
        ),
        (
            Sample { length: 300_000, ..new() },
            "",
            "This image is larger than the space for it. It has 300464 bytes, and there is room for 262144.",
        ),
    ] {
        let image = write(&folder, &sample);
        expect(
            &run(&[&name, &image]),
            2,
            &format!("instep update: nothing was sent to {name}: {sentence}\n"),
        );
        if option.is_empty() {
            continue;
        }
        let device = setup().start();
        expect(&run(&[option, &device.addr.to_string(), &image]), 0, "");
        assert!(firmware(&device).contains(sample.application) && firmware(&device).contains(sample.version));
    }
    assert!(firmware(&device).starts_with("{\"version\":\"0.2.0\","));
}

#[test]
fn file_that_is_no_whole_image_is_not_sent() {
    let device = setup().start();
    let folder = Folder::new("update-no-image");
    let path = folder.file("image.bin");
    let whole = Sample::new("0.3.0").make();
    let mut flipped = whole.clone();
    flipped[10_000] ^= 4;
    for (bytes, says) in [
        (&whole[..20_000], "This image is incomplete; send it again."),
        (&flipped, "This image is damaged: its checksum is wrong; send it again."),
        (b"<html>", "This file is not a firmware image."),
        (b"\x7fELF\x01", "this is an ELF file; name the image that was made from it (.bin)"),
    ] {
        std::fs::write(&path, bytes).unwrap();
        let error = format!("instep update: cannot use the image {path}: {says}\n");
        expect(&run(&[&device.addr.to_string(), &path]), 2, &error);
    }
    let missing = run(&[&device.addr.to_string(), "/none/image.bin"]);
    assert_eq!(missing.code, 2);
    assert!(
        missing.error.contains("cannot use the image /none/image.bin: No such file"),
        "{}",
        missing.error
    );
}

#[test]
fn device_that_takes_no_image_ends_with_1_and_its_sentence() {
    let folder = Folder::new("update-refused");
    let image = write(&folder, &Sample::new("0.3.0"));
    // Without a password, nobody may.
    let device = Setup { is_open: false, ..setup() }.start();
    let refused = |device: &Device, sentence: &str| {
        format!("instep update: {} refused the update: {sentence}\n", device.addr)
    };
    expect(
        &run(&[&device.addr.to_string(), &image]),
        1,
        &refused(&device, "updates need a password, and this device has none: set one first"),
    );
    // There is no second slot.
    let device = Setup { capacity: None, ..setup() }.start();
    expect(
        &run(&[&device.addr.to_string(), &image]),
        1,
        &refused(&device, "this device has no room for a second image: update it by cable"),
    );
    // Only signed images are accepted.
    let key = instep_update::PublicKey::new([9; 32]);
    let device = Setup { key: Some(key), ..setup() }.start();
    expect(
        &run(&[&device.addr.to_string(), &image]),
        1,
        &refused(&device, "This image is not signed; this device accepts signed images only."),
    );
    // Another image comes.
    let device = Setup { sector_time: Duration::from_secs(1), ..setup() }.start();
    let addr = device.addr.to_string();
    let mut first = command(&[&addr, &image]).stdout(Stdio::null()).spawn().unwrap();
    wait_for_upload(&device);
    expect(
        &run(&[&addr, &image]),
        1,
        &refused(&device, "another image is being received: try again when it has ended"),
    );
    first.kill().unwrap();
    first.wait().unwrap();
}

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

#[test]
fn wrong_call_ends_with_2() {
    for args in [
        &[][..],
        &["garden.local"],
        &["ftp://garden.local", "image.bin"],
        &["garden.local", "i", "--wait", "x"],
    ] {
        assert_eq!(run(args).code, 2, "{args:?}");
    }
    let help = run(&["--help"]);
    assert_eq!(help.code, 0);
    for text in ["Exit codes:", "INSTEP_PASSWORD", "--downgrade", "--other-application", "--tls-ca", "--wait"]
    {
        assert!(help.out.contains(text), "{text}");
    }
}
