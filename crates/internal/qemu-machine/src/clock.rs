//! Time driver of embassy-time on the machine's timer.

use crate::{registers, watchdog};
use core::cell::RefCell;
use core::task::Waker;
use critical_section::Mutex;
use embassy_time_driver::Driver;
use embassy_time_queue_utils::Queue;

struct Clock {
    queue: Mutex<RefCell<Queue>>,
}

embassy_time_driver::time_driver_impl!(static CLOCK: Clock = Clock { queue: Mutex::new(RefCell::new(Queue::new())) });

impl Driver for Clock {
    fn now(&self) -> u64 {
        registers::time()
    }

    fn schedule_wake(&self, at: u64, waker: &Waker) {
        critical_section::with(|section| {
            let mut queue = self.queue.borrow_ref_mut(section);
            if queue.schedule_wake(at, waker) {
                set_alarm(&mut queue);
            }
        });
    }
}

/// Sets the next timer interrupt. A time in the past interrupts at once.
fn set_alarm(queue: &mut Queue) {
    registers::interrupt_at(queue.next_expiration(registers::time()).min(watchdog::deadline()));
}

#[riscv_rt::core_interrupt(riscv::interrupt::Interrupt::MachineTimer)]
fn on_timer() {
    watchdog::check();
    critical_section::with(|section| set_alarm(&mut CLOCK.queue.borrow_ref_mut(section)));
}
