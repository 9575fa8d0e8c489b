//! Connections that break before the answer: the command asks until the device has decided.

use crate::call::*;
use crate::script::{NO_DEVICE, Put, Script, Step};
use test_support::Folder;
use updatable_device::Sample;

const NOTHING: &str = "null";
const BROKEN: &str =
    r#"{"version":"","outcome":"broken","reason":"the connection ended before the image was activated"}"#;
const REFUSED: &str = r#"{"version":"","outcome":"refused","reason":"The flash failed; try again."}"#;
const RETURNED: &str = r#"{"version":"0.3.0","outcome":"returned","reason":"the new firmware panicked"}"#;

/// Returns the status of a device that runs the old image.
fn old(last: &str, upload: &str, refusal: &str) -> String {
    status("0.2.0", "ota_0", "confirmed", last, upload, refusal)
}

/// Returns the status of a device that runs the new image.
fn new(state: &str) -> String {
    status("0.3.0", "ota_1", state, NOTHING, NOTHING, NOTHING)
}

fn status(version: &str, slot: &str, state: &str, last: &str, upload: &str, refusal: &str) -> String {
    format!(
        r#"{{"version":"{version}","board":"devkit","chip":5,"application":"garden","slot":"{slot}","state":"{state}","capacity":262144,"last":{last},"upload":{upload},"refusal":{refusal}}}"#
    )
}

/// Returns the status while the image is checked, before and after the device knows that the connection broke.
fn checks(last: &str) -> [Step; 2] {
    let upload = r#"{"received":40464,"length":40464}"#;
    [Some(old(last, upload, "\"busy\"")), Some(old(last, NOTHING, "\"busy\""))]
}

/// Sends the image to a device that said `last` before.
fn send(last: &str, put: Put, after: Vec<Step>, more: &[&str]) -> (Ended, String) {
    let device = Script::start(old(last, NOTHING, NOTHING), put, after);
    let folder = Folder::new(&format!("update-undecided-{}", device.addr.port()));
    let image = write(&folder, &Sample::new("0.3.0"));
    let name = device.addr.to_string();
    (run(&[&[&*name, &image], more].concat()), name)
}

#[track_caller]
fn broke(ended: &Ended, name: &str) {
    assert_eq!(ended.code, 1, "{}{}", ended.out, ended.error);
    let start = format!("instep update: cannot send the image to {name}: ");
    assert!(ended.error.starts_with(&start), "{}", ended.error);
    assert!(ended.error.ends_with("; the device runs 0.2.0 as before, so try again\n"), "{}", ended.error);
}

#[test]
fn image_that_is_activated_without_an_answer_ends_with_0() {
    let restarting = Some(old(NOTHING, NOTHING, "\"restarting\""));
    let [with_upload, without] = checks(NOTHING);
    let rest = [without, restarting, None, None, Some(new("trial")), Some(new("confirmed"))];
    let (ended, name) = send(NOTHING, Put::Breaks, [with_upload].into_iter().chain(rest).collect(), &[]);
    expect(&ended, 0, "");
    assert!(ended.out.ends_with(&format!("{name}: 0.3.0 runs on trial\n{name}: version 0.3.0 runs\n")));
}

/// A proxy may not wait until the image is checked, and finds no device while it restarts.
#[test]
fn answers_of_a_proxy_decide_nothing() {
    for status in ["502 Bad Gateway", "504 Gateway Timeout"] {
        let [with_upload, _] = checks(NOTHING);
        let no_device = || Some(NO_DEVICE.to_owned());
        let after =
            vec![with_upload, no_device(), None, no_device(), Some(new("trial")), Some(new("confirmed"))];
        let (ended, name) = send(NOTHING, Put::ByProxy(status), after, &[]);
        expect(&ended, 0, "");
        assert!(ended.out.ends_with(&format!("{name}: version 0.3.0 runs\n")), "{}", ended.out);
        let (ended, name) = send(
            NOTHING,
            Put::ByProxy(status),
            checks(NOTHING).into_iter().chain([Some(old(BROKEN, NOTHING, NOTHING))]).collect(),
            &[],
        );
        broke(&ended, &name);
    }
}

#[test]
fn image_that_is_not_activated_ends_with_1() {
    for last in [NOTHING, RETURNED] {
        let (ended, name) = send(
            last,
            Put::Breaks,
            checks(last).into_iter().chain([Some(old(BROKEN, NOTHING, NOTHING))]).collect(),
            &[],
        );
        broke(&ended, &name);
        // A device that lost its power says what it said before.
        let after_power = [None, None, Some(old(last, NOTHING, NOTHING))];
        let (ended, name) =
            send(last, Put::Breaks, checks(last).into_iter().chain(after_power).collect(), &[]);
        broke(&ended, &name);
    }
}

/// The image that came back before has lost its version, because its slot was erased.
#[test]
fn earlier_image_is_not_taken_for_the_one_that_broke_off() {
    let erased = RETURNED.replace("0.3.0", "");
    for last in [RETURNED, REFUSED, BROKEN] {
        let after_power = [None, None, Some(old(&erased, NOTHING, NOTHING))];
        let (ended, name) =
            send(last, Put::Breaks, checks(last).into_iter().chain(after_power).collect(), &[]);
        broke(&ended, &name);
    }
}

#[test]
fn refusal_whose_answer_is_lost_is_told() {
    let refused = Some(old(REFUSED, NOTHING, NOTHING));
    let (ended, name) =
        send(NOTHING, Put::Breaks, checks(NOTHING).into_iter().chain([refused]).collect(), &[]);
    expect(&ended, 1, &format!("instep update: {name} refused the update: The flash failed; try again.\n"));
}

#[test]
fn same_reason_as_before_counts_after_a_restart() {
    let restarting = Some(old(RETURNED, NOTHING, "\"restarting\""));
    let (ended, name) = send(
        RETURNED,
        Put::Breaks,
        vec![restarting, None, Some(new("trial")), None, Some(old(RETURNED, NOTHING, NOTHING))],
        &[],
    );
    let error = format!(
        "instep update: {name} came back with 0.2.0: the new firmware panicked; correct the new image\n"
    );
    expect(&ended, 3, &error);
}

#[test]
fn device_that_does_not_decide_in_time_ends_with_4() {
    let stuck = Put::Unavailable(r#"{"code":"stuck","message":"the image was not written in time"}"#);
    let [_, busy] = checks(NOTHING);
    let (ended, name) = send(NOTHING, stuck, vec![busy.clone()], &["--wait", "1"]);
    let error = format!(
        "instep update: cannot tell which image {name} keeps: the image was not written in time, and it was still busy with an image after 1 s; read its /firmware later\n"
    );
    expect(&ended, 4, &error);
    // It may do so later.
    let (ended, _) = send(NOTHING, stuck, vec![busy, None, Some(new("confirmed"))], &[]);
    expect(&ended, 0, "");
}

#[test]
fn image_of_another_update_is_told() {
    let other = status("0.4.0", "ota_1", "confirmed", NOTHING, NOTHING, NOTHING);
    let (ended, name) = send(NOTHING, Put::Breaks, vec![None, Some(other)], &[]);
    let error = format!(
        "instep update: {name} runs 0.4.0, which this command did not send: another update came after it; read its /firmware\n"
    );
    expect(&ended, 4, &error);
}
