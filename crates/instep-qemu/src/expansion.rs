//! Items that the expansion of [`main!`](crate::main) names in the application's crate.

pub use crate::describe_update;
pub use crate::settings::{Build, PORT, clients, limits};
#[cfg(not(feature = "update"))]
pub use crate::start::UpdateBuild;
pub use crate::start::{LOG_IN_SIZE, Machine, Memory, boot, network_stack, of_one, run, start};
#[cfg(feature = "update")]
pub use crate::update::{UpdateBuild, descriptor, identity};
pub use embassy_executor;
pub use embassy_net::{Runner, Stack, StackResources};
pub use instep;
pub use instep_embassy::{self, ACCEPTING, Driver, Server, SynFilter};
pub use qemu_machine::{FRAMES, NEIGHBORS, Network, app_descriptor};
pub use riscv_rt;
pub use static_cell::StaticCell;
