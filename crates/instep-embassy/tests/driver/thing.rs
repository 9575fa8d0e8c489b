//! A Thing on a microcontroller, over plain HTTP and Server-Sent Events.

use super::{ACCESS, ask, connect, drive, read_until, send, test};
use crate::wire::Cable;
use embassy_time::Timer;
use instep::{App, Device, Inbox, Limits};

instep::thing! {
    /// A heater for tests.
    pub Heater: "A heater", commands Command {
        level => Level: number { title: "Level", min: 0, max: 9, step: 1 },
        stuck => Stuck: button { title: "Does not return" },
        heat: sensor { title: "Heat", precision: 1, history: 8 every 1_000 },
    }
}

static THING: App = APP;
const APP: App = App::new("heater", "for tests").thing(&Heater::THING);

instep_embassy::resources! { struct Resources { limits: Limits::DEVICE, app: APP, network: 2 } }
static RESOURCES: Resources = Resources::new();

async fn run(device: &'static Device, mut inbox: Inbox<'static>) {
    let heater = Heater::new(device);
    heater.level(0.0);
    loop {
        match heater.recv(&mut inbox).await {
            (Command::Level(level), _) => {
                heater.level(level);
                heater.heat(level * 10.0);
            }
            (Command::Stuck, _) => core::future::pending().await,
        }
    }
}

fn request(method: &str, path: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "{method} {path} HTTP/1.1\r\nHost: lamp\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    )
}

#[test]
fn thing_works_without_websocket() {
    test(async {
        let (server, inbox) = RESOURCES.start(&THING, &ACCESS);
        tokio::task::spawn_local(host_time::run(run(server.device, inbox)));
        let (device, peer) = Cable::default().stacks();
        drive(RESOURCES.network.driver(server, device, 80));

        let (mut events, status) = ask(peer, "GET /events HTTP/1.1\r\nHost: lamp\r\n\r\n").await;
        assert_eq!(status, "200");
        read_until(&mut events, "data: {\"label\":\"level\",\"value\":0}\n\n").await;
        assert_eq!(server.device.clients(), 1);
        for level in ["7", "3"] {
            assert_eq!(ask(peer, &request("PUT", "/properties/level", level)).await.1, "204");
            read_until(&mut events, &format!("data: {{\"label\":\"heat\",\"value\":{level}0.0}}\n\n")).await;
            Timer::after_secs(2).await;
        }
        assert_eq!(ask(peer, &request("PUT", "/properties/level", "10")).await.1, "422");
        let mut reader = connect(peer).await;
        send(&mut reader, request("GET", "/properties/level", "").as_bytes()).await;
        read_until(&mut reader, "\r\n\r\n3").await;
        send(&mut reader, request("GET", "/properties/heat/history", "").as_bytes()).await;
        let past = read_until(&mut reader, "0\r\n\r\n").await;
        assert!(past.contains(",70.0],[") && past.contains(",30.0]]"), "{past}");
        send(&mut reader, request("GET", "/.well-known/wot", "").as_bytes()).await;
        read_until(&mut reader, "\"op\":\"invokeaction\"}]}}}").await;
        let (mut stuck, status) = ask(peer, &request("POST", "/actions/stuck", "")).await;
        assert_eq!(status, "503");
        read_until(&mut stuck, "the application did not answer in time\"}").await;
    });
}

/// The content is longer than the buffer for a head and its following bytes, so it
/// is decoded there piece by piece.
#[test]
fn one_byte_chunks_fit_behind_long_head() {
    instep_embassy::resources! { struct Resources { limits: Limits::DEVICE, app: APP, network: 1 } }
    static RESOURCES: Resources = Resources::new();

    test(async {
        let (server, inbox) = RESOURCES.start(&THING, &ACCESS);
        tokio::task::spawn_local(host_time::run(run(server.device, inbox)));
        let (device, peer) = Cable::default().stacks();
        drive(RESOURCES.network.driver(server, device, 80));

        let mut client = connect(peer).await;
        for level in ["4", "8", "5"] {
            let head = format!(
                "PUT /properties/level HTTP/1.1\r\nHost: lamp\r\nContent-Type: application/json\r\n\
                 Transfer-Encoding: chunked\r\nX: {}\r\n\r\n",
                "x".repeat(1900)
            );
            let content = " ".repeat(450) + level;
            let chunks: String = content.chars().map(|byte| format!("1\r\n{byte}\r\n")).collect();
            let next = request("GET", "/properties/level", "");
            send(&mut client, format!("{head}{chunks}0\r\n\r\n{next}").as_bytes()).await;
            let answers = read_until(&mut client, &format!("\r\n\r\n{level}")).await;
            assert!(answers.starts_with("HTTP/1.1 204 ") && answers.contains("HTTP/1.1 200 "), "{answers}");
        }
    });
}

/// A listener sends nothing, so only the acknowledgements
/// of its network stack show that it is alive.
#[test]
fn vanished_listener_is_dropped() {
    instep_embassy::resources! { struct Resources { limits: Limits::DEVICE, app: APP, network: 1 } }
    static RESOURCES: Resources = Resources::new();

    test(async {
        let (server, inbox) = RESOURCES.start(&THING, &ACCESS);
        tokio::task::spawn_local(host_time::run(run(server.device, inbox)));
        let cable = Cable::default();
        let (device, peer) = cable.stacks();
        drive(RESOURCES.network.driver(server, device, 80));

        let listen = "GET /events HTTP/1.1\r\nHost: lamp\r\n\r\n";
        let (mut events, _) = ask(peer, listen).await;
        read_until(&mut events, "\"value\":0}\n\n").await;
        // A live listener stays.
        Timer::after_secs(95).await;
        assert_eq!(server.device.clients(), 1);
        cable.cut_from_device(true);
        cable.cut_to_device(true);
        Timer::after_secs(60).await;
        assert_eq!(server.device.clients(), 0);
    });
}
