//! The laws of rooms: each takes the sources and returns one sentence for each breach.

use std::path::{Path, PathBuf};

use super::{
    arrows::{Node, arrows, circle},
    picture::Picture,
    tree::{Files, Id, Tree},
};

/// No file is longer, in lines.
const LONGEST: usize = 350;
/// The first sentence of a file has at least so many words.
const WORDS: usize = 4;

/// The root file of every library, program, test and benchmark, and every `build.rs`.
pub(crate) fn roots(files: &Files) -> Vec<PathBuf> {
    let is_root = |file: &&PathBuf| {
        let names: Vec<_> = file.iter().filter_map(|name| name.to_str()).collect();
        match names[..] {
            [_, "build.rs"] | [_, "tests" | "benches", _] => true,
            [.., last] => ["main.rs", "lib.rs"].contains(&last),
            [] => false,
        }
    };
    files.keys().filter(is_root).cloned().collect()
}

/// Circles, at every level of every crate.
pub(crate) fn circles(files: &Files) -> Vec<String> {
    each_tree(files, |tree, breaches| {
        for (level, arrows) in arrows(tree) {
            let Some(circle) = circle(&arrows) else {
                continue;
            };
            let steps = circle.iter().zip(circle.iter().cycle().skip(1));
            let steps = steps.map(|(from, to)| {
                let (from_name, to_name) = (name(tree, level, *from), name(tree, level, *to));
                format!("{from_name} uses {to_name} ({})", arrows[&(*from, *to)])
            });
            breaches.push(format!(
                "a circle: {}",
                steps.collect::<Vec<_>>().join(", ")
            ));
        }
    })
}

/// Arrows that a picture does not have, and rooms that only one of code and picture has.
pub(crate) fn undrawn(files: &Files) -> Vec<String> {
    each_tree(files, |tree, breaches| {
        let arrows = arrows(tree);
        for (level, module) in tree.modules.iter().enumerate() {
            let Some(picture) = picture(files, tree, level) else {
                continue;
            };
            let file = module.file.display();
            for room in &picture.rooms {
                if !module.children.contains_key(room) {
                    breaches.push(format!(
                        "{file}: the picture has {room}, which is not there"
                    ));
                }
            }
            for room in module.children.keys() {
                if !picture.rooms.contains(room) {
                    breaches.push(format!("{file}: {room} is missing from the picture"));
                }
            }
            for ((from, to), place) in arrows.get(&level).into_iter().flatten() {
                if let (Node::Child(from), Node::Child(to)) = (*from, *to)
                    && let (from, to) = (&tree.modules[from].name, &tree.modules[to].name)
                    && !picture.allows(from, to)
                {
                    breaches.push(format!("{file} has no arrow {from} -> {to}, but {place}"));
                }
            }
        }
    })
}

/// The picture of a module, if its header draws one of its rooms.
pub(crate) fn picture(files: &Files, tree: &Tree, level: Id) -> Option<Picture> {
    let module = &tree.modules[level];
    let picture = Picture::read(files.get(&module.file)?)?;
    let is_of_rooms = picture
        .rooms
        .iter()
        .any(|room| module.children.contains_key(room));
    is_of_rooms.then_some(picture)
}

/// Names that are imported all together: nobody sees where they come from.
pub(crate) fn globs(files: &Files) -> Vec<String> {
    each_tree(files, |tree, breaches| {
        for (id, module) in tree.modules.iter().enumerate() {
            for import in &module.source.imports {
                if import.name == "*" && tree.resolve(id, &import.path).is_some() {
                    let path = import.path.join("::");
                    breaches.push(format!("{}: `use {path}`", module.file.display()));
                }
            }
        }
    })
}

/// Files that are too long.
pub(crate) fn long(files: &Files) -> Vec<String> {
    files
        .iter()
        .map(|(file, text)| (file, text.lines().count()))
        .filter(|(_, lines)| *lines > LONGEST)
        .map(|(file, lines)| format!("{}: {lines} lines", file.display()))
        .collect()
}

/// Files whose first line does not begin a sentence about them.
pub(crate) fn without_idea(files: &Files) -> Vec<String> {
    files
        .iter()
        .filter(|(_, text)| !begins_with_idea(text))
        .map(|(file, text)| {
            let first = text.lines().next().unwrap_or_default();
            format!("{}: {first}", file.display())
        })
        .collect()
}

fn begins_with_idea(text: &str) -> bool {
    let lines = text.lines().map_while(|line| line.strip_prefix("//! "));
    let paragraph = lines.collect::<Vec<_>>().join(" ");
    let sentence = paragraph.split(". ").next().unwrap_or_default();
    paragraph.ends_with(['.', ':']) && sentence.split_whitespace().count() >= WORDS
}

fn each_tree(files: &Files, mut look: impl FnMut(&Tree, &mut Vec<String>)) -> Vec<String> {
    let mut breaches = Vec::new();
    for root in roots(files) {
        match Tree::read(files, Path::new(&root)) {
            Ok(tree) => look(&tree, &mut breaches),
            Err(error) => breaches.push(error),
        }
    }
    breaches
}

fn name(tree: &Tree, level: Id, node: Node) -> String {
    match node {
        Node::Own => tree.modules[level].file.display().to_string(),
        Node::Child(id) => tree.modules[id].path.clone(),
    }
}
