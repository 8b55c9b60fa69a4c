//! Reading a schema: its keywords, what stands in them, what they refer to.

use std::collections::HashMap;

use serde_json::{Map, Value as Json};

use super::engine;
use super::forms::{number, types, well_formed};
use super::keywords::{self, Form, nearest};
use super::kinds::{Kinds, Type};
use super::node::{Contains, Node, NodeId};
use super::references;
use super::schema::Additional;
use super::wrong::{Wrong, below};
use crate::value::{SmolStr, Value};

/// What was read of a schema; the first node is its root.
pub(super) struct Grammar<'j> {
    pub(super) nodes: Vec<Node>,
    /// The text of each node.
    pub(super) texts: Vec<&'j Json>,
    pub(super) wrong: Vec<Wrong>,
    /// Nodes by their place.
    pub(super) places: HashMap<String, NodeId>,
    pub(super) anchors: HashMap<String, NodeId>,
    /// What refers to what.
    pub(super) references: Vec<(NodeId, String)>,
}

/// Reads a schema. Its references are resolved where nothing is wrong with it.
pub(super) fn read(json: &Json) -> Grammar<'_> {
    let mut grammar = Grammar {
        nodes: Vec::new(),
        texts: Vec::new(),
        wrong: Vec::new(),
        places: HashMap::new(),
        anchors: HashMap::new(),
        references: Vec::new(),
    };
    grammar.schema(json, String::new());
    references::resolve(&mut grammar);
    grammar
}

impl<'j> Grammar<'j> {
    fn schema(&mut self, json: &'j Json, pointer: String) -> NodeId {
        let id = self.nodes.len();
        self.nodes.push(Node { pointer: pointer.clone(), ..Node::default() });
        self.texts.push(json);
        self.places.insert(pointer.clone(), id);
        match json {
            Json::Bool(any) => self.nodes[id].never = !any,
            Json::Object(keywords) => {
                for (name, value) in keywords {
                    self.keyword(id, name, value, &below(&pointer, name));
                }
                self.together(id, keywords);
            }
            _ => {
                let help = "such as `{ type = \"string\" }`";
                self.wrong.push(Wrong::value(pointer, "a JSON Schema is a table").help(help));
            }
        }
        id
    }

    fn keyword(&mut self, id: NodeId, name: &str, value: &'j Json, at: &str) {
        let Some(form) = keywords::form(name) else {
            return self.unknown(name, value, at);
        };
        match form {
            Form::Schema => {
                let child = self.inner(name, value, at);
                self.attach(id, name, child);
            }
            Form::Schemas => self.schemas(id, name, value, at),
            Form::ByName | Form::ByPattern => self.by_name(id, name, value, at),
            Form::Additional => self.nodes[id].additional = self.additional(value, at),
            _ => {
                if let Err(title) = well_formed(form, value) {
                    self.wrong.push(Wrong::value(at, title.0).help_if(title.1));
                } else {
                    self.plain(id, name, value, at);
                }
            }
        }
    }

    fn unknown(&mut self, name: &str, value: &Json, at: &str) {
        if name == "$schema" && !value.as_str().is_some_and(engine::is_our_draft) {
            let help = "it is draft 2020-12: leave `$schema` out, and see what changed since yours";
            self.wrong.push(Wrong::value(at, "this draft of JSON Schema is not read").help(help));
        }
        if name == "$id" && at != "/$id" {
            let help = "give it a place under `$defs`, and refer to that";
            self.wrong.push(Wrong::key(at, "`$id` inside a schema is not followed").help(help));
        }
        if keywords::is_annotation(name) {
            if let Err(expected) = keywords::annotation(name, value) {
                self.wrong.push(Wrong::value(at, expected));
            }
            return;
        }
        let known = keywords::KEYWORDS.iter().map(|(known, _)| *known);
        let help = keywords::instead(name).map(str::to_owned).or_else(|| nearest(name, known));
        let help = help.unwrap_or_else(|| "a keyword of your own starts with `x-`".to_owned());
        let title = format!("unknown keyword `{name}` of a JSON Schema");
        self.wrong.push(Wrong::key(at, title).help(help));
    }

    /// A schema inside another one.
    fn inner(&mut self, name: &str, value: &'j Json, at: &str) -> NodeId {
        if name == "items" && value.is_array() {
            let help = "a list of schemas, one per place, is `prefixItems`";
            self.wrong.push(Wrong::value(at, "`items` is the schema of every item").help(help));
            return self.schema(&Json::Bool(true), at.to_owned());
        }
        self.schema(value, at.to_owned())
    }

    fn schemas(&mut self, id: NodeId, name: &str, value: &'j Json, at: &str) {
        let Some(list) = value.as_array().filter(|list| !list.is_empty()) else {
            self.wrong.push(Wrong::value(at, "expected a list of schemas"));
            return;
        };
        for (index, one) in list.iter().enumerate() {
            let child = self.schema(one, below(at, &index.to_string()));
            self.attach(id, name, child);
        }
    }

    fn by_name(&mut self, id: NodeId, name: &str, value: &'j Json, at: &str) {
        let Some(members) = value.as_object() else {
            self.wrong.push(Wrong::value(at, "expected a table"));
            return;
        };
        for (key, one) in members {
            let place = below(at, key);
            let child = self.schema(one, place.clone());
            let key = SmolStr::new(key);
            let node = &mut self.nodes[id];
            match name {
                "properties" => {
                    node.properties.insert(key, child);
                }
                "dependentSchemas" => node.dependent.push((key, child)),
                "patternProperties" => match engine::matcher(&key) {
                    Ok(pattern) => node.patterns.push((pattern, child)),
                    Err(why) => self.wrong.push(not_a_pattern(Wrong::key(place, ""), &why)),
                },
                _ => {}
            }
        }
    }

    fn attach(&mut self, id: NodeId, name: &str, child: NodeId) {
        let node = &mut self.nodes[id];
        match name {
            "additionalProperties" => node.rest = Some(child),
            "unevaluatedProperties" => node.unevaluated = Some(child),
            "propertyNames" => node.names = Some(child),
            "items" => node.items = Some(child),
            "unevaluatedItems" => node.unevaluated_items = Some(child),
            "contains" => node.contains = Some(Contains { item: child, least: 1, most: None }),
            "prefixItems" => node.prefix.push(child),
            "allOf" => node.all.push(child),
            "anyOf" => node.any.push(child),
            "oneOf" => node.one.push(child),
            "not" => node.not = Some(child),
            "if" => node.when = Some(child),
            "then" => node.then = Some(child),
            "else" => node.otherwise = Some(child),
            _ => {}
        }
    }

    fn additional(&mut self, value: &Json, at: &str) -> Option<Additional> {
        let words = [
            ("strip", Additional::Strip),
            ("refuse", Additional::Refuse),
            ("keep", Additional::Keep),
        ];
        let written = value.as_str().unwrap_or_default();
        let found = words.iter().find(|(word, _)| *word == written).map(|(_, meaning)| *meaning);
        if found.is_none() {
            let help = nearest(written, words.map(|(word, _)| word));
            let help = help.unwrap_or_else(|| "write \"strip\", \"refuse\" or \"keep\"".to_owned());
            let title = format!("unknown word `{written}`");
            self.wrong.push(Wrong::value(at, title).help(help));
        }
        found
    }

    /// A keyword without a schema inside, which is well formed.
    fn plain(&mut self, id: NodeId, name: &str, value: &Json, at: &str) {
        let node = &mut self.nodes[id];
        let text = || value.as_str().unwrap_or_default().to_owned();
        match name {
            "type" => match types(value) {
                Ok(kinds) => node.kinds = Some(kinds),
                Err((word, index)) => {
                    let at = index.map_or(at.to_owned(), |index| below(at, &index.to_string()));
                    let help = nearest(&word, Type::ALL.map(|(name, _)| name));
                    let title = format!("unknown word `{word}`");
                    let one_of = "\"string\", \"integer\", \"number\", \"boolean\", \"null\", \
                                  \"array\" or \"object\"";
                    let help = help.unwrap_or_else(|| format!("write {one_of}"));
                    self.wrong.push(Wrong::value(at, title).help(help));
                }
            },
            "enum" => {
                node.allowed = value.as_array().into_iter().flatten().map(Value::from).collect();
            }
            "const" => node.allowed = vec![Value::from(value)],
            "default" => node.default = Some(Value::from(value)),
            "minimum" => node.minimum = number(value),
            "maximum" => node.maximum = number(value),
            "trim" => node.trim = value == &Json::Bool(true),
            "lowercase" => node.lowercase = value == &Json::Bool(true),
            "clamp" => node.clamp = value == &Json::Bool(true),
            "required" => {
                let names = value.as_array().into_iter().flatten();
                node.required = names.filter_map(Json::as_str).map(SmolStr::new).collect();
            }
            "$ref" => self.references.push((id, text())),
            "$anchor" => {
                self.anchors.insert(text(), id);
            }
            "pattern" => {
                node.pattern = Some(text());
                if let Err(why) = engine::matcher(&text()) {
                    self.wrong.push(not_a_pattern(Wrong::value(at, ""), &why));
                }
            }
            "format" if !keywords::FORMATS.contains(&&*text()) => {
                let title = format!("unknown format `{}`", text());
                let known = || format!("known are: {}", keywords::FORMATS.join(", "));
                let help = nearest(&text(), keywords::FORMATS).unwrap_or_else(known);
                self.wrong.push(Wrong::value(at, title).help(help));
            }
            _ => {}
        }
    }

    /// Keywords that say something about each other.
    fn together(&mut self, id: NodeId, keywords: &Map<String, Json>) {
        let node = &mut self.nodes[id];
        let count = |name| keywords.get(name).and_then(Json::as_u64);
        if let Some(contains) = &mut node.contains {
            contains.least = count("minContains").unwrap_or(1);
            contains.most = count("maxContains");
        }
        if node.kinds.is_none() && !node.allowed.is_empty() {
            let kinds = node.allowed.iter().map(Kinds::of);
            node.kinds = Some(kinds.fold(Kinds::NONE, Kinds::or));
        }
        let place = |name: &str| below(&node.pointer, name);
        let has = |name: &str| keywords.contains_key(name);
        let rest = ["additionalProperties", "unevaluatedProperties"].into_iter().find(|k| has(k));
        if let (Some(rest), Some(_)) = (rest, node.additional) {
            let title = format!("`additional` cannot stand beside `{rest}`");
            let help = "both say what becomes of further members: take one away";
            let wrong = Wrong::key(place("additional"), title).beside(place(rest)).help(help);
            self.wrong.push(wrong);
        }
        if node.clamp && node.minimum.is_none() && node.maximum.is_none() {
            let help = "it brings a number into their range: `minimum = 1, maximum = 100`";
            let title = "`clamp` needs `minimum` or `maximum`";
            self.wrong.push(Wrong::key(place("clamp"), title).help(help));
        }
        super::changes::check(node, keywords, &mut self.wrong);
        for (condition, branch) in [("if", "then"), ("if", "else")] {
            if has(branch) && !has(condition) {
                let title = format!("`{branch}` means nothing without `if`");
                self.wrong.push(Wrong::key(place(branch), title));
            }
        }
    }
}

impl Wrong {
    fn help_if(self, help: Option<&str>) -> Self {
        Self { help: help.map(str::to_owned), ..self }
    }
}

fn not_a_pattern(wrong: Wrong, why: &str) -> Wrong {
    if why == engine::TOO_LARGE {
        let title = "this regular expression is too large".to_owned();
        let help = "a long repetition is copied as often: say how long text may be by `maxLength`";
        return Wrong { title, ..wrong }.help(help);
    }
    let help =
        format!("{why}; patterns run in linear time, without look-around and back-references");
    Wrong { title: "this is not a regular expression".to_owned(), ..wrong }.help(help)
}
