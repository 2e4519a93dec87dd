//! CSV files that a spreadsheet opens as they are: RFC 4180, with a semicolon between fields and a mark of UTF-8 in front, as Norwegian
//! Excel wants them.
//!
//! What people wrote is never a formula: a field that a spreadsheet would take for one begins with an apostrophe, which the spreadsheet
//! shows or swallows but does not compute.

/// The mark of UTF-8, by which Excel knows the letters.
pub const MARK: &str = "\u{feff}";
/// Between fields.
const SEPARATOR: char = ';';
/// What a formula begins with in some spreadsheet.
const OF_FORMULAS: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// One field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Field {
    /// What people wrote, or names.
    Text(String),
    /// A number of ours, with a comma before its decimals.
    Number(String),
}

/// Writes a row, with its end.
pub fn write(out: &mut String, fields: &[Field]) {
    for (place, field) in fields.iter().enumerate() {
        if place > 0 {
            out.push(SEPARATOR);
        }
        match field {
            Field::Number(number) => out.push_str(number),
            Field::Text(text) => write_text(out, text),
        }
    }
    out.push_str("\r\n");
}

fn write_text(out: &mut String, text: &str) {
    let is_formula = text.trim_start_matches(' ').starts_with(OF_FORMULAS);
    let needs_quotes = text.contains([SEPARATOR, '"', '\r', '\n']) || text.starts_with(' ') || text.ends_with(' ');
    if needs_quotes {
        out.push('"');
    }
    if is_formula {
        out.push('\'');
    }
    for letter in text.chars() {
        if letter == '"' {
            out.push('"');
        }
        out.push(letter);
    }
    if needs_quotes {
        out.push('"');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_quoted_where_they_must_be_and_no_formula_is_one() {
        for (text, expected) in [
            ("Ødegård", "Ødegård"),
            ("", ""),
            ("a;b", "\"a;b\""),
            ("say \"hei\"", "\"say \"\"hei\"\"\""),
            ("two\r\nlines", "\"two\r\nlines\""),
            ("=1+1", "'=1+1"),
            ("+47 900", "'+47 900"),
            ("-5", "'-5"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\t=1", "'\t=1"),
            ("  =1", "\"'  =1\""),
            ("=cmd|' /C calc'!A0;\"", "\"'=cmd|' /C calc'!A0;\"\"\""),
        ] {
            let mut out = String::new();
            write(&mut out, &[Field::Text(text.into())]);
            assert_eq!(out, format!("{expected}\r\n"), "{text}");
        }
    }

    #[test]
    fn numbers_stay_numbers() {
        let mut out = String::new();
        write(&mut out, &[Field::Text("a".into()), Field::Number("-1234,50".into()), Field::Number(String::new())]);
        assert_eq!(out, "a;-1234,50;\r\n");
    }
}
