//! Tables that fit the terminal.

use std::io::IsTerminal as _;

use comfy_table::{ContentArrangement, Table, presets};

/// The width of a table that goes to a file or a pipe: wide enough to read, narrow enough for a page.
const WIDTH_WITHOUT_TERMINAL: u16 = 150;

/// An empty table with a heading.
pub fn table(heading: &[String]) -> Table {
    let mut table = Table::new();
    table.load_preset(presets::UTF8_FULL_CONDENSED).set_content_arrangement(ContentArrangement::Dynamic).set_header(heading);
    let wants_no_colour = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    if wants_no_colour || !std::io::stdout().is_terminal() {
        table.force_no_tty().set_width(WIDTH_WITHOUT_TERMINAL);
    }
    table
}
