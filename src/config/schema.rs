//! JSON Schemas of the files, for editors.

use std::borrow::Cow;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::gateway::Size;
use super::plain::{HeaderValue, Many, Name, OnStatus, Plain, Program, Template, Toml};
use super::route::Fail;

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
    Plain<Size>: "Size" = {
        "description": "`64KiB`, `1MiB`, `500KB`, `2MB`",
        "type": "string", "pattern": r"^\d+[KM]i?B$|\$\{.+\}"
    };
    Template: "Template" = {
        "description": "text with `{jq}` holes and `${secrets}`", "type": "string"
    };
    HeaderValue: "HeaderValue" = { "anyOf": [{ "type": "string" }, { "const": false }] };
    Program: "Program" = {
        "description": "a jq program, or the file that holds it",
        "anyOf": [{ "type": "string" }, {
            "type": "object", "properties": { "file": { "type": "string" } },
            "required": ["file"], "additionalProperties": false
        }]
    };
    Toml: "Any" = {};
    Name: "Name" = { "type": "string" };
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
                "required": ["value"], "additionalProperties": false
            },
            fault
        ] })
    }
}
