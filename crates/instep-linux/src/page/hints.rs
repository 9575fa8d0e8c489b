//! Detects expectations of the device in the text of a page.

/// Returns whether the page opens its WebSocket on port 80.
///
/// Pages of tutorials do so, because they use the host's name without a port.
pub(crate) fn expects_port_80(page: &str) -> bool {
    page.split("location.hostname").skip(1).any(|rest| {
        let expression = rest.split(['\n', ';', ',']).next().unwrap_or_default();
        !expression.contains(":") && !expression.contains("port")
    })
}

/// Returns whether the page opens its WebSocket only with `ws://`.
///
/// Browsers block that on a page from https.
pub(crate) fn says_ws(page: &str) -> bool {
    page.contains("ws://") && !page.contains("wss://")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_name_without_a_port_expects_port_80() {
        assert!(expects_port_80("new WebSocket('ws://' + window.location.hostname + '/ws');"));
        assert!(expects_port_80("let gateway = `ws://${location.hostname}/ws`;"));
        assert!(!expects_port_80("new WebSocket(`ws://${location.hostname}:81/ws`);"));
        assert!(!expects_port_80("'ws://' + location.hostname + ':' + location.port + '/ws'"));
        assert!(!expects_port_80("new WebSocket('ws://' + location.host + '/ws');"));
    }

    #[test]
    fn page_with_wss_is_not_reported() {
        assert!(says_ws("new WebSocket(`ws://${location.host}/ws`)"));
        assert!(!says_ws("(location.protocol === 'https:' ? 'wss://' : 'ws://') + location.host"));
        assert!(!says_ws("new WebSocket('/ws')"));
    }
}
