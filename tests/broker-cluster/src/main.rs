//! A node of a broker that is a cluster.
//!
//! Call: `broker-cluster NODE MQTT_ADDRESS CLUSTER_ADDRESS...`, where the addresses of the cluster are those of the nodes 1, 2 and so
//! on, and this node's is among them.

#![forbid(unsafe_code)]

use rmqtt::context::ServerContext;
use rmqtt::net::Builder;
use rmqtt::server::MqttServer;
use std::net::SocketAddr;

/// Maximum number of messages that wait for one client. A gateway gets all retained messages at once.
const QUEUE_MAX: usize = 200_000;

#[tokio::main]
async fn main() -> rmqtt::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let mut next = || arguments.next().expect("the call is NODE MQTT_ADDRESS CLUSTER_ADDRESS...");
    let (node, addr): (u64, SocketAddr) = (next().parse()?, next().parse()?);
    let nodes = arguments.map(|addr| addr.parse()).collect::<Result<Vec<SocketAddr>, _>>()?;
    let own = *nodes.get(usize::try_from(node)? - 1).expect("this node has no address in the cluster");
    let named = nodes.iter().zip(1..).map(|(addr, node)| format!("\"{node}@{addr}\""));
    let cluster = format!("node_grpc_addrs = [{}]\n", named.collect::<Vec<_>>().join(", "));
    let context = ServerContext::new()
        .node_id(node)
        .plugins_config_map_add("rmqtt-cluster-broadcast", cluster)
        .plugins_config_map_add("rmqtt-retainer", "storage.type = \"ram\"\n")
        .build()
        .await;
    context.node.start_grpc_server(context.clone(), own, false, false);
    rmqtt_retainer::register_named(&context, "rmqtt-retainer", true, false).await?;
    rmqtt_cluster_broadcast::register_named(&context, "rmqtt-cluster-broadcast", true, true).await?;
    let listener = Builder::new().name("tests").laddr(addr).allow_anonymous(true);
    let listener = listener
        .max_mqueue_len(QUEUE_MAX)
        .mqueue_rate_limit(u32::MAX.try_into()?, std::time::Duration::from_secs(1));
    MqttServer::new(context).listener(listener.bind()?.tcp()?).build().run().await
}
