//! The route `/firmware` of a build without the feature `update`: there is none.

use crate::app::App;
use crate::login::LogIn;
use crate::service::{BodyRemaining, Context, Outcome, Received, Request};
use crate::time::Instant;
use core::convert::Infallible;
use core::marker::PhantomData;
use instep_proto::delivery::Outgoing;

/// Route that has no value, so the compiler leaves out all code that has one.
#[derive(Clone, Copy, Debug)]
pub struct UpdateRoute<'a>(Infallible, PhantomData<&'a ()>);

impl UpdateRoute<'_> {
    pub(crate) fn answer(
        self,
        _: &App,
        _: Option<&LogIn>,
        _: &Request<'_>,
        _: &mut Outgoing<'_>,
    ) -> Option<Outcome> {
        match self.0 {}
    }

    pub(crate) fn begin_content(self, _: &BodyRemaining, _: usize) {
        match self.0 {}
    }

    pub(crate) fn receive(self, _: Instant, _: &mut [u8], _: &Context<'_>, _: &mut Outgoing<'_>) -> Received {
        match self.0 {}
    }

    pub(crate) fn abandon(self) {
        match self.0 {}
    }
}
