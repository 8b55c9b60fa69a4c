//! `[server] trusted_proxies`

use std::net::{IpAddr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use super::context::Context;
use crate::config::Plain;
use crate::plan::Proxies;

/// Compiles whose word about the client's address is believed.
pub(super) fn proxies(cx: &mut Context<'_>, written: &[Plain<String>]) -> Proxies {
    let mut proxies = Proxies::default();
    for one in written {
        let Some(text) = cx.value(one) else { continue };
        match range(&text) {
            _ if text == "unix" => proxies.unix = true,
            Some(range) => proxies.ranges.push(range),
            None => {
                let help = "an address or a range: \"10.0.0.5\", \"10.0.0.0/8\", \"2001:db8::/32\"; \
                            or \"unix\" for whoever connects to a Unix socket";
                cx.wrong(&one.span, "this is not the address of a proxy", help);
            }
        }
    }
    proxies
}

fn range(text: &str) -> Option<IpNet> {
    let range = text.parse().ok().or_else(|| text.parse().ok().map(|ip: IpAddr| ip.into()))?;
    Some(match range {
        IpNet::V6(range) => as_v4(range).map_or(IpNet::V6(range), IpNet::V4),
        v4 => v4,
    })
}

/// IPv4 addresses are compared as such, also where the listener sees them as `::ffff:10.0.0.5`.
fn as_v4(range: Ipv6Net) -> Option<Ipv4Net> {
    let v4 = Ipv6Addr::to_ipv4_mapped(&range.addr())?;
    Ipv4Net::new(v4, range.prefix_len().checked_sub(96)?).ok()
}
