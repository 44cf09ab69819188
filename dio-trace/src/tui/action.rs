//! What a key can do.

use crate::tui::model::Tab;

/// One thing a user can ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Move the cursor, or scroll, by lines.
    Move(i16),
    /// By pages.
    Page(i16),
    /// By half pages.
    HalfPage(i16),
    /// To the first line, and stay there.
    Top,
    /// To the last line.
    Bottom,
    /// Drill down into the selected row.
    Open,
    /// Back to where one came from; on the first screen: leave.
    Back,
    /// Back without leaving.
    Up,
    /// Leave.
    Quit,
    /// Show another table or screen.
    Show(Tab),
    /// Show the next or previous one.
    Cycle(i8),
    /// All keys.
    Help,
    /// Type a filter.
    Filter,
    /// Drop the filter.
    ClearFilter,
    /// Type a text to search for.
    Search,
    /// To the next or previous hit.
    SearchNext(i8),
    /// Sort by the next or previous column.
    Sort(i8),
    /// Turn the order round.
    Reverse,
    /// Files below their processes, or processes alone.
    Tree,
    /// Since the start, or the last minute.
    Window,
    /// Hold the picture still while counting goes on.
    Freeze,
    /// In a replay: play or pause. Live: freeze.
    PlayOrFreeze,
    /// In a replay: go back or on by seconds.
    Seek(i16),
    /// In a replay: to the beginning or the end.
    SeekEnd(bool),
    /// In a replay: one batch back or on.
    Step(i8),
    /// In a replay: slower or faster.
    Speed(i8),
    /// Start or stop recording what is seen.
    Record,
    /// Save what the screen shows as a text file.
    Save,
    /// Count from zero.
    Reset,
    /// Give the terminal back to the shell for a while.
    Suspend,
    /// Draw everything anew.
    Redraw,
}
