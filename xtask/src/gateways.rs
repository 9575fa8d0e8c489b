//! Tests of gateways that take minutes: new connections, cut networks, and a broker that is a cluster.

use crate::report::{Outcome, Stop};
use crate::tools::{Tools, cargo, run, target};

/// Connects a gateway and its viewers 1,000 times, and cuts networks for a minute.
pub(crate) fn test(tools: &mut Tools) -> Outcome {
    tools.programs(&[("mosquitto", "mosquitto")])?;
    run(&mut ignored("instep-gateway", "broker", "new_connection"))?;
    run(&mut ignored("instep-cli", "gateway", "cuts_of_60_s"))
}

/// Builds rmqtt, and kills one of two nodes under load.
pub(crate) fn test_cluster(tools: &mut Tools) -> Outcome {
    tools.programs(&[("protoc", "protobuf-compiler")])?;
    let folder = target().join("broker-cluster");
    let build = ["build", "--locked", "--manifest-path", "tests/broker-cluster/Cargo.toml"];
    if run(cargo(&build).env("CARGO_TARGET_DIR", &folder)).is_err() {
        return Err(Stop::Skipped("rmqtt could not be fetched or built".into()));
    }
    let mut test = ignored("instep-cli", "gateway", "node_of_the_broker");
    run(test.env("BROKER_CLUSTER", folder.join("debug/broker-cluster")))
}

/// Returns the command that runs the ignored tests with this in their names, one after the other.
fn ignored(package: &str, test: &str, name: &str) -> std::process::Command {
    cargo(&["test", "--package", package, "--test", test, name, "--", "--ignored", "--test-threads=1"])
}
