//! A device in QEMU whose firmware is updated over HTTP.

use crate::machine::{Machine, path};
use qemu_flash::FlashFile;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;
use test_support::{Folder, free_addr, wait_for};

/// Time limit of a trial and of the starts before and after it, on a busy machine.
const TRIAL: Duration = Duration::from_secs(60);
/// Time limit of an upload.
const UPLOAD: Duration = Duration::from_secs(120);

/// Device with its flash. The machine can be switched off and on.
pub struct Device {
    pub flash: FlashFile,
    pub addr: SocketAddr,
    arguments: String,
    machine: Option<Machine>,
    _folder: Folder,
}

impl Device {
    /// Starts a device with that image in slot 0, and with these arguments.
    pub fn start(test: &str, image: &[u8], arguments: &str) -> Self {
        let folder = Folder::new(test);
        let flash = FlashFile::create(&folder.join("ram"), image).expect("cannot make the flash");
        let mut device = Self {
            flash,
            addr: free_addr(),
            arguments: arguments.to_owned(),
            machine: None,
            _folder: folder,
        };
        device.switch_on();
        device
    }

    pub fn switch_on(&mut self) {
        let network = format!("user,id=n0,hostfwd=tcp:{}-:80", self.addr);
        let stub = path("INSTEP_BOOT_STUB");
        self.machine = Some(Machine::start_with(&self.flash, stub, &self.arguments, &network));
    }

    /// Cuts the power.
    pub fn switch_off(&mut self) {
        self.machine = None;
    }

    pub fn machine(&self) -> &Machine {
        self.machine.as_ref().expect("the machine is off")
    }

    /// Uploads an image, and returns the status and the body of the answer.
    #[track_caller]
    pub fn put(&self, image: &[u8]) -> (u16, String) {
        self.try_put(image, image.len()).expect("the upload has no answer")
    }

    /// Begins an upload of an image whose length is said to be `length`, and reads the answer, if one comes.
    pub fn try_put(&self, image: &[u8], length: usize) -> Option<(u16, String)> {
        upload(self.addr, image, length)
    }

    /// Sends a request, and returns the status and the body of the answer, if one comes.
    pub fn request(&self, request: &str) -> Option<(u16, String)> {
        let mut client = connect(self.addr, Duration::from_secs(2))?;
        client.write_all(request.as_bytes()).ok()?;
        read(&mut client)
    }

    /// Returns what `GET /firmware` says, if anything.
    pub fn status(&self) -> Option<String> {
        let answer = self.request("GET /firmware HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        answer.filter(|(status, _)| *status == 200).map(|(_, body)| body)
    }

    /// Waits until `GET /firmware` says all of this.
    #[track_caller]
    pub fn expect(&self, parts: &[&str]) {
        let mut said = None;
        wait_for(
            TRIAL,
            || {
                said = self.status().or(said.take());
                let has_all = |said: &String| parts.iter().all(|part| said.contains(part));
                said.as_ref().is_some_and(has_all).then_some(())
            },
            || format!("the device does not say {parts:?}; its log: {:#?}", self.machine().log()),
        );
    }

    /// Sets a property that the application persists.
    #[track_caller]
    pub fn set_brightness(&self, percent: u8) {
        let body = percent.to_string();
        let request = format!(
            "PUT /properties/brightness HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        );
        assert_eq!(self.request(&request).map(|(status, _)| status), Some(204));
    }

    #[track_caller]
    pub fn brightness(&self) -> String {
        let request = "GET /properties/brightness HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
        wait_for(TRIAL, || self.request(request), || "the brightness cannot be read").1
    }
}

/// Begins an upload of an image whose length is said to be `length`, and reads the answer, if one comes.
pub fn upload(addr: SocketAddr, image: &[u8], length: usize) -> Option<(u16, String)> {
    let mut client = connect(addr, UPLOAD)?;
    let head = format!("PUT /firmware HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n");
    client.write_all(head.as_bytes()).ok()?;
    // A refusal may come before all of it is sent.
    let _ = client.write_all(image);
    if image.len() < length {
        let _ = client.shutdown(std::net::Shutdown::Write);
    }
    read(&mut client)
}

fn connect(addr: SocketAddr, within: Duration) -> Option<TcpStream> {
    let client = TcpStream::connect(addr).ok()?;
    client.set_read_timeout(Some(within)).ok()?;
    client.set_write_timeout(Some(within)).ok()?;
    Some(client)
}

/// Reads an answer up to the end of the connection.
fn read(client: &mut TcpStream) -> Option<(u16, String)> {
    let mut answer = Vec::new();
    // The device may restart before it closes the connection.
    let _ = client.read_to_end(&mut answer);
    let answer = String::from_utf8(answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let status = head.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()?;
    Some((status, body.to_owned()))
}
