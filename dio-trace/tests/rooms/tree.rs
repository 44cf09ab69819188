//! The modules of one crate: follows the `mod` lines from its root file, and resolves names in them.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use super::scan::{Declared, Import, Source, scan};

/// Number of a module in its tree. The root is 0.
pub(crate) type Id = usize;

/// The text of every file, by its path.
pub(crate) type Files = BTreeMap<PathBuf, String>;

/// One module.
#[derive(Debug)]
pub(crate) struct Module {
    /// `capture::stacks`; empty for the root.
    pub(crate) path: String,
    pub(crate) name: String,
    pub(crate) file: PathBuf,
    pub(crate) parent: Option<Id>,
    pub(crate) children: BTreeMap<String, Id>,
    pub(crate) source: Source,
}

/// All modules of a crate but those of its tests.
#[derive(Debug)]
pub(crate) struct Tree {
    pub(crate) modules: Vec<Module>,
}

impl Tree {
    /// Follows the `mod` lines from `root` on. A module of tests (`#[cfg(test)]`) is not followed.
    pub(crate) fn read(files: &Files, root: &Path) -> Result<Self, String> {
        let mut tree = Self {
            modules: Vec::new(),
        };
        tree.add_file(files, root, root.parent().unwrap_or(root), "", None)?;
        Ok(tree)
    }

    fn add_file(
        &mut self,
        files: &Files,
        file: &Path,
        directory: &Path,
        name: &str,
        parent: Option<Id>,
    ) -> Result<Id, String> {
        let text = files
            .get(file)
            .ok_or_else(|| format!("{}: not found", file.display()))?;
        let source = scan(text).map_err(|error| format!("{}: {error}", file.display()))?;
        self.add(files, file, directory, name, parent, source)
    }

    fn add(
        &mut self,
        files: &Files,
        file: &Path,
        directory: &Path,
        name: &str,
        parent: Option<Id>,
        mut source: Source,
    ) -> Result<Id, String> {
        let id = self.modules.len();
        let inside = std::mem::take(&mut source.modules);
        let path = match parent.map(|parent| self.modules[parent].path.as_str()) {
            None => String::new(),
            Some("") => name.to_owned(),
            Some(outer) => format!("{outer}::{name}"),
        };
        self.modules.push(Module {
            path,
            name: name.to_owned(),
            file: file.to_owned(),
            parent,
            children: BTreeMap::new(),
            source,
        });
        for declared in inside {
            let child = self.add_child(files, file, directory, id, declared)?;
            let name = self.modules[child].name.clone();
            self.modules[id].children.insert(name, child);
        }
        Ok(id)
    }

    fn add_child(
        &mut self,
        files: &Files,
        file: &Path,
        directory: &Path,
        parent: Id,
        declared: Declared,
    ) -> Result<Id, String> {
        let Declared { name, path, body } = declared;
        if let Some(body) = body {
            return self.add(
                files,
                file,
                &directory.join(&name),
                &name,
                Some(parent),
                body,
            );
        }
        let candidates = match path {
            Some(path) => vec![normal(&file.parent().unwrap_or(file).join(path))],
            None => vec![
                directory.join(format!("{name}.rs")),
                directory.join(&name).join("mod.rs"),
            ],
        };
        let found = candidates
            .iter()
            .find(|candidate| files.contains_key(*candidate))
            .ok_or_else(|| format!("{}: no file for `mod {name}`", file.display()))?;
        self.add_file(files, found, &directory.join(&name), &name, Some(parent))
    }

    /// From the root to the module, both included.
    pub(crate) fn line(&self, id: Id) -> Vec<Id> {
        let mut line = vec![id];
        while let Some(parent) = self.modules[line[line.len() - 1]].parent {
            line.push(parent);
        }
        line.reverse();
        line
    }

    /// The module in which the last name of `path` is defined, whoever exports it again on the way.
    /// `None` for names of other crates, and for variables.
    pub(crate) fn resolve(&self, from: Id, path: &[String]) -> Option<Id> {
        self.resolved(from, path, &mut BTreeSet::new())
    }

    fn resolved(
        &self,
        from: Id,
        path: &[String],
        tried: &mut BTreeSet<(Id, String)>,
    ) -> Option<Id> {
        let (first, mut rest) = path.split_first()?;
        let mut at = match first.as_str() {
            "crate" => 0,
            "self" => from,
            "super" => self.modules[from].parent?,
            _ => {
                rest = path;
                from
            }
        };
        // Whether the next name is looked up from outside: then an unknown one is taken for an item
        // that a macro has made. From inside it may be a variable or another crate.
        let mut outside = rest.len() != path.len();
        while let Some((name, after)) = rest.split_first() {
            let module = &self.modules[at];
            if name == "super" {
                at = module.parent?;
            } else if name == "*" {
                return Some(at);
            } else if let Some(child) = module.children.get(name) {
                at = *child;
            } else if let Some(import) = self.import(at, name, tried) {
                // Another crate's: it belongs to the module that hands it on.
                let Some(origin) = self.resolved(at, &import.path, tried) else {
                    return outside.then_some(at);
                };
                // The rest of the path is inside what was imported: a module or a type.
                return if after.is_empty() || !self.is_module(at, &import.path) {
                    Some(origin)
                } else {
                    self.inside(origin, after, tried)
                };
            } else if outside || module.source.items.contains(name) {
                return Some(at);
            } else {
                return None;
            }
            outside = true;
            rest = after;
        }
        Some(at)
    }

    /// Resolves `path` as seen by someone who names `module`.
    fn inside(
        &self,
        module: Id,
        path: &[String],
        tried: &mut BTreeSet<(Id, String)>,
    ) -> Option<Id> {
        let full: Vec<_> = std::iter::once("self".to_owned())
            .chain(path.iter().cloned())
            .collect();
        self.resolved(module, &full, tried)
    }

    /// Whether `path` names a module, and not something in one.
    fn is_module(&self, from: Id, path: &[String]) -> bool {
        let last = path.last().map(String::as_str);
        self.resolve(from, path)
            .is_some_and(|id| Some(self.modules[id].name.as_str()) == last)
    }

    /// The import of `name` in a module; none while it is being resolved, as in `use words;` after the
    /// macro of that name.
    fn import(&self, at: Id, name: &str, tried: &mut BTreeSet<(Id, String)>) -> Option<&Import> {
        let import = self.modules[at]
            .source
            .imports
            .iter()
            .find(|import| import.name == name)?;
        tried.insert((at, name.to_owned())).then_some(import)
    }
}

/// The path without `..`.
fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for part in path.components() {
        match part {
            std::path::Component::ParentDir => {
                normal.pop();
            }
            part => normal.push(part),
        }
    }
    normal
}
