//! What the server under test is: this machine's, or a small device. The same tests are for both.

/// The limits of the server under test, and what else differs.
#[derive(Debug)]
pub struct Target {
    /// WebSocket clients at once that a test may have.
    pub clients: usize,
    /// Bytes of a request's head.
    pub head: usize,
    /// Fields of a head, `Host` included.
    pub headers: usize,
    /// Bytes of a request's body.
    pub body: usize,
    /// Bytes of a message to the application.
    pub message: usize,
    /// Messages that a test floods it with: far more than a pipe and the log's ring hold.
    pub flood: usize,
    /// Addresses that it can listen on.
    pub addresses: usize,
    /// The address under which it sees a client of this machine.
    pub here: &'static str,
    /// How its log says that another name is let in, which comes behind it.
    pub allow_host: &'static str,
    /// The same for the origin of a page.
    pub allow_origin: &'static str,
    /// What a page says of it that asks by `%ACCESS%`, without a password.
    pub access: &'static str,
    /// Where it listens by itself, if that is not where it is to be found.
    pub port: Option<u16>,
    /// It ends when it is asked to, and says goodbye.
    pub ends: bool,
    /// It has its script and its panel uncompressed, too.
    pub uncompressed: bool,
}

/// The command `instep` with the limits that it has by itself.
const LINUX: Target = Target {
    clients: 200,
    head: 16_384,
    headers: 64,
    body: 1 << 20,
    message: 65_536,
    flood: 30_000,
    addresses: 2,
    here: "127.0.0.1",
    allow_host: "start with --allow-host ",
    allow_origin: "start with --allow-origin ",
    access: "",
    port: None,
    ends: true,
    uncompressed: true,
};

/// A microcontroller in QEMU, whose user network stands between it and this machine.
const DEVICE: Target = Target {
    clients: 8,
    head: 2048,
    headers: 32,
    body: 1024,
    message: 512,
    flood: 10_000,
    addresses: 1,
    here: "10.0.2.2",
    allow_host: "build with INSTEP_ALLOW_HOST=",
    allow_origin: "build with INSTEP_ALLOW_ORIGIN=",
    access: "open to everyone on this network",
    port: Some(80),
    ends: false,
    uncompressed: false,
};

/// The server under test: a small device if the environment variable `INSTEP_TARGET` is `device`.
pub fn target() -> &'static Target {
    match std::env::var("INSTEP_TARGET").as_deref() {
        Err(_) => &LINUX,
        Ok("device") => &DEVICE,
        Ok(other) => panic!("INSTEP_TARGET is device or not set, not {other:?}"),
    }
}
