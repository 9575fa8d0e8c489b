//! embassy's executor, which knows how many instructions it used: those between two sleeps.

use core::cell::Cell;
use critical_section::Mutex;
use embassy_executor::{Spawner, raw};
use static_cell::StaticCell;

static WORK: Mutex<Cell<bool>> = Mutex::new(Cell::new(false));
/// What the counter went on by while nobody worked.
static ASLEEP: Mutex<Cell<u64>> = Mutex::new(Cell::new(0));
static EXECUTOR: StaticCell<raw::Executor> = StaticCell::new();

// SAFETY: this is the name under which embassy-executor looks for it, and nothing else has it.
#[unsafe(export_name = "__pender")]
fn on_work(_: *mut ()) {
    critical_section::with(|section| WORK.borrow(section).set(true));
}

/// Runs tasks while there are any, and sleeps in between.
pub struct Executor;

impl Executor {
    /// Runs, for ever; `begin` spawns the first tasks. Once.
    pub fn run(begin: impl FnOnce(Spawner)) -> ! {
        let executor = EXECUTOR.init_with(|| raw::Executor::new(core::ptr::null_mut()));
        begin(executor.spawner());
        loop {
            // SAFETY: nobody else polls it, and no task does.
            unsafe { executor.poll() };
            critical_section::with(|section| {
                if !WORK.borrow(section).take() {
                    leave_out(riscv::asm::wfi);
                }
            });
            // What woke it is let through only here.
        }
    }
}

/// How many instructions were used since the machine was started, sleep left out. It is a number of instructions only
/// if QEMU counts them (`-icount shift=0`).
pub fn instructions() -> u64 {
    let asleep = critical_section::with(|section| ASLEEP.borrow(section).get());
    count() - asleep
}

/// Does something that is not to be counted.
pub(crate) fn leave_out(act: impl FnOnce()) {
    let before = count();
    act();
    critical_section::with(|section| {
        let asleep = ASLEEP.borrow(section);
        asleep.set(asleep.get() + (count() - before));
    });
}

fn count() -> u64 {
    riscv::register::minstret::read64()
}
