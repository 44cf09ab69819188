//! The picture of rooms and arrows in the header of a module, as the arrows that it allows.

use std::collections::BTreeSet;

/// A picture, read.
#[derive(Debug, Default, Eq, PartialEq)]
pub(crate) struct Picture {
    /// The imports between rooms that a picture allows.
    pub(crate) arrows: BTreeSet<(String, String)>,
    /// Every room that is drawn.
    pub(crate) rooms: BTreeSet<String>,
    /// Rooms from which all may import.
    for_all: BTreeSet<String>,
}

impl Picture {
    /// Reads the first block of text in the header of `text`; `None` where nothing is drawn. These lines
    /// count, all others explain:
    ///
    /// ```text
    /// a -> b -> c         each may import from every room to its right
    /// d, e --> a, b: why  both may import from a and from b
    /// f, g: read by all   everyone may import from these
    /// ```
    pub(crate) fn read(text: &str) -> Option<Self> {
        let mut picture = Self::default();
        let lines = text.lines().map_while(|line| line.strip_prefix("//!"));
        let mut lines = lines.map(str::trim);
        lines.find(|line| *line == "```text")?;
        for line in lines.take_while(|line| *line != "```") {
            let (drawn, why) = line.split_once(':').unwrap_or((line, ""));
            let names = |part: &str| -> Vec<String> {
                let part = part.trim().trim_end_matches('-');
                part.split(',').map(|name| name.trim().to_owned()).collect()
            };
            let parts: Vec<_> = drawn.split('>').map(names).collect();
            if parts.len() > 1 {
                picture.draw(&parts);
            } else if why.contains("read by all") {
                picture.rooms.extend(parts[0].iter().cloned());
                picture.for_all.extend(parts[0].iter().cloned());
            }
        }
        (!picture.arrows.is_empty()).then_some(picture)
    }

    fn draw(&mut self, parts: &[Vec<String>]) {
        self.rooms.extend(parts.iter().flatten().cloned());
        for (index, left) in parts.iter().enumerate() {
            for to in parts[index + 1..].iter().flatten() {
                let arrows = left.iter().map(|from| (from.clone(), to.clone()));
                self.arrows.extend(arrows);
            }
        }
    }

    /// Whether the picture has this arrow.
    pub(crate) fn allows(&self, from: &str, to: &str) -> bool {
        self.for_all.contains(to) || self.arrows.contains(&(from.to_owned(), to.to_owned()))
    }
}
