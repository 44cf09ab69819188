//! Reads one Rust source: its modules, the names it defines and imports, and the paths it mentions.

use std::{collections::BTreeSet, iter::Peekable};

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree, token_stream::IntoIter};

/// The declarations and paths of one module, before any name is resolved.
#[derive(Debug, Default)]
pub(crate) struct Source {
    /// The `mod` lines, and the modules that are written out in place.
    pub(crate) modules: Vec<Declared>,
    pub(crate) imports: Vec<Import>,
    /// Names of the functions, types and constants that the module defines.
    pub(crate) items: BTreeSet<String>,
    /// Paths of more than one segment outside `use`, such as `crate::text::bytes`.
    pub(crate) paths: BTreeSet<Vec<String>>,
    /// Single names outside `use`, of types and of what is called: one of them may be a name that the
    /// module exports again. A variable is none of them.
    pub(crate) names: BTreeSet<String>,
}

/// A module inside another.
#[derive(Debug)]
pub(crate) struct Declared {
    pub(crate) name: String,
    /// `#[path = "..."]`.
    pub(crate) path: Option<String>,
    /// `None` for a module in a file of its own.
    pub(crate) body: Option<Source>,
}

/// One name that a `use` brings into scope.
#[derive(Clone, Debug)]
pub(crate) struct Import {
    /// The full path, `*` at its end for a glob.
    pub(crate) path: Vec<String>,
    /// The name in this module.
    pub(crate) name: String,
    /// Whether others can take the name from here: any visibility but the private one.
    pub(crate) exported: bool,
}

type Tokens = Peekable<IntoIter>;

/// Reads `text`. Tests inside (`#[cfg(test)]`) are left out: they may use anything.
pub(crate) fn scan(text: &str) -> Result<Source, String> {
    let tokens: TokenStream = text.parse().map_err(|error| format!("{error}"))?;
    let mut source = Source::default();
    items(tokens, &mut source);
    Ok(source)
}

/// Reads tokens that lie directly in a module.
fn items(tokens: TokenStream, source: &mut Source) {
    let mut tokens = tokens.into_iter().peekable();
    let mut path = None;
    let mut exported = false;
    while let Some(token) = tokens.next() {
        match &token {
            TokenTree::Punct(sign) if sign.as_char() == '#' => {
                let Some(TokenTree::Group(group)) = tokens.peek().cloned() else {
                    continue;
                };
                tokens.next();
                let attribute = group.stream().to_string();
                if attribute.replace(' ', "") == "cfg(test)" {
                    skip_item(&mut tokens);
                } else if let Some(value) = attribute.strip_prefix("path =") {
                    path = Some(value.trim().trim_matches('"').to_owned());
                } else {
                    body(group.stream(), source);
                }
            }
            TokenTree::Ident(word) if word == "pub" => {
                exported = true;
                // `pub(in crate::kernel)` imports nothing.
                if let Some(TokenTree::Group(group)) = tokens.peek()
                    && group.delimiter() == Delimiter::Parenthesis
                {
                    tokens.next();
                }
            }
            TokenTree::Ident(word) if word == "mod" => {
                let Some(TokenTree::Ident(name)) = tokens.next() else {
                    continue;
                };
                let written = match tokens.next() {
                    Some(TokenTree::Group(group)) => {
                        let mut inner = Source::default();
                        items(group.stream(), &mut inner);
                        Some(inner)
                    }
                    _ => None,
                };
                source.modules.push(Declared {
                    name: name.to_string(),
                    path: path.take(),
                    body: written,
                });
                exported = false;
            }
            TokenTree::Ident(word) if word == "use" => {
                imports(&mut tokens, &mut Vec::new(), exported, &mut source.imports);
                exported = false;
            }
            TokenTree::Ident(word) => {
                let word = word.to_string();
                if word == "macro_rules" {
                    tokens.next();
                }
                if DEFINING.contains(&word.as_str()) {
                    exported = false;
                    if let Some(TokenTree::Ident(name)) = tokens.peek()
                        && !DEFINING.contains(&name.to_string().as_str())
                    {
                        source.items.insert(name.to_string());
                        tokens.next();
                    }
                } else {
                    mention(word, &mut tokens, source);
                }
            }
            TokenTree::Group(group) => body(group.stream(), source),
            _ => {}
        }
    }
}

/// The words after which a new name stands.
const DEFINING: [&str; 9] = [
    "const",
    "enum",
    "fn",
    "macro_rules",
    "static",
    "struct",
    "trait",
    "type",
    "union",
];

/// Reads tokens inside an item: its code, its types, its attributes.
fn body(tokens: TokenStream, source: &mut Source) {
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Ident(word) if word == "use" => {
                imports(&mut tokens, &mut Vec::new(), false, &mut source.imports);
            }
            TokenTree::Ident(word) if word == "pub" => {
                if let Some(TokenTree::Group(group)) = tokens.peek()
                    && group.delimiter() == Delimiter::Parenthesis
                {
                    tokens.next();
                }
            }
            TokenTree::Ident(word) => mention(word.to_string(), &mut tokens, source),
            // The name of a field or a method is none of the module's.
            TokenTree::Punct(sign) if sign.as_char() == '.' => {
                if let Some(TokenTree::Ident(_)) = tokens.peek() {
                    tokens.next();
                }
            }
            TokenTree::Group(group) => body(group.stream(), source),
            _ => {}
        }
    }
}

/// Reads the rest of a path that begins with `first`.
fn mention(first: String, tokens: &mut Tokens, source: &mut Source) {
    let mut path = vec![first];
    while path_goes_on(tokens) {
        match tokens.peek() {
            Some(TokenTree::Ident(segment)) => path.push(segment.to_string()),
            // `Vec::<u8>::new`, `$crate::$name`.
            _ => break,
        }
        tokens.next();
    }
    if path.len() == 1 {
        let is_type = path[0].starts_with(|first: char| first.is_uppercase());
        let is_called = matches!(tokens.peek(), Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Parenthesis);
        if is_type || is_called {
            source.names.extend(path);
        }
    } else {
        source.paths.insert(path);
    }
}

/// Takes `::` where it comes next.
fn path_goes_on(tokens: &mut Tokens) -> bool {
    let mut ahead = tokens.clone();
    let is_colon = |token: Option<TokenTree>| matches!(token, Some(TokenTree::Punct(sign)) if sign.as_char() == ':');
    if is_colon(ahead.next()) && is_colon(ahead.next()) {
        *tokens = ahead;
        return true;
    }
    false
}

/// Reads a `use` tree after the path `before`, up to its end: `;`, `,` or the end of the group.
fn imports(tokens: &mut Tokens, before: &mut Vec<String>, exported: bool, found: &mut Vec<Import>) {
    let length = before.len();
    let mut name = None;
    let mut ended = false;
    while let Some(token) = tokens.peek().cloned() {
        match token {
            TokenTree::Punct(sign) if matches!(sign.as_char(), ';' | ',') => break,
            TokenTree::Punct(sign) if sign.as_char() == '*' => {
                before.push("*".to_owned());
            }
            // `use ::name`: another crate for sure.
            TokenTree::Punct(_) if before.is_empty() => before.push(String::new()),
            TokenTree::Ident(word) if word == "as" => {
                tokens.next();
                name = tokens.peek().map(ToString::to_string);
            }
            TokenTree::Ident(word) => before.push(word.to_string()),
            TokenTree::Group(group) => {
                group_of_imports(&group, before, exported, found);
                ended = true;
            }
            _ => {}
        }
        tokens.next();
    }
    if !ended && before.len() > length {
        if before.last().is_some_and(|last| last == "self") && before.len() > 1 {
            before.pop();
        }
        found.push(Import {
            name: name.unwrap_or_else(|| before.last().cloned().unwrap_or_default()),
            path: before.clone(),
            exported,
        });
    }
    before.truncate(length);
}

/// Reads the trees between braces.
fn group_of_imports(
    group: &Group,
    before: &mut Vec<String>,
    exported: bool,
    found: &mut Vec<Import>,
) {
    let mut tokens = group.stream().into_iter().peekable();
    while tokens.peek().is_some() {
        imports(&mut tokens, before, exported, found);
        tokens.next();
    }
}

/// Skips the item after an attribute, with further attributes of it.
fn skip_item(tokens: &mut Tokens) {
    for token in tokens.by_ref() {
        match token {
            TokenTree::Punct(sign) if sign.as_char() == ';' => return,
            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => return,
            _ => {}
        }
    }
}
