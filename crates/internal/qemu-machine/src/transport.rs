//! Transport of the network device, which interrupts for sent frames only on request.
//!
//! Each interrupt wakes the network stack, which has nothing to do when a frame has been sent. The driver crate can switch
//! off the interrupts of both queues only, so this transport knows where the flags of the queue for sending are.

use core::ptr::NonNull;
use core::sync::atomic::{AtomicPtr, AtomicU16, Ordering};
use virtio_drivers::transport::mmio::MmioTransport;
use virtio_drivers::transport::{DeviceStatus, DeviceType, InterruptStatus, Transport};
use virtio_drivers::{PhysAddr, Result};
use zerocopy::{FromBytes, Immutable, IntoBytes};

/// Number of the queue for sending.
const SENDING: u16 = 1;
/// Feature VIRTIO_F_EVENT_IDX, with which the device ignores the flags.
const EVENT_IDX: u64 = 1 << 29;
/// Flag VIRTQ_AVAIL_F_NO_INTERRUPT.
const NO_INTERRUPT: u16 = 1;

/// Flags of the queue for sending, once there is one.
static FLAGS: AtomicPtr<AtomicU16> = AtomicPtr::new(core::ptr::null_mut());

/// Enables or disables the interrupts for sent frames.
pub fn interrupt_when_sent(wanted: bool) {
    if let Some(flags) = NonNull::new(FLAGS.load(Ordering::Relaxed)) {
        // SAFETY: the flags are in a page of the queue, which is never freed, and the device only reads them.
        unsafe { flags.as_ref() }.store(if wanted { 0 } else { NO_INTERRUPT }, Ordering::SeqCst);
    }
}

/// Transport of the network device.
pub struct NetworkTransport(pub MmioTransport<'static>);

impl Transport for NetworkTransport {
    fn read_device_features(&mut self) -> u64 {
        self.0.read_device_features() & !EVENT_IDX
    }

    fn queue_set(
        &mut self,
        queue: u16,
        size: u32,
        descriptors: PhysAddr,
        driver_area: PhysAddr,
        device_area: PhysAddr,
    ) {
        if queue == SENDING {
            // The flags are the first field of the driver area, and virtual addresses equal physical addresses.
            FLAGS.store(driver_area as usize as *mut AtomicU16, Ordering::Relaxed);
            interrupt_when_sent(false);
        }
        self.0.queue_set(queue, size, descriptors, driver_area, device_area);
    }

    fn device_type(&self) -> DeviceType {
        self.0.device_type()
    }

    fn write_driver_features(&mut self, driver_features: u64) {
        self.0.write_driver_features(driver_features);
    }

    fn max_queue_size(&mut self, queue: u16) -> u32 {
        self.0.max_queue_size(queue)
    }

    fn notify(&mut self, queue: u16) {
        self.0.notify(queue);
    }

    fn get_status(&self) -> DeviceStatus {
        self.0.get_status()
    }

    fn set_status(&mut self, status: DeviceStatus) {
        self.0.set_status(status);
    }

    fn set_guest_page_size(&mut self, guest_page_size: u32) {
        self.0.set_guest_page_size(guest_page_size);
    }

    fn requires_legacy_layout(&self) -> bool {
        self.0.requires_legacy_layout()
    }

    fn queue_unset(&mut self, queue: u16) {
        self.0.queue_unset(queue);
    }

    fn queue_used(&mut self, queue: u16) -> bool {
        self.0.queue_used(queue)
    }

    fn ack_interrupt(&mut self) -> InterruptStatus {
        self.0.ack_interrupt()
    }

    fn read_config_generation(&self) -> u32 {
        self.0.read_config_generation()
    }

    fn read_config_space<T: FromBytes + IntoBytes>(&self, offset: usize) -> Result<T> {
        self.0.read_config_space(offset)
    }

    fn write_config_space<T: IntoBytes + Immutable>(&mut self, offset: usize, value: T) -> Result<()> {
        self.0.write_config_space(offset, value)
    }
}
