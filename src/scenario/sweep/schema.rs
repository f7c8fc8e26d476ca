//! The JSON Schema of a sweep file: that of a scenario for its base, and the keys of `keys.rs` around it.

use super::super::keys;
use super::keys as own;
use serde_json::{Map, Value, json};

/// The schema as a text, draft 2020-12. It needs no other file.
pub fn schema() -> String {
    let scenario: Value =
        serde_json::from_str(&super::super::schema::schema()).unwrap_or(Value::Null);
    let mut base = scenario;
    let mut definitions = base["$defs"].take();
    let texts = json!({ "type": ["array", "string"], "items": { "type": "string" } });
    definitions["run"] = base["properties"]["run"].clone();
    base.as_object_mut().map(|base| ["$schema", "$defs"].map(|name| base.remove(name)));
    definitions["scenario"] = base;
    let list = json!({ "type": "array", "minItems": 1 });
    let chosen = |each: &Value| {
        let properties: Map<String, Value> = settings(each).collect();
        json!({ "type": "object", "minProperties": 1, "properties": properties })
    };
    let any = json!({});
    let expect = json!({
        "type": ["array", "string"],
        "items": { "anyOf": [{ "type": "string" }, {
            "type": "object",
            "properties": described("expect[]", &[("where", chosen(&any)), ("expect", texts)]),
            "required": ["expect"],
            "additionalProperties": false,
        }] },
    });
    let top = [
        ("name", json!({ "type": ["string", "number"] })),
        ("about", json!({ "type": "string" })),
        ("base", json!({ "anyOf": [{ "type": "string" }, { "$ref": "#/$defs/scenario" }] })),
        ("vary", chosen(&list)),
        ("design", json!({ "enum": ["grid", "one_at_a_time", "list"] })),
        ("combinations", json!({ "type": "array", "minItems": 1, "items": chosen(&any) })),
        ("compare_with", chosen(&any)),
        ("run", json!({ "$ref": "#/$defs/run" })),
        ("expect", expect),
        (
            "find",
            map("find", &[("between", json!({ "type": "array", "minItems": 2, "maxItems": 2 }))]),
        ),
    ];
    let root = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A mailflow sweep",
        "description": "`mailflow explain KEY` says more about a key.",
        "type": "object",
        "properties": described("", &top),
        "required": ["base"],
        "additionalProperties": false,
        "$defs": definitions,
    });
    // Maps and texts only: writing them to memory cannot fail.
    serde_json::to_string_pretty(&root).unwrap_or_default() + "\n"
}

/// The keys under `path` with their meaning; of those not `given`, anything fits.
fn described(path: &str, given: &[(&str, Value)]) -> Value {
    let property = |key: &own::SweepKey| {
        let known = given.iter().find(|(name, _)| *name == key.name());
        let mut schema = known.map_or_else(|| json!({}), |(_, schema)| schema.clone());
        let default = if key.default.is_empty() { "" } else { " Default: " };
        let end = if key.default.is_empty() { "" } else { "." };
        schema["description"] = json!(format!("{}{default}{}{end}", key.meaning, key.default));
        (key.name().to_owned(), schema)
    };
    Value::Object(own::children(path).map(property).collect())
}

fn map(path: &str, given: &[(&str, Value)]) -> Value {
    json!({ "type": "object", "properties": described(path, given), "additionalProperties": false })
}

/// The settings that may vary, by their dotted keys; what each takes is checked by the reader.
fn settings(each: &Value) -> impl Iterator<Item = (String, Value)> {
    let single = |doc: &&keys::KeyDoc| {
        let apart = ["name", "about", "expect", "run.repeats", "run.seed"].contains(&doc.path);
        !apart && !doc.path.contains("[]") && !doc.path.starts_with("shape")
    };
    keys::all().filter(single).flat_map(|doc| {
        let named = |path: String, of: &keys::KeyDoc| {
            let mut schema = each.clone();
            schema["description"] = json!(format!("{} Each: {}.", of.meaning, of.accepts()));
            (path, schema)
        };
        let shapes = keys::all().filter_map(|of| Some((of.path.strip_prefix("shape.")?, of)));
        let shapes = shapes.filter(|_| matches!(doc.kind, keys::Kind::Shape(_)));
        let inner = shapes.map(|(name, of)| named(format!("{}.{name}", doc.path), of));
        std::iter::once(named(doc.path.to_owned(), doc)).chain(inner).collect::<Vec<_>>()
    })
}
