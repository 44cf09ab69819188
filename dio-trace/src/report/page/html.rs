//! A page as one HTML file without scripts and without anything from the network.

use std::fmt::Write;

use crate::{
    findings::{Harm, Tone},
    report::page::{Block, Page, Table, markup::escaped, picture::picture},
    text::percent,
};

/// The whole style. `light-dark` follows the reader's own choice.
const STYLE: &str = "\
:root{color-scheme:light dark;--bad:light-dark(#b00020,#ff6b6b);--buf:light-dark(#8a1c8a,#e28bff);\
--warn:light-dark(#8a6100,#ffc857);--good:light-dark(#0a6b2d,#6fdc8c);--line:light-dark(#ccc,#444);\
--block:light-dark(#f4f4f4,#222)}\
body{font:16px/1.45 system-ui,sans-serif;margin:2em auto;max-width:64em;padding:0 1em}\
h1{font-size:1.3em}h2{margin-top:2em}\
h3{font-size:1.05em;border-top:1px solid var(--line);padding-top:1em;margin-bottom:.3em}\
dl{display:grid;grid-template-columns:7em 1fr;gap:.25em .8em;margin:.5em 0}dt{opacity:.7}dd{margin:0;\
overflow-wrap:anywhere}ul{margin:0;padding-left:1.2em;font-family:monospace}\
table{border-collapse:collapse}td,th{padding:.2em .7em;border-bottom:1px solid var(--line);\
text-align:left}.n{text-align:right}code{opacity:.6;font-weight:normal}\
.bar{background:var(--block);height:.6em;width:20em;max-width:100%}.bar div{height:100%}\
.bad{color:var(--bad)}.buf{color:var(--buf)}.warn{color:var(--warn)}.good{color:var(--good)}\
div.bad{background:var(--bad)}div.buf{background:var(--buf)}div.warn{background:var(--warn)}\
svg{max-width:100%;margin:.5em 0;font:12px monospace}svg text{fill:currentColor}";

impl Page {
    /// The page as HTML.
    #[must_use]
    pub fn html(&self) -> String {
        let mut text = format!(
            "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
             <meta name=\"viewport\" content=\"width=device-width\">\
             <title>{}</title><style>{STYLE}</style></head><body>\n",
            escaped(&self.title)
        );
        // The list of lines that is open, and whether its last line is.
        let mut open = false;
        for block in &self.blocks {
            let belongs = matches!(block, Block::Labelled(..) | Block::Lines(_));
            if open != belongs {
                text.push_str(if belongs { "<dl>\n" } else { "</dl>\n" });
                open = belongs;
            }
            add(&mut text, block);
        }
        if open {
            text.push_str("</dl>\n");
        }
        text.push_str("</body></html>\n");
        text
    }
}

fn add(text: &mut String, block: &Block) {
    // Writing to a string cannot fail.
    let _ = match block {
        Block::Headline(headline) => {
            let pieces = headline.pieces.iter().map(|piece| {
                let (class, piece) = (class(piece.tone), escaped(&piece.text));
                format!("<span class=\"{class}\">{piece}</span>")
            });
            writeln!(text, "<h1>{}</h1>", pieces.collect::<String>())
        }
        Block::Paragraph(tone, line) => {
            writeln!(text, "<p class=\"{}\">{}</p>", class(*tone), escaped(line))
        }
        Block::Heading(line) => writeln!(text, "<h2>{}</h2>", escaped(line)),
        Block::Finding(title) => {
            let class = class(Tone::Harm(title.harm));
            let [part, whole] = title.share;
            let wide = part as f64 * 100.0 / whole.max(1) as f64;
            writeln!(
                text,
                "<h3 id=\"{id}\" class=\"{class}\">{}. {} <code>{id}</code></h3>\n\
                 <div class=\"bar\" title=\"{}\"><div class=\"{class}\" style=\"width:{wide:.1}%\">\
                 </div></div>",
                title.number,
                escaped(&title.text),
                percent(part, whole),
                id = title.id,
            )
        }
        Block::Labelled(label, line) => {
            writeln!(text, "<dt>{label}</dt><dd>{}</dd>", escaped(line))
        }
        Block::Lines(lines) => {
            let lines = lines
                .iter()
                .map(|line| format!("<li>{}</li>", escaped(line)));
            writeln!(
                text,
                "<dt></dt><dd><ul>{}</ul></dd>",
                lines.collect::<String>()
            )
        }
        Block::Picture(record) => writeln!(text, "{}", picture(record).unwrap_or_default()),
        Block::Table(rows) => table(text, rows),
    };
}

fn table(text: &mut String, table: &Table) -> std::fmt::Result {
    let class = |right: bool| if right { " class=\"n\"" } else { "" };
    text.write_str("<table><tr>")?;
    for (name, right) in &table.columns {
        write!(text, "<th{}>{name}</th>", class(*right))?;
    }
    for row in &table.rows {
        text.write_str("</tr>\n<tr>")?;
        for (cell, (_, right)) in row.iter().zip(&table.columns) {
            write!(text, "<td{}>{}</td>", class(*right), escaped(cell))?;
        }
    }
    writeln!(text, "</tr></table>")
}

const fn class(tone: Tone) -> &'static str {
    match tone {
        Tone::Plain => "",
        Tone::Good => "good",
        Tone::Alarm => "bad",
        Tone::Harm(harm) => match harm {
            Harm::Dangerous | Harm::Rejected | Harm::Failed => "bad",
            Harm::Buffered => "buf",
            Harm::Accepted | Harm::Slow => "warn",
        },
    }
}
