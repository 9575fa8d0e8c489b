//! Memory that the network device reads and writes: pages from one arena, handed out once and never taken back.

use core::cell::{Cell, UnsafeCell};
use core::mem::MaybeUninit;
use core::ptr::NonNull;
use critical_section::Mutex;
use virtio_drivers::{BufferDirection, Hal, PAGE_SIZE, PhysAddr};

/// Frames that may wait in each direction: at least one for each socket, because all clients acknowledge an update at once
/// while pages are loaded. A power of two, as the device wants it.
pub const FRAMES: usize = {
    let clients = match option_env!("INSTEP_CLIENTS") {
        Some(text) => match usize::from_str_radix(text, 10) {
            Ok(clients) => clients,
            Err(_) => panic!("INSTEP_CLIENTS is a number"),
        },
        None => 0,
    };
    let sockets = (clients + 8).next_power_of_two();
    if sockets < 32 { 32 } else { sockets }
};
/// Frames of both directions have half a page each; the rest is for the device's own queues.
const PAGES: usize = FRAMES + 8;

#[repr(C, align(4096))]
struct Arena(UnsafeCell<MaybeUninit<[[u8; PAGE_SIZE]; PAGES]>>);

// SAFETY: each page is handed out once, as `HANDED_OUT` says, and is not touched here afterwards.
unsafe impl Sync for Arena {}

#[unsafe(link_section = ".dma")]
static ARENA: Arena = Arena(UnsafeCell::new(MaybeUninit::uninit()));
static HANDED_OUT: Mutex<Cell<usize>> = Mutex::new(Cell::new(0));

/// So many pages, zeroed.
///
/// # Panics
/// If there are not so many left: an error of this program, seen when it starts.
pub fn pages(count: usize) -> &'static mut [u8] {
    let first = critical_section::with(|section| {
        let first = HANDED_OUT.borrow(section).get();
        assert!(count <= PAGES - first, "the network device needs more pages");
        HANDED_OUT.borrow(section).set(first + count);
        first
    });
    // SAFETY: these pages lie in the arena, and nobody else has them or gets them. Zeroes are valid bytes.
    unsafe {
        let start = ARENA.0.get().cast::<u8>().add(first * PAGE_SIZE);
        start.write_bytes(0, count * PAGE_SIZE);
        core::slice::from_raw_parts_mut(start, count * PAGE_SIZE)
    }
}

/// Addresses are what they are: there is no memory management.
pub struct Pages;

// SAFETY: pages are aligned, zeroed, valid for ever and handed out once; virtual addresses are physical ones.
unsafe impl Hal for Pages {
    fn dma_alloc(count: usize, _: BufferDirection) -> (PhysAddr, NonNull<u8>) {
        let pages = NonNull::from(pages(count)).cast::<u8>();
        (pages.as_ptr() as PhysAddr, pages)
    }

    unsafe fn dma_dealloc(_: PhysAddr, _: NonNull<u8>, _: usize) -> i32 {
        // The device lives as long as the program.
        -1
    }

    unsafe fn mmio_phys_to_virt(address: PhysAddr, _: usize) -> NonNull<u8> {
        NonNull::new(address as *mut u8).expect("no register lies at 0")
    }

    unsafe fn share(buffer: NonNull<[u8]>, _: BufferDirection) -> PhysAddr {
        buffer.cast::<u8>().as_ptr() as PhysAddr
    }

    unsafe fn unshare(_: PhysAddr, _: NonNull<[u8]>, _: BufferDirection) {}
}
