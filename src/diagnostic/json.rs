//! Diagnostics for editors.

use serde_json::{Value, json};

use super::{Diagnostic, Label, Sources};

impl Sources {
    /// An array, sorted by file and place: `[{title, file, line, column, end_line, end_column,
    /// help, labels}]`. Lines and columns count from 1, columns in characters; `file` and the
    /// numbers are null for what has no place. `labels` are the further places, each with `text`.
    #[must_use]
    pub fn to_json(&self, diagnostics: &[Diagnostic]) -> Value {
        let sorted = self.sorted(diagnostics);
        Value::Array(sorted.into_iter().map(|diagnostic| self.one(diagnostic)).collect())
    }

    fn one(&self, diagnostic: &Diagnostic) -> Value {
        let mut object = serde_json::Map::new();
        object.insert("title".into(), diagnostic.title.as_str().into());
        object.extend(self.position(diagnostic.labels.first()));
        object.insert("help".into(), diagnostic.help.as_deref().into());
        let further = diagnostic.labels.iter().skip(1).map(|label| {
            let mut object = self.position(Some(label));
            object.insert("text".into(), label.text.as_str().into());
            Value::Object(object)
        });
        object.insert("labels".into(), further.collect());
        Value::Object(object)
    }

    fn position(&self, label: Option<&Label>) -> serde_json::Map<String, Value> {
        let found = label.and_then(|label| Some((label, self.source(label.span.start)?)));
        let position = match found {
            Some((label, source)) => {
                let (start, end) = (self.place(label.span.start), self.place(label.span.end));
                json!({
                    "file": source.path.to_string_lossy(),
                    "line": start.line, "column": start.column,
                    "end_line": end.line, "end_column": end.column,
                })
            }
            None => json!({
                "file": null, "line": null, "column": null, "end_line": null, "end_column": null,
            }),
        };
        match position {
            Value::Object(object) => object,
            _ => serde_json::Map::new(),
        }
    }
}
