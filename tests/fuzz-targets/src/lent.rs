//! Memory that is lent for good, and taken back all the same: a device lives as long as one input here.

/// Memory that was lent. Dropping this takes it back.
#[derive(Debug, Default)]
pub(crate) struct Lender(Vec<Box<dyn Loan>>);

/// What can be taken back by dropping it.
trait Loan: std::fmt::Debug {}

/// One piece of lent memory.
#[derive(Debug)]
struct Piece<T>(*mut [T]);

impl<T: std::fmt::Debug> Loan for Piece<T> {}

impl<T> Drop for Piece<T> {
    #[allow(unsafe_code, reason = "without it each input would leave memory behind")]
    fn drop(&mut self) {
        // SAFETY: the pointer is that of a box, and whoever called `Lender::lend` promised that the memory is
        // not used any more.
        drop(unsafe { Box::from_raw(self.0) });
    }
}

impl Lender {
    /// Lends `items`.
    ///
    /// # Safety
    /// Whatever it is handed to is dropped before this lender is.
    #[allow(unsafe_code, reason = "without it each input would leave memory behind")]
    pub(crate) unsafe fn lend<T: std::fmt::Debug + 'static>(&mut self, items: Vec<T>) -> &'static mut [T] {
        let memory = Box::into_raw(items.into_boxed_slice());
        self.0.push(Box::new(Piece(memory)));
        // SAFETY: the box is used through this reference alone until it is dropped.
        unsafe { &mut *memory }
    }
}
