//! Tables of words and columns in the documentation are those that the code makes today.
//!
//! Such a table stands between `<!-- made from the NAME: begin -->` and `<!-- made from the NAME: end -->`.
//! To write them all: `DIO_TRACE_BLESS=1 cargo test -p dio-trace --test docs_tables`.
#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

use std::{
    fs,
    path::{Path, PathBuf},
};

use dio_trace::{model::Vocabulary, recording::columns_markdown};

/// README and the pages below `docs`.
fn pages() -> Vec<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let docs = fs::read_dir(here.join("docs")).unwrap();
    let docs = docs.map(|entry| entry.unwrap().path());
    let pages = docs.filter(|path| path.extension().is_some_and(|extension| extension == "md"));
    pages.chain([here.join("../README.md")]).collect()
}

/// Every table by its name, with the number of pages that have it; these are brought up to date if
/// `bless` is set, otherwise they must be.
fn placed(bless: bool) -> Vec<(&'static str, usize)> {
    let words = Vocabulary::ALL.into_iter();
    let tables = words
        .map(|one| (one.name(), one.markdown()))
        .chain([("columns", columns_markdown())]);
    let place = |(name, table): (&'static str, String)| {
        let begin = format!("<!-- made from the {name}: begin -->\n");
        let end = format!("<!-- made from the {name}: end -->");
        let mut places = 0;
        for path in pages() {
            let page = fs::read_to_string(&path).unwrap();
            let Some((before, rest)) = page.split_once(&begin) else {
                continue;
            };
            let (found, after) = rest.split_once(&end).unwrap();
            places += 1;
            if bless {
                fs::write(&path, format!("{before}{begin}{table}{end}{after}")).unwrap();
                continue;
            }
            assert!(
                found == table,
                "the {name} in {} are not current; to write them, run \
                 DIO_TRACE_BLESS=1 cargo test -p dio-trace --test docs_tables",
                path.display()
            );
        }
        (name, places)
    };
    tables.map(place).collect()
}

#[test]
fn words_and_columns_are_documented_as_they_are() {
    for (name, places) in placed(std::env::var_os("DIO_TRACE_BLESS").is_some()) {
        assert!(places != 0, "no page has the {name}");
    }
}
