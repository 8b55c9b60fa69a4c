//! All that is said in this process while a gateway runs.

use std::fmt::{Debug, Write};
use std::sync::{Mutex, MutexGuard, Once, PoisonError};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};

static SAID: Mutex<Said> = Mutex::new(Said::new());

/// Lines; those that no gateway will look through any more are given up.
struct Said {
    text: Vec<u8>,
    /// How much was given up before `text`.
    before: usize,
    /// How far somebody has looked.
    verified: usize,
    /// Since when each gateway that runs does.
    since: Vec<usize>,
}

impl Said {
    const fn new() -> Self {
        Self { text: Vec::new(), before: 0, verified: 0, since: Vec::new() }
    }

    fn end(&self) -> usize {
        self.before + self.text.len()
    }

    fn forget(&mut self) {
        let wanted = self.since.iter().copied().min().unwrap_or(self.verified);
        let gone = wanted - self.before;
        // Seldom enough that moving the rest costs little.
        if gone > self.text.len() / 2 {
            self.text.drain(..gone);
            self.before = wanted;
        }
    }
}

fn said() -> MutexGuard<'static, Said> {
    SAID.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Notes a line from this source.
pub fn line(source: &str, text: &[u8]) {
    let mut said = said();
    said.text.extend_from_slice(source.as_bytes());
    said.text.extend_from_slice(b": ");
    said.text.extend_from_slice(text);
    said.text.push(b'\n');
}

/// The life of a gateway, or of whatever else may give a secret away.
pub struct Watch {
    since: usize,
}

impl Watch {
    pub fn start() -> Self {
        listen();
        let mut said = said();
        // Where nobody else looks, also what came after the last one had ended.
        let since = if said.since.is_empty() { said.verified } else { said.end() };
        said.since.push(since);
        Self { since }
    }

    /// Fails the test when a secret that is known by now was said since the start, by whomever.
    #[track_caller]
    pub fn verify(&self) {
        let text = {
            let mut said = said();
            said.verified = said.end();
            said.text[self.since - said.before..].to_vec()
        };
        let found = super::found(&text);
        assert!(found.is_empty(), "{} lines with secrets:\n{}", found.len(), few(&found));
    }
}

fn few(lines: &[String]) -> String {
    lines[..lines.len().min(20)].join("\n")
}

impl Drop for Watch {
    fn drop(&mut self) {
        let mut said = said();
        let own = said.since.iter().position(|since| *since == self.since);
        own.map(|own| said.since.swap_remove(own));
        said.forget();
    }
}

/// Listens to `tracing` and `log`, which libraries use, from now on.
fn listen() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let subscriber = tracing_subscriber::registry().with(Everything);
        tracing::subscriber::set_global_default(subscriber).expect("nobody else listens");
        log::set_logger(&Everything).expect("nobody else listens");
        log::set_max_level(log::LevelFilter::Trace);
        upstream_mocks::on_secret(super::used);
    });
}

/// Each span, event and record, whoever it is from and however unimportant.
struct Everything;

impl<S: Subscriber> Layer<S> for Everything {
    fn on_new_span(&self, attributes: &Attributes<'_>, _: &Id, _: Context<'_, S>) {
        let mut fields = Fields::new(attributes.metadata().name());
        attributes.record(&mut fields);
        line(attributes.metadata().target(), fields.0.as_bytes());
    }

    fn on_record(&self, _: &Id, values: &Record<'_>, _: Context<'_, S>) {
        let mut fields = Fields::new("span");
        values.record(&mut fields);
        line("span", fields.0.as_bytes());
    }

    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut fields = Fields::new(event.metadata().level().as_str());
        event.record(&mut fields);
        line(event.metadata().target(), fields.0.as_bytes());
    }
}

impl log::Log for Everything {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        line(record.target(), record.args().to_string().as_bytes());
    }

    fn flush(&self) {}
}

struct Fields(String);

impl Fields {
    fn new(start: &str) -> Self {
        let mut text = String::with_capacity(256);
        text.push_str(start);
        Self(text)
    }
}

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        let _ = write!(self.0, " {}={value}", field.name());
    }

    fn record_error(&mut self, field: &Field, error: &(dyn std::error::Error + 'static)) {
        let _ = write!(self.0, " {}={error} {error:?}", field.name());
        let causes = std::iter::successors(error.source(), |error| error.source());
        causes.for_each(|cause| {
            let _ = write!(self.0, ": {cause} {cause:?}");
        });
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let _ = write!(self.0, " {}={value:?}", field.name());
    }
}
