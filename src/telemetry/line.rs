//! How an event becomes a line.
//!
//! Written by hand because the library's JSON formatter goes through serde and nests fields, and its text formatter lets
//! line breaks through.

use std::fmt::{self, Debug, Write};

use tracing::field::{Field, Visit};
use tracing::span::Record;
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::field::RecordFields;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::fmt::{
    FmtContext, FormatEvent, FormatFields, FormattedFields, Layer as Lines, MakeWriter,
};
use tracing_subscriber::registry::LookupSpan;

use super::text::{Escaped, needs_quotes};

/// The look of a line.
#[derive(Clone, Copy)]
pub(super) struct Line {
    pub(super) json: bool,
    pub(super) colours: bool,
}

impl Line {
    /// Writes each event as one line.
    pub(super) fn layer<S, W>(self, output: W) -> impl Layer<S>
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
        W: for<'a> MakeWriter<'a> + 'static,
    {
        Lines::default().event_format(self).fmt_fields(self).with_writer(output)
    }

    fn head(self, to: &mut Writer<'_>, level: Level, target: &str) -> fmt::Result {
        if self.json {
            to.write_str("{\"timestamp\":\"")?;
            SystemTime.format_time(to)?;
            return write!(to, "\",\"level\":\"{level}\",\"target\":\"{target}\"");
        }
        let (on, off) = match self.colours {
            true => (colour(level), "\x1b[0m"),
            false => ("", ""),
        };
        SystemTime.format_time(to)?;
        write!(to, " {on}{level:>5}{off} {target}:")
    }
}

impl<S, N> FormatEvent<S, N> for Line
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut to: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let metadata = event.metadata();
        self.head(&mut to, *metadata.level(), metadata.target())?;
        self.format_fields(to.by_ref(), event)?;
        // An access line says all by itself; other lines are told apart by the request that they belong to.
        if metadata.target() != "frontdesk::access" {
            for span in context.event_scope().into_iter().flatten() {
                if let Some(fields) = span.extensions().get::<FormattedFields<N>>() {
                    to.write_str(&fields.fields)?;
                }
            }
        }
        to.write_str(if self.json { "}\n" } else { "\n" })
    }
}

/// Each field with what separates it from the one before: `,"name":value` or ` name=value`.
impl<'a> FormatFields<'a> for Line {
    fn format_fields<R: RecordFields>(&self, to: Writer<'a>, fields: R) -> fmt::Result {
        let mut members = Members { json: self.json, to, result: Ok(()) };
        fields.record(&mut members);
        members.result
    }

    /// The library would put a blank between.
    fn add_fields(
        &self,
        current: &'a mut FormattedFields<Self>,
        fields: &Record<'_>,
    ) -> fmt::Result {
        self.format_fields(current.as_writer(), fields)
    }
}

struct Members<'a> {
    json: bool,
    to: Writer<'a>,
    result: fmt::Result,
}

impl Members<'_> {
    fn number(&mut self, field: &Field, number: impl fmt::Display) {
        self.result = self.result.and_then(|()| match self.json {
            true => write!(self.to, ",\"{}\":{number}", field.name()),
            false => write!(self.to, " {}={number}", field.name()),
        });
    }

    fn text(&mut self, field: &Field, text: fmt::Arguments<'_>) {
        self.result = self.result.and_then(|()| match self.json {
            true => {
                write!(self.to, ",\"{}\":\"", field.name())?;
                Escaped::new(&mut self.to).write_fmt(text)?;
                self.to.write_char('"')
            }
            false => self.readable(field, &text.to_string()),
        });
    }

    /// The message without its name, and quotes only where they are needed.
    fn readable(&mut self, field: &Field, text: &str) -> fmt::Result {
        match field.name() {
            "message" => self.to.write_char(' ')?,
            name => write!(self.to, " {name}=")?,
        }
        let quote = if field.name() != "message" && needs_quotes(text) { "\"" } else { "" };
        self.to.write_str(quote)?;
        Escaped::new(&mut self.to).write_str(text)?;
        self.to.write_str(quote)
    }
}

impl Visit for Members<'_> {
    fn record_f64(&mut self, field: &Field, value: f64) {
        match value.is_finite() {
            true => self.number(field, value),
            false => self.text(field, format_args!("{value}")),
        }
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.number(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.number(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.number(field, value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.text(field, format_args!("{value}"));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.text(field, format_args!("{value:?}"));
    }
}

fn colour(level: Level) -> &'static str {
    match level {
        Level::ERROR => "\x1b[31m",
        Level::WARN => "\x1b[33m",
        Level::INFO => "\x1b[32m",
        Level::DEBUG => "\x1b[34m",
        Level::TRACE => "\x1b[35m",
    }
}
