//! Screenshots: the screen as text, without a terminal, for documentation and for machines that
//! have none.
//!
//! anstyle-svg (1.1) gives a position to each line, but not to the runs within it: after a wide character,
//! or in a font with other widths, columns are no longer aligned. Here every run has its own position
//! and length.

use std::fmt::Write as _;

use ratatui::{
    Terminal,
    backend::TestBackend,
    buffer::Buffer,
    style::{Color, Modifier, Style},
};

use crate::{
    filter::Filter,
    source::EventSource,
    store::{Snapshot, Store},
    tui::{
        key::Key,
        message::{Effect, Message},
        model::{Ending, Model},
        playback::Playback,
        player::trouble,
        theme::{Palette, Theme},
        update::update,
        view::view,
    },
};

/// The format of a screenshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Characters only.
    Plain,
    /// With escape sequences for colours.
    Ansi,
    /// A picture (SVG).
    Svg,
}

/// The description of a screenshot.
#[derive(Clone, Debug)]
pub struct Shot {
    /// Size: columns and lines.
    pub size: (u16, u16),
    /// The initial filter.
    pub filter: Filter,
    /// Whether the source is a recording, with a time line.
    pub timeline: bool,
    /// Keys to press before it is taken.
    pub keys: Vec<Key>,
    /// The theme.
    pub theme: Theme,
    /// The format.
    pub format: Format,
}

/// Reads the source to its end, presses the keys and draws the screen.
///
/// # Errors
/// Where the source cannot be read, or has a size that cannot be drawn.
pub async fn screenshot(mut source: impl EventSource, shot: &Shot) -> anyhow::Result<String> {
    let mut store = Store::new(source.environment().clone());
    let mut playback = Playback::new(source.environment().started);
    while let Some(batch) = source.next_batch().await? {
        playback.outline.add(batch.time, trouble(&batch));
        playback.position = batch.time;
        store.add(batch);
    }
    (playback.playing, playback.outline.complete) = (false, true);
    let mut model = Model::new(shot.size);
    model.ending = Ending::Ended;
    model.playback = shot.timeline.then_some(playback);
    model.filter.clone_from(&shot.filter);
    let snapshot = press(&mut model, &mut store, &shot.keys);
    let mut terminal = Terminal::new(TestBackend::new(shot.size.0, shot.size.1))?;
    terminal.draw(|frame| view(frame, &model, &snapshot, &shot.theme))?;
    let buffer = terminal.backend().buffer();
    Ok(match shot.format {
        Format::Plain => plain(buffer),
        Format::Ansi => ansi(buffer),
        Format::Svg => svg(buffer, shot.theme),
    })
}

/// Presses keys. Effects outside the screen (files, quitting) are not carried out.
pub fn press(model: &mut Model, store: &mut Store, keys: &[Key]) -> Snapshot {
    let mut snapshot = store.snapshot(&model.view());
    update(model, Message::Counted, &snapshot);
    for key in keys {
        let effects = update(model, Message::Key(*key), &snapshot);
        if effects.contains(&Effect::Reset) {
            store.reset();
        }
        if effects.contains(&Effect::Refresh) {
            snapshot = store.snapshot(&model.view());
            update(model, Message::Counted, &snapshot);
        }
    }
    snapshot
}

/// Lines of cells; the second half of a wide character is skipped.
fn rows(buffer: &Buffer) -> impl Iterator<Item = Vec<(&str, Style)>> {
    let width = usize::from(buffer.area.width).max(1);
    buffer.content.chunks(width).map(|row| {
        let mut skip = 0_usize;
        row.iter()
            .filter_map(|cell| {
                if skip > 0 {
                    skip -= 1;
                    return None;
                }
                skip = crate::tui::text::width(cell.symbol()).saturating_sub(1);
                Some((cell.symbol(), cell.style()))
            })
            .collect()
    })
}

/// Characters only, without blanks at the ends of lines.
#[must_use]
pub fn plain(buffer: &Buffer) -> String {
    rows(buffer).fold(String::new(), |mut text, row| {
        let line: String = row.iter().map(|(symbol, _)| *symbol).collect();
        text.push_str(line.trim_end());
        text.push('\n');
        text
    })
}

fn ansi(buffer: &Buffer) -> String {
    let mut text = String::new();
    for row in rows(buffer) {
        let mut last = Style::new();
        for (symbol, style) in row {
            if style != last {
                text.push_str(&sgr(style));
                last = style;
            }
            text.push_str(symbol);
        }
        text.push_str("\u{1b}[0m\n");
    }
    text
}

/// Select Graphic Rendition (ECMA-48) for a style.
fn sgr(style: Style) -> String {
    let mut codes = vec!["0".to_owned()];
    for (modifier, code) in [
        (Modifier::BOLD, "1"),
        (Modifier::DIM, "2"),
        (Modifier::UNDERLINED, "4"),
        (Modifier::REVERSED, "7"),
    ] {
        if style.add_modifier.contains(modifier) {
            codes.push(code.to_owned());
        }
    }
    for (colour, base) in [(style.fg, 30), (style.bg, 40)] {
        if let Some(number) = colour.and_then(number) {
            codes.push((base + number).to_string());
        }
    }
    format!("\u{1b}[{}m", codes.join(";"))
}

/// Number of one of the eight colours that the theme uses.
const fn number(colour: Color) -> Option<usize> {
    Some(match colour {
        Color::Black => 0,
        Color::Red => 1,
        Color::Green => 2,
        Color::Yellow => 3,
        Color::Blue => 4,
        Color::Magenta => 5,
        Color::Cyan => 6,
        Color::White => 7,
        _ => return None,
    })
}

/// These colours, for a dark background.
const PALETTE: [&str; 8] = [
    "#15181e", "#ff6b68", "#7ec97a", "#e5c15d", "#6cb6ff", "#d597e8", "#5fc9c9", "#ffffff",
];
const GROUND: &str = PALETTE[0];
const INK: &str = "#d4d8df";

/// Size of a character in the picture, pixels.
const CELL: (f32, f32) = (8.4, 18.0);

fn svg(buffer: &Buffer, theme: Theme) -> String {
    let (columns, lines) = (f32::from(buffer.area.width), f32::from(buffer.area.height));
    let (width, height) = (columns * CELL.0 + 16.0, lines * CELL.1 + 16.0);
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" \
         font-family=\"ui-monospace,'DejaVu Sans Mono',Menlo,Consolas,monospace\" \
         font-size=\"14\">\n<rect width=\"100%\" height=\"100%\" rx=\"6\" fill=\"{GROUND}\"/>\n"
    );
    for (line, row) in rows(buffer).enumerate() {
        let mut column = 0;
        let mut rest = row.as_slice();
        while let Some((_, style)) = rest.first() {
            let length = rest.iter().take_while(|(_, other)| other == style).count();
            let (run, after) = rest.split_at(length);
            let content: String = run.iter().map(|(symbol, _)| *symbol).collect();
            let wide = crate::tui::text::width(&content);
            run_svg(
                &mut text,
                &content,
                *style,
                (column, line, wide),
                theme.palette,
            );
            column += wide;
            rest = after;
        }
    }
    text.push_str("</svg>\n");
    text
}

/// A run of characters of one style, at (column, line, width).
fn run_svg(
    text: &mut String,
    content: &str,
    style: Style,
    (column, line, wide): (usize, usize, usize),
    palette: Palette,
) {
    let colour = |colour: Option<Color>, default: &'static str| {
        let chosen = colour
            .filter(|_| palette == Palette::Colour)
            .and_then(number);
        chosen.map_or(default, |number| PALETTE[number])
    };
    let (mut ink, mut ground) = (colour(style.fg, INK), colour(style.bg, GROUND));
    if style.add_modifier.contains(Modifier::REVERSED) {
        std::mem::swap(&mut ink, &mut ground);
    }
    let x = 8.0 + column as f32 * CELL.0;
    let y = 8.0 + line as f32 * CELL.1;
    let length = wide as f32 * CELL.0;
    // Writing to a string cannot fail.
    if ground != GROUND {
        let _ = writeln!(
            text,
            "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{length:.1}\" height=\"{}\" fill=\"{ground}\" \
             shape-rendering=\"crispEdges\"/>",
            CELL.1
        );
    }
    if content.trim().is_empty() {
        return;
    }
    let mut attributes = String::new();
    for (modifier, attribute) in [
        (Modifier::BOLD, " font-weight=\"bold\""),
        (Modifier::DIM, " opacity=\"0.6\""),
        (Modifier::UNDERLINED, " text-decoration=\"underline\""),
    ] {
        if style.add_modifier.contains(modifier) {
            attributes.push_str(attribute);
        }
    }
    let escaped = content
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;");
    let baseline = y + 13.5;
    let _ = writeln!(
        text,
        "<text x=\"{x:.1}\" y=\"{baseline:.1}\" fill=\"{ink}\" textLength=\"{length:.1}\" \
         xml:space=\"preserve\"{attributes}>{escaped}</text>"
    );
}
