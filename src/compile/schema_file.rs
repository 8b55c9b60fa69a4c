//! JSON Schemas in files of their own: `{ file = "post.schema.json" }`, and the files beside them that they refer to.

use serde_json::{Map, Value as Json};

use super::context::Context;
use super::schema::Document;
use crate::config::{Plain, Raw, Toml, Value as Written};
use crate::diagnostic::Span;
use crate::value::{DuplicateKeys, Limits, parse};

const MAX_DEPTH: u32 = 64;

/// The schema of the file that is named in the place of a schema; the outer `None`: none is.
pub(super) fn named<'t>(cx: &mut Context<'_>, written: &'t Toml) -> Option<Option<Document<'t>>> {
    let Written::Table(table) = &written.value else { return None };
    let file = table.get("file")?;
    let Written::Text(name) = &file.value else { return None };
    if let Some(other) = table.keys().find(|key| key.text != "file") {
        let title = format!("`{}` cannot stand beside `file`", other.text);
        cx.wrong(&other.span, title, "`file` stands alone: the file is the whole schema");
        return Some(None);
    }
    Some(read(cx, name, &file.span, None).and_then(|json| {
        let files = vec![(String::new(), name.clone())];
        let mut document = Document { json, needed: None, written: file, files };
        bundle(cx, &mut document, Some(name))?;
        Some(document)
    }))
}

/// Takes the files that a schema refers to into it, under `$defs`, so that all references stay inside.
pub(super) fn bundle(
    cx: &mut Context<'_>,
    document: &mut Document<'_>,
    name: Option<&str>,
) -> Option<()> {
    let span = document.written.span.clone();
    let root = name.map(|name| (name.to_owned(), String::new()));
    let mut bundle = Bundle { known: root.into_iter().collect(), open: Vec::new() };
    bundle.rewrite(&mut document.json, name.unwrap_or_default(), "");
    while let Some((file, prefix)) = bundle.open.pop() {
        let mut json = read(cx, &file, &span, Some(format!("a `$ref` names `{file}`")))?;
        if let Json::Object(members) = &mut json {
            members.shift_remove("$id");
            members.shift_remove("$schema");
        }
        bundle.rewrite(&mut json, &file, &prefix);
        let Json::Object(root) = &mut document.json else { return Some(()) };
        let defs = root.entry("$defs").or_insert_with(|| Json::Object(Map::new()));
        let key = prefix.trim_start_matches("/$defs/").to_owned();
        defs.as_object_mut()?.insert(key, json);
        document.files.push((prefix, file));
    }
    Some(())
}

/// Files by their names, with the places that they get, and those that are still to be read.
struct Bundle {
    known: Vec<(String, String)>,
    open: Vec<(String, String)>,
}

impl Bundle {
    fn rewrite(&mut self, json: &mut Json, file: &str, prefix: &str) {
        match json {
            Json::Object(members) => {
                for (name, value) in members {
                    match value {
                        Json::String(reference) if name == "$ref" => {
                            *reference = self.reference(reference, file, prefix);
                        }
                        _ if matches!(&**name, "enum" | "const" | "default" | "examples") => {}
                        value => self.rewrite(value, file, prefix),
                    }
                }
            }
            Json::Array(items) => {
                items.iter_mut().for_each(|item| self.rewrite(item, file, prefix));
            }
            _ => {}
        }
    }

    /// A reference from inside a file, as it is from the whole.
    fn reference(&mut self, reference: &str, file: &str, prefix: &str) -> String {
        let (target, fragment) = reference.split_once('#').unwrap_or((reference, ""));
        if target.is_empty() && !fragment.is_empty() && !fragment.starts_with('/') {
            return reference.to_owned();
        }
        if target.is_empty() {
            return format!("#{prefix}{fragment}");
        }
        // A scheme or a host: not a file. The compiler of the schema says so.
        if target.contains(':') || target.starts_with('/') {
            return reference.to_owned();
        }
        let path = beside(file, target);
        let known = self.known.iter().find(|(known, _)| *known == path);
        let place = known.map(|(_, place)| place.clone()).unwrap_or_else(|| {
            let place = format!("/$defs/file {}", self.known.len()).replace(' ', "-");
            self.known.push((path.clone(), place.clone()));
            self.open.push((path, place.clone()));
            place
        });
        format!("#{place}{fragment}")
    }
}

/// The path of a file that another one names, from where the first one is named.
fn beside(file: &str, target: &str) -> String {
    let mut parts: Vec<&str> = file.split('/').collect();
    parts.pop();
    for part in target.split('/') {
        match (part, parts.last()) {
            ("" | ".", _) => {}
            ("..", Some(last)) if *last != ".." => {
                parts.pop();
            }
            _ => parts.push(part),
        }
    }
    parts.join("/")
}

fn read(cx: &mut Context<'_>, name: &str, span: &Span, elsewhere: Option<String>) -> Option<Json> {
    let path = Plain { span: span.clone(), raw: Raw::Text(name.to_owned()) };
    let text = cx.file_named(&path, elsewhere)?;
    let limits = Limits { max_depth: MAX_DEPTH, duplicate_keys: DuplicateKeys::Refuse };
    match parse(text.as_bytes(), &limits) {
        Ok(value) => Some((&value).into()),
        Err(error) => {
            let help = format!("{}, in line {} of `{name}`", error.reason, error.line);
            cx.wrong(span, "the file is not JSON", help);
            None
        }
    }
}
