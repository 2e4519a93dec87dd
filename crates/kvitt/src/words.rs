//! The words of the command line: sentences of the catalogue's table `[cli]`, and amounts and times as people write them.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use kvitt_domain::Language;
use kvitt_domain::fault::Fault;
use kvitt_domain::money::Amount;

/// One language for all that one command says.
#[derive(Debug, Clone, Copy)]
pub struct Words(pub Language);

impl Words {
    /// The language of the environment (`LC_ALL`, then `LC_MESSAGES`, then `LANG`); English where Kvitt has not that one.
    pub fn of_environment() -> Words {
        let named =
            ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().find_map(|name| std::env::var(name).ok().filter(|tag| !tag.is_empty()));
        Words(named.and_then(|tag| Language::named(&tag)).unwrap_or(Language::English))
    }

    /// The sentence under `cli.<key>`.
    pub fn say(self, key: &str, values: &[(&str, &str)]) -> String {
        self.0.text(&format!("cli.{key}"), values)
    }

    /// A stored name in words: `table` is `route`, `state`, `standing`… A name that the catalogue lacks stays as it is.
    pub fn name(self, table: &str, name: &str) -> String {
        let key = format!("{table}.{name}");
        if self.0.has(&key) { self.0.text(&key, &[]) } else { name.to_owned() }
    }

    /// A fault in a few words for a table's cell, where the catalogue has them, else its sentence.
    pub fn short(self, fault: &Fault) -> String {
        let key = format!("cli.short.{}", fault.code);
        if !self.0.has(&key) {
            return fault.sentence(self.0);
        }
        let values: Vec<(&str, &str)> = fault.values.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        self.0.text(&key, &values)
    }

    /// An amount: `1 234,50 NOK` or `1,234.50 NOK`, with a true minus sign.
    pub fn amount(self, amount: Amount) -> String {
        format!("{} {}", self.number(&amount.to_decimal().to_string()), amount.currency().code())
    }

    /// A decimal number such as `-1234.50`, grouped and marked after the language.
    pub fn number(self, decimal: &str) -> String {
        let (group, mark) = match self.0 {
            Language::Bokmal => ('\u{a0}', ','),
            Language::English => (',', '.'),
        };
        let (minus, decimal) = decimal.strip_prefix('-').map_or(("", decimal), |rest| ("\u{2212}", rest));
        let (whole, fraction) = decimal.split_once('.').map_or((decimal, None), |(whole, fraction)| (whole, Some(fraction)));
        let mut grouped = String::with_capacity(decimal.len() + 4);
        for (index, digit) in whole.chars().enumerate() {
            if index > 0 && (whole.len() - index).is_multiple_of(3) {
                grouped.push(group);
            }
            grouped.push(digit);
        }
        match fraction {
            Some(fraction) => format!("{minus}{grouped}{mark}{fraction}"),
            None => format!("{minus}{grouped}"),
        }
    }

    /// A time as people in Norway see it on the clock: `2026-11-22 14:03`.
    pub fn time(self, at: Timestamp) -> String {
        // Where the machine has no time zones, UTC and its name are better than nothing.
        let zone = TimeZone::get("Europe/Oslo").unwrap_or(TimeZone::UTC);
        let zoned = at.to_zoned(zone.clone());
        let shown = zoned.strftime("%Y-%m-%d %H:%M:%S").to_string();
        if zone == TimeZone::UTC { format!("{shown} UTC") } else { shown }
    }

    /// A time given as Unix milliseconds.
    pub fn time_ms(self, at_ms: i64) -> String {
        Timestamp::from_millisecond(at_ms).map_or_else(|_| at_ms.to_string(), |at| self.time(at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        let check = |decimal: &str, bokmal: &str, english: &str| {
            assert_eq!(Words(Language::Bokmal).number(decimal), bokmal);
            assert_eq!(Words(Language::English).number(decimal), english);
        };
        check("0.01", "0,01", "0.01");
        check("999", "999", "999");
        check("1234.50", "1\u{a0}234,50", "1,234.50");
        check("-793011.88", "\u{2212}793\u{a0}011,88", "\u{2212}793,011.88");
        check("1000000", "1\u{a0}000\u{a0}000", "1,000,000");
    }

    /// Every `say("…")` of this crate has its sentence; the catalogue's own test sees to both languages.
    #[test]
    fn every_sentence_is_in_the_catalogue() {
        let mut lacking = Vec::new();
        let mut folders = vec![std::path::PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/src"))];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                let source = std::fs::read_to_string(&path).unwrap();
                for rest in source.split("say(\"").skip(1) {
                    let key = rest.split('"').next().unwrap();
                    if !key.is_empty() && key != "…" && !Language::English.has(&format!("cli.{key}")) {
                        lacking.push(format!("{}: cli.{key}", path.display()));
                    }
                }
            }
        }
        assert!(lacking.is_empty(), "\n{}", lacking.join("\n"));
    }
}
