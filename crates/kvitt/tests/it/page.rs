//! `docs/cli.md` is written from the program's own help.

use std::fmt::Write as _;

const HEAD: &str = "# The command line

Written by a test from the program's own `--help`: change that, then run `KVITT_BLESS=1 cargo test -p kvitt --test it page`.

`kvitt demo` shows everything at once and needs nothing else. For your own invoices: `kvitt company add`, `kvitt company
set-route`, then `kvitt plan FILE` to see what would happen and `kvitt send FILE` to let it happen.

While `kvitt serve` runs on a data folder, the other commands ask it through a socket in that folder that only its owner can
open; else they do the work themselves. Either way an answer is given only after it is on disk.

**Files.** A document is UBL XML, or a ZIP of one XML with its PDF and attachments. `FILE.json` beside `FILE.xml` is its metadata;
`--metadata` names another; options win over both. A folder means every `.xml` and `.zip` in it, folders inside it too.

**JSON.** With `--json` a command prints JSON on standard output and nothing else, without colours or bars: one value, or one
value a line for `events` and `validate` ([validate.md](validate.md)). A refusal or failure is `{\"error\": …, \"faults\": […]}`. Amounts are decimal numbers in strings; times of
jobs and events are Unix milliseconds. `demo` and `send` put their totals at the top: `submitted`, `refused`, `accepted`,
`delivered` (handed over, delivered or seen; `by_state` tells them apart), `waiting` (still on their way by themselves),
`parked`, `in_doubt`, `cancelled`, `by_route`, and for `demo` also `lost` and `duplicated`, counted against the sandbox's ledger.

**Language.** `--lang`, else `LC_ALL`, `LC_MESSAGES`, `LANG`; Norwegian bokmål and English. **Log.** On standard error; `KVITT_LOG`
chooses what is told, such as `KVITT_LOG=kvitt_hub=debug`.
";

#[test]
fn the_page_of_the_command_line_is_current() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/cli.md");
    let page = page();
    if std::env::var("KVITT_BLESS").is_ok_and(|value| value == "1") {
        std::fs::write(path, page).unwrap();
        return;
    }
    let stored = std::fs::read_to_string(path).unwrap_or_default();
    assert!(stored == page, "docs/cli.md is not what --help says; run this test with KVITT_BLESS=1 and look at the difference");
}

fn page() -> String {
    let mut page = HEAD.to_owned();
    let mut command = kvitt_cli::command();
    // The width of the help must not depend on the terminal of whoever writes the page.
    command = command.term_width(110);
    command.build();
    write!(page, "\n## `kvitt`\n\n```text\n{}```\n", plain(&mut command)).unwrap();
    for inner in command.get_subcommands().filter(|inner| inner.get_name() != "help") {
        section(&mut page, inner, "kvitt");
    }
    page
}

fn section(page: &mut String, command: &clap::Command, above: &str) {
    let name = format!("{above} {}", command.get_name());
    write!(page, "\n## `{name}`\n\n```text\n{}```\n", plain(&mut command.clone().term_width(110))).unwrap();
    for inner in command.get_subcommands().filter(|inner| inner.get_name() != "help") {
        section(page, inner, &name);
    }
}

/// The help without colours and trailing blanks.
fn plain(command: &mut clap::Command) -> String {
    let help = command.render_long_help().to_string();
    help.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}
