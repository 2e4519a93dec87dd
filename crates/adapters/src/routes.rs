//! Every route, in one list, and the plan that asks them.
//!
//! A new route is a file beside [`email`] and a line in [`all`]. Routes that are not built yet stand in [`coming`], so that a
//! plan says honestly why they are not used.

use jiff::Timestamp;
use kvitt_domain::delivery::Purpose;
use kvitt_domain::fault::{Fault, codes};
use kvitt_domain::plan::{OrderFrom, Plan, RouteName, Verdict, standings};
use kvitt_domain::recipient::RecipientType;

use crate::route::{Consignment, Document, Facts, Request, Route};
use crate::routes::efaktura::soap::Operation;

pub mod avtalegiro;
pub mod coming;
pub mod efaktura;
pub mod email;
pub mod print;

static ALL: [&dyn Route; 6] =
    [&avtalegiro::Avtalegiro, &efaktura::Efaktura, &coming::PEPPOL, &coming::DPI, &email::Email, &print::Print];

/// Every route that a plan can name.
pub fn all() -> &'static [&'static dyn Route] {
    &ALL
}

/// The route of this name.
pub fn by_name(name: &str) -> Option<&'static dyn Route> {
    ALL.iter().copied().find(|route| route.name() == name)
}

/// Whether a request hands over what travels in a consignment: no question, and nothing that calls some of it back.
pub fn hands_over(consignment: &Consignment, request: &Request) -> bool {
    match request {
        Request::Smtp(_) => true,
        Request::Http(request) => !request.is_question && request.operation != Operation::CancelTransaction.name(),
        Request::Put(package) if consignment.transmission.is_some() => avtalegiro::file::hands_over(consignment, package),
        Request::Put(_) => true,
        Request::Look { .. } => false,
    }
}

/// The order of routes where nobody gave one: the cheapest that reaches most comes first, paper last.
pub fn default_order(recipient: RecipientType) -> Vec<RouteName> {
    let names: &[&str] = match recipient {
        RecipientType::Consumer => &["avtalegiro", "efaktura", "email", "print"],
        RecipientType::Business => &["peppol", "email", "print"],
    };
    names.iter().copied().map(RouteName::new).collect()
}

/// The order with the older names of the field written out (`netbank` is AvtaleGiro, then eFaktura; `vipps` is eFaktura) and
/// every route once, where it stands first.
pub fn written_out(order: &[RouteName]) -> Vec<RouteName> {
    let mut routes: Vec<RouteName> = Vec::with_capacity(order.len());
    for name in order {
        let meant: &[&str] = match name.as_str() {
            "netbank" => &["avtalegiro", "efaktura"],
            "vipps" => &["efaktura"],
            own => &[own],
        };
        for route in meant.iter().copied().map(RouteName::new) {
            if !routes.contains(&route) {
                routes.push(route);
            }
        }
    }
    routes
}

/// The orders of routes that were given, each more particular than the next.
#[derive(Debug, Clone, Copy, Default)]
pub struct Orders<'a> {
    /// With the document; empty = none.
    pub document: &'a [RouteName],
    /// For the customer.
    pub customer: Option<&'a [RouteName]>,
    /// For all of the company's recipients of this kind.
    pub company: Option<&'a [RouteName]>,
}

impl Orders<'_> {
    /// The first that was given, whole: orders are never mixed. Kvitt's own where none was.
    pub fn first_given(&self, recipient: RecipientType) -> (Vec<RouteName>, OrderFrom) {
        let given = [
            (Some(self.document), OrderFrom::Document),
            (self.customer, OrderFrom::Customer),
            (self.company, OrderFrom::Company),
        ];
        let first = given.into_iter().find_map(|(order, from)| Some((order.filter(|order| !order.is_empty())?.to_vec(), from)));
        first.unwrap_or_else(|| (default_order(recipient), OrderFrom::Default))
    }
}

/// What a plan is made from, beside the document.
#[derive(Debug, Clone, Copy)]
pub struct Ladder<'a> {
    /// The routes, in order; [`written_out`] is applied to it.
    pub order: &'a [RouteName],
    /// Where the order came from.
    pub order_from: OrderFrom,
    /// Routes that must not be used.
    pub disabled: &'a [RouteName],
    /// Routes that this delivery has used up.
    pub tried: &'a [RouteName],
    /// Now, on the business clock.
    pub now: Timestamp,
}

/// The decision record for one document: every route of the order is asked, and closed ones say why.
///
/// `facts_for` gives the facts for the route of a name; it is asked only for routes that exist.
pub fn plan<'f>(document: &Document<'_>, ladder: &Ladder<'_>, facts_for: impl Fn(&str) -> Facts<'f>) -> Plan {
    let disabled = written_out(ladder.disabled);
    let mut price_book = None;
    let verdicts = written_out(ladder.order)
        .into_iter()
        .map(|name| {
            let verdict = match by_name(name.as_str()) {
                _ if ladder.tried.contains(&name) => closed(Fault::fatal(codes::ROUTE_TRIED).with("route", &name)),
                None => closed(Fault::fatal(codes::ROUTE_UNKNOWN).with("route", &name)),
                Some(_) if disabled.contains(&name) => closed(Fault::fatal(codes::ROUTE_NOT_IN_ORDER).with("route", &name)),
                Some(route) => {
                    let facts = facts_for(route.name());
                    price_book.get_or_insert_with(|| facts.prices.name().to_owned());
                    match document.purpose {
                        Purpose::Bill => route.consider(document, &facts, ladder.now),
                        Purpose::Notice => avtalegiro::notice::consider(route, document, &facts, ladder.now),
                    }
                }
            };
            (name, verdict)
        })
        .collect();
    Plan {
        made_at: ladder.now,
        recipient_type: document.recipient.kind,
        order_from: ladder.order_from,
        rungs: standings(verdicts, ladder.tried),
        price_book,
        warnings: doubtful_type(document).into_iter().chain(no_fallback(ladder)).collect(),
    }
}

/// Whoever names one route wants that one or none: said, because nothing is tried after it.
fn no_fallback(ladder: &Ladder<'_>) -> Option<Fault> {
    let order_from = match ladder.order_from {
        OrderFrom::Document => "document",
        OrderFrom::Customer => "customer",
        OrderFrom::Company => "company",
        OrderFrom::Default => return None,
    };
    let [only] = written_out(ladder.order).try_into().ok()?;
    let only: RouteName = only;
    Some(Fault::warning(codes::ROUTE_NO_FALLBACK).with("route", only).with("order_from", order_from))
}

fn closed(reason: Fault) -> Verdict {
    Verdict::Closed { reasons: vec![reason] }
}

/// The recipient type is never guessed, but a document that looks like the other kind is pointed out. The organisation number
/// itself is not repeated: in a consumer's document that field may hold anything.
fn doubtful_type(document: &Document<'_>) -> Option<Fault> {
    let names_organisation = document.recipient.org_number.is_some();
    let doubtful = match document.recipient.kind {
        RecipientType::Consumer => names_organisation,
        RecipientType::Business => document.metadata.recipient_type.is_none() && !names_organisation,
    };
    doubtful.then(|| Fault::warning(codes::RECIPIENT_TYPE_DOUBTFUL).with("recipient_type", document.recipient.kind.name()))
}
