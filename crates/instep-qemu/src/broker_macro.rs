//! What the expansion of [`main!`](crate::main) says of a broker's client.

/// Declares the memory of the client.
#[cfg(feature = "mqtt")]
#[doc(hidden)]
#[macro_export]
macro_rules! describe_broker {
    ($memory:ident) => {
        const INSTEP_BROKER_LIMITS: instep_qemu_parts::instep::Limits =
            <$memory as instep_qemu_parts::instep_embassy::Arrays>::LIMITS;

        static INSTEP_BROKER: instep_qemu_parts::BrokerMemory<
            { instep_qemu_parts::input_bytes(&INSTEP_BROKER_LIMITS) },
            { instep_qemu_parts::send_bytes(&INSTEP_BROKER_LIMITS) },
        > = instep_qemu_parts::BrokerMemory::new();

        impl instep_qemu_parts::BrokerBuild for $memory {
            fn client(
                server: instep_qemu_parts::Server,
                broker: instep_qemu_parts::instep_embassy::broker::Broker,
            ) -> ::core::option::Option<instep_qemu_parts::instep_embassy::broker::BrokerClient> {
                INSTEP_BROKER.start(server, broker)
            }
        }
    };
}

/// Declares that there is no client.
#[cfg(not(feature = "mqtt"))]
#[doc(hidden)]
#[macro_export]
macro_rules! describe_broker {
    ($memory:ident) => {
        impl instep_qemu_parts::BrokerBuild for $memory {}
    };
}
