//! Functions that replace one field of a value.

/// Declares functions of a type that return the value with another field.
macro_rules! builders {
    ($name:ident: $($function:ident($field:ident: $type:ty);)+) => {
        impl $name {
            $(
                #[doc = concat!("Replaces [`", stringify!($field), "`](Self::", stringify!($field), ").")]
                #[must_use]
                pub const fn $function(self, $field: $type) -> Self {
                    Self { $field, ..self }
                }
            )+
        }
    };
}
pub(crate) use builders;
