//! embassy's executor, which counts the instructions between two sleeps.

use core::cell::Cell;
use critical_section::Mutex;
use embassy_executor::{Spawner, raw};
use static_cell::StaticCell;

static WORK: Mutex<Cell<bool>> = Mutex::new(Cell::new(false));
/// Instructions that were counted while no task ran.
static ASLEEP: Mutex<Cell<u64>> = Mutex::new(Cell::new(0));
static EXECUTOR: StaticCell<raw::Executor> = StaticCell::new();

// SAFETY: embassy-executor calls this function by its name, and nothing else has this name.
#[unsafe(export_name = "__pender")]
fn on_work(_: *mut ()) {
    critical_section::with(|section| WORK.borrow(section).set(true));
}

/// Executor that sleeps while no task is ready.
pub struct Executor;

impl Executor {
    /// Runs tasks, and never returns.
    ///
    /// `begin` spawns the first tasks. Call it only once.
    pub fn run(begin: impl FnOnce(Spawner)) -> ! {
        let executor = EXECUTOR.init_with(|| raw::Executor::new(core::ptr::null_mut()));
        begin(executor.spawner());
        loop {
            // SAFETY: the executor is polled only here, and by no task.
            unsafe { executor.poll() };
            critical_section::with(|section| {
                if !WORK.borrow(section).take() {
                    leave_out(riscv::asm::wfi);
                }
            });
            // The interrupt that woke the machine is handled only here.
        }
    }
}

/// Returns the number of instructions since the machine was started, without sleep.
///
/// It is exact only if QEMU counts instructions (`-icount shift=0`).
pub fn instructions() -> u64 {
    let asleep = critical_section::with(|section| ASLEEP.borrow(section).get());
    count() - asleep
}

/// Runs a function whose instructions are not counted.
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
