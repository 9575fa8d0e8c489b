//! Passwords of devices.

use crate::call::*;
use rustix::pty;
use rustix::termios::{LocalModes, tcgetattr};
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::process::Command;
use std::time::Duration;
use test_support::{Folder, SOON, wait_until};
use updatable_device::{Sample, Setup};

const PASSWORD: &str = "öpen sesame";

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
