//! The directory that many files have in common, found one path at a time.

/// The deepest common directory of the paths added so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Directory(Option<String>);

impl Directory {
    /// Adds the path of a file.
    pub fn add(&mut self, path: &str) {
        let end = path.rfind('/').map_or(0, |end| end + 1);
        let directory = &path[..end];
        match &mut self.0 {
            None => self.0 = Some(directory.to_owned()),
            Some(known) => {
                let same = known
                    .bytes()
                    .zip(directory.bytes())
                    .take_while(|(a, b)| a == b)
                    .count();
                let end = known.as_bytes()[..same]
                    .iter()
                    .rposition(|byte| *byte == b'/')
                    .map_or(0, |end| end + 1);
                known.truncate(end);
            }
        }
    }

    /// Adds the directory of other files.
    pub fn merge(&mut self, other: &Self) {
        if let Self(Some(directory)) = other {
            self.add(directory);
        }
    }

    /// The directory with a slash at its end; empty where there is none, or it is the root.
    #[must_use]
    pub fn path(&self) -> &str {
        match self.0.as_deref() {
            None | Some("/") => "",
            Some(path) => path,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn common(paths: &[&str]) -> String {
        let mut directory = Directory::default();
        for path in paths {
            directory.add(path);
        }
        directory.path().to_owned()
    }

    #[test]
    fn it_ends_at_a_whole_name() {
        assert_eq!(common(&[]), "");
        assert_eq!(common(&["/a/b"]), "/a/");
        assert_eq!(common(&["/db/base/1/2", "/db/base/11/2"]), "/db/base/");
        assert_eq!(common(&["/db/base", "/dc/base"]), "");
        assert_eq!(common(&["/db/x", "relative"]), "");
        assert_eq!(common(&["/d\u{e4}/x", "/d\u{e5}/x"]), "");
    }
}
