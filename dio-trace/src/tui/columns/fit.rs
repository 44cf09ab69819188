//! How the columns of a table share the width of the terminal.

use crate::tui::{
    columns::{Spec, columns},
    model::Tab,
};

/// A visible column, with its place on the line.
#[derive(Clone, Copy, Debug)]
pub(in crate::tui) struct Shown {
    /// Its description.
    pub spec: Spec,
    /// First column of the terminal.
    pub x: u16,
    /// Its width.
    pub width: u16,
}

/// Width of the cursor's mark, before the first column.
const MARK: u16 = 1;

/// Columns with this value of `drop` or more are shown only where the others have enough room.
const EXTRA: u8 = 8;

/// Width that names may take before numbers get their full headings.
const PLENTY: u16 = 30;

/// The columns for which there is room. Those with the highest `drop` are left out first. The rest
/// of the width goes to the columns that can use it, in turns.
#[must_use]
pub(in crate::tui) fn fit(tab: Tab, width: u16) -> Vec<Shown> {
    let mut specs: Vec<Spec> = columns(tab).to_vec();
    let sum = |specs: &[Spec], of: fn(&Spec) -> u16| {
        MARK + specs
            .iter()
            .map(|spec| of(spec) + 1)
            .sum::<u16>()
            .saturating_sub(1)
    };
    let needed = |specs: &[Spec]| sum(specs, |spec| spec.least);
    let crowded = |specs: &[Spec]| {
        let extras = specs.iter().any(|spec| spec.drop >= EXTRA);
        needed(specs) > width || (extras && sum(specs, |spec| spec.good) > width)
    };
    while crowded(&specs) {
        let worst = specs.iter().map(|spec| spec.drop).max().unwrap_or(0);
        let Some(index) = specs.iter().rposition(|spec| spec.drop == worst) else {
            break;
        };
        if worst == 0 && specs.len() == 1 {
            break;
        }
        specs.remove(index);
    }
    let mut widths: Vec<u16> = specs.iter().map(|spec| spec.least).collect();
    let mut spare = width.saturating_sub(needed(&specs));
    // Names get room first; numbers get full headings only if there is plenty.
    let headings: u16 = specs
        .iter()
        .filter(|spec| spec.right)
        .map(|spec| spec.most - spec.least)
        .sum();
    if spare >= headings + PLENTY {
        for (spec, wide) in specs.iter().zip(&mut widths).filter(|(spec, _)| spec.right) {
            *wide = spec.most;
        }
        spare -= headings;
    }
    for enough in [|spec: &Spec| spec.good, |spec: &Spec| spec.most] {
        spare = grow(&specs, &mut widths, spare, enough);
    }
    let mut x = MARK;
    specs
        .into_iter()
        .zip(widths)
        .map(|(spec, wide)| {
            let shown = Shown {
                spec,
                x,
                width: wide.min(width.saturating_sub(x)),
            };
            x += wide + 1;
            shown
        })
        .collect()
}

/// Gives names room in turns, up to the useful width. Returns the rest.
fn grow(specs: &[Spec], widths: &mut [u16], mut spare: u16, enough: fn(&Spec) -> u16) -> u16 {
    loop {
        let before = spare;
        let names = specs
            .iter()
            .zip(&mut *widths)
            .filter(|(spec, _)| !spec.right);
        for (_, wide) in names.filter(|(spec, wide)| **wide < enough(spec)) {
            if spare == 0 {
                return 0;
            }
            *wide += 1;
            spare -= 1;
        }
        if before == spare {
            return spare;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_never_overlap_nor_leave_the_screen() {
        for tab in Tab::ALL {
            for width in 0..300 {
                let shown = fit(tab, width);
                for pair in shown.windows(2) {
                    assert!(pair[0].x + pair[0].width < pair[1].x);
                }
                let end = shown.last().map_or(0, |last| last.x + last.width);
                assert!(end <= width.max(MARK), "{tab:?} {width} {end}");
            }
        }
    }

    #[test]
    fn titles_fit_and_eighty_columns_show_what_matters() {
        for tab in Tab::ALL {
            for spec in columns(tab) {
                assert!(
                    spec.title.len() <= usize::from(spec.least),
                    "{}",
                    spec.title
                );
            }
        }
        let shown: Vec<_> = fit(Tab::Processes, 80)
            .iter()
            .map(|one| one.spec.title)
            .collect();
        assert_eq!(
            shown,
            [
                "PID",
                "COMMAND",
                "REQ/S",
                "REJ",
                "BUF",
                "ACC",
                "ALIGN",
                "MEM",
                "DISK",
                "MAIN REASON"
            ]
        );
    }
}
