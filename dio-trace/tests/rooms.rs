//! The rooms of the three crates stay rooms: no circles, no arrow that a picture does not have, short
//! files that begin with their idea.
//!
//! The test reads every `use` and every path in the code (`crate::text::bytes(n)`), and follows each
//! name to the module that defines it, whoever exports it again on the way. Then it looks at each
//! folder by itself:
//!
//! - A use of something below a sibling is an arrow to that sibling. There may be no circle.
//! - A parent's own code is a room like its children. It may use them, or they may use it, but not
//!   both: a type that children need of a parent that calls them has its own file. Exporting what a
//!   child has is not a use of it.
//! - Where the header of a module has a picture of rooms, there may be no arrow that it lacks. The
//!   code of the module itself may use all its rooms.
//! - Names are imported one by one, so that their origin can be seen.
//!
//! Tests (`#[cfg(test)]`) are left out: they may use everything. A call of a method is no use.
#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

#[path = "rooms/arrows.rs"]
mod arrows;
#[path = "rooms/laws.rs"]
mod laws;
#[path = "rooms/made_up.rs"]
mod made_up;
#[path = "rooms/picture.rs"]
mod picture;
#[path = "rooms/scan.rs"]
mod scan;
#[path = "rooms/tree.rs"]
mod tree;

use std::{
    fs,
    path::{Path, PathBuf},
};

use laws::{circles, globs, long, picture, roots, undrawn, without_idea};
use tree::{Files, Tree};

/// Every Rust source of the workspace, by its path from there.
fn workspace() -> Files {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut files = Files::new();
    let mut folders = ["dio-trace", "dio-trace-ebpf", "xtask"]
        .map(PathBuf::from)
        .to_vec();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(workspace.join(&folder)).unwrap() {
            let path = folder.join(entry.unwrap().file_name());
            let full = workspace.join(&path);
            if full.is_dir() && !path.ends_with("target") {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.insert(path, fs::read_to_string(full).unwrap());
            }
        }
    }
    files
}

/// Breaches that are being mended.
const OWED: [&str; 1] = ["dio-trace/src/kernel/attach/plan.rs"];

#[track_caller]
fn holds(law: fn(&Files) -> Vec<String>) {
    let mut breaches = law(&workspace());
    breaches.retain(|breach| !OWED.iter().any(|owed| breach.contains(owed)));
    assert!(breaches.is_empty(), "\n{}\n", breaches.join("\n"));
}

#[test]
fn no_room_is_part_of_a_circle() {
    holds(circles);
}

#[test]
fn rooms_import_only_along_the_arrows_of_their_picture() {
    holds(undrawn);
}

#[test]
fn names_are_imported_one_by_one() {
    holds(globs);
}

#[test]
fn no_file_is_long() {
    holds(long);
}

#[test]
fn every_file_begins_with_its_idea() {
    holds(without_idea);
}

/// A picture that cannot be read would allow everything.
#[test]
fn the_pictures_are_found() {
    let files = workspace();
    let mut drawn = Vec::new();
    for root in roots(&files) {
        let tree = Tree::read(&files, &root).unwrap();
        let modules = tree.modules.iter().enumerate();
        let with_picture = modules.filter(|(id, _)| picture(&files, &tree, *id).is_some());
        drawn.extend(with_picture.map(|(_, module)| module.file.display().to_string()));
    }
    for file in ["dio-trace-ebpf/src/bpf.rs", "dio-trace/src/kernel.rs"] {
        assert!(
            drawn.iter().any(|drawn| drawn == file),
            "{file}: no picture"
        );
    }
}
