//! Enums whose variants have a text each.

/// Declares an enum with a text beside each variant, and the function that returns the text.
///
/// With `: Error` behind its name, the enum displays its text and is an error.
#[doc(hidden)]
#[macro_export]
macro_rules! texts {
    ($(#[$meta:meta])* $visibility:vis enum $name:ident: Error { $($variants:tt)+ }) => {
        $crate::texts! {
            $(#[$meta])*
            $visibility enum $name { $($variants)+ }
            /// Returns the text of its `Display`.
            fn as_str
        }

        impl ::core::fmt::Display for $name {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl ::core::error::Error for $name {}
    };
    (
        $(#[$meta:meta])*
        $visibility:vis enum $name:ident { $($(#[$about:meta])* $variant:ident = $text:expr,)+ }
        $(#[$function_about:meta])*
        fn $function:ident
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        $visibility enum $name {
            $($(#[$about])* $variant,)+
        }

        impl $name {
            $(#[$function_about])*
            $visibility const fn $function(self) -> &'static str {
                // Not a `match`, whose table the linker scripts of ESP32 chips place in RAM.
                static TEXTS: &[&str] = &[$($text,)+];
                TEXTS[self as usize]
            }
        }
    };
}
