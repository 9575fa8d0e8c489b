//! What the command says of the trial of the new image.

use crate::call::*;
use updatable_device::{Fate, Sample, Setup};

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
            "instep update: {name} came back with 0.2.0: the new image did not stay, and the device does not know why; read its log\n"
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
    // Until the deadline, because it may be the answer of a proxy.
    let ended = update("updates-gone", &device, &["--wait", "3"]);
    assert_eq!(ended.code, 4);
    assert!(ended.error.contains("it has no /firmware any more"), "{}", ended.error);
}
