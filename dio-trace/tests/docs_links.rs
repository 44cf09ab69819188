//! The pages of documentation hold together: links lead somewhere, named files exist, README is short.
#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

use std::{
    collections::BTreeMap,
    fs,
    path::{Component, Path, PathBuf},
};

/// Lines of README: what does not fit belongs on a page of its own.
const README_LINES: usize = 180;

/// The pages, by their path from the top of the repository.
type Pages = BTreeMap<PathBuf, String>;

fn top() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// README, the changelog, and every page in a `docs` folder.
fn pages() -> Pages {
    let mut paths = vec![PathBuf::from("README.md"), PathBuf::from("CHANGELOG.md")];
    for name in ["dio-trace", "dio-trace-ebpf", "xtask"] {
        let folder = Path::new(name).join("docs");
        for entry in fs::read_dir(top().join(&folder)).unwrap() {
            let path = folder.join(entry.unwrap().file_name());
            if path.extension().is_some_and(|extension| extension == "md") {
                paths.push(path);
            }
        }
    }
    let text = |path: PathBuf| {
        let text = fs::read_to_string(top().join(&path)).unwrap();
        (path, text)
    };
    paths.into_iter().map(text).collect()
}

/// The lines of a page that are not in a block of code.
fn prose(page: &str) -> impl Iterator<Item = &str> {
    let mut in_code = false;
    page.lines().filter(move |line| {
        let is_fence = line.trim_start().starts_with("```");
        in_code ^= is_fence;
        !in_code && !is_fence
    })
}

/// A line as text and code by turns: `text`, code, text, and so on.
fn text_and_code(line: &str) -> (String, Vec<&str>) {
    let text = line.split('`').step_by(2).collect();
    (text, line.split('`').skip(1).step_by(2).collect())
}

/// The targets of all links and pictures: `[text](target)`, `[name]: target`, `src="target"`.
fn links(page: &str) -> Vec<String> {
    let mut links = Vec::new();
    for line in prose(page) {
        let (line, _) = text_and_code(line);
        for (start, end) in [("](", [')', ' ']), ("src=\"", ['"', '"'])] {
            let targets = line.split(start).skip(1);
            links.extend(targets.filter_map(|rest| Some(rest.split(end).next()?.to_owned())));
        }
        if let Some((_, target)) = line
            .strip_prefix('[')
            .and_then(|rest| rest.split_once("]: "))
        {
            links.push(target.to_owned());
        }
    }
    links
}

/// The names by which links find the headings of a page.
fn anchors(page: &str) -> Vec<String> {
    let mut anchors: Vec<String> = Vec::new();
    for heading in prose(page).filter(|line| line.starts_with('#')) {
        let words = heading.trim_start_matches('#').trim().to_lowercase();
        let kept = words.chars().map(|c| if c == ' ' { '-' } else { c });
        let name: String = kept
            .filter(|c| c.is_alphanumeric() || "-_".contains(*c))
            .collect();
        let again = anchors.iter().filter(|other| **other == name).count();
        anchors.push(match again {
            0 => name,
            again => format!("{name}-{again}"),
        });
    }
    anchors
}

/// A path without `.` and `..`; `None` if it leaves the repository.
fn normal(path: &Path) -> Option<PathBuf> {
    let mut normal = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir if !normal.pop() => return None,
            Component::ParentDir | Component::CurDir => {}
            part => normal.push(part),
        }
    }
    Some(normal)
}

/// The links of `pages` that lead nowhere. `exists` says it of other files.
fn broken(pages: &Pages, exists: impl Fn(&Path) -> bool) -> Vec<String> {
    let mut broken = Vec::new();
    for (path, page) in pages {
        for link in links(page) {
            if link.starts_with("https://") || link.starts_with("mailto:") {
                continue;
            }
            let (file, heading) = link.split_once('#').unwrap_or((&link, ""));
            let target = match file {
                "" => Some(path.clone()),
                file => normal(&path.parent().unwrap().join(file)),
            };
            let leads_somewhere = target.is_some_and(|target| match pages.get(&target) {
                Some(page) => heading.is_empty() || anchors(page).iter().any(|one| one == heading),
                None => heading.is_empty() && exists(&target),
            });
            if !leads_somewhere {
                broken.push(format!("{}: {link}", path.display()));
            }
        }
    }
    broken
}

/// Files of this repository that `pages` name in code, such as `xtask/src/suite/places.rs`, and that
/// are not there.
fn missing(pages: &Pages, exists: impl Fn(&Path) -> bool) -> Vec<String> {
    let is_path = |word: &&str| {
        let first = word.split('/').next();
        first.is_some_and(|first| ["dio-trace", "dio-trace-ebpf", "xtask"].contains(&first))
            && word.contains('/')
            && word
                .chars()
                .all(|c| c.is_alphanumeric() || "/-_.".contains(c))
    };
    let mut missing = Vec::new();
    for (path, page) in pages {
        for line in prose(page) {
            let (_, code) = text_and_code(line);
            for word in code
                .into_iter()
                .filter(is_path)
                .filter(|word| !exists(Path::new(word)))
            {
                missing.push(format!("{}: {word}", path.display()));
            }
        }
    }
    missing
}

fn exists(path: &Path) -> bool {
    top().join(path).exists()
}

#[test]
fn every_link_leads_somewhere() {
    assert_eq!(broken(&pages(), exists), [""; 0]);
}

#[test]
fn every_named_file_exists() {
    assert_eq!(missing(&pages(), exists), [""; 0]);
}

#[test]
fn readme_is_short_and_leads_to_every_page() {
    let pages = pages();
    let readme = &pages[Path::new("README.md")];
    let lines = readme.lines().count();
    assert!(lines <= README_LINES, "{lines} lines");
    let links = links(readme);
    for page in pages.keys().filter(|page| *page != Path::new("README.md")) {
        let is_linked = |link: &String| Path::new(link.split('#').next().unwrap()) == page;
        assert!(links.iter().any(is_linked), "no link to {}", page.display());
    }
}

#[test]
fn a_broken_link_and_a_missing_file_are_found() {
    let page = |path: &str, text: &str| (PathBuf::from(path), text.to_owned());
    let pages: Pages = [
        page(
            "README.md",
            "# A page\n[good](a/docs/b.md#what-it-s_for-1), [`b`](a/docs/b.md), [x](https://x), [top](#a-page)\n\
             [gone](gone.md) ![picture](a/x.svg) [no heading](a/docs/b.md#none) [out](../x)\n\
             [ref]: a/none.md\n<img src=\"a/y.svg\">\n\
             ```\n[code](none.md)\n```\n`[code](none.md)` `xtask/none.rs` `xtask/here.rs` `dio-trace report`\n",
        ),
        page("a/docs/b.md", "## What it's_for?\n## What it s_for\n## What it s_for\n[up](../x.svg)\n"),
    ]
    .into();
    let exists = |path: &Path| ["a/x.svg", "xtask/here.rs"].map(Path::new).contains(&path);
    assert_eq!(
        broken(&pages, exists),
        [
            "README.md: gone.md",
            "README.md: a/docs/b.md#none",
            "README.md: ../x",
            "README.md: a/none.md",
            "README.md: a/y.svg",
        ]
    );
    assert_eq!(missing(&pages, exists), ["README.md: xtask/none.rs"]);
}
