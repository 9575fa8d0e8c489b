//! Memory with a `'static` lifetime that can be freed,
//! because a device lives as long as one input here.

/// Owner of lent memory, which is freed when dropped.
#[derive(Debug, Default)]
pub(crate) struct Lender(Vec<Box<dyn Loan>>);

/// Memory that is freed when dropped.
trait Loan: std::fmt::Debug {}

/// One piece of lent memory.
#[derive(Debug)]
struct Piece<T>(*mut [T]);

impl<T: std::fmt::Debug> Loan for Piece<T> {}

impl<T> Drop for Piece<T> {
    #[allow(unsafe_code, reason = "without it each input would leave memory behind")]
    fn drop(&mut self) {
        // SAFETY: the pointer is that of a box, and the caller of `Lender::lend` promised that the memory is
        // not used any more.
        drop(unsafe { Box::from_raw(self.0) });
    }
}

impl Lender {
    /// Lends `items`.
    ///
    /// # Safety
    /// Every holder of the returned reference must be dropped before this lender.
    #[allow(unsafe_code, reason = "without it each input would leave memory behind")]
    pub(crate) unsafe fn lend<T: std::fmt::Debug + 'static>(&mut self, items: Vec<T>) -> &'static mut [T] {
        let memory = Box::into_raw(items.into_boxed_slice());
        self.0.push(Box::new(Piece(memory)));
        // SAFETY: the box is used only through this reference until it is dropped.
        unsafe { &mut *memory }
    }
}
