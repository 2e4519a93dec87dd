//! What each route costs, as dated data: prices change every year, and an old plan must still be explainable.
//!
//! A price book is a TOML file that the operator edits. [`PriceBook::example`] is one to begin with: its figures come from
//! public price lists and are marked with where from. Which route is cheapest is the plan's question, not the book's.

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::Deserialize;

use crate::money::{Amount, Currency};
use crate::plan::RouteName;

/// The item that one document by a route costs: what a plan shows.
pub const DOCUMENT: &str = "document";

/// A book with the prices of public lists, to be edited by the operator.
pub const EXAMPLE: &str = include_str!("../data/price_book.example.toml");

/// Enough for every route, item and year that one company will ever see; more is a file gone wrong.
const MOST_PRICES: usize = 10_000;

/// The prices of a company or of a whole Kvitt. No two prices of the same route and item are valid on the same day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PriceBook {
    name: String,
    prices: Vec<Price>,
}

/// One line of the book.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Price {
    /// The route.
    pub route: RouteName,
    /// What is paid for; [`DOCUMENT`] is one document sent.
    pub item: String,
    /// What it costs.
    pub amount: Amount,
    /// The first day.
    pub valid_from: Date,
    /// The last day, itself included.
    pub valid_to: Option<Date>,
}

/// Why a file is no price book. Prices are counted from 1 in the order of the file.
#[derive(Debug, thiserror::Error)]
pub enum PriceBookError {
    /// No TOML, an unknown key, or a missing one.
    #[error("the price book cannot be read: {0}")]
    Unreadable(#[from] toml::de::Error),
    /// More prices than a book holds.
    #[error("the price book has {0} prices; the most is {MOST_PRICES}")]
    TooMany(usize),
    /// One price is wrong in itself.
    #[error("price {number} ({route}, {item}): {why}")]
    Price {
        /// Which.
        number: usize,
        /// Its route.
        route: String,
        /// Its item.
        item: String,
        /// What is wrong.
        why: String,
    },
    /// Two prices of the same route and item are valid on the same day.
    #[error("prices {first} and {second} ({route}, {item}) are both valid on {on}: end the first before the second begins")]
    Overlap {
        /// The earlier one in the file.
        first: usize,
        /// The later one in the file.
        second: usize,
        /// Their route.
        route: String,
        /// Their item.
        item: String,
        /// The first day on which both are valid.
        on: Date,
    },
}

/// The file as TOML has it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BookFile {
    name: String,
    #[serde(default)]
    price: Vec<PriceLine>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PriceLine {
    route: String,
    #[serde(default = "document")]
    item: String,
    /// A string, so that it is never a float on its way here.
    amount: String,
    currency: String,
    valid_from: toml::value::Datetime,
    valid_to: Option<toml::value::Datetime>,
}

fn document() -> String {
    DOCUMENT.to_owned()
}

impl PriceBook {
    /// Reads a book: a `name`, and for each price `route`, `item` (`document` where it is left out), `amount` (a decimal number
    /// in quotes), `currency`, `valid_from` and, where it ends, `valid_to` (the last day, included). Dates are TOML dates.
    ///
    /// # Errors
    /// Anything unknown, missing or impossible, and two prices for the same thing on the same day.
    pub fn parse(text: &str) -> Result<PriceBook, PriceBookError> {
        let file: BookFile = toml::from_str(text)?;
        if file.price.len() > MOST_PRICES {
            return Err(PriceBookError::TooMany(file.price.len()));
        }
        let prices: Vec<Price> =
            file.price.into_iter().enumerate().map(|(index, line)| line.read(index + 1)).collect::<Result<_, _>>()?;
        refuse_overlap(&prices)?;
        Ok(PriceBook { name: file.name, prices })
    }

    /// The example book.
    pub fn example() -> PriceBook {
        PriceBook::parse(EXAMPLE).expect("the example is part of the program and a test reads it")
    }

    /// Its name, which plans note down beside their prices.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Every price, by route, item and first day.
    pub fn prices(&self) -> Vec<&Price> {
        let mut all: Vec<&Price> = self.prices.iter().collect();
        all.sort_by(|one, other| (&one.route, &one.item, one.valid_from).cmp(&(&other.route, &other.item, other.valid_from)));
        all
    }

    /// What one document by this route costs on a day; `None` where the book does not say.
    pub fn price(&self, route: &RouteName, on: Date) -> Option<Amount> {
        self.price_of(route, DOCUMENT, on)
    }

    /// What an item of this route costs on a day, such as `sheet` or `cancellation`; `None` where the book does not say.
    pub fn price_of(&self, route: &RouteName, item: &str, on: Date) -> Option<Amount> {
        let price = self.prices.iter().find(|price| price.route == *route && price.item == item && price.is_valid_on(on));
        price.map(|price| price.amount)
    }
}

impl PriceLine {
    fn read(self, number: usize) -> Result<Price, PriceBookError> {
        match self.check() {
            Ok((amount, valid_from, valid_to)) => {
                Ok(Price { route: RouteName::new(self.route), item: self.item, amount, valid_from, valid_to })
            }
            Err(why) => Err(PriceBookError::Price { number, route: self.route, item: self.item, why }),
        }
    }

    fn check(&self) -> Result<(Amount, Date, Option<Date>), String> {
        let currency = Currency::parse(&self.currency).ok_or_else(|| format!("{} is no ISO 4217 currency", self.currency))?;
        let value: Decimal = self.amount.parse().map_err(|_| format!("{:?} is no decimal number", self.amount))?;
        let amount = Amount::from_decimal(value, currency)
            .ok_or_else(|| format!("{} has more decimals or digits than {} has", self.amount, self.currency))?;
        if amount.is_negative() {
            return Err(format!("{} is below zero", self.amount));
        }
        let valid_from = date(&self.valid_from)?;
        let valid_to = self.valid_to.as_ref().map(date).transpose()?;
        if valid_to.is_some_and(|end| end < valid_from) {
            return Err("valid_to is before valid_from".to_owned());
        }
        Ok((amount, valid_from, valid_to))
    }
}

fn date(value: &toml::value::Datetime) -> Result<Date, String> {
    match (value.date, value.time) {
        (Some(_), None) => value.to_string().parse().map_err(|_| format!("{value} is no date")),
        _ => Err(format!("{value} is no date: write it as 2026-01-31")),
    }
}

impl Price {
    /// Whether it counts on a day.
    pub fn is_valid_on(&self, on: Date) -> bool {
        self.valid_from <= on && self.valid_to.is_none_or(|end| on <= end)
    }
}

fn refuse_overlap(prices: &[Price]) -> Result<(), PriceBookError> {
    // By route, item and first day: then only neighbours can overlap.
    let mut order: Vec<(usize, &Price)> = prices.iter().enumerate().collect();
    order.sort_by(|(_, a), (_, b)| (&a.route, &a.item, a.valid_from).cmp(&(&b.route, &b.item, b.valid_from)));
    for pair in order.windows(2) {
        let [(one, earlier), (other, later)] = pair else { continue };
        let same = earlier.route == later.route && earlier.item == later.item;
        if same && earlier.is_valid_on(later.valid_from) {
            return Err(PriceBookError::Overlap {
                first: one.min(other) + 1,
                second: one.max(other) + 1,
                route: later.route.to_string(),
                item: later.item.clone(),
                on: later.valid_from,
            });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn the_example_prices_every_route() {
        let book = PriceBook::example();
        let on = date(2026, 11, 22);
        for (route, ore) in [("avtalegiro", 200), ("efaktura", 250), ("peppol", 120), ("dpi", 84), ("email", 1), ("print", 3090)]
        {
            let price = book.price(&RouteName::new(route), on);
            assert_eq!(price, Some(Amount::new(ore, Currency::NOK)), "{route}");
        }
        assert_eq!(book.price(&RouteName::new("email"), date(2025, 12, 31)), None, "before the book begins");
        assert_eq!(book.price(&RouteName::new("pigeon"), on), None);
        assert_eq!(book.price_of(&RouteName::new("print"), "sheet", on), Some(Amount::new(129, Currency::NOK)));
    }

    fn line(dates: &str) -> String {
        format!("[[price]]\nroute = \"print\"\namount = \"30.90\"\ncurrency = \"NOK\"\n{dates}\n")
    }

    fn book(lines: &[&str]) -> Result<PriceBook, PriceBookError> {
        PriceBook::parse(&format!("name = \"test\"\n{}", lines.iter().map(|dates| line(dates)).collect::<String>()))
    }

    #[test]
    fn a_price_ends_with_its_last_day() {
        let book = book(&["valid_from = 2026-01-01\nvalid_to = 2026-06-30", "valid_from = 2026-07-01"]).unwrap();
        let print = RouteName::new("print");
        for (on, known) in
            [(date(2025, 12, 31), false), (date(2026, 1, 1), true), (date(2026, 6, 30), true), (date(2099, 1, 1), true)]
        {
            assert_eq!(book.price(&print, on).is_some(), known, "{on}");
        }
    }

    #[test]
    fn two_prices_on_one_day_are_refused() {
        let check = |lines: &[&str]| book(lines).unwrap_err().to_string();
        assert_eq!(
            check(&["valid_from = 2026-01-01\nvalid_to = 2026-07-01", "valid_from = 2026-07-01"]),
            "prices 1 and 2 (print, document) are both valid on 2026-07-01: end the first before the second begins"
        );
        assert!(check(&["valid_from = 2026-07-01", "valid_from = 2026-01-01"]).contains("both valid on 2026-07-01"));
        assert!(check(&["valid_from = 2026-07-01", "valid_from = 2026-07-01\nvalid_to = 2026-07-01"]).contains("prices 1 and 2"));
    }

    #[test]
    fn impossible_prices_are_refused_with_their_number() {
        let check = |text: &str, expected: &str| {
            let error = PriceBook::parse(&format!("name = \"test\"\n{text}")).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        };
        let good = line("valid_from = 2026-01-01");
        check(&good.replace("30.90", "30.901"), "price 1 (print, document): 30.901 has more decimals");
        check(&good.replace("30.90", "-1"), "below zero");
        check(&good.replace("30.90", "thirty"), "no decimal number");
        check(&good.replace("NOK", "nok"), "nok is no ISO 4217 currency");
        check(&good.replace("2026-01-01", "2026-01-01T00:00:00Z"), "write it as 2026-01-31");
        check(&line("valid_from = 2026-01-01\nvalid_to = 2025-01-01"), "valid_to is before valid_from");
        check(&line("valid_from = 2026-01-01\ncolour = 1"), "unknown field");
        check(&good.replace("\"30.90\"", "30.90"), "expected a string");
        check(&good.replace("route = \"print\"\n", ""), "missing field `route`");
    }
}
