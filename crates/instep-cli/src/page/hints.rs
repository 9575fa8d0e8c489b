//! What a page or a script expects of its device, as far as its text tells.

/// Whether the page opens its WebSocket at the host's name without a port, as tutorials do: then it finds it
/// only on port 80.
pub(crate) fn expects_port_80(page: &str) -> bool {
    page.split("location.hostname").skip(1).any(|rest| {
        let expression = rest.split(['\n', ';', ',']).next().unwrap_or_default();
        !expression.contains(":") && !expression.contains("port")
    })
}

/// Whether the page opens its WebSocket with `ws://`, which browsers refuse on a page that came by https.
pub(crate) fn says_ws(page: &str) -> bool {
    page.contains("ws://") && !page.contains("wss://")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tutorials_page_is_told_from_one_that_keeps_the_port() {
        assert!(expects_port_80("new WebSocket('ws://' + window.location.hostname + '/ws');"));
        assert!(expects_port_80("let gateway = `ws://${location.hostname}/ws`;"));
        assert!(!expects_port_80("new WebSocket(`ws://${location.hostname}:81/ws`);"));
        assert!(!expects_port_80("'ws://' + location.hostname + ':' + location.port + '/ws'"));
        assert!(!expects_port_80("new WebSocket('ws://' + location.host + '/ws');"));
    }

    #[test]
    fn a_page_that_knows_wss_is_told_from_one_that_does_not() {
        assert!(says_ws("new WebSocket(`ws://${location.host}/ws`)"));
        assert!(!says_ws("(location.protocol === 'https:' ? 'wss://' : 'ws://') + location.host"));
        assert!(!says_ws("new WebSocket('/ws')"));
    }
}
