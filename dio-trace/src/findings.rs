//! Findings: all requests with one cause, however many files and processes they are spread over.
//!
//! Pure. Reports, comparisons and the dashboard group by [`Key`], name the worst first by [`Harm`], and
//! begin with one [`Headline`].

mod call_site;
mod complete;
mod directory;
mod faults;
mod harm;
mod headline;
mod key;
mod service;
mod words;

pub use call_site::call_site;
pub use complete::complete;
pub use directory::Directory;
pub use faults::Faults;
pub use harm::Harm;
pub use headline::{Headline, Piece, Tone};
pub use key::{Key, Traits};
pub use service::{service, unit};
