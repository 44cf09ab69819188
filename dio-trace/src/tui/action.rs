//! Actions: everything that a key can do.

use crate::tui::model::Tab;

/// An action that the user can ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Move the cursor, or scroll, by lines.
    Move(i16),
    /// Move by pages.
    Page(i16),
    /// Move by half pages.
    HalfPage(i16),
    /// Go to the first line, and stay there.
    Top,
    /// Go to the last line.
    Bottom,
    /// Drill down into the selected row.
    Open,
    /// Go back; on the first screen, leave.
    Back,
    /// Go back, but do not leave.
    Up,
    /// Leave the dashboard.
    Quit,
    /// Show another table or screen.
    Show(Tab),
    /// Show the next or previous table or screen.
    Cycle(i8),
    /// Show all keys.
    Help,
    /// Start typing a filter.
    Filter,
    /// Drop the filter.
    ClearFilter,
    /// Start typing a text to search for.
    Search,
    /// Go to the next or previous hit.
    SearchNext(i8),
    /// Sort by the next or previous column.
    Sort(i8),
    /// Reverse the order.
    Reverse,
    /// Switch between processes with their files and processes alone.
    Tree,
    /// Switch between all requests since the start and those of the last minute.
    Window,
    /// Freeze the screen while counting continues.
    Freeze,
    /// In a replay, play or pause; otherwise freeze.
    PlayOrFreeze,
    /// In a replay, go back or forward by seconds.
    Seek(i16),
    /// In a replay, go to the beginning or the end.
    SeekEnd(bool),
    /// In a replay, go one batch back or forward.
    Step(i8),
    /// In a replay, play slower or faster.
    Speed(i8),
    /// Start or stop a recording.
    Record,
    /// Save the screen as a text file.
    Save,
    /// Count from zero.
    Reset,
    /// Suspend: give the terminal back to the shell.
    Suspend,
    /// Redraw everything.
    Redraw,
}
