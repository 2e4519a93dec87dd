//! The report for people who keep the books: one HTML page that needs nothing else, no network and no script.
//!
//! Everything that comes from a document or a file name goes through [`escaped`]. The look is `report.css`.

use std::fmt::Write as _;

use jiff::Timestamp;
use kvitt_hub::validation::{Mender, Told, Validated};
use kvitt_rules::RuleSet;

use super::tally::{MAX_DETAILED, Rule, Tally};
use crate::words::Words;

const STYLE: &str = include_str!("report.css");

/// Rules in the picture of the most frequent ones.
const MOST_RULES: usize = 12;
/// Places listed of one finding.
const MOST_PLACES: usize = 10;

/// The whole page.
pub fn page(tally: &Tally, set: &RuleSet, words: Words) -> String {
    let title = escaped(&words.say("validate.html.title", &[]));
    let mut page = format!(
        "<!DOCTYPE html>\n<html lang=\"{}\">\n<head>\n<meta charset=\"utf-8\"/>\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\"/>\n\
         <title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n<header>\n<h1>{title}</h1>\n",
        words.0.tag(),
    );
    let made = [("set", set.name()), ("at", &words.time(Timestamp::now()))];
    let _ = writeln!(page, "<p class=\"quiet\">{}</p>\n</header>", escaped(&words.say("validate.html.made", &made)));
    summary(&mut page, tally, words);
    let frequent = tally.most_frequent(MOST_RULES);
    if !frequent.is_empty() {
        most_frequent(&mut page, tally, &frequent, words);
    }
    if !tally.detailed.is_empty() {
        files(&mut page, tally, words);
    }
    let _ = writeln!(page, "<footer><p class=\"quiet\">{}</p></footer>", escaped(&words.say("validate.html.about", &[])));
    page.push_str("</main>\n</body>\n</html>\n");
    page
}

/// The verdict in one sentence, three figures and a bar.
fn summary(page: &mut String, tally: &Tally, words: Words) {
    let number = |count: usize| words.number(&count.to_string());
    let verdict = match tally.invalid {
        0 => words.say("validate.html.all_valid", &[]),
        invalid => words.say("validate.html.some_invalid", &[("invalid", &number(invalid)), ("files", &number(tally.files))]),
    };
    let _ = writeln!(page, "<section>\n<p class=\"verdict\">{}</p>", escaped(&verdict));
    let parts = [("clean", tally.clean()), ("warned", tally.warned), ("invalid", tally.invalid)];
    page.push_str("<ul class=\"figures\">\n");
    for (class, count) in parts {
        let label = words.name("cli", &format!("validate.html.{class}"));
        let _ = writeln!(
            page,
            "<li class=\"{class}\"><span class=\"figure\">{}</span> <span class=\"label\">{}</span></li>",
            escaped(&number(count)),
            escaped(&label)
        );
    }
    page.push_str("</ul>\n");
    stacked_bar(page, &parts, tally.files, &verdict);
    page.push_str("</section>\n");
}

fn stacked_bar(page: &mut String, parts: &[(&str, usize)], all: usize, label: &str) {
    const WIDTH: f64 = 1000.0;
    let _ = writeln!(
        page,
        "<svg class=\"bar\" viewBox=\"0 0 1000 24\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"{}\">",
        escaped(label)
    );
    let mut from = 0.0;
    for (class, count) in parts {
        let width = WIDTH * *count as f64 / all.max(1) as f64;
        let _ = writeln!(page, "<rect class=\"{class}\" x=\"{from:.1}\" y=\"0\" width=\"{width:.1}\" height=\"24\"/>");
        from += width;
    }
    page.push_str("</svg>\n");
}

/// What most files break, with who can mend it: what to do first.
fn most_frequent(page: &mut String, tally: &Tally, rules: &[&Rule], words: Words) {
    let _ = writeln!(page, "<section>\n<h2>{}</h2>", escaped(&words.say("validate.html.frequent", &[])));
    page.push_str("<table>\n<thead><tr>");
    for column in ["rule", "files", "meaning", "fixer"] {
        let _ = write!(page, "<th scope=\"col\">{}</th>", escaped(&words.name("cli", &format!("validate.html.column.{column}"))));
    }
    page.push_str("</tr></thead>\n<tbody>\n");
    let most = rules.iter().map(|rule| rule.files).max().unwrap_or(1);
    for rule in rules {
        let class = if rule.fatal { "invalid" } else { "warned" };
        let width = 100.0 * rule.files as f64 / most as f64;
        let share = format!("{} / {}", words.number(&rule.files.to_string()), words.number(&tally.files.to_string()));
        let _ = writeln!(
            page,
            "<tr><th scope=\"row\"><code>{}</code><br/><span class=\"tag {class}\">{}</span></th>\
             <td class=\"count\"><svg class=\"mini\" viewBox=\"0 0 100 8\" preserveAspectRatio=\"none\" aria-hidden=\"true\">\
             <rect class=\"{class}\" x=\"0\" y=\"0\" width=\"{width:.1}\" height=\"8\"/></svg>{}</td><td>{}</td><td>{}</td></tr>",
            escaped(&rule.id),
            escaped(&severity(rule.fatal, words)),
            escaped(&share),
            escaped(&rule.message),
            escaped(&fixer(rule.fixer, words)),
        );
    }
    page.push_str("</tbody>\n</table>\n</section>\n");
}

fn files(page: &mut String, tally: &Tally, words: Words) {
    let _ = writeln!(page, "<section>\n<h2>{}</h2>", escaped(&words.say("validate.html.files", &[])));
    if tally.left_out() > 0 {
        let counts = [MAX_DETAILED, tally.left_out()].map(|count| words.number(&count.to_string()));
        let left_out = words.say("validate.html.left_out", &[("shown", &counts[0]), ("count", &counts[1])]);
        let _ = writeln!(page, "<p class=\"quiet\">{}</p>", escaped(&left_out));
    }
    let is_only = tally.files == 1;
    for validated in &tally.detailed {
        file(page, validated, is_only, words);
    }
    page.push_str("</section>\n");
}

/// One file: a line, and when opened every finding, grouped by who can mend it.
fn file(page: &mut String, validated: &Validated, is_open: bool, words: Words) {
    let fatal = validated.findings.iter().filter(|told| told.is_fatal()).count();
    let counts = [fatal, validated.findings.len() - fatal].map(|count| words.number(&count.to_string()));
    let class = if validated.valid { "warned" } else { "invalid" };
    let verdict = words.name("cli", &format!("validate.html.{class}_one"));
    let counted = words.say("validate.html.counts", &[("errors", &counts[0]), ("warnings", &counts[1])]);
    let _ = writeln!(
        page,
        "<details{}>\n<summary><span class=\"tag {class}\">{}</span> <span class=\"file\">{}</span> <span class=\"quiet\">{}</span></summary>",
        if is_open { " open=\"open\"" } else { "" },
        escaped(&verdict),
        escaped(&validated.file),
        escaped(&counted),
    );
    for mender in Mender::ALL {
        let alike: Vec<&Told> = validated.findings.iter().filter(|told| told.fixer == mender).collect();
        if alike.is_empty() {
            continue;
        }
        let _ = writeln!(page, "<h3>{}</h3>\n<ul class=\"findings\">", escaped(&fixer(mender, words)));
        for told in alike {
            finding(page, told, words);
        }
        page.push_str("</ul>\n");
    }
    page.push_str("</details>\n");
}

fn finding(page: &mut String, told: &Told, words: Words) {
    let class = if told.is_fatal() { "invalid" } else { "warned" };
    let times = if told.count > 1 { format!(" ×{}", told.count) } else { String::new() };
    let _ = writeln!(
        page,
        "<li>\n<p><span class=\"tag {class}\">{}</span> <code>{}</code>{}</p>\n<p class=\"message\">{}</p>",
        escaped(&severity(told.is_fatal(), words)),
        escaped(&told.id),
        escaped(&times),
        escaped(&told.message),
    );
    if !told.values.is_empty() {
        let values: Vec<String> = told.values.iter().map(|value| format!("<q>{}</q>", escaped(value))).collect();
        let _ =
            writeln!(page, "<p class=\"quiet\">{} {}</p>", escaped(&words.say("validate.html.values", &[])), values.join(", "));
    }
    if !told.places.is_empty() {
        page.push_str("<ul class=\"places quiet\">\n");
        for place in told.places.iter().take(MOST_PLACES) {
            let at = [("line", place.line.to_string()), ("column", place.column.to_string())];
            let at = words.say("validate.html.place", &[("line", &at[0].1), ("column", &at[1].1)]);
            let term = told.term.map(|term| format!("{term} · ")).unwrap_or_default();
            let _ = writeln!(page, "<li>{}{} <code>{}</code></li>", escaped(&term), escaped(&at), escaped(&place.xpath));
        }
        let more = told.count.saturating_sub(MOST_PLACES.min(told.places.len()));
        if more > 0 {
            let more = words.say("validate.more_places", &[("count", &words.number(&more.to_string()))]);
            let _ = writeln!(page, "<li>{}</li>", escaped(&more));
        }
        page.push_str("</ul>\n");
    }
    page.push_str("</li>\n");
}

fn severity(fatal: bool, words: Words) -> String {
    words.name("cli", if fatal { "validate.html.fatal" } else { "validate.html.warning" })
}

fn fixer(mender: Mender, words: Words) -> String {
    words.name("cli", &format!("validate.fixer.{}", mender.name()))
}

/// A text that cannot become markup: the five characters as references, and what XML forbids as a replacement character.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            '\t' | '\n' | '\r' => safe.push(' '),
            _ if character.is_control() => safe.push('\u{FFFD}'),
            _ => safe.push(character),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_becomes_markup() {
        let check = |text: &str, expected: &str| assert_eq!(escaped(text), expected);
        check("<script>alert('x')</script>", "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;");
        check("\" onload=\"x", "&quot; onload=&quot;x");
        check("a\u{0}b\u{1b}[31m\nc", "a\u{FFFD}b\u{FFFD}[31m c");
        check("Kåre & Ødegård", "Kåre &amp; Ødegård");
    }
}
