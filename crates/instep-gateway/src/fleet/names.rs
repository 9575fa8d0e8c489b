//! Names of properties, which all devices share.

use std::collections::HashSet;
use std::sync::Arc;

/// All names, each once.
#[derive(Debug, Default)]
pub(super) struct Names(HashSet<Arc<str>>);

impl Names {
    pub(super) fn find(&mut self, name: &str) -> Arc<str> {
        if let Some(known) = self.0.get(name) {
            return known.clone();
        }
        let new: Arc<str> = name.into();
        self.0.insert(new.clone());
        new
    }

    /// Gives up a name, which is forgotten if no other device has it.
    pub(super) fn release(&mut self, name: &Arc<str>) {
        if Arc::strong_count(name) == 2 {
            self.0.remove(&**name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_is_kept_as_long_as_a_device_has_it() {
        let mut names = Names::default();
        let (one, two) = (names.find("led"), names.find("led"));
        assert!(Arc::ptr_eq(&one, &two));
        names.release(&one);
        assert_eq!(names.0.len(), 1);
        drop(one);
        names.release(&two);
        assert_eq!(names.0.len(), 0);
    }
}
