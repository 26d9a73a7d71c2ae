use super::*;
use serde_json::json;

#[test]
fn d6_a_hash_says_nothing_of_the_order_that_aws_lists_things_in() {
    let text = |value: Value| {
        let mut text = String::new();
        canonical(&value, "", &mut text);
        text
    };
    let one = json!({"b": [{"id": 1}, {"id": 2}], "a": null, "command": ["x", "y"]});
    assert_eq!(text(one.clone()), text(json!({"a": null, "command": ["x", "y"], "b": [{"id": 2}, {"id": 1}]})));
    assert_ne!(text(one.clone()), text(json!({"a": null, "command": ["y", "x"], "b": [{"id": 2}, {"id": 1}]})));
    assert_ne!(text(one), text(json!({"a": false, "command": ["x", "y"], "b": [{"id": 2}, {"id": 1}]})));
    assert_ne!(text(json!({"a": ["b"], "c": []})), text(json!({"a": [], "c": ["b"]})));
    assert_ne!(text(json!("1")), text(json!(1)));
}
