//! The terms without which there is no invoice to send: EN 16931-1, rules BR-02, BR-04, BR-06, BR-07, BR-16, BR-21, BR-23, BR-25.
//!
//! Dates, currency and amounts that must be there are there by type. Addresses, VAT categories and payment means are left to
//! `kvitt-rules`: a route asks for the address that it needs.

use super::Found;
use crate::fault::{Fault, codes};
use crate::invoice::Invoice;

pub(super) fn check(invoice: &Invoice, found: &mut Found) {
    let mut demand = |value: &str, place: String| {
        if value.trim().is_empty() {
            found.push(Fault::fatal(codes::TERM_MISSING).at(place));
        }
    };
    demand(&invoice.number, "BT-1".to_owned());
    demand(&invoice.type_code, "BT-3".to_owned());
    demand(&invoice.seller.name, "BT-27".to_owned());
    demand(&invoice.buyer.name, "BT-44".to_owned());
    for (index, line) in invoice.lines.iter().enumerate() {
        let at = |term: &str| format!("BG-25[{}]/{term}", index + 1);
        demand(&line.id, at("BT-126"));
        demand(&line.unit, at("BT-130"));
        demand(&line.item.name, at("BT-153"));
    }
    if invoice.lines.is_empty() {
        found.push(Fault::fatal(codes::TERM_MISSING).at("BG-25"));
    }
}
