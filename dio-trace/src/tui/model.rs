//! The state of the screen: the place of the user, the line being typed, what is frozen. It knows
//! neither the terminal nor the store.

use std::sync::Arc;

use crate::{
    filter::Filter,
    model::{Record, Timestamp},
    store::{Column, Grouping, Order, RowKey, Scope, Snapshot, View, Window},
    tui::playback::Playback,
};

/// The tabs that the user can switch between.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tab {
    /// Table of findings.
    Findings,
    /// Table of processes.
    Processes,
    /// Table of files.
    Files,
    /// Table of devices.
    Devices,
    /// Table of verdicts with their reasons.
    Reasons,
    /// Table of single requests.
    Requests,
    /// Histograms of alignments.
    Alignments,
    /// Event log.
    Log,
    /// Host, rules, probes, losses.
    Host,
}

impl Tab {
    /// In the order of their keys.
    pub const ALL: [Self; 9] = [
        Self::Findings,
        Self::Processes,
        Self::Files,
        Self::Devices,
        Self::Reasons,
        Self::Requests,
        Self::Alignments,
        Self::Log,
        Self::Host,
    ];

    /// Its name.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Findings => "Findings",
            Self::Processes => "Processes",
            Self::Files => "Files",
            Self::Devices => "Devices",
            Self::Reasons => "Reasons",
            Self::Requests => "Requests",
            Self::Alignments => "Alignments",
            Self::Log => "Log",
            Self::Host => "Host",
        }
    }

    /// A name for narrow terminals.
    #[must_use]
    pub const fn short(self) -> &'static str {
        match self {
            Self::Processes => "Procs",
            Self::Alignments => "Align",
            _ => self.title(),
        }
    }

    /// The unit of its rows; `None` where it is not a table.
    #[must_use]
    pub const fn grouping(self, tree: bool) -> Option<Grouping> {
        match self {
            Self::Findings => Some(Grouping::Findings),
            Self::Processes if tree => Some(Grouping::Tree),
            Self::Processes => Some(Grouping::Processes),
            Self::Files => Some(Grouping::Files),
            Self::Devices => Some(Grouping::Devices),
            Self::Reasons => Some(Grouping::Reasons),
            Self::Requests => Some(Grouping::Requests),
            Self::Alignments | Self::Log | Self::Host => None,
        }
    }

    /// The initial order of its table.
    #[must_use]
    pub const fn order(self) -> Order {
        let column = match self {
            Self::Requests => Column::Time,
            Self::Findings => Column::Harm,
            _ => Column::Trouble,
        };
        Order {
            column,
            descending: true,
        }
    }
}

/// A screen.
#[derive(Clone, Debug)]
pub enum Screen {
    /// A tab.
    Tab(Tab),
    /// One request with everything that is known about it.
    Request(Arc<Record>),
    /// The help.
    Help,
}

/// The row with the cursor, independent of its position.
#[derive(Clone, Debug)]
pub enum Selected {
    /// A row of sums.
    Row(RowKey),
    /// A single request.
    Request(Arc<Record>),
}

/// A screen with its part of all requests and its cursor.
#[derive(Clone, Debug)]
pub struct Place {
    /// The screen.
    pub screen: Screen,
    /// The part that the user has drilled down to.
    pub scope: Scope,
    /// The names of the steps that led there.
    pub steps: Vec<String>,
    /// The order of the table.
    pub order: Order,
    /// The row with the cursor; `None` follows the first row.
    pub selected: Option<Selected>,
    /// The cursor's row number in the newest snapshot.
    pub cursor: usize,
    /// The first visible row or line.
    pub offset: usize,
}

impl Place {
    /// A tab that is opened for the first time.
    #[must_use]
    pub fn tab(tab: Tab, scope: Scope, steps: Vec<String>) -> Self {
        Self {
            screen: Screen::Tab(tab),
            scope,
            steps,
            order: tab.order(),
            selected: None,
            cursor: 0,
            offset: 0,
        }
    }
}

/// A line that is being typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prompt {
    /// Its purpose.
    pub kind: PromptKind,
    /// The text so far.
    pub text: String,
    /// The reason why it cannot be accepted; `None` while it is valid.
    pub error: Option<String>,
}

/// The purpose of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PromptKind {
    /// A filter.
    Filter,
    /// A text to search for.
    Search,
    /// The file to save to.
    Save,
    /// The file to record to.
    Record,
}

/// State of the source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// More may come.
    None,
    /// The stream or recording is at its end.
    Ended,
    /// The source failed.
    Failed(String),
}

/// Everything that the user can change.
#[derive(Clone, Debug)]
pub struct Model {
    /// The places that led here, the present one last; never empty.
    places: Vec<Place>,
    /// Conditions on all tables.
    pub filter: Filter,
    /// The time over which requests are summed up.
    pub window: Window,
    /// Whether files are shown below their processes.
    pub tree: bool,
    /// Time at which the screen was frozen; `None` if it is not.
    pub frozen: Option<Timestamp>,
    /// The line being typed.
    pub prompt: Option<Prompt>,
    /// The last text that was searched for.
    pub search: String,
    /// The last answer, for the footer.
    pub notice: Option<Notice>,
    /// The file being recorded to.
    pub recording: Option<String>,
    /// The time line of a replay.
    pub playback: Option<Playback>,
    /// State of the source.
    pub ending: Ending,
    /// Columns and lines of the terminal.
    pub size: (u16, u16),
}

/// An answer to an action of the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// The text.
    pub text: String,
    /// Whether something went wrong.
    pub failed: bool,
}

impl Model {
    /// The initial state, for a terminal of this size (columns, lines).
    #[must_use]
    pub fn new(size: (u16, u16)) -> Self {
        Self {
            places: vec![Place::tab(Tab::Findings, Scope::default(), Vec::new())],
            filter: Filter::default(),
            window: Window::Start,
            tree: false,
            frozen: None,
            prompt: None,
            search: String::new(),
            notice: None,
            recording: None,
            playback: None,
            ending: Ending::None,
            size,
        }
    }

    /// The present place.
    #[must_use]
    pub fn place(&self) -> &Place {
        // Never empty: `leave` keeps the first.
        &self.places[self.places.len() - 1]
    }

    /// The present place.
    pub fn place_mut(&mut self) -> &mut Place {
        let last = self.places.len() - 1;
        &mut self.places[last]
    }

    /// The number of steps that led here.
    #[must_use]
    pub fn depth(&self) -> usize {
        self.places.len() - 1
    }

    /// Goes to a place.
    pub fn enter(&mut self, place: Place) {
        /// Largest depth. Nobody drills down this far; it bounds memory when a key is held.
        const DEEPEST: usize = 32;
        if self.places.len() < DEEPEST {
            self.places.push(place);
        }
    }

    /// Goes back; `false` on the first screen.
    pub fn leave(&mut self) -> bool {
        let can = self.places.len() > 1;
        if can {
            self.places.pop();
        }
        can
    }

    /// The visible tab, or the one below help and details.
    #[must_use]
    pub fn tab(&self) -> Tab {
        let tabs = self
            .places
            .iter()
            .rev()
            .filter_map(|place| match place.screen {
                Screen::Tab(tab) => Some(tab),
                _ => None,
            });
        tabs.into_iter().next().unwrap_or(Tab::Findings)
    }

    /// The view to ask the store for.
    #[must_use]
    pub fn view(&self) -> View {
        let place = self.place();
        let grouping = match place.screen {
            Screen::Tab(tab) => tab.grouping(self.tree),
            Screen::Request(_) | Screen::Help => None,
        };
        View {
            scope: place.scope.clone(),
            filter: self.filter.clone(),
            // Screens that are not tables need only sums, which any grouping has.
            grouping: grouping.unwrap_or(Grouping::Devices),
            window: self.window,
            order: place.order,
        }
    }

    /// Number of the row with the cursor.
    #[must_use]
    pub fn cursor(&self, snapshot: &Snapshot) -> usize {
        let rows = snapshot.rows.len() + snapshot.requests.len();
        self.place().cursor.min(rows.saturating_sub(1))
    }
}
