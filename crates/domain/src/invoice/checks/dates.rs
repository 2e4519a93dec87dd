//! The order of dates.

use jiff::civil::Date;

use super::Found;
use crate::fault::{Fault, Severity, codes};
use crate::invoice::{DocumentKind, Invoice, Period};

/// The terms that a period's days are.
struct PeriodTerms {
    from: &'static str,
    to: &'static str,
}

/// EN 16931-1, BR-29 and BR-30: a period ends on or after the day on which it begins.
///
/// That a due date is not before the invoice date is no rule of the standard. It is fatal where money is asked for, because the
/// payer would be late before the invoice was written and every route that counts days to the due date is closed; a warning
/// on credit notes and on invoices with nothing left to pay, where the date asks nothing of anybody.
pub(super) fn check(invoice: &Invoice, found: &mut Found) {
    if let Some(due_on) = invoice.due_on.filter(|due_on| *due_on < invoice.issued_on) {
        let asks_money = invoice.kind == DocumentKind::Invoice && invoice.totals.payable.minor() > 0;
        let severity = if asks_money { Severity::Fatal } else { Severity::Warning };
        found.push(Fault { severity, ..too_early("BT-9", due_on, "BT-2", invoice.issued_on) });
    }
    check_period(invoice.period, "BG-14", &PeriodTerms { from: "BT-73", to: "BT-74" }, found);
    for (index, line) in invoice.lines.iter().enumerate() {
        let group = format!("BG-25[{}]/BG-26", index + 1);
        check_period(line.period, &group, &PeriodTerms { from: "BT-134", to: "BT-135" }, found);
    }
}

fn check_period(period: Option<Period>, group: &str, terms: &PeriodTerms, found: &mut Found) {
    if let Some(Period { from: Some(from), to: Some(to) }) = period
        && to < from
    {
        found.push(too_early(&format!("{group}/{}", terms.to), to, terms.from, from));
    }
}

fn too_early(place: &str, date: Date, other_term: &str, other_date: Date) -> Fault {
    Fault::fatal(codes::DATE_ORDER).at(place).with("date", date).with("other_term", other_term).with("other_date", other_date)
}
