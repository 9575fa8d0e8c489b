//! Log lines about unpublished values have their own target,
//! so that an application that publishes its log can leave
//! them out. Otherwise each would cause the next one.

mod link;
mod workshop;

use instep::thing::Thing;
use instep::{Limits, Severity, Topics};
use std::sync::Mutex;
use workshop::Bench;

static LINES: Mutex<Vec<(String, String)>> = Mutex::new(Vec::new());

struct Lines;

impl log::Log for Lines {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        LINES.lock().unwrap().push((record.target().to_owned(), record.args().to_string()));
    }

    fn flush(&self) {}
}

#[test]
fn log_lines_of_failed_publishes_have_own_target() {
    log::set_logger(&Lines).unwrap();
    log::set_max_level(log::LevelFilter::Trace);
    const THING: Thing = Bench::THING;
    let simulation = workshop::simulation();
    let device = simulation.device;
    let long = "x".repeat(Limits::DEVICE.frame + 1);
    let causes: [&dyn Fn(); 8] = [
        &|| device.publish(Topics::new(1).at(0).expect("topic out of range"), &long),
        &|| device.publish(Topics::new(100).at(99).expect("topic out of range"), "no such topic"),
        &|| device.emit(&long),
        &|| THING.publish(device, "nothing", true),
        &|| THING.publish(device, "led", 1.5),
        &|| THING.publish(device, "name", &long.as_str()),
        &|| THING.emit_event(device, "said", &long),
        &|| THING.log(device, "nothing", Severity::Info, "line"),
    ];
    for cause in causes {
        cause();
        let lines = std::mem::take(&mut *LINES.lock().unwrap());
        let [(target, line)] = &lines[..] else { panic!("not exactly one line: {lines:?}") };
        assert_eq!(target, instep::log_target::NOT_PUBLISHED, "{line}");
    }
}
