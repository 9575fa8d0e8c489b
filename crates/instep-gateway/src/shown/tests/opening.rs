//! Devices that are opened and closed, without sockets.

use super::*;

/// Opens a device, as a request does.
fn open(gateway: &Gateway, path: &str) -> Result<Arc<dyn instep_tokio::devices::ShownDevice>, Absence> {
    match gateway.find(path) {
        Found::Device { device, .. } => Ok(device),
        Found::Absent(absence) => Err(absence),
        Found::Server => panic!("{path} is the server's"),
    }
}

#[tokio::test(start_paused = true)]
async fn memory_of_devices_is_bounded_and_used_again() {
    let fleet = Fleet::new(FleetLimits::default());
    fleet.hear(Heard::Opened);
    let names: Vec<_> = (0..20).map(|i| format!("lamp-{i}")).collect();
    names.iter().for_each(|name| tell(&fleet, name));
    let limits = GatewayLimits::default().with_viewed(3).with_viewers(8);
    let gateway = Gateway::new(fleet.clone(), PAGES, limits, Limits::LINUX.with_clients(20), 2);
    let gateway: &'static Gateway = Box::leak(Box::new(gateway));
    tokio::spawn(gateway.run());
    let path = |name: &str| format!("/{name}/ws");
    assert!(matches!(gateway.find("/instep.js"), Found::Server));
    assert!(matches!(gateway.find("/things"), Found::Server));
    assert_eq!(open(gateway, "/nobody/").err(), Some(Absence::Unknown));
    for three in names.chunks(3) {
        let held: Vec<_> =
            three.iter().map(|name| open(gateway, &path(name)).expect("it is not shown")).collect();
        // Two connections share one.
        assert!(std::ptr::addr_eq(
            Arc::as_ptr(&held[0]),
            Arc::as_ptr(&open(gateway, &path(&three[0])).unwrap())
        ));
        if held.len() == 3 {
            assert_eq!(
                open(gateway, "/lamp-0/").err().filter(|_| three[0] != "lamp-0"),
                (three[0] != "lamp-0").then_some(Absence::Full)
            );
        }
        tokio::time::sleep(Duration::from_secs(60)).await;
        assert_eq!(gateway.viewed(), held.len());
        drop(held);
        // It stays open for a while, for a page that is loaded again.
        assert!(open(gateway, &path(&three[0])).is_ok());
        tokio::time::sleep(Duration::from_secs(40)).await;
        assert_eq!(gateway.viewed(), 0);
    }
    let mut made = 0;
    gateway.each(&mut |_| made += 1);
    assert_eq!(made, 3);
    // The first one is shown anew, without anything of the others.
    let lamp = open(gateway, "/lamp-0/").expect("it is not shown");
    assert!(!lamp.is_over() && lamp.device().counts().publishes == 2);
}

/// A log-in looks at all devices within the critical section that all devices share.
#[tokio::test]
async fn devices_are_looked_at_within_the_critical_section_while_others_open() {
    let fleet = Fleet::new(FleetLimits::default());
    fleet.hear(Heard::Opened);
    let names: Vec<_> = (0..200).map(|i| format!("lamp-{i}")).collect();
    names.iter().for_each(|name| tell(&fleet, name));
    let limits = GatewayLimits::default().with_viewed(200).with_viewers(4);
    let gateway = Arc::new(Gateway::new(fleet, PAGES, limits, Limits::LINUX.with_clients(20), 1));
    let (ended, has_ended) = std::sync::mpsc::channel();
    let (opening, looking) = (gateway.clone(), gateway);
    let done = ended.clone();
    std::thread::spawn(move || {
        names.iter().for_each(|name| drop(open(&opening, &format!("/{name}/"))));
        let _ = done.send(());
    });
    std::thread::spawn(move || {
        for _ in 0..2_000 {
            critical_section::with(|_| looking.each(&mut |device| assert_eq!(device.clients(), 0)));
        }
        let _ = ended.send(());
    });
    for _ in 0..2 {
        has_ended.recv_timeout(Duration::from_secs(30)).expect("they wait for each other");
    }
}
