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

    /// The cheapest open route and its price: shown beside the sender's order as "what would it have cost".
    pub fn cheapest(&self) -> Option<(&RouteName, Amount)> {
        self.rungs
            .iter()
            .filter(|rung| matches!(rung.standing, Standing::Chosen | Standing::InReserve))
            .filter_map(|rung| match rung.verdict {
                Verdict::Open { price: Some(price), .. } => Some((&rung.route, price)),
                _ => None,
            })
            .min_by_key(|(_, price)| price.minor())
    }
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
