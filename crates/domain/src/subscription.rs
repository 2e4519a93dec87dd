//! Which events a listener is told of: the kinds that there are, patterns of them, and the names under which clients of the Maventa
//! API know some of them. How a listener is told is the hub's.

use serde::{Deserialize, Serialize};

use crate::fault::{Fault, codes};

/// Every kind of event. The machine or the thing that it is about stands before the dot, so that a pattern can name it.
pub const KINDS: &[&str] = &[
    "address.lifted",
    "agreement.changed",
    "agreement.end_ordered",
    "agreement.not_signed",
    "agreement.old_provider_closed",
    "agreement.ordered",
    "agreement.recorded",
    "agreement.said",
    "agreement.signature_requested",
    "agreement.signed",
    "agreement.signer_named",
    "agreement.spread_over",
    "api_key.created",
    "api_key.revoked",
    "api_key.rotated",
    "bank_file.read",
    "claim.closed",
    "claim.opened",
    "claim.other_provider",
    "collection.claim_ended",
    "collection.claim_unpaid",
    "collection.claimed",
    "collection.closed",
    "collection.credited",
    "collection.debit_seen",
    "collection.debited",
    "collection.opened",
    "collection.paid",
    "collection.refund_returned",
    "collection.refunded",
    "collection.released",
    "collection.reversed",
    "collection.taken_away",
    "company.added",
    "company.bank_account_removed",
    "company.bank_account_set",
    "company.customer_order_set",
    "company.invoicing_changed",
    "company.key_rotated",
    "company.route_set",
    "company.settings_changed",
    "customer.changed",
    "customer.created",
    "delivery.call_back",
    "delivery.cancelled",
    "delivery.lot_closed",
    "delivery.must_wait",
    "delivery.no_route_open",
    "delivery.reopened",
    "delivery.repeated",
    "delivery.restored",
    "delivery.route_chosen",
    "delivery.said_delivered",
    "delivery.said_handed_over",
    "delivery.said_in_doubt",
    "delivery.said_refused",
    "delivery.said_returned",
    "delivery.said_seen",
    "delivery.said_too_late",
    "delivery.said_withdrawn",
    "delivery.settled_as_sent",
    "delivery.settled_as_unsent",
    "delivery.woken",
    "draft.created",
    "draft.discarded",
    "draft.finalised",
    "draft.numbered",
    "draft.reopened",
    "hub.restored",
    "invoice.accepted",
    "invoice.rerouted",
    "job.stuck",
    "job.unstuck",
    "kid.made",
    "lookup.answered",
    "lookup.inquired",
    "mandates.applied",
    "mandates.looked_up",
    "notice.begun",
    "notice.cancelled",
    "notice.lot_closed",
    "notice.must_wait",
    "notice.no_route_open",
    "notice.not_wanted",
    "notice.reopened",
    "notice.repeated",
    "notice.restored",
    "notice.route_chosen",
    "notice.said_delivered",
    "notice.said_handed_over",
    "notice.said_in_doubt",
    "notice.said_refused",
    "notice.said_returned",
    "notice.said_seen",
    "notice.said_too_late",
    "notice.said_withdrawn",
    "notice.settled_as_sent",
    "notice.settled_as_unsent",
    "notice.woken",
    "payment.accounted_for",
    "payment.decided",
    "payment.parked",
    "person.told",
    "product.changed",
    "product.created",
    "project.changed",
    "project.created",
    "recurrence.begun",
    "recurrence.ended",
    "recurrence.made",
    "user.invitation_withdrawn",
    "user.invited",
    "user.joined",
    "user.removed",
    "user.role_changed",
    "webhook.added",
    "webhook.enabled",
    "webhook.removed",
    "webhook.replayed",
    "webhook.secret_rotated",
    "webhook.stopped",
];

/// What clients of the Maventa API call what happens to an invoice, and which of our events that is. In doubt is not failed: whoever
/// sends again what may have been sent sends it twice.
pub const ALIASES: [(&str, &[&str]); 3] = [
    ("DOCUMENTS.INVOICE.DELIVERED", &["delivery.said_handed_over", "delivery.settled_as_sent"]),
    ("DOCUMENTS.INVOICE.DELIVERY_CONFIRMED", &["delivery.said_delivered"]),
    ("DOCUMENTS.INVOICE.FAILED", &["delivery.no_route_open"]),
];

/// Patterns of one subscription: there are fewer kinds than twice so many.
const MOST_PATTERNS: usize = 50;
/// So much of a wrong pattern is repeated.
const SHOWN: usize = 80;

/// Which events a listener wants: kinds (`delivery.said_delivered`), their beginnings (`delivery.*`), all (`*`), and aliases.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Subscription(Vec<String>);

/// Why an event is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// By its own name or a pattern of it.
    ByName,
    /// By the name that clients of the Maventa API know.
    ByAlias(&'static str),
}

impl Subscription {
    /// Reads patterns; each is kept once, in the order given.
    ///
    /// # Errors
    /// `webhook.events`, one for each pattern that names no kind of event, for none at all, and for more than 50.
    pub fn parse(patterns: &[String]) -> Result<Subscription, Vec<Fault>> {
        let mut kept: Vec<String> = Vec::new();
        let mut faults = Vec::new();
        for pattern in patterns.iter().map(|pattern| pattern.trim()) {
            match is_pattern(pattern) {
                true if kept.iter().any(|known| known == pattern) => {}
                true => kept.push(pattern.to_owned()),
                false => faults.push(wrong(pattern)),
            }
        }
        if patterns.is_empty() || kept.len() > MOST_PATTERNS {
            faults.push(wrong(""));
        }
        if faults.is_empty() { Ok(Subscription(kept)) } else { Err(faults) }
    }

    /// The patterns.
    pub fn patterns(&self) -> &[String] {
        &self.0
    }

    /// Whether a kind of event is wanted, and by what name. An alias counts before a pattern: whoever names it waits for it.
    pub fn wants(&self, kind: &str) -> Option<Wanted> {
        let by_alias = ALIASES.iter().find(|(alias, kinds)| kinds.contains(&kind) && self.0.iter().any(|text| text == alias));
        match by_alias {
            Some((alias, _)) => Some(Wanted::ByAlias(alias)),
            None => self.0.iter().any(|pattern| matches(pattern, kind)).then_some(Wanted::ByName),
        }
    }
}

fn wrong(pattern: &str) -> Fault {
    let shown: String = pattern.chars().filter(|c| !c.is_control()).take(SHOWN).collect();
    Fault::fatal(codes::WEBHOOK_EVENTS).at("events").with("pattern", shown)
}

fn is_pattern(pattern: &str) -> bool {
    ALIASES.iter().any(|(alias, _)| *alias == pattern) || KINDS.iter().any(|kind| matches(pattern, kind))
}

fn matches(pattern: &str, kind: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some("") => true,
        // The star stands for all behind a dot: `delivery.*`, never `deli*`.
        Some(beginning) => beginning.ends_with('.') && kind.starts_with(beginning),
        None => pattern == kind,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(patterns: &[&str]) -> Result<Subscription, Vec<Fault>> {
        Subscription::parse(&patterns.iter().map(|pattern| (*pattern).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn kinds_stand_in_order_and_once() {
        assert!(KINDS.is_sorted_by(|one, next| one < next));
        for kind in KINDS {
            let (thing, what) = kind.split_once('.').unwrap();
            assert!([thing, what].iter().all(|part| part.chars().all(|c| c.is_ascii_lowercase() || c == '_')), "{kind}");
        }
        for (alias, kinds) in ALIASES {
            assert!(kinds.iter().all(|kind| KINDS.contains(kind)), "{alias}");
        }
    }

    #[test]
    fn what_is_wanted() {
        let check = |patterns: &[&str], kind: &str, expected: Option<Wanted>| {
            assert_eq!(parse(patterns).unwrap().wants(kind), expected, "{patterns:?} {kind}");
        };
        let alias = |name| Some(Wanted::ByAlias(name));
        check(&["*"], "invoice.accepted", Some(Wanted::ByName));
        check(&["delivery.*"], "delivery.said_seen", Some(Wanted::ByName));
        check(&["delivery.*"], "invoice.accepted", None);
        check(&["delivery.said_seen"], "delivery.said_seen", Some(Wanted::ByName));
        check(&["delivery.said_seen"], "delivery.said_delivered", None);
        check(&["invoice.accepted", "payment.*"], "payment.parked", Some(Wanted::ByName));
        check(&["DOCUMENTS.INVOICE.DELIVERED"], "delivery.said_handed_over", alias("DOCUMENTS.INVOICE.DELIVERED"));
        check(&["DOCUMENTS.INVOICE.DELIVERED"], "delivery.said_delivered", None);
        check(&["*", "DOCUMENTS.INVOICE.FAILED"], "delivery.no_route_open", alias("DOCUMENTS.INVOICE.FAILED"));
        check(&["DOCUMENTS.INVOICE.FAILED"], "delivery.said_in_doubt", None);
    }

    #[test]
    fn what_is_no_pattern() {
        let check = |patterns: &[&str], wrong: usize| match parse(patterns) {
            Ok(found) => panic!("{found:?}"),
            Err(faults) => assert_eq!(faults.len(), wrong, "{faults:?}"),
        };
        check(&[], 1);
        check(&["deli*"], 1);
        check(&["delivery*"], 1);
        check(&["delivery."], 1);
        check(&["", "delivery.never", "*.accepted", "DOCUMENTS.INVOICE.RECEIVED"], 4);
        assert_eq!(parse(&["*", " * "]).unwrap().patterns(), ["*"]);
    }
}
