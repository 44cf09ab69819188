//! Tests of the laws themselves, on small made-up crates: each law finds its breach and nothing else.

use std::path::PathBuf;

use super::{
    laws::{circles, globs, long, undrawn, without_idea},
    picture::Picture,
    tree::Files,
};

/// A crate of these files, each a name under `a/src` and its text.
fn crate_of(files: &[(&str, &str)]) -> Files {
    let file =
        |(name, text): &(&str, &str)| (PathBuf::from("a/src").join(name), (*text).to_owned());
    files.iter().map(file).collect()
}

/// Whether modules `one` and `two` with these texts are in a circle.
fn is_circle(one: &str, two: &str) -> bool {
    let root = "mod one;\nmod two;\n";
    !circles(&crate_of(&[
        ("lib.rs", root),
        ("one.rs", one),
        ("two.rs", two),
    ]))
    .is_empty()
}

#[test]
fn a_circle_is_found_however_it_is_written() {
    let uses_two = "use super::two::Two;\npub struct One;\n";
    for back in [
        "use super::one::One;",
        "use crate::one::One;",
        "use crate::{one::{One, self}};",
        "use super::one as other;",
        "pub use super::one::One;",
        "pub(crate) use super::{one::One as Other};",
        "fn f(one: &super::one::One) {}",
        "fn f() { let one = crate::one::One; }",
        "fn f() { use crate::one::One; }",
        "fn f() { assert!(matches!(x, crate::one::One)); }",
        "mod inner { use super::super::one::One; }",
        "mod inner { fn f(one: crate::one::One) {} }",
        "macro_rules! m { () => { $crate::one::One } }",
    ] {
        assert!(is_circle(uses_two, back), "{back}");
    }
}

#[test]
fn what_is_no_use_of_another_module_makes_no_circle() {
    let uses_two = "use super::two::Two;\npub struct One;\n";
    for text in [
        "pub struct Two;",
        "// use super::one::One;",
        "/// See [`One`](crate::one::One).\npub struct Two;",
        "const TEXT: &str = \"crate::one::One\";",
        "use std::one::One;",
        "pub(in crate::one) struct Two;",
        "#[cfg(test)]\nmod tests { use super::super::one::One; }",
        "#[cfg(test)]\nmod tests;",
        "#[cfg(test)]\nuse super::one::One;",
        "fn f(value: Other) { value.one::<One>() }",
    ] {
        assert!(!is_circle(uses_two, text), "{text}");
    }
}

#[test]
fn a_name_that_the_parent_exports_belongs_to_the_child_that_has_it() {
    let root = "mod one;\nmod two;\npub use one::One;\n";
    let made = |two| {
        let one = "use super::two::Two;\npub struct One;\n";
        circles(&crate_of(&[
            ("lib.rs", root),
            ("one.rs", one),
            ("two.rs", two),
        ]))
    };
    assert_eq!(
        made("use super::One;\n"),
        ["a circle: one uses two (a/src/one.rs: `super::two::Two`), \
             two uses one (a/src/two.rs: `super::One`)"]
    );
    assert_eq!(made("pub struct Two;\n"), [""; 0]);
}

#[test]
fn a_parent_is_a_room_like_its_children() {
    let made = |root, child| circles(&crate_of(&[("lib.rs", root), ("child.rs", child)]));
    let uses_parent = "use super::Parent;\npub struct Child;\n";
    // The parent has data that the child works on.
    let exports = "mod child;\npub use child::Child;\npub struct Parent;\n";
    assert_eq!(made(exports, uses_parent), [""; 0]);
    // A variable of the same name as a function that is handed on.
    let exports = "mod child;\npub use child::text;\npub fn parent(text: &str) { text.len(); }\n";
    assert_eq!(made(exports, "fn child() { super::parent(x) }\n"), [""; 0]);
    let calls = "mod child;\npub use child::text;\npub fn parent() { text(); }\n";
    assert_eq!(made(calls, "fn child() { super::parent() }\n").len(), 1);
    for root in [
        "mod child;\nuse child::Child;\npub struct Parent(Child);\n",
        "mod child;\npub use child::Child;\npub struct Parent(Child);\n",
        "mod child;\npub struct Parent(child::Child);\n",
    ] {
        assert_eq!(made(root, uses_parent).len(), 1, "{root}");
        assert_eq!(made(root, "pub struct Child;\n"), [""; 0], "{root}");
    }
}

#[test]
fn circles_are_found_at_every_level_and_only_at_theirs() {
    let files = crate_of(&[
        ("main.rs", "mod room;\nmod other;\n"),
        ("room.rs", "mod a;\nmod b;\nmod c;\n"),
        ("room/a.rs", "use super::b::B;\npub struct A;\n"),
        ("room/b.rs", "use super::c::C;\npub struct B;\n"),
        ("room/c.rs", "use crate::room::a::A;\npub struct C;\n"),
        ("other/mod.rs", "use crate::room::a::A;\n"),
    ]);
    let found = circles(&files);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].contains("room::c uses room::a"), "{found:?}");
}

const PICTURE: &str = "//! Rooms of some kind.\n//!\n//! ```text\n//!  one --> two -> three: why\n//!   does     is\n//!  four -> one\n//!  five: a tool; read by all\n//! ```\n";

#[test]
fn a_picture_is_read_as_it_is_drawn() {
    let picture = Picture::read(PICTURE).unwrap();
    for (from, to) in [
        ("one", "two"),
        ("one", "three"),
        ("two", "three"),
        ("four", "one"),
    ] {
        assert!(picture.allows(from, to), "{from} -> {to}");
    }
    for (from, to) in [("two", "one"), ("four", "two"), ("five", "one")] {
        assert!(!picture.allows(from, to), "{from} -> {to}");
    }
    assert!(picture.allows("three", "five"));
    assert_eq!(Picture::read("//! No picture.\n"), None);
}

#[test]
fn an_arrow_that_is_not_drawn_is_found() {
    let root = format!("{PICTURE}mod five;\nmod four;\nmod one;\nmod three;\nmod two;\n");
    let made = |two| {
        undrawn(&crate_of(&[
            ("lib.rs", &root),
            ("one.rs", "use crate::three::Three;\npub struct One;\n"),
            ("two.rs", two),
            ("three.rs", "use crate::five::Five;\npub struct Three;\n"),
            ("four.rs", "use crate::one::One;\n"),
            ("five.rs", "pub struct Five;\n"),
        ]))
    };
    assert_eq!(made("use crate::three::Three;"), [""; 0]);
    assert_eq!(
        made("use crate::one::One;"),
        ["a/src/lib.rs has no arrow two -> one, but a/src/two.rs: `crate::one::One`"]
    );
}

#[test]
fn a_room_that_is_not_drawn_and_one_that_is_not_there_are_found() {
    let root = format!("{PICTURE}mod one;\nmod two;\nmod three;\nmod four;\nmod six;\n");
    let files = ["one", "two", "three", "four", "six"].map(|room| format!("{room}.rs"));
    let mut made: Vec<_> = files.iter().map(|file| (file.as_str(), "")).collect();
    made.push(("lib.rs", &root));
    assert_eq!(
        undrawn(&crate_of(&made)),
        [
            "a/src/lib.rs: the picture has five, which is not there",
            "a/src/lib.rs: six is missing from the picture",
        ]
    );
}

#[test]
fn a_glob_of_this_crate_is_found() {
    let made = |text| globs(&crate_of(&[("lib.rs", "mod one;\n"), ("one.rs", text)]));
    assert_eq!(made("use super::*;\n"), ["a/src/one.rs: `use super::*`"]);
    assert_eq!(made("use std::io::prelude::*;\n"), [""; 0]);
    assert_eq!(made("#[cfg(test)]\nmod tests { use super::*; }\n"), [""; 0]);
}

#[test]
fn a_missing_module_is_found() {
    assert_eq!(
        circles(&crate_of(&[("lib.rs", "mod gone;\n")])),
        ["a/src/lib.rs: no file for `mod gone`"]
    );
}

#[test]
fn a_long_file_and_one_without_idea_are_found() {
    let made = |text: &str| crate_of(&[("lib.rs", text)]);
    assert_eq!(long(&made(&"\n".repeat(350))), [""; 0]);
    assert_eq!(long(&made(&"\n".repeat(351))), ["a/src/lib.rs: 351 lines"]);
    for text in [
        "//! Names of errors as people write them.\n",
        "//! A sentence that goes on in\n//! the next line.\n//!\n//! More\n",
        "//! Takes these three steps:\n//!\n//! 1. One\n",
    ] {
        assert_eq!(without_idea(&made(text)), [""; 0]);
    }
    for text in [
        "",
        "use std::fmt;\n",
        "//! Bytes.\n",
        "//! Bytes. And more about them than that.\n",
        "//! a sentence that has no end\n",
        "// An ordinary comment about the file.\n",
    ] {
        assert_eq!(without_idea(&made(text)).len(), 1, "{text}");
    }
}
