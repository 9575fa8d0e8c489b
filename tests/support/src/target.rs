//! The server under test, on this machine or on a small device.
//!
//! The same tests are for both.

/// Limits of the server under test, and other differences.
#[derive(Debug)]
pub struct Target {
    /// Simultaneous WebSocket clients of a test.
    pub clients: usize,
    /// Bytes of a request's head.
    pub head: usize,
    /// Fields of a head, `Host` included.
    pub headers: usize,
    /// Bytes of a request's body.
    pub body: usize,
    /// Bytes of a message to the application.
    pub message: usize,
    /// Messages of a flood, many more than a pipe and the log's ring hold.
    pub flood: usize,
    /// Number of addresses that it can listen on.
    pub addresses: usize,
    /// Address of this machine's clients as the server sees it.
    pub here: &'static str,
    /// Advice in its log to allow another name, which follows it.
    pub allow_host: &'static str,
    /// Advice in its log to allow the origin of a page.
    pub allow_origin: &'static str,
    /// Value of `%ACCESS%` in a page, without a password.
    pub access: &'static str,
    /// Port on which it listens, if that differs from the reachable one.
    pub port: Option<u16>,
    /// Whether it ends on request, with close frames.
    pub ends: bool,
    /// Whether it has its script and its panel uncompressed, too.
    pub uncompressed: bool,
}

/// The command `instep` with its default limits.
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

/// A microcontroller in QEMU, whose user network
/// stands between it and this machine.
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

/// Returns the server under test, a small device if the
/// environment variable `INSTEP_TARGET` is `device`.
pub fn target() -> &'static Target {
    match std::env::var("INSTEP_TARGET").as_deref() {
        Err(_) => &LINUX,
        Ok("device") => &DEVICE,
        Ok(other) => panic!("INSTEP_TARGET must be device or not set, not {other:?}"),
    }
}
