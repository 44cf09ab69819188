//! The call site: the function of the program that issued a request.

/// Beginnings of the names of libraries that only pass requests on to the kernel.
const LIBRARIES: [&str; 9] = [
    "libc.so",
    "libc-",
    "ld-",
    "ld.so",
    "libpthread",
    "libaio",
    "liburing",
    "[vdso]",
    "libsyscall_intercept",
];

/// The first function of a call stack (innermost frame first) that is not of such a library, without
/// the offset in it: one cause has one function, and may have several calls in it. `None` where the
/// stack has no names: bare addresses differ from process to process.
#[must_use]
pub fn call_site<S: AsRef<str>>(frames: &[S]) -> Option<String> {
    let frames = frames.iter().map(AsRef::as_ref);
    frames
        .filter(|frame| !frame.starts_with("0x"))
        .find(|frame| !is_library(frame))
        .map(without_offset)
}

/// The name of a frame, and the binary of a named function with its bracket: `(read_pages, postgres))`
/// of `read_pages+0x44 (postgres)`, and `(postgres, None)` of `postgres+0x1234`.
fn parts(frame: &str) -> (&str, Option<&str>) {
    let Some((name, rest)) = frame.rsplit_once("+0x") else {
        return (frame, None);
    };
    (name, rest.split_once(" (").map(|(_, binary)| binary))
}

fn is_library(frame: &str) -> bool {
    let (name, binary) = parts(frame);
    let binary = binary.unwrap_or(name);
    LIBRARIES.iter().any(|name| binary.starts_with(name))
}

/// `read_pages+0x44 (postgres)` as `read_pages (postgres)`; `postgres+0x1234` names no function, so that
/// its number stays.
fn without_offset(frame: &str) -> String {
    match parts(frame) {
        (function, Some(binary)) => format!("{function} ({binary}"),
        (_, None) => frame.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_programs_own_function() {
        let frames = [
            "pwrite64+0x12 (libc.so.6)",
            "FileWriteV+0x44 (postgres)",
            "main+0x2 (postgres)",
        ];
        assert_eq!(call_site(&frames).unwrap(), "FileWriteV (postgres)");
        assert_eq!(
            call_site(&["libc.so.6+0x9f", "app+0x12f0"]).unwrap(),
            "app+0x12f0"
        );
        assert_eq!(call_site(&["0x7f0012", "0x7f0013"]), None);
        assert_eq!(call_site::<&str>(&[]), None);
        assert_eq!(
            call_site(&["a::{closure#0}+0x8 (x (deleted))"]).unwrap(),
            "a::{closure#0} (x (deleted))"
        );
    }
}
