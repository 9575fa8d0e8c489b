//! Messages that wait already when the thread of the gateway looks: after each one, others of this thread have their turn.

use super::*;
use std::future::{Future as _, poll_fn};
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};
use test_support::opcode;

/// Number of viewers, each of which has sent a message.
const VIEWERS: usize = 40;

/// Serves the device `lamp` and the list by a gateway that nobody runs yet, so messages of viewers wait.
fn idle() -> Idle {
    let fleet = FleetLimits { commands_per_device: VIEWERS, ..FleetLimits::default() };
    let gateway = GatewayLimits { commands: VIEWERS, ..GatewayLimits::default() };
    let idle = Idle::new(fleet, gateway, Limits::LINUX);
    tell(&idle.fleet, "lamp");
    let (server, listener) = (idle.server, idle.listener.try_clone().expect("the listener cannot be cloned"));
    // It ends with the process.
    std::thread::spawn(move || {
        served::runtime().block_on(server.serve(vec![listener], std::future::pending()))
    });
    idle
}

impl Idle {
    /// Connects viewers, each of which sends this text, and waits until all texts wait.
    fn send(&self, path: &str, viewers: usize, text: &str) -> Vec<WebSocket> {
        let received = || self.runtime.block_on(self.server.metrics()).messages_received;
        let before = received();
        let mut sockets: Vec<_> = (0..viewers).map(|_| WebSocket::connect(self.addr, path)).collect();
        sockets.iter_mut().for_each(|socket| socket.send_text(text));
        let all = before + u64::try_from(viewers).expect("too many viewers");
        wait_until(SECOND, || received() == all, || "the messages do not arrive");
        sockets
    }

    /// Runs the gateway until so many commands were passed on, and returns how many turns another task had meanwhile.
    fn turns_until(&self, commands: u64) -> usize {
        let (fleet, turns) = (self.fleet.clone(), Arc::new(AtomicUsize::new(0)));
        let counted = turns.clone();
        let other = poll_fn(move |context| {
            if fleet.counts().commands >= commands {
                return Poll::Ready(());
            }
            counted.fetch_add(1, Ordering::Relaxed);
            context.waker().wake_by_ref();
            Poll::Pending
        });
        self.runtime.block_on(async {
            let other = tokio::spawn(other);
            tokio::select! {
                () = self.gateway.run() => {}
                passed = tokio::time::timeout(SECOND, other) => {
                    passed.expect("the commands are not passed on").expect("the task panicked");
                }
            }
        });
        turns.load(Ordering::Relaxed)
    }
}

#[test]
fn others_have_a_turn_after_each_request() {
    let idle = idle();
    let _viewers = idle.send("/lamp/ws", VIEWERS, r#"{"label":"led","value":true}"#);
    let turns = idle.turns_until(40);
    assert!(turns >= VIEWERS, "{turns} turns");
}

#[test]
fn others_have_a_turn_after_each_invalid_request() {
    let idle = idle();
    let _viewers = idle.send("/lamp/ws", VIEWERS, r#"{"label":"led"}"#);
    let _last = idle.send("/lamp/ws", 1, r#"{"label":"led","value":true}"#);
    let turns = idle.turns_until(1);
    assert!(turns >= VIEWERS, "{turns} turns");
}

#[test]
fn others_have_a_turn_after_each_message_to_the_list() {
    let idle = idle();
    let mut viewers = idle.send("/ws", VIEWERS, "what");
    for viewer in &mut viewers {
        // It is read when the first message was taken, and the ping after it.
        viewer.send_text("what");
        viewer.send_ping(b"");
    }
    let mut inbox = idle.server.inbox().expect("the inbox was taken");
    let _entered = idle.runtime.enter();
    let mut run = pin!(idle.list.run(idle.server.device(), &mut inbox));
    let mut look = || {
        assert!(run.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    };
    let mut answered = |within| {
        let answers = |viewer: &mut WebSocket| {
            std::iter::from_fn(|| viewer.try_read_frame(within))
                .filter(|frame| frame.opcode == opcode::PONG)
                .count()
        };
        viewers.iter_mut().map(answers).sum::<usize>()
    };
    // The first look publishes the list, too.
    look();
    let taken = answered(Duration::from_millis(5));
    assert!(taken <= 1, "{taken} messages were taken at once");
    // Each viewer's beginning is in the inbox, too.
    (0..2 * VIEWERS).for_each(|_| look());
    let mut all = taken;
    wait_until(
        SECOND,
        || {
            all += answered(Duration::from_millis(1));
            all == VIEWERS
        },
        || "the messages are not taken",
    );
}
