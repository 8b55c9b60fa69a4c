//! The trace that a request belongs to (W3C Trace Context).

use std::collections::HashMap;

use opentelemetry::propagation::{Extractor, TextMapPropagator};
use opentelemetry::trace::{SpanId, TraceContextExt, TraceFlags, TraceId};
use opentelemetry_sdk::propagation::TraceContextPropagator;

/// The trace that a request belongs to, and the span that is this gateway's part of it.
#[derive(Debug, Clone)]
pub struct Trace {
    trace: TraceId,
    span: SpanId,
    flags: TraceFlags,
}

impl Trace {
    /// Goes on with the trace of a `traceparent` header, or starts one. The request's random id gives the new ids.
    ///
    /// A header that is malformed starts a new trace, as the standard asks (§2.3).
    pub fn start(traceparent: Option<&str>, id: &[u8; 16]) -> Self {
        let number = u128::from_be_bytes(*id);
        let half = (number >> 64) as u64 ^ (number as u64).rotate_left(32);
        let (trace, flags) = traceparent
            .and_then(parent)
            .unwrap_or((TraceId::from_bytes(*id), TraceFlags::default()));
        Self { trace, span: SpanId::from_bytes(half.to_be_bytes()), flags }
    }

    /// The `traceparent` that upstreams get: the same trace, this gateway's span as the parent.
    pub fn to_header(&self) -> String {
        format!("00-{}-{}-{:02x}", self.trace, self.span, self.flags.to_u8())
    }
}

fn parent(header: &str) -> Option<(TraceId, TraceFlags)> {
    let carrier = Carrier(HashMap::from([("traceparent", header)]));
    let context = TraceContextPropagator::new().extract(&carrier);
    let span = context.span().span_context().clone();
    span.is_valid().then(|| (span.trace_id(), span.trace_flags()))
}

struct Carrier<'a>(HashMap<&'a str, &'a str>);

impl Extractor for Carrier<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).copied()
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().copied().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: [u8; 16] = [1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 0, 0, 0, 0, 0];
    const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn a_trace_goes_on_with_a_span_of_ours() {
        let header = Trace::start(Some(PARENT), &ID).to_header();
        assert_eq!(header, "00-4bf92f3577b34da6a3ce929d0e0e4736-0102030405060708-01");
    }

    #[test]
    fn a_malformed_parent_starts_a_new_trace() {
        for bad in [
            "",
            "00-x",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        ] {
            let header = Trace::start(Some(bad), &ID).to_header();
            assert!(header.starts_with("00-0102"), "{bad}: {header}");
        }
    }
}
