//! Memory of the network device.
//!
//! It has the pages of one arena, which are allocated once and never freed.

use core::cell::{Cell, UnsafeCell};
use core::mem::MaybeUninit;
use core::ptr::NonNull;
use critical_section::Mutex;
use virtio_drivers::{BufferDirection, Hal, PAGE_SIZE, PhysAddr};

/// Length of the queue in each direction, in frames.
///
/// There is at least one frame for each socket, because all clients acknowledge an update at once while pages are
/// loaded. The device requires a power of two.
pub const FRAMES: usize = {
    let clients = match option_env!("INSTEP_CLIENTS") {
        Some(text) => match usize::from_str_radix(text, 10) {
            Ok(clients) => clients,
            Err(_) => panic!("INSTEP_CLIENTS must be a number"),
        },
        None => 0,
    };
    let sockets = (clients + 8).next_power_of_two();
    if sockets < 32 { 32 } else { sockets }
};
/// Number of pages.
///
/// Each frame of both directions has half a page. The rest is for the device's own queues.
const PAGES: usize = FRAMES + 8;

#[repr(C, align(4096))]
struct Arena(UnsafeCell<MaybeUninit<[[u8; PAGE_SIZE]; PAGES]>>);

// SAFETY: each page is allocated once, as `HANDED_OUT` counts, and is not used here afterwards.
unsafe impl Sync for Arena {}

#[unsafe(link_section = ".dma")]
static ARENA: Arena = Arena(UnsafeCell::new(MaybeUninit::uninit()));
static HANDED_OUT: Mutex<Cell<usize>> = Mutex::new(Cell::new(0));

/// Allocates `count` zeroed pages.
///
/// # Panics
/// If too few pages are left, which is a bug in this program and occurs at its start.
pub fn pages(count: usize) -> &'static mut [u8] {
    let first = critical_section::with(|section| {
        let first = HANDED_OUT.borrow(section).get();
        assert!(count <= PAGES - first, "the arena has too few pages for the network device");
        HANDED_OUT.borrow(section).set(first + count);
        first
    });
    // SAFETY: these pages are in the arena, and are allocated only once. Zeroes are valid bytes.
    unsafe {
        let start = ARENA.0.get().cast::<u8>().add(first * PAGE_SIZE);
        start.write_bytes(0, count * PAGE_SIZE);
        core::slice::from_raw_parts_mut(start, count * PAGE_SIZE)
    }
}

/// The pages as memory for the device.
///
/// Virtual addresses equal physical addresses, because there is no memory management.
pub struct Pages;

// SAFETY: pages are aligned, zeroed, valid for ever and allocated once; virtual addresses equal physical addresses.
unsafe impl Hal for Pages {
    fn dma_alloc(count: usize, _: BufferDirection) -> (PhysAddr, NonNull<u8>) {
        let pages = NonNull::from(pages(count)).cast::<u8>();
        (pages.as_ptr() as PhysAddr, pages)
    }

    unsafe fn dma_dealloc(_: PhysAddr, _: NonNull<u8>, _: usize) -> i32 {
        // Pages are never freed, because the device lives as long as the program.
        -1
    }

    unsafe fn mmio_phys_to_virt(address: PhysAddr, _: usize) -> NonNull<u8> {
        NonNull::new(address as *mut u8).expect("the register has address 0")
    }

    unsafe fn share(buffer: NonNull<[u8]>, _: BufferDirection) -> PhysAddr {
        buffer.cast::<u8>().as_ptr() as PhysAddr
    }

    unsafe fn unshare(_: PhysAddr, _: NonNull<[u8]>, _: BufferDirection) {}
}
