//! From the text of a schema to what serves requests.

use std::collections::{HashMap, HashSet};

use jsonschema::Validator;
use serde_json::{Map, Value as Json};

use super::instance::Ours;
use super::merge::{kinds_of, places};
use super::mistakes::Mistakes;
use super::node::{Node, NodeId};
use super::place::Place;
use super::prepare::Prepare;
use super::schema::Compiled;
use super::wrong::{Wrong, below};
use super::{cost, engine, explain, grammar, keywords};
use crate::value::Value;

/// Compiles a schema.
///
/// # Errors
/// All that is wrong with it.
pub(super) fn build(json: &Json) -> Result<Compiled, Vec<Wrong>> {
    let mut text = plain(json);
    let objects = objects(&text)?;
    for pointer in objects {
        if let Some(Json::Object(node)) = text.pointer_mut(&pointer) {
            node.insert("type".to_owned(), "object".into());
        }
    }
    let read = grammar::read(&text);
    let (mut nodes, texts, mut wrong) = (read.nodes, read.texts, read.wrong);
    if !wrong.is_empty() {
        return Err(wrong);
    }
    contradictions(&texts, &nodes, &mut wrong);
    let mut places = places(&nodes, &mut wrong);
    if !wrong.is_empty() {
        return Err(wrong);
    }
    let failed = |why: String| vec![Wrong::value("", "this schema cannot be compiled").help(why)];
    let judge = validators(&text, &texts, &mut nodes).map_err(failed)?;
    defaults(&nodes, &mut places, &mut wrong);
    values(&texts, &nodes, &mut wrong).map_err(failed)?;
    match wrong.is_empty() {
        true => Ok(Compiled { judge, nodes, places }),
        false => Err(wrong),
    }
}

/// Without what only tells where a schema comes from: references are to places in it.
fn plain(json: &Json) -> Json {
    let mut text = json.clone();
    if let Json::Object(root) = &mut text {
        root.shift_remove("$id");
    }
    text
}

/// Schemas that name members say `object` by that: programs rely on the members, and nothing else could be stripped.
fn objects(text: &Json) -> Result<Vec<String>, Vec<Wrong>> {
    let read = grammar::read(text);
    let mut wrong = read.wrong;
    if wrong.is_empty() {
        cost::check(&read.nodes, &mut wrong);
    }
    if !wrong.is_empty() {
        return Err(wrong);
    }
    let nodes = &read.nodes;
    let mut open: Vec<NodeId> = nodes.iter().flat_map(heads).chain([0]).collect();
    let mut seen = HashSet::new();
    let mut untyped = Vec::new();
    while let Some(id) = open.pop() {
        if !seen.insert(id) || kinds_of(nodes, id).is_said() {
            continue;
        }
        let spoken = together(nodes, id);
        let names_members =
            |id: &NodeId| !nodes[*id].properties.is_empty() || !nodes[*id].required.is_empty();
        if spoken.iter().any(names_members) {
            untyped.push(nodes[id].pointer.clone());
        } else {
            open.extend(spoken.iter().flat_map(|id| nodes[*id].any.iter().chain(&nodes[*id].one)));
        }
    }
    Ok(untyped)
}

/// The schemas that surely hold where this one does.
fn together(nodes: &[Node], id: NodeId) -> Vec<NodeId> {
    let mut all = vec![id];
    let mut at = 0;
    while let Some(id) = all.get(at) {
        let next: Vec<NodeId> =
            nodes[*id].same_place().filter(|next| !all.contains(next)).collect();
        all.extend(next);
        at += 1;
    }
    all
}

/// The schemas of members and items: each is the first to speak of its value.
fn heads(node: &Node) -> impl Iterator<Item = NodeId> + '_ {
    let named = node.properties.values().copied();
    let patterned = node.patterns.iter().map(|(_, id)| *id);
    let rest = node.rest.into_iter().chain(node.unevaluated).chain(node.items);
    named.chain(patterned).chain(rest).chain(node.prefix.iter().copied())
}

/// Compiles the whole, what each node says alone, and the branches that are asked alone.
fn validators(text: &Json, texts: &[&Json], nodes: &mut [Node]) -> Result<Validator<Ours>, String> {
    let judge = engine::compile(text)?;
    let asked: HashSet<NodeId> =
        nodes.iter().flat_map(|node| node.asks().collect::<Vec<_>>()).collect();
    let defaulted = nodes.iter().any(|node| node.default.is_some());
    let map = match asked.is_empty() && !defaulted {
        true => None,
        false => Some(engine::options().build_map(text).map_err(|why| why.masked().to_string())?),
    };
    let alone = |node: &Node| map.as_ref()?.get(&format!("#{}", node.pointer)).cloned();
    let mut known: HashMap<String, Validator<Ours>> = HashMap::new();
    for (id, node) in nodes.iter_mut().enumerate() {
        if let Some(local) = local(texts[id], &[]) {
            let text = local.to_string();
            let same = known.get(&text).cloned();
            let validator = same.map_or_else(|| engine::compile(&local), Ok)?;
            known.entry(text).or_insert_with(|| validator.clone());
            node.local = Some(validator);
        }
        if asked.contains(&id) || node.default.is_some() {
            node.judge = Some(alone(node).ok_or("a part of it cannot stand alone")?);
        }
    }
    Ok(judge)
}

/// The keywords of a node that have no schema inside, without some of them.
fn local(text: &Json, without: &[&str]) -> Option<Json> {
    let own = |name: &str| keywords::LOCAL.contains(&name) && !without.contains(&name);
    let all: Map<String, Json> = text
        .as_object()?
        .iter()
        .filter(|(name, _)| own(name))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    (!all.is_empty()).then_some(Json::Object(all))
}

/// Keywords that leave nothing between them.
fn contradictions(texts: &[&Json], nodes: &[Node], wrong: &mut Vec<Wrong>) {
    let pairs = [
        ("minimum", "maximum"),
        ("minLength", "maxLength"),
        ("minItems", "maxItems"),
        ("minProperties", "maxProperties"),
        ("minContains", "maxContains"),
    ];
    for (text, node) in texts.iter().zip(nodes) {
        for (least, most) in pairs {
            let number = |name| text.get(name).map(Value::from);
            if let (Some(low), Some(high)) = (number(least), number(most))
                && low > high
            {
                let title = format!("`{least}` is more than `{most}`");
                let at = below(&node.pointer, least);
                wrong.push(Wrong::value(at, title).beside(below(&node.pointer, most)));
            }
        }
    }
}

/// Prepares the defaults, once, and finds those that their own schema refuses.
fn defaults(nodes: &[Node], places: &mut [Place], wrong: &mut Vec<Wrong>) {
    for node in nodes {
        let (Some(default), Some(judge)) = (&node.default, &node.judge) else { continue };
        let mut mistakes = Mistakes::default();
        let mut prepared = default.clone();
        if let Some(id) = places.iter().position(|place| {
            place.nodes.iter().any(|(id, sure)| *sure && nodes[*id].pointer == node.pointer)
        }) {
            let mut prepare = Prepare { places, mistakes: &mut mistakes };
            prepare.walk(id, &mut prepared, &String::new);
        }
        let container = matches!(default, Value::Arr(_) | Value::Obj(_));
        let checked = if container { &prepared } else { default };
        if !judge.is_valid(checked) {
            let id = nodes.iter().position(|other| other.pointer == node.pointer).unwrap_or(0);
            explain::Explain::new(nodes, &mut mistakes).walk(id, checked, &String::new);
        } else if mistakes.is_empty() {
            continue;
        }
        let title = "the default is not let in by its own schema";
        let wrong_one = Wrong::value(below(&node.pointer, "default"), title);
        wrong.push(wrong_one.help(rule(mistakes)));
    }
    let before: Vec<Option<Value>> = places.iter().map(|place| place.default.clone()).collect();
    for (id, default) in before.into_iter().enumerate() {
        let Some(mut default) = default else { continue };
        let mut mistakes = Mistakes::default();
        Prepare { places, mistakes: &mut mistakes }.walk(id, &mut default, &String::new);
        places[id].default = Some(default);
    }
}

/// Finds listed values that the rest of their node refuses.
fn values(texts: &[&Json], nodes: &[Node], wrong: &mut Vec<Wrong>) -> Result<(), String> {
    for (text, node) in texts.iter().zip(nodes) {
        let Some(rest) = local(text, &["enum", "const"]).filter(|_| !node.allowed.is_empty())
        else {
            continue;
        };
        let rest = engine::compile(&rest)?;
        let Some(misfit) = node.allowed.iter().find(|value| !rest.is_valid(value)) else {
            continue;
        };
        let found = rest.iter_errors(misfit).next().map(|error| super::words::say(&error).rule);
        let list = text.get("enum").is_some();
        let (name, title) = match list {
            true => ("enum", "a value of `enum` is not let in by the rest"),
            false => ("const", "the value of `const` is not let in by the rest"),
        };
        let help = format!("`{}` says otherwise", found.unwrap_or("the schema"));
        wrong.push(Wrong::value(below(&node.pointer, name), title).help(help));
    }
    Ok(())
}

/// Why a value does not fit, in words. Nothing of the value is in them.
fn rule(mistakes: Mistakes) -> String {
    let rule = mistakes.into_details().first().map_or("the schema", |mistake| mistake.rule);
    format!("`{rule}` says otherwise")
}
