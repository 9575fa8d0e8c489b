//! Pins of the wiring tables in `docs/guide/hardware.md`, by chip.

/// Returns the pin of a part by its name.
#[cfg(feature = "esp32")]
#[macro_export]
macro_rules! pin {
    ($chip:ident, speed) => {
        $chip.GPIO25
    };
    ($chip:ident, forward) => {
        $chip.GPIO26
    };
    ($chip:ident, backward) => {
        $chip.GPIO27
    };
    ($chip:ident, sda) => {
        $chip.GPIO21
    };
    ($chip:ident, scl) => {
        $chip.GPIO22
    };
    ($chip:ident, soil) => {
        $chip.GPIO34
    };
    ($chip:ident, wire) => {
        $chip.GPIO4
    };
    ($chip:ident, button) => {
        $chip.GPIO27
    };
    ($chip:ident, a) => {
        $chip.GPIO25
    };
    ($chip:ident, b) => {
        $chip.GPIO26
    };
    ($chip:ident, rgb) => {
        $chip.GPIO13
    };
}

/// Returns the pin of a part by its name.
#[cfg(feature = "esp32c3")]
#[macro_export]
macro_rules! pin {
    ($chip:ident, speed) => {
        $chip.GPIO4
    };
    ($chip:ident, forward) => {
        $chip.GPIO5
    };
    ($chip:ident, backward) => {
        $chip.GPIO6
    };
    ($chip:ident, sda) => {
        $chip.GPIO5
    };
    ($chip:ident, scl) => {
        $chip.GPIO6
    };
    ($chip:ident, soil) => {
        $chip.GPIO4
    };
    ($chip:ident, wire) => {
        $chip.GPIO10
    };
    ($chip:ident, button) => {
        $chip.GPIO7
    };
    ($chip:ident, a) => {
        $chip.GPIO5
    };
    ($chip:ident, b) => {
        $chip.GPIO6
    };
    ($chip:ident, rgb) => {
        $chip.GPIO8
    };
}

/// Returns the pin of a part by its name.
#[cfg(feature = "esp32c6")]
#[macro_export]
macro_rules! pin {
    ($chip:ident, speed) => {
        $chip.GPIO18
    };
    ($chip:ident, forward) => {
        $chip.GPIO19
    };
    ($chip:ident, backward) => {
        $chip.GPIO20
    };
    ($chip:ident, sda) => {
        $chip.GPIO6
    };
    ($chip:ident, scl) => {
        $chip.GPIO7
    };
    ($chip:ident, soil) => {
        $chip.GPIO0
    };
    ($chip:ident, wire) => {
        $chip.GPIO22
    };
    ($chip:ident, button) => {
        $chip.GPIO7
    };
    ($chip:ident, a) => {
        $chip.GPIO18
    };
    ($chip:ident, b) => {
        $chip.GPIO19
    };
    ($chip:ident, rgb) => {
        $chip.GPIO8
    };
}

/// Returns the pin of a part by its name.
#[cfg(any(feature = "esp32s2", feature = "esp32s3"))]
#[macro_export]
macro_rules! pin {
    ($chip:ident, speed) => {
        $chip.GPIO4
    };
    ($chip:ident, forward) => {
        $chip.GPIO5
    };
    ($chip:ident, backward) => {
        $chip.GPIO6
    };
    ($chip:ident, sda) => {
        $chip.GPIO8
    };
    ($chip:ident, scl) => {
        $chip.GPIO9
    };
    ($chip:ident, soil) => {
        $chip.GPIO4
    };
    ($chip:ident, wire) => {
        $chip.GPIO10
    };
    ($chip:ident, button) => {
        $chip.GPIO11
    };
    ($chip:ident, a) => {
        $chip.GPIO5
    };
    ($chip:ident, b) => {
        $chip.GPIO6
    };
    ($chip:ident, rgb) => {
        $crate::rgb_pin!($chip)
    };
}

/// Returns the pin of the coloured LED, which alone differs between the S2 and the S3.
#[cfg(feature = "esp32s2")]
#[macro_export]
macro_rules! rgb_pin {
    ($chip:ident) => {
        $chip.GPIO18
    };
}

/// Returns the pin of the coloured LED, which alone differs between the S2 and the S3.
#[cfg(feature = "esp32s3")]
#[macro_export]
macro_rules! rgb_pin {
    ($chip:ident) => {
        $chip.GPIO48
    };
}
