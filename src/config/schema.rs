//! JSON Schemas of the files, for editors.

use std::borrow::Cow;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use serde_json::Value;

use super::gateway::{Gateway, Rate, Size};
use super::plain::{HeaderValue, List, Many, Name, OnStatus, Plain, Program, Template, Toml};
use super::route::{Endpoint, Fail, Method, RouteFile, Ttl};
use super::upstreams::{Upstream, Upstreams};

/// The JSON Schemas of `gateway.toml`, `upstreams.toml` and a route file (`_defaults.toml` is one
/// too): `{"gateway": …, "upstreams": …, "route": …}`, each complete in itself.
#[must_use]
pub fn schema() -> Value {
    let mut all = serde_json::Map::new();
    all.insert("gateway".into(), finish(schemars::schema_for!(Gateway)));
    all.insert("upstreams".into(), finish(schemars::schema_for!(Upstreams)));
    all.insert("route".into(), finish(schemars::schema_for!(RouteFile)));
    Value::Object(all)
}

fn finish(schema: Schema) -> Value {
    let mut schema = schema.to_value();
    as_toml(&mut schema);
    schema
}

/// TOML has no null, and defaults and `_defaults` make every key optional: what must be said
/// somewhere, `check` finds.
fn as_toml(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            object.shift_remove("required");
            object.values_mut().for_each(as_toml);
            if let Some(Value::Array(types)) = object.get_mut("type") {
                types.retain(|one| one != "null");
                if let [one] = types.as_slice() {
                    let one = one.clone();
                    object.insert("type".into(), one);
                }
            }
            if let Some(Value::Array(options)) = object.get_mut("anyOf") {
                options.retain(|one| one.get("type").is_none_or(|kind| kind != "null"));
                if let [Value::Object(only)] = options.as_slice() {
                    let only = only.clone();
                    object.shift_remove("anyOf");
                    object.extend(only);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(as_toml),
        _ => {}
    }
}

macro_rules! schema {
    ($($type:ty: $name:literal = $schema:tt;)*) => {$(
        impl JsonSchema for $type {
            fn schema_name() -> Cow<'static, str> {
                $name.into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!($schema)
            }
        }
    )*};
}

schema! {
    Plain<String>: "Text" = { "type": "string" };
    Plain<u64>: "Integer" = { "anyOf": [
        { "type": "integer", "minimum": 0 }, { "type": "string", "pattern": r"\$\{.+\}" }
    ] };
    Plain<f64>: "Number" = { "anyOf": [
        { "type": "number" }, { "type": "string", "pattern": r"\$\{.+\}" }
    ] };
    Plain<bool>: "Boolean" = { "anyOf": [
        { "type": "boolean" }, { "type": "string", "pattern": r"\$\{.+\}" }
    ] };
    Plain<Duration>: "Duration" = {
        "description": "`250ms`, `3s`, `5m`, `12h`, `7d`",
        "type": "string", "pattern": r"^\d+(ms|s|m|h|d)$|\$\{.+\}"
    };
    Plain<Ttl>: "Ttl" = {
        "description": "`30s`, `5m`, or `upstream`",
        "type": "string", "pattern": r"^(\d+(ms|s|m|h|d)|upstream)$|\$\{.+\}"
    };
    Plain<Size>: "Size" = {
        "description": "`64KiB`, `1MiB`, `500KB`, `2MB`",
        "type": "string", "pattern": r"^\d+[KM]i?B$|\$\{.+\}"
    };
    Plain<Rate>: "Rate" = {
        "description": "`10/s`, `60/min`, `1000/h`, `5000/d`",
        "type": "string", "pattern": r"^\d+/(s|min|h|d)$|\$\{.+\}"
    };
    Template: "Template" = {
        "description": "text with `{jq}` holes and `${secrets}`", "type": "string"
    };
    HeaderValue: "HeaderValue" = { "anyOf": [{ "type": "string" }, { "const": false }] };
    Program: "Program" = {
        "description": "a jq program, or the file that holds it",
        "anyOf": [{ "type": "string" }, {
            "type": "object", "properties": { "file": { "type": "string" } },
            "minProperties": 1, "additionalProperties": false
        }]
    };
    Toml: "Any" = {};
    Name: "Name" = { "type": "string" };
}

impl<T: JsonSchema> JsonSchema for List<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        Vec::<T>::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        Vec::<T>::json_schema(generator)
    }
}

impl<T: JsonSchema> JsonSchema for Many<T> {
    fn schema_name() -> Cow<'static, str> {
        format!("Many_{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let one = generator.subschema_for::<T>();
        json_schema!({ "anyOf": [one, { "type": "array", "items": one }] })
    }
}

impl JsonSchema for OnStatus {
    fn schema_name() -> Cow<'static, str> {
        "OnStatus".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let fault = generator.subschema_for::<Fail>();
        json_schema!({ "anyOf": [
            { "enum": ["fail", "pass", "null"] },
            {
                "type": "object", "properties": { "value": {} },
                "minProperties": 1, "additionalProperties": false
            },
            fault
        ] })
    }
}

impl JsonSchema for Upstreams {
    fn schema_name() -> Cow<'static, str> {
        "upstreams.toml".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let upstream = generator.subschema_for::<Upstream>();
        json_schema!({ "type": "object", "additionalProperties": upstream })
    }
}

/// An [`Endpoint`]'s keys, and the methods' tables.
impl JsonSchema for RouteFile {
    fn schema_name() -> Cow<'static, str> {
        "routes/**/NAME.toml".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut schema = Endpoint::json_schema(generator);
        let endpoint = generator.subschema_for::<Endpoint>().to_value();
        if let Some(Value::Object(keys)) = schema.get_mut("properties") {
            keys.extend(Method::ALL.map(|(name, _)| (name.to_owned(), endpoint.clone())));
        }
        schema
    }
}
