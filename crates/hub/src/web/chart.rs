//! Charts that are drawn here, as pictures that the page holds: no script, no style inside. Beside each stands a table that says the
//! same to whoever does not see it.

use std::fmt::Write as _;

use askama::filters::{Html as HtmlEscaper, escape};

use crate::web::frame::Html;

/// One series of a chart: its class below `chart__`, its name, and a value for each column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Series {
    /// Such as `email`: letters only.
    pub class: String,
    /// What it is called.
    pub name: String,
    /// One for each column.
    pub values: Vec<i64>,
}

const WIDTH: i64 = 720;
const HEIGHT: i64 = 220;
const LEFT: i64 = 44;
const BOTTOM: i64 = 28;
const TOP: i64 = 12;
/// How much of a column is bar, in hundredths.
const FILL: i64 = 62;
/// So many columns at most have their name below them.
const NAMED: usize = 7;

/// Columns of what is stacked in them. `label` says what the whole is.
pub fn stacked(label: &str, columns: &[String], series: &[Series]) -> Html {
    let total = |column: usize| series.iter().map(|one| one.values.get(column).copied().unwrap_or(0)).sum::<i64>();
    let top = round_up((0..columns.len()).map(total).max().unwrap_or(0));
    let plot = HEIGHT - BOTTOM - TOP;
    let step = (WIDTH - LEFT) / i64::try_from(columns.len().max(1)).unwrap_or(1);
    let bar = step * FILL / 100;
    let every = columns.len().div_ceil(NAMED).max(1);
    let mut svg = format!(
        "<svg class=\"chart\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{}\" preserveAspectRatio=\"xMinYMid meet\">",
        escaped(label)
    );
    for part in 0..=2_i64 {
        let y = TOP + plot - plot * part / 2;
        let value = top * part / 2;
        let _ = write!(
            svg,
            "<line class=\"chart__line\" x1=\"{LEFT}\" y1=\"{y}\" x2=\"{WIDTH}\" y2=\"{y}\"/>\
             <text class=\"chart__text\" x=\"{}\" y=\"{}\" text-anchor=\"end\">{value}</text>",
            LEFT - 8,
            y + 4
        );
    }
    for (column, name) in columns.iter().enumerate() {
        let x = LEFT + step * i64::try_from(column).unwrap_or(0) + (step - bar) / 2;
        let mut below = 0;
        for one in series {
            let value = one.values.get(column).copied().unwrap_or(0);
            if value == 0 {
                continue;
            }
            let (from, to) = (plot * below / top, plot * (below + value) / top);
            below += value;
            let height = (to - from - 1).max(1);
            let _ = write!(
                svg,
                "<rect class=\"chart__bar chart__{}\" x=\"{x}\" y=\"{}\" width=\"{bar}\" height=\"{height}\" rx=\"2\"><title>{}</title></rect>",
                one.class,
                TOP + plot - to,
                escaped(&format!("{name}: {} {value}", one.name))
            );
        }
        if column % every == (columns.len() + every - 1) % every {
            let _ = write!(
                svg,
                "<text class=\"chart__text\" x=\"{}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
                x + bar / 2,
                HEIGHT - 8,
                escaped(name)
            );
        }
    }
    svg.push_str("</svg>");
    Html(svg)
}

/// The next round number that is even, so that half of it is whole: 2, 4, 10, 20, 40, 100…
fn round_up(value: i64) -> i64 {
    let mut unit = 1;
    loop {
        for step in [2, 4, 6, 10] {
            if value <= step * unit {
                return step * unit;
            }
        }
        unit *= 10;
    }
}

fn escaped(text: &str) -> String {
    escape(text, HtmlEscaper).map_or_else(|_| String::new(), |safe| safe.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_end_with_round_numbers() {
        for (value, expected) in [(0, 2), (2, 2), (3, 4), (7, 10), (11, 20), (61, 100), (100, 100), (101, 200)] {
            assert_eq!(round_up(value), expected, "{value}");
        }
    }

    #[test]
    fn what_is_drawn_is_no_html_of_others() {
        let series = [Series { class: "email".into(), name: "<b>".into(), values: vec![1, 0] }];
        let svg = stacked("\"><script>", &["1".into(), "2".into()], &series).0;
        assert!(!svg.contains("<script>") && !svg.contains("<b>"), "{svg}");
        assert_eq!(svg.matches("<rect").count(), 1);
    }
}
