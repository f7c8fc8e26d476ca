//! The JSON Schema of a scenario, made from the table of keys, so that an editor completes and checks what
//! the reader accepts. Where the reader looks at more than a schema can say, the schema accepts more.

use super::keys::{self, KeyDoc, Kind, ShapeOf, Source};
use serde_json::{Map, Value, json};

/// A number with decimals, as in all quantities.
const NUMBER: &str = r"[0-9_]*\.?[0-9_]+";

/// The schema as a text, draft 2020-12.
pub fn schema() -> String {
    let definitions = json!({
        "duration": pattern(&span_pattern()),
        "size": pattern(&format!(r"^\s*{NUMBER}\s*([Bb]|[Bb]ytes?|[KMGkmg]i?[Bb])\s*$")),
        "shape_of_durations": shape(ShapeOf::Seconds),
        "shape_of_sizes": shape(ShapeOf::Bytes),
    });
    let mut root = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A mailflow scenario",
        "description": "Every key has a default; `mailflow explain KEY` says more about one.",
    });
    if let (Value::Object(root), Value::Object(top)) = (&mut root, map_of("", None)) {
        root.extend(top);
        root.insert("$defs".to_owned(), definitions);
    }
    // Maps and texts only: writing them to memory cannot fail.
    serde_json::to_string_pretty(&root).unwrap_or_default() + "\n"
}

fn pattern(pattern: &str) -> Value {
    json!({ "type": "string", "pattern": pattern })
}

fn span_pattern() -> String {
    let unit = "ns|us|µs|ms|msec|milliseconds?|s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?|w|weeks?";
    format!(r"^\s*({NUMBER}\s*({unit})\s*)+$")
}

/// A map of the keys under `path`; `of` is what shapes below it are distributions of.
fn map_of(path: &str, of: Option<ShapeOf>) -> Value {
    let mut properties = Map::new();
    for doc in keys::children(path) {
        properties.insert(doc.name().to_owned(), described(doc, of));
    }
    json!({ "type": "object", "properties": properties, "additionalProperties": false })
}

/// What a key takes, with its meaning and default.
fn described(doc: &KeyDoc, of: Option<ShapeOf>) -> Value {
    let mut schema = match accepted(doc, of) {
        Value::Object(map) => map,
        other => return other,
    };
    let mut text = doc.meaning.to_owned();
    if doc.source != Source::Choice {
        text += &format!(" Default: {}", doc.source.words());
        let plausible = doc.plausible();
        text += if plausible.is_empty() { "" } else { "; " };
        text += &plausible;
        text.push('.');
    }
    if let Some(label) = doc.label {
        text += &format!(" Proofpoint: \"{label}\".");
    }
    if let Some(option) = doc.sendmail {
        text += &format!(" Sendmail: {option}.");
    }
    schema.insert("description".to_owned(), json!(text));
    if !doc.default.is_empty() {
        schema.insert("default".to_owned(), default(doc));
    }
    Value::Object(schema)
}

/// The default as a value: numbers and lists as such, everything else as it is written.
fn default(doc: &KeyDoc) -> Value {
    let flow = doc.default.starts_with(['[', '{']);
    match doc.default.parse::<u64>() {
        Ok(whole) => json!(whole),
        _ if flow => serde_yaml::from_str(doc.default).unwrap_or_else(|_| json!(doc.default)),
        _ => json!(doc.default),
    }
}

fn bandwidth() -> Value {
    pattern(&format!(r"^\s*{NUMBER}\s*[kKMG]?(bit\s*/\s*s|bps)\s*$"))
}

fn or_unlimited(schema: Value) -> Value {
    json!({ "anyOf": [{ "enum": ["unlimited", "none"] }, schema] })
}

fn whole(min: u64, max: u64) -> Value {
    let typed = json!({ "type": "integer", "minimum": min, "maximum": max });
    // Numbers with underscores are texts to YAML.
    json!({ "anyOf": [typed, { "type": "string", "pattern": "^[0-9][0-9_]*$" }] })
}

fn accepted(doc: &KeyDoc, of: Option<ShapeOf>) -> Value {
    match doc.kind {
        Kind::Section => section(doc, of),
        Kind::OneOf(words) => {
            let mut map = map_of(doc.path, of);
            map["minProperties"] = json!(1);
            map["maxProperties"] = json!(1);
            let short = words.iter().map(|word| json!({ "const": word }));
            json!({ "anyOf": short.chain([map]).collect::<Vec<_>>() })
        }
        Kind::List => {
            let items = map_of(&format!("{}[]", doc.path), of);
            json!({ "type": ["array", "null"], "items": items })
        }
        Kind::Texts => json!({ "type": ["array", "string"], "items": { "type": "string" } }),
        Kind::Flag => json!({ "enum": [true, false, "on", "off", "yes", "no"] }),
        Kind::Whole { min, max } => whole(min, max),
        Kind::WholeOrUnlimited { min, max } => or_unlimited(whole(min, max)),
        Kind::Number { min, max } => json!({ "type": "number", "minimum": min, "maximum": max }),
        // Zero alone needs no sign.
        Kind::Share => {
            json!({ "anyOf": [{ "const": 0 }, pattern(&format!(r"^\s*{NUMBER}\s*%\s*$"))] })
        }
        Kind::Span { .. } => json!({ "$ref": "#/$defs/duration" }),
        Kind::SpanOrUnlimited { .. } => or_unlimited(json!({ "$ref": "#/$defs/duration" })),
        Kind::Rate => {
            let per = "s|sec|second|min|m|minute|h|hour|day|d";
            pattern(&format!(r"^\s*{NUMBER}\s*/\s*({per})\s*$"))
        }
        Kind::Bandwidth => or_unlimited(bandwidth()),
        Kind::Limited => bandwidth(),
        Kind::Choice(words) => {
            // YAML 1.1 writes off and on as false and true.
            let plain = words.iter().map(|word| json!(word));
            let flags = words.contains(&"off").then(|| json!(false));
            json!({ "enum": plain.chain(flags).collect::<Vec<_>>() })
        }
        Kind::Shape(ShapeOf::Seconds) => json!({ "$ref": "#/$defs/shape_of_durations" }),
        Kind::Shape(ShapeOf::Bytes) => json!({ "$ref": "#/$defs/shape_of_sizes" }),
        Kind::ShapeValue => shape_value(of),
        Kind::Profile => {
            let weights = json!({ "type": "array", "minItems": 24, "maxItems": 24 });
            json!({ "anyOf": [{ "const": "business_day" }, weights] })
        }
        Kind::Reply => json!({ "type": ["string", "integer"], "pattern": "^\\s*4[0-9][0-9]" }),
        Kind::Optional => json!({ "anyOf": [{ "const": "none" }, map_of(doc.path, of)] }),
        Kind::Settings => json!({ "type": "object", "minProperties": 1 }),
        Kind::Windows => {
            json!({ "type": ["object", "null"], "additionalProperties": { "type": "string" } })
        }
        Kind::Instant | Kind::WeekTime | Kind::TimeOfDay | Kind::File => {
            json!({ "type": "string" })
        }
        // A text: YAML makes numbers and dates of some.
        _ => json!({}),
    }
}

/// A map, or the short form that some sections have.
fn section(doc: &KeyDoc, of: Option<ShapeOf>) -> Value {
    // The parts of a mix are listed without their keys: they are those of the shape itself.
    let alone = keys::children(doc.path).next().is_none();
    let path = match doc.path.strip_prefix("shape.mix[].") {
        Some(name) if alone => format!("shape.{name}"),
        // So are those of another destination.
        None if doc.path == "destinations[].receiver" => "exchange_online".to_owned(),
        _ => doc.path.to_owned(),
    };
    let mut map = map_of(&path, of);
    map["type"] = json!(["object", "null"]);
    let mut children = keys::children(&path);
    let (first, second) = (children.next(), children.next());
    let short = match first.map(|child| (child.name(), child.kind)) {
        // `hoststat: off`
        Some(("enabled", kind @ Kind::Flag)) => Some(accepted(&KeyDoc { kind, ..*doc }, of)),
        // `exponential: 2s`
        Some((_, Kind::ShapeValue)) if second.is_none() => Some(shape_value(of)),
        _ => None,
    };
    match short {
        Some(short) => json!({ "anyOf": [map, short] }),
        None => map,
    }
}

fn shape_value(of: Option<ShapeOf>) -> Value {
    match of {
        Some(ShapeOf::Bytes) => json!({ "$ref": "#/$defs/size" }),
        _ => json!({ "$ref": "#/$defs/duration" }),
    }
}

/// A shape: a map with exactly one kind.
fn shape(of: ShapeOf) -> Value {
    let mut map = map_of("shape", Some(of));
    map["minProperties"] = json!(1);
    map["maxProperties"] = json!(1);
    map
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read() -> Value {
        serde_json::from_str(&schema()).expect("JSON")
    }

    #[test]
    fn every_key_of_the_table_is_in_the_schema_with_its_meaning() {
        let text = schema();
        for doc in keys::all() {
            let meaning = serde_json::to_string(doc.meaning).expect("JSON");
            assert!(text.contains(meaning.trim_matches('"')), "{}", doc.path);
        }
    }

    #[test]
    fn words_bounds_and_defaults_are_those_of_the_table() {
        let sender = &read()["properties"]["proofpoint"]["properties"];
        assert_eq!(sender["queue_runs"]["enum"], json!(["persistent", "periodic"]));
        assert_eq!(sender["queue_runners"]["anyOf"][0]["maximum"], 10_000);
        assert_eq!(sender["queue_runners"]["default"], 2);
        assert_eq!(sender["retry_interval"]["default"], "30m");
        assert_eq!(sender["hoststat"]["anyOf"][1]["enum"][3], "off", "the short form");
    }

    #[test]
    fn the_shipped_schema_is_the_one_of_the_table() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios/scenario.schema.json");
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(path, schema()).expect("written");
        }
        let shipped = std::fs::read_to_string(path).expect("the shipped schema");
        assert!(shipped == schema(), "run this test once with UPDATE=1 to write {path} anew");
    }

    /// Whether `value` fits `schema`, as far as structure goes: keys, words, alternatives, types.
    fn fits(value: &Value, schema: &Value, root: &Value) -> bool {
        if let Some(name) = schema["$ref"].as_str() {
            return fits(value, &root["$defs"][name.trim_start_matches("#/$defs/")], root);
        }
        if let Some(any) = schema["anyOf"].as_array() {
            return any.iter().any(|one| fits(value, one, root));
        }
        if let Some(words) = schema["enum"].as_array() {
            return words.contains(value);
        }
        if let Some(word) = schema.get("const") {
            return word == value;
        }
        let types = match &schema["type"] {
            Value::Null => return true,
            Value::Array(types) => types.clone(),
            one => vec![one.clone()],
        };
        let is = |name: &str| types.contains(&json!(name));
        match value {
            Value::Null => is("null"),
            Value::Bool(_) => is("boolean"),
            Value::Number(number) => is("number") || is("integer") && number.is_u64(),
            Value::String(_) => is("string"),
            Value::Array(items) => {
                is("array") && items.iter().all(|item| fits(item, &schema["items"], root))
            }
            Value::Object(map) => {
                let other = schema.get("additionalProperties").unwrap_or(&Value::Bool(true));
                let fits = |(key, value): (&String, &Value)| match schema["properties"].get(key) {
                    Some(known) => fits(value, known, root),
                    None => *other == true || other.is_object() && fits(value, other, root),
                };
                is("object") && map.iter().all(fits)
            }
        }
    }

    #[test]
    fn every_shipped_scenario_fits_the_schema_and_a_misspelt_key_does_not() {
        let root = read();
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios");
        let mut seen = 0;
        for entry in std::fs::read_dir(folder).expect("the folder") {
            let path = entry.expect("an entry").path();
            if path.extension().is_some_and(|ending| ending == "yaml") {
                let text = std::fs::read_to_string(&path).expect("read");
                let value: Value = serde_yaml::from_str(&text).expect("YAML");
                assert!(fits(&value, &root, &root), "{}", path.display());
                seen += 1;
            }
        }
        assert!(seen > 5);
        assert!(!fits(&json!({ "proofpoint": { "queue_runer": 2 } }), &root, &root));
        let commented: Value = serde_yaml::from_str(&crate::scenario::commented()).expect("YAML");
        assert!(fits(&commented, &root, &root));
    }
}
