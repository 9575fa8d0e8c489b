//! The path of a device on a server that has several.

/// Path of a device on a server that has several, such as `/lamp`. Empty for a server of one device.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MountPath<'r> {
    #[cfg(feature = "gateway")]
    path: &'r str,
    #[cfg(not(feature = "gateway"))]
    path: core::marker::PhantomData<&'r str>,
}

impl<'r> MountPath<'r> {
    /// The path of the only device.
    #[cfg(not(feature = "gateway"))]
    pub(crate) const NONE: Self = Self { path: core::marker::PhantomData };
    #[cfg(feature = "gateway")]
    pub(crate) const NONE: Self = Self { path: "" };

    /// Creates the path of a device.
    #[cfg(feature = "gateway")]
    pub(crate) const fn new(path: &'r str) -> Self {
        Self { path }
    }

    /// Returns the path. Without the feature `gateway` it is empty, and the compiler leaves out what depends on it.
    #[cfg_attr(not(feature = "gateway"), expect(clippy::unused_self, reason = "there is none"))]
    pub(crate) const fn as_str(self) -> &'r str {
        #[cfg(feature = "gateway")]
        return self.path;
        #[cfg(not(feature = "gateway"))]
        ""
    }

    /// Returns whether there is only one device.
    pub(crate) const fn is_empty(self) -> bool {
        self.as_str().is_empty()
    }

    /// Returns what is before this path in `base`, which ends with it.
    pub(crate) fn before(self, base: &str) -> &str {
        base.strip_suffix(self.as_str()).unwrap_or(base)
    }
}
