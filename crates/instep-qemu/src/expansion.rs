//! Items that the expansion of [`main!`](crate::main) names in the application's crate.

#[cfg(feature = "mqtt")]
pub use crate::broker::{BROKER_SOCKETS, BrokerBuild, BrokerMemory, input_bytes, send_bytes};
pub use crate::settings::{Build, PORT, clients, limits};
#[cfg(not(feature = "update"))]
pub use crate::start::UpdateBuild;
#[cfg(not(feature = "mqtt"))]
pub use crate::start::{BROKER_SOCKETS, BrokerBuild};
pub use crate::start::{LOG_IN_SIZE, Machine, Memory, boot, network_stack, of_one, run, start};
#[cfg(feature = "update")]
pub use crate::update::{UpdateBuild, descriptor, identity};
pub use crate::{describe_broker, describe_update};
pub use embassy_executor;
pub use embassy_net::{Runner, Stack, StackResources};
pub use instep;
pub use instep_embassy::{self, ACCEPTING, Driver, Server, SynFilter};
pub use qemu_machine::{FRAMES, NEIGHBORS, Network, app_descriptor};
pub use riscv_rt;
pub use static_cell::StaticCell;
