//! Faults of a server that `Server` detects.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use test_support::{SOON, Server, wait_until};

fn start(how: &str) -> Server {
    // Tests run in the folder of their package.
    let fake = std::env::current_dir().expect("cannot create the folder").join("tests/fake-server.sh");
    Server::with(&[how]).binary(fake).start()
}

/// Returns the panic message of a test that should fail.
fn failure(test: impl FnOnce()) -> String {
    let panic = catch_unwind(AssertUnwindSafe(test)).expect_err("the test did not fail");
    panic.downcast::<String>().map_or_else(|_| "not a message".to_owned(), |message| *message)
}

#[test]
fn good_server_is_found_and_ends_well() {
    let mut server = start("well");
    assert_eq!(server.addr().port(), 8080);
    assert_eq!(server.lines()[0], "first line");
    server.freeze();
    server.thaw();
    server.kill();
    server.restart();
    server.expect_line("first line");
    server.terminate();
    assert!(server.wait_for_exit(SOON).success());
    assert_eq!(server.lines().last().map(String::as_str), Some("stopping"));
}

#[test]
fn frozen_server_is_ended_too() {
    let server = start("well");
    server.freeze();
    server.stop();
}

#[test]
fn panic_of_running_server_fails_the_test() {
    assert!(failure(|| drop(start("panics"))).contains("the server panicked"));
    assert!(failure(|| start("panics").stop()).contains("the server panicked"));
    assert!(failure(|| start("panics").restart()).contains("the server panicked"));
}

#[test]
fn bad_exit_status_or_slow_end_fails_the_test() {
    assert!(failure(|| start("fails").stop()).contains("exit status: 3"));
    assert!(failure(|| start("stubborn").stop()).contains("did not end within 6s"));
    let mut server = start("leaves");
    assert_eq!(server.wait_for_exit(SOON).code(), Some(7));
}

#[test]
fn server_that_exits_by_itself_fails_the_test() {
    let left = failure(|| {
        let server = start("leaves");
        // Until the process is a zombie.
        let stat = || {
            std::fs::read_to_string(format!("/proc/{}/stat", server.pid())).expect("cannot read the state")
        };
        wait_until(SOON, || stat().contains(") Z "), || "the server did not exit");
    });
    assert!(left.contains("exit status: 7"), "{left}");
}

#[test]
fn paused_pipe_blocks_its_writer() {
    let server = start("talks");
    server.pause_reading(true);
    std::thread::sleep(Duration::from_millis(300));
    // 20,000 lines are more than a pipe holds.
    assert_eq!(server.errors(), Vec::<String>::new());
    server.pause_reading(false);
    server.wait_for_line(|line| line == "line 19999", SOON);
}
