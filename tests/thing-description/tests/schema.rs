//! The Thing Description against the W3C's JSON schema for version 1.1.

#[path = "../../../crates/instep/tests/all_kinds/mod.rs"]
mod all_kinds;
#[path = "../../../crates/instep/tests/guarded/mod.rs"]
mod guarded;
#[path = "../../../crates/instep/tests/link/mod.rs"]
mod link;

use instep::thing::{Interaction, Kind, Thing};
use instep::{App, Limits};
use jsonschema::Validator;
use link::Simulation;
use serde_json::{Value, json};

const SCHEMA: &str = include_str!("../../../conformance/thing-description/schema.json");

/// Thing with as little as possible.
const SMALL: App = App::new("small", "Small").thing(&SMALL_THING);
const SMALL_THING: Thing = Thing::new("Small", &[Interaction::new("blink", "Blink", Kind::Button)]);

fn validator() -> Validator {
    let schema = serde_json::from_str(SCHEMA).expect("not JSON");
    let options = jsonschema::options().should_validate_formats(true);
    options.build(&schema).expect("not a valid schema")
}

fn describe(simulation: &mut Simulation, headers: &str) -> Value {
    let answer = guarded::get(simulation, "/.well-known/wot", headers);
    assert_eq!(answer.status, 200, "{}", answer.all);
    assert_eq!(answer.header("Content-Type"), Some("application/td+json"));
    serde_json::from_str(&answer.body).expect("not JSON")
}

fn problems(description: &Value) -> Vec<String> {
    validator().iter_errors(description).map(|error| format!("{} {error}", error.instance_path())).collect()
}

#[test]
fn every_description_matches_schema() {
    let none: &[String] = &[];
    assert_eq!(problems(&describe(&mut Simulation::with_app(&all_kinds::APP, Limits::DEVICE), "")), none);
    assert_eq!(problems(&describe(&mut Simulation::with_app(&SMALL, Limits::DEVICE), "")), none);
    let mut guarded = guarded::guard(Simulation::with_app(&all_kinds::APP, Limits::LINUX));
    let description = describe(&mut guarded, &format!("{}\r\n", guarded::BASIC));
    assert_eq!(problems(&description), none);
    assert_eq!(description["securityDefinitions"]["session"]["name"], "instep_80");
}

/// Checks that the validator rejects wrong descriptions.
#[test]
fn broken_description_is_rejected_by_schema() {
    let whole = describe(&mut Simulation::with_app(&all_kinds::APP, Limits::DEVICE), "");
    for (place, wrong) in [
        ("/title", Value::Null),
        ("/@context/0", json!("https://example.org")),
        ("/securityDefinitions/nosec/scheme", json!("secret")),
        ("/security", json!([])),
        ("/properties/led/type", json!("switch")),
        ("/properties/led/forms", json!([])),
        ("/properties/led/forms/0/op", json!("invokeaction")),
        ("/properties/brightness/maximum", json!("100")),
        ("/properties/brightness/multipleOf", json!(0)),
        ("/properties/mode/enum", json!([])),
        ("/properties/name/maxLength", json!(-1)),
        ("/actions/blink/forms/0/href", json!(7)),
        ("/properties/led/forms/1/op", json!("subscribeevent")),
        ("/properties/led/observable", json!("yes")),
        ("/events/said/forms/0/op", json!(["readproperty"])),
        ("/base", json!(7)),
        ("/links/0/href", Value::Null),
        ("/version", json!({})),
    ] {
        let mut broken = whole.clone();
        *broken.pointer_mut(place).unwrap_or_else(|| panic!("the description has no {place}")) = wrong;
        assert!(!problems(&broken).is_empty(), "the schema accepts any {place}");
    }
    for member in ["title", "security", "securityDefinitions", "@context"] {
        let mut broken = whole.clone();
        broken.as_object_mut().expect("not an object").remove(member);
        assert!(!problems(&broken).is_empty(), "the schema does not require {member}");
    }
}

/// Rules beyond the schema: security names are defined, and addresses exist.
#[test]
fn securities_are_defined_and_addresses_exist() {
    let mut simulation = guarded::guard(Simulation::with_app(&all_kinds::APP, Limits::DEVICE));
    let basic = format!("{}\r\n", guarded::BASIC);
    let description = describe(&mut simulation, &basic);
    let definitions = description["securityDefinitions"].as_object().expect("no definitions");
    let any = description["security"].as_str().expect("the security is not a name");
    for scheme in definitions[any]["oneOf"].as_array().expect("no schemes") {
        assert!(definitions.contains_key(scheme.as_str().expect("the security is not a name")));
    }
    assert_eq!(description["base"], "http://lamp/.well-known/");
    let door = &description["properties"]["door"];
    assert_eq!((&door["instep:on"], &door["instep:off"]), (&json!("\"open\""), &json!("closed")));
    assert_eq!(description["properties"]["wet"]["instep:on"], Value::Null);
    let forms = |interaction: &Value| interaction["forms"].as_array().expect("no forms").clone();
    let mut streams = 0;
    for interaction in ["properties", "events"]
        .into_iter()
        .flat_map(|sort| description[sort].as_object().expect(sort).values())
    {
        for form in forms(interaction).iter().filter(|form| form["subprotocol"] == "sse") {
            let path = form["href"]
                .as_str()
                .and_then(|href| href.strip_prefix(".."))
                .expect("not a relative address");
            let answer = guarded::request(&mut simulation, "HEAD", path, &basic, "");
            assert_eq!(
                (answer.status, answer.header("Content-Type")),
                (200, Some("text/event-stream")),
                "{path}"
            );
            streams += 1;
        }
    }
    assert_eq!(
        streams,
        description["properties"].as_object().unwrap().len()
            + description["events"].as_object().unwrap().len()
    );
    let mut reads = 0;
    for property in description["properties"].as_object().expect("no properties").values() {
        let history = property["instep:history"]["href"].as_str();
        for address in [property["forms"][0]["href"].as_str(), history].into_iter().flatten() {
            let path = address.strip_prefix("..").expect("not a relative address");
            assert_eq!(guarded::get(&mut simulation, path, &basic).status, 200, "{path}");
            reads += 1;
        }
    }
    assert_eq!(reads, 12);
}
