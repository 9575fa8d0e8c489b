//! Random numbers from QEMU, which gets them from its host.

use crate::dma::Pages;
use crate::registers::VirtioPlace;
use core::cell::RefCell;
use critical_section::Mutex;
use virtio_drivers::device::rng::VirtIORng;
use virtio_drivers::transport::DeviceType;
use virtio_drivers::transport::mmio::MmioTransport;

type Device = VirtIORng<Pages, MmioTransport<'static>>;

static DEVICE: Mutex<RefCell<Option<Device>>> = Mutex::new(RefCell::new(None));

/// Finds the device.
pub fn start() {
    let transport = VirtioPlace::all().find_map(|place| place.transport(DeviceType::EntropySource));
    let device = transport.and_then(|transport| Device::new(transport).ok());
    critical_section::with(|section| *DEVICE.borrow_ref_mut(section) = device);
}

/// Fills memory with unpredictable random bytes.
///
/// # Panics
/// If QEMU was started without `-device virtio-rng-device`, because predictable session ids would let anyone log in.
pub fn random(bytes: &mut [u8]) {
    critical_section::with(|section| {
        let mut device = DEVICE.borrow_ref_mut(section);
        let device = device.as_mut().expect("QEMU was started without -device virtio-rng-device");
        let mut filled = 0;
        while filled < bytes.len() {
            let length = device.request_entropy(&mut bytes[filled..]);
            filled += length.expect("virtio-rng failed");
        }
    });
}

/// Returns random bytes, as [`random`] makes them.
pub fn random_array<const SIZE: usize>() -> [u8; SIZE] {
    let mut bytes = [0; SIZE];
    random(&mut bytes);
    bytes
}
