//! axe-core, a checker of accessibility, in a page.

use crate::browser::Browser;
use test_support::SOON;

impl Browser {
    /// Returns the findings of axe-core on the page: the rule and the elements.
    ///
    /// # Panics
    /// If the variable `AXE_CORE` does not name its script.
    #[track_caller]
    pub fn findings(&self) -> Vec<String> {
        let script = std::env::var("AXE_CORE")
            .expect("AXE_CORE is not set; run `cargo xtask browser`, which fetches axe-core");
        let script = std::fs::read_to_string(script).expect("cannot read axe-core");
        self.run(&script);
        self.run(
            "window.found = null;
             axe.run(document).then((result) => {
               window.checked = result.passes.length;
               window.found = result.violations.map((rule) => `${rule.id}: ${rule.nodes.map((node) => node.target).join(', ')}`);
             });",
        );
        self.wait_until("window.found !== null", 3 * SOON);
        assert!(
            self.eval("window.checked").as_u64().is_some_and(|checked| checked > 15),
            "axe-core checked hardly anything"
        );
        let found = self.eval("window.found");
        found.as_array().expect("not a list").iter().map(ToString::to_string).collect()
    }
}
