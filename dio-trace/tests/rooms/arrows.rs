//! Who imports from whom, level by level: the arrows between the rooms of each folder, and circles.

use std::collections::{BTreeMap, BTreeSet};

use super::tree::{Id, Tree};

/// A node of one level: a module's own code, or a child with everything below it.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Node {
    Own,
    Child(Id),
}

/// The arrows of one level, each with one place in the code that makes it.
pub(crate) type Level = BTreeMap<(Node, Node), String>;

/// All arrows, by the module that is their level.
pub(crate) fn arrows(tree: &Tree) -> BTreeMap<Id, Level> {
    let mut levels: BTreeMap<Id, Level> = BTreeMap::new();
    for (from, path) in uses(tree) {
        let Some(to) = tree.resolve(from, &path) else {
            continue;
        };
        if let Some((level, arrow)) = arrow(tree, from, to) {
            let module = &tree.modules[from];
            levels
                .entry(level)
                .or_default()
                .entry(arrow)
                .or_insert_with(|| format!("{}: `{}`", module.file.display(), path.join("::")));
        }
    }
    levels
}

/// Every use of a name that is defined elsewhere.
fn uses(tree: &Tree) -> Vec<(Id, Vec<String>)> {
    let mut uses = Vec::new();
    for (id, module) in tree.modules.iter().enumerate() {
        let exports_its_own = |path: &[String]| {
            tree.resolve(id, path)
                .is_some_and(|origin| tree.line(origin).contains(&id))
        };
        for import in &module.source.imports {
            // Handing on what a child has is no use of it: that is when the name is mentioned.
            if !(import.exported && exports_its_own(&import.path)) {
                uses.push((id, import.path.clone()));
            } else if module.source.names.contains(&import.name) {
                uses.push((id, vec![import.name.clone()]));
            }
        }
        uses.extend(module.source.paths.iter().map(|path| (id, path.clone())));
    }
    uses
}

/// The arrow that a use makes, and its level: the innermost module that has both ends in it.
fn arrow(tree: &Tree, from: Id, to: Id) -> Option<(Id, (Node, Node))> {
    if from == to {
        return None;
    }
    let (one, other) = (tree.line(from), tree.line(to));
    let common = one.iter().zip(&other).take_while(|(a, b)| a == b).count();
    let node = |line: &[Id]| line.get(common).map_or(Node::Own, |id| Node::Child(*id));
    Some((one[common - 1], (node(&one), node(&other))))
}

/// The shortest circle of a level, as its nodes in order; none if there is none.
pub(crate) fn circle(level: &Level) -> Option<Vec<Node>> {
    let nodes: BTreeSet<Node> = level.keys().flat_map(|(from, to)| [*from, *to]).collect();
    nodes
        .iter()
        .filter_map(|start| way_back(level, *start))
        .min_by_key(Vec::len)
}

/// The shortest way from `start` to itself.
fn way_back(level: &Level, start: Node) -> Option<Vec<Node>> {
    let mut ways = vec![vec![start]];
    let mut seen = BTreeSet::new();
    while !ways.is_empty() {
        let mut longer = Vec::new();
        for way in ways {
            let end = way[way.len() - 1];
            for (_, to) in level.keys().filter(|(from, _)| *from == end) {
                if *to == start {
                    return Some(way);
                }
                if seen.insert(*to) {
                    longer.push(way.iter().copied().chain([*to]).collect());
                }
            }
        }
        ways = longer;
    }
    None
}
