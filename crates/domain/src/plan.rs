//! The decision record: every route considered, in the sender's order, each with its verdict, its price and its reasons.
//!
//! Routes give verdicts (`kvitt-adapters`); [`standings`] orders them. The record is stored as it was, shown by `kvitt explain`,
//! and made without sending anything by `kvitt plan`.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::fault::Fault;
use crate::money::Amount;
use crate::recipient::RecipientType;

/// The name of a way to a recipient: `avtalegiro`, `efaktura`, `peppol`, `dpi`, `email`, `print`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RouteName(String);

impl RouteName {
    /// A name as an adapter gives it. Whether such a route exists is the adapters' list to say.
    pub fn new(name: impl Into<String>) -> RouteName {
        RouteName(name.into())
    }

    /// Stands for the route of an attempt that only a hub that is gone knows: see [`crate::delivery::Event::Restored`].
    pub fn unknown() -> RouteName {
        RouteName::new(UNKNOWN)
    }

    /// Whether nobody knows which route it was.
    pub fn is_unknown(&self) -> bool {
        self.0 == UNKNOWN
    }

    /// The name as stored and shown.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// No adapter has this name.
const UNKNOWN: &str = "unknown";

impl std::fmt::Display for RouteName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a route says of one document.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "verdict")]
pub enum Verdict {
    /// It can go this way.
    Open {
        /// What it costs, by the price book; `None` where the book has no price.
        price: Option<Amount>,
        /// The latest time at which it may still be sent this way.
        latest_send_at: Option<Timestamp>,
        /// What the sender should know.
        warnings: Vec<Fault>,
    },
    /// It cannot, and why.
    Closed {
        /// All reasons, not just the first.
        reasons: Vec<Fault>,
    },
    /// A register must be asked first.
    NeedsLookup {
        /// The register's name, such as `yes_to_all`.
        register: String,
        /// The price if the answer is yes.
        price: Option<Amount>,
        /// What the sender should know.
        warnings: Vec<Fault>,
    },
}

/// Where the order of routes came from: the first that is given wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderFrom {
    /// Given with this document.
    Document,
    /// The customer's own order.
    Customer,
    /// The company's order.
    Company,
    /// Kvitt's default for the recipient type.
    Default,
}

/// What became of a rung of the ladder in this plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// The first open route: this one is used.
    Chosen,
    /// Open, and next in line if those before it fail.
    InReserve,
    /// Closed.
    Skipped,
    /// Tried before in this delivery, and failed.
    Failed,
}

/// One route of the ladder.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rung {
    /// The route.
    pub route: RouteName,
    /// What became of it.
    pub standing: Standing,
    /// What it said.
    #[serde(flatten)]
    pub verdict: Verdict,
}

/// The ordered routes for one document: the decision record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// When it was made, on the business clock.
    pub made_at: Timestamp,
    /// The recipient type that it was made for.
    pub recipient_type: RecipientType,
    /// Where the order came from.
    pub order_from: OrderFrom,
    /// The ladder, in order.
    pub rungs: Vec<Rung>,
    /// The price book that the prices come from.
    pub price_book: Option<String>,
    /// Warnings about the document as a whole.
    pub warnings: Vec<Fault>,
}

impl Plan {
    /// The route to use now, if any is open.
    pub fn chosen(&self) -> Option<&Rung> {
        self.rungs.iter().find(|rung| rung.standing == Standing::Chosen)
    }

    /// The routes that could be used now and have a price, the cheapest first and, at the same price, in the sender's order. Only
    /// prices in the currency of the chosen one, where it has a price, can be compared with it.
    pub fn by_price(&self) -> Vec<Priced<'_>> {
        let own = self.chosen().and_then(Rung::price).map(Amount::currency);
        let usable = self.rungs.iter().filter(|rung| rung.is_usable());
        let priced = usable.filter_map(|rung| {
            let needs_lookup = matches!(rung.verdict, Verdict::NeedsLookup { .. });
            Some(Priced { route: &rung.route, price: rung.price()?, needs_lookup })
        });
        let mut priced: Vec<_> = priced.filter(|priced| own.is_none_or(|currency| currency == priced.price.currency())).collect();
        priced.sort_by_key(|priced| priced.price.minor());
        priced
    }

    /// What the document would have cost by the cheapest route, beside what it costs by the chosen one: what the sender's order is
    /// worth to them. `None` where the chosen route has no price.
    pub fn comparison(&self) -> Option<Comparison<'_>> {
        let rung = self.chosen()?;
        let chosen = Priced {
            route: &rung.route,
            price: rung.price()?,
            needs_lookup: matches!(rung.verdict, Verdict::NeedsLookup { .. }),
        };
        let cheapest = self.by_price().into_iter().next()?;
        let saved = chosen.price.checked_sub(cheapest.price)?;
        let unpriced = self.rungs.iter().filter(|rung| rung.is_usable() && rung.price().is_none()).map(|rung| &rung.route);
        Some(Comparison { chosen, cheapest, saved, unpriced: unpriced.collect() })
    }
}

impl Rung {
    /// What it costs, as far as the price book says.
    pub fn price(&self) -> Option<Amount> {
        match &self.verdict {
            Verdict::Open { price, .. } | Verdict::NeedsLookup { price, .. } => *price,
            Verdict::Closed { .. } => None,
        }
    }

    fn is_usable(&self) -> bool {
        matches!(self.standing, Standing::Chosen | Standing::InReserve)
    }
}

/// A route with its price.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Priced<'a> {
    /// The route.
    pub route: &'a RouteName,
    /// What it costs.
    pub price: Amount,
    /// Whether a register must say yes first.
    pub needs_lookup: bool,
}

/// What a document costs, and what it would have cost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Comparison<'a> {
    /// The chosen route.
    pub chosen: Priced<'a>,
    /// The cheapest one, which may be the same.
    pub cheapest: Priced<'a>,
    /// How much less that is.
    pub saved: Amount,
    /// Routes that could be used and are not compared, because the price book has no price for them.
    pub unpriced: Vec<&'a RouteName>,
}

/// Orders verdicts into standings: the first open rung is chosen, later open ones are in reserve, `tried` ones have failed.
pub fn standings(verdicts: Vec<(RouteName, Verdict)>, tried: &[RouteName]) -> Vec<Rung> {
    let mut chosen = false;
    verdicts
        .into_iter()
        .map(|(route, verdict)| {
            let standing = match &verdict {
                _ if tried.contains(&route) => Standing::Failed,
                Verdict::Closed { .. } => Standing::Skipped,
                Verdict::Open { .. } | Verdict::NeedsLookup { .. } if chosen => Standing::InReserve,
                Verdict::Open { .. } | Verdict::NeedsLookup { .. } => {
                    chosen = true;
                    Standing::Chosen
                }
            };
            Rung { route, standing, verdict }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Currency;

    fn plan(rungs: &[(&str, Standing, Option<i64>, bool)]) -> Plan {
        let rungs = rungs.iter().map(|(route, standing, ore, needs_lookup)| {
            let price = ore.map(|ore| Amount::new(ore, Currency::NOK));
            let verdict = match (standing, needs_lookup) {
                (Standing::Skipped, _) => Verdict::Closed { reasons: vec![] },
                (_, true) => Verdict::NeedsLookup { register: "register".to_owned(), price, warnings: vec![] },
                (_, false) => Verdict::Open { price, latest_send_at: None, warnings: vec![] },
            };
            Rung { route: RouteName::new(*route), standing: *standing, verdict }
        });
        Plan {
            made_at: Timestamp::UNIX_EPOCH,
            recipient_type: RecipientType::Consumer,
            order_from: OrderFrom::Document,
            rungs: rungs.collect(),
            price_book: None,
            warnings: vec![],
        }
    }

    /// `chosen price > cheapest price saved`, with `?` after a route whose register must say yes first.
    fn shown(plan: &Plan) -> Option<String> {
        let route = |priced: Priced<'_>| format!("{}{}", priced.route, if priced.needs_lookup { "?" } else { "" });
        let comparison = plan.comparison()?;
        let Comparison { chosen, cheapest, saved, unpriced } = &comparison;
        let unpriced: Vec<String> = unpriced.iter().map(|route| format!(", not {route}")).collect();
        Some(format!("{} > {} {}{}", route(*chosen), route(*cheapest), saved.to_decimal(), unpriced.concat()))
    }

    #[test]
    fn what_it_would_have_cost() {
        use Standing::{Chosen, Failed, InReserve, Skipped};
        for (rungs, expected) in [
            (vec![("print", Chosen, Some(3090), false), ("email", InReserve, Some(1), false)], Some("print > email 30.89")),
            (vec![("email", Chosen, Some(1), false), ("print", InReserve, Some(3090), false)], Some("email > email 0.00")),
            (vec![("efaktura", Chosen, Some(250), true), ("email", InReserve, Some(1), false)], Some("efaktura? > email 2.49")),
            (
                vec![("print", Chosen, Some(3090), false), ("efaktura", InReserve, Some(250), true)],
                Some("print > efaktura? 28.40"),
            ),
            // What cannot be used is not what it would have cost.
            (
                vec![("print", Chosen, Some(3090), false), ("email", Skipped, Some(1), false), ("dpi", Failed, Some(84), false)],
                Some("print > print 0.00"),
            ),
            // A missing price is no price of nothing.
            (
                vec![("print", Chosen, Some(3090), false), ("email", InReserve, None, false)],
                Some("print > print 0.00, not email"),
            ),
            (vec![("email", Chosen, None, false), ("print", InReserve, Some(3090), false)], None),
            (vec![("email", Skipped, None, false)], None),
            // At the same price the sender's order decides.
            (vec![("print", Chosen, Some(5), false), ("email", InReserve, Some(5), false)], Some("print > print 0.00")),
        ] {
            assert_eq!(shown(&plan(&rungs)).as_deref(), expected, "{rungs:?}");
        }
    }

    #[test]
    fn prices_in_other_currencies_are_not_compared() {
        let mut plan = plan(&[("print", Standing::Chosen, Some(3090), false), ("email", Standing::InReserve, None, false)]);
        let euro = Amount::new(1, Currency::parse("EUR").expect("a currency"));
        plan.rungs[1].verdict = Verdict::Open { price: Some(euro), latest_send_at: None, warnings: vec![] };
        assert_eq!(shown(&plan).as_deref(), Some("print > print 0.00"));
    }
}
