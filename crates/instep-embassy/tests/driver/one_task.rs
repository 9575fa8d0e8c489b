//! The driver and the application in one task, and the work that needs no turn.

use super::*;
use embassy_time::Instant;
use std::cell::Cell;
use std::rc::Rc;

/// Runs the driver and a lamp that `toggle` switches in one task.
fn drive_lamp(driver: &'static mut Driver, device: &'static Device, mut inbox: Inbox<'static>) {
    device.publish(LED, "0");
    let lamp = async move {
        let mut on = false;
        loop {
            if let Message::Text { text: "toggle", .. } = inbox.recv().await {
                on = !on;
                device.publish(LED, if on { "1" } else { "0" });
            }
        }
    };
    tokio::task::spawn_local(host_time::run(driver.run_with(lamp)));
}

#[test]
fn message_and_frames_of_toggle_need_no_turn() {
    test(async {
        let resources = resources!(network: 3);
        let (server, inbox) = resources.start(&APP, &ACCESS);
        let (device, peer) = Cable::default().stacks();
        drive_lamp(resources.network.driver(server, device, 80), server.device, inbox);
        let mut clients = [open(peer, OFF).await, open(peer, OFF).await, open(peer, OFF).await];
        for round in 0..20 {
            send(&mut clients[round % 3], TOGGLE).await;
            for client in &mut clients {
                read_until(client, if round % 2 == 0 { ON } else { OFF }).await;
            }
        }
        let counted = resources.network.without_turn();
        // The first message and frame of each client may come with the opening.
        assert!(counted.messages.total() >= 17, "{counted:?}");
        assert!(counted.frames.total() >= 57, "{counted:?}");
    });
}

#[test]
fn flooding_client_starves_no_other() {
    const MESSAGES: usize = 20_000;
    test(async {
        let resources = resources!(network: 2);
        let (server, inbox) = resources.start(&APP, &ACCESS);
        let (device, peer) = Cable::default().stacks();
        drive_lamp(resources.network.driver(server, device, 80), server.device, inbox);
        // The first socket is served first, so its client floods.
        let mut flooding = open(peer, OFF).await;
        let mut other = open(peer, OFF).await;
        let sent = Rc::new(Cell::new(0));
        let count = sent.clone();
        tokio::task::spawn_local(host_time::run(async move {
            for _ in 0..MESSAGES / 50 {
                send(&mut flooding, &b"\x81\x81\0\0\0\0x".repeat(50)).await;
                count.set(count.get() + 50);
            }
            core::future::pending::<()>().await;
        }));
        while sent.get() < 1_000 {
            tokio::task::yield_now().await;
        }
        let mut on = false;
        for _ in 0..10 {
            send(&mut other, TOGGLE).await;
            on = !on;
            read_until(&mut other, if on { ON } else { OFF }).await;
        }
        assert!(sent.get() < MESSAGES, "the other client had to wait for the end of the flood");
    });
}

#[test]
fn timers_of_application_and_driver_are_due() {
    test(async {
        let resources = resources!(network: 2);
        let (server, _inbox) = resources.start(&APP, &ACCESS);
        let device = server.device;
        let (stack, peer) = Cable::default().stacks();
        let clock = async move {
            for second in 0_u32.. {
                device.publish(LED, second);
                Timer::after_secs(1).await;
            }
        };
        let driver = resources.network.driver(server, stack, 80);
        tokio::task::spawn_local(host_time::run(driver.run_with(clock)));
        let mut client = open(peer, "0").await;
        let begun = Instant::now();
        // The application's timer is due each second, and that of the driver when a head is incomplete.
        let mut half = connect(peer).await;
        send(&mut half, b"GET / HTTP/1.1\r\nHo").await;
        read_until(&mut half, "in time.").await;
        let waited = begun.elapsed().as_millis();
        let head_time = Limits::DEVICE.head_time;
        assert!((head_time..head_time + 500).contains(&waited), "{waited} ms");
        read_until(&mut client, &format!("\u{1}{}", waited / 1000 + 1)).await;
    });
}

#[test]
fn application_in_another_task_is_woken() {
    test(async {
        let resources = resources!(network: 2);
        let (server, mut inbox) = resources.start(&APP, &ACCESS);
        let device = server.device;
        let (stack, peer) = Cable::default().stacks();
        let driver = resources.network.driver(server, stack, 80);
        tokio::task::spawn_local(host_time::run(driver.run_with(core::future::pending())));
        tokio::task::spawn_local(async move {
            loop {
                if let Message::Text { .. } = inbox.recv().await {
                    device.publish(LED, "1");
                }
            }
        });
        device.publish(LED, "0");
        let mut client = open(peer, OFF).await;
        send(&mut client, TOGGLE).await;
        read_until(&mut client, ON).await;
    });
}

#[test]
fn end_that_comes_with_a_message_is_seen_at_once() {
    test(async {
        let resources = resources!(network: 2);
        let (server, inbox) = resources.start(&APP, &ACCESS);
        let (stack, peer) = Cable::default().stacks();
        drive_lamp(resources.network.driver(server, stack, 80), server.device, inbox);
        let mut client = open(peer, OFF).await;
        // Both are sent when the network stack of the peer runs next. The application does not answer.
        let ignored = b"\x81\x81\0\0\0\0x";
        assert!(matches!(client.write(ignored).await, Ok(length) if length == ignored.len()));
        client.close();
        let begun = Instant::now();
        while server.device.clients() > 0 {
            Timer::after_millis(10).await;
        }
        let waited = begun.elapsed().as_millis();
        assert!(waited < 1_000, "{waited} ms");
    });
}

#[test]
fn driver_goes_on_after_application_has_ended() {
    test(async {
        let resources = resources!(network: 2);
        let (server, _inbox) = resources.start(&APP, &ACCESS);
        let (stack, peer) = Cable::default().stacks();
        let driver = resources.network.driver(server, stack, 80);
        server.device.publish(LED, "0");
        tokio::task::spawn_local(host_time::run(driver.run_with(async {})));
        let mut client = open(peer, OFF).await;
        server.device.publish(LED, "1");
        read_until(&mut client, ON).await;
    });
}

#[test]
fn other_driver_wakes_application_in_first_driver() {
    test(async {
        let resources = resources!(station: 2, access_point: 1);
        let (server, inbox) = resources.start(&APP, &ACCESS);
        let cables = [Cable::default(), Cable::default()];
        let (stack, home) = cables[0].stacks();
        drive_lamp(resources.station.driver(server, stack, 80), server.device, inbox);
        let (stack, direct) = cables[1].stacks();
        drive(resources.access_point.driver(server, stack, 80));
        let mut clients = [open(home, OFF).await, open(direct, OFF).await];
        for (sender, state) in [(0, ON), (1, OFF), (1, ON), (0, OFF)] {
            send(&mut clients[sender], TOGGLE).await;
            for client in &mut clients {
                read_until(client, state).await;
            }
        }
    });
}
