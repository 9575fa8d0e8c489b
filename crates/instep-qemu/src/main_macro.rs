//! The macro [`main!`](crate::main).

/// Declares the entry point of firmware that serves an application.
///
/// The first argument is the application's declaration, a constant. The second one is called once. It gets the device, the
/// application's inbox, and an [`Io`](crate::Io), and returns the application's future, which never completes.
///
/// ```ignore
/// instep_qemu::main!(garden::APP, |device, inbox, io| garden::run(device, inbox, io.output("pump")));
/// ```
///
/// Firmware that serves one of several applications states all of them, so that its memory suffices for each, a function
/// that returns the one to serve, and a function that runs it. `name` is the application of the image, by which an update
/// tells images apart; without it, that is the name of the package.
///
/// ```ignore
/// instep_qemu::main! {
///     name: garden::APP.name(),
///     apps: &[&garden::APP, &pond::APP],
///     choose: |boot| if boot.value("instep.app=") == Some("pond") { &pond::APP } else { &garden::APP },
///     run: run,
/// }
///
/// fn run(app: &'static App, device: &'static Device, inbox: &'static mut Inbox<'static>, io: Io) -> impl Future<Output = ()> {}
/// ```
///
/// # Panics
/// The firmware panics at its start if a setting is invalid.
#[cfg(target_arch = "riscv32")]
#[macro_export]
macro_rules! main {
    (apps: $apps:expr, choose: $choose:expr, run: $run:expr $(,)?) => {
        $crate::main! { @named env!("CARGO_PKG_NAME"), $apps, $choose, $run }
    };
    (name: $name:expr, apps: $apps:expr, choose: $choose:expr, run: $run:expr $(,)?) => {
        $crate::main! { @named $name, $apps, $choose, $run }
    };
    (@named $name:expr, $apps:expr, $choose:expr, $run:expr) => {
        const _: () = {
            use $crate::expansion as instep_qemu_parts;

            instep_qemu_parts::app_descriptor!();

            const INSTEP_CLIENTS: usize = instep_qemu_parts::clients(option_env!("INSTEP_CLIENTS"));
            const INSTEP_SERVED: usize = INSTEP_CLIENTS + instep_qemu_parts::ACCEPTING;

            instep_qemu_parts::instep_embassy::resources! {
                struct InstepMemory {
                    limits: instep_qemu_parts::limits(
                        option_env!("INSTEP_HEAD_BYTES"),
                        option_env!("INSTEP_MESSAGE_BYTES")
                    ),
                    apps: $apps,
                    network: INSTEP_CLIENTS
                }
            }

            static INSTEP_MEMORY: InstepMemory = InstepMemory::new();

            instep_qemu_parts::describe_update!(InstepMemory, $name);
            instep_qemu_parts::describe_broker!(InstepMemory);

            impl instep_qemu_parts::Memory for InstepMemory {
                const BYTES: usize = Self::SIZE;
                const BUILD: instep_qemu_parts::Build = instep_qemu_parts::Build {
                    name: option_env!("INSTEP_NAME"),
                    password: option_env!("INSTEP_PASSWORD"),
                    allow_host: option_env!("INSTEP_ALLOW_HOST"),
                    allow_origin: option_env!("INSTEP_ALLOW_ORIGIN"),
                    allow_frame: option_env!("INSTEP_ALLOW_FRAME"),
                    mqtt: option_env!("INSTEP_MQTT"),
                    mqtt_password: option_env!("INSTEP_MQTT_PASSWORD"),
                    mqtt_commands: option_env!("INSTEP_MQTT_COMMANDS"),
                };

                fn network_stack(
                    &'static self,
                    network: instep_qemu_parts::Network,
                ) -> (
                    instep_qemu_parts::Stack<'static>,
                    instep_qemu_parts::Runner<'static, instep_qemu_parts::SynFilter<instep_qemu_parts::Network>>,
                ) {
                    static SOCKETS: instep_qemu_parts::StaticCell<
                        instep_qemu_parts::StackResources<{ INSTEP_SERVED + instep_qemu_parts::BROKER_SOCKETS }>,
                    > = instep_qemu_parts::StaticCell::new();
                    instep_qemu_parts::network_stack(
                        self.network.filter(network, instep_qemu_parts::PORT),
                        SOCKETS.init_with(instep_qemu_parts::StackResources::new),
                    )
                }

                fn server(
                    &'static self,
                    app: &'static instep_qemu_parts::instep::App,
                    access: &'static instep_qemu_parts::instep::Access,
                ) -> (instep_qemu_parts::Server, instep_qemu_parts::instep::Inbox<'static>) {
                    self.start(app, access)
                }

                fn driver(
                    &'static self,
                    server: instep_qemu_parts::Server,
                    stack: instep_qemu_parts::Stack<'static>,
                ) -> &'static mut instep_qemu_parts::Driver {
                    self.network.driver(server, stack, instep_qemu_parts::PORT)
                }
            }

            const _: () = ::core::assert!(
                INSTEP_SERVED <= instep_qemu_parts::FRAMES,
                "the network device's queue is shorter than the number of sockets, so a burst would lose frames"
            );
            // The network stack resolves one unknown neighbor a second, and sends it nothing before. The gateway is a
            // neighbor, too.
            const _: () = ::core::assert!(
                INSTEP_SERVED < instep_qemu_parts::NEIGHBORS,
                "INSTEP_CLIENTS is larger than the neighbor cache of the network stack; set SMOLTCP_IFACE_NEIGHBOR_CACHE_COUNT in the section [env] of .cargo/config.toml to 8 more than INSTEP_CLIENTS, and at least to 16"
            );
            // The rest of the 200 KiB is for the stack and for the network stack.
            const _: () = ::core::assert!(
                InstepMemory::SIZE + instep_qemu_parts::LOG_IN_SIZE <= 150 * 1024,
                "INSTEP_CLIENTS, INSTEP_HEAD_BYTES and INSTEP_MESSAGE_BYTES together need too much memory"
            );

            /// Starts the firmware.
            #[instep_qemu_parts::riscv_rt::entry]
            fn instep_start(_hart: usize, description: usize) -> ! {
                // SAFETY: this is the first call, with the argument from QEMU.
                unsafe {
                    instep_qemu_parts::boot(description, |spawner, machine| {
                        spawner.spawn(instep_run(machine).expect("task pool exhausted"));
                    })
                }
            }

            /// Starts everything, and runs the application.
            #[instep_qemu_parts::embassy_executor::task(
                embassy_executor = $crate::expansion::embassy_executor
            )]
            async fn instep_run(machine: instep_qemu_parts::Machine) {
                let (application, driver, boot) =
                    instep_qemu_parts::start(machine, &INSTEP_MEMORY, $choose, $run);
                instep_qemu_parts::run(::core::pin::pin!(application), driver, boot).await;
            }
        };
    };
    ($app:expr, $run:expr $(,)?) => {
        $crate::main! {
            @named $app.name(),
            &[&$app],
            |boot| $crate::with_page(&$app, boot.page()),
            $crate::expansion::of_one($run)
        }
    };
}

/// Expands to nothing, because this target is not QEMU's.
#[cfg(not(target_arch = "riscv32"))]
#[macro_export]
macro_rules! main {
    ($($anything:tt)*) => {};
}
