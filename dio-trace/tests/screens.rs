//! Every screen over a scripted trace, drawn without a terminal.

use dio_trace::{
    filter::Filter,
    source::script::Script,
    tui::{Format, Key, Shot, Theme, screenshot},
};

fn draw(script: Script, size: (u16, u16), theme: Theme, keys: &str) -> String {
    let shot = Shot {
        size,
        filter: Filter::default(),
        keys: Key::parse(keys),
        theme,
        format: Format::Plain,
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(screenshot(script, &shot)).unwrap()
}

#[test]
fn look() {
    let size = std::env::var("SIZE").unwrap_or_else(|_| "80x24".into());
    let (w, h) = size.split_once('x').unwrap();
    let keys = std::env::var("KEYS").unwrap_or_default();
    let theme = if std::env::var("ASCII").is_ok() {
        Theme::ASCII
    } else {
        Theme::MONOCHROME
    };
    println!(
        "{}",
        draw(
            Script::night(90),
            (w.parse().unwrap(), h.parse().unwrap()),
            theme,
            &keys
        )
    );
}
