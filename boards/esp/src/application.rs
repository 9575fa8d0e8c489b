//! The one application that is built in. Those that are not take no flash.

use crate::given::{APP_NUMBER, app_number};
use embedded_hal::digital::OutputPin;
use instep::{Device, Inbox};
use instep_apps::{Led, echo, hello, led_json, led_plain, led_state, led_words, soft_ap, toggle};

/// Runs the application, for ever.
pub async fn run(device: &Device, inbox: &mut Inbox<'_>, led: Led<'_, impl OutputPin>) {
    Number::<APP_NUMBER>::run(device, inbox, led).await;
}

/// An application by its place in [`instep_apps::ALL`]: a type of its own for each, so that only one is linked.
struct Number<const NUMBER: usize>;

#[diagnostic::on_unimplemented(
    message = "boards/esp/src/application.rs does not say how this application is run"
)]
trait Application {
    async fn run(device: &Device, inbox: &mut Inbox<'_>, led: Led<'_, impl OutputPin>);
}

macro_rules! applications {
    ($($name:literal: |$device:pat_param, $inbox:pat_param, $led:pat_param| $run:expr;)+) => {
        $(impl Application for Number<{ app_number($name) }> {
            async fn run($device: &Device, $inbox: &mut Inbox<'_>, $led: Led<'_, impl OutputPin>) {
                $run.await;
            }
        })+
    };
}

applications! {
    "hello": |_, _, _| hello::run();
    "toggle": |_, inbox, led| toggle::run(inbox, led);
    "led-plain": |device, inbox, led| led_plain::run(device, inbox, led);
    "led-json": |device, inbox, led| led_json::run(device, inbox, led);
    "led-words": |device, inbox, led| led_words::run(device, inbox, led);
    "led-state": |device, inbox, led| led_state::run(device, inbox, led);
    "soft-ap": |_, _, _| soft_ap::run();
    "echo": |_, _, _| echo::run();
}
