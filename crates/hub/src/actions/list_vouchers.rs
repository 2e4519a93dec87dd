//! The vouchers of a company, page by page: its invoices and credit notes first, then the payments that were placed with them.

use jiff::Timestamp;
use jiff::civil::Date;
use kvitt_domain::calendar;
use kvitt_domain::invoicing::settings::InvoicingSettings;
use kvitt_domain::voucher::{Accounts, Voucher};
use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::hub::Hub;
use crate::store::company::Company;
use crate::store::payment::State;
use crate::store::{draft, invoice, invoicing, payment};

/// Invoices or payments of one page.
const PAGE: i64 = 200;

/// What a cursor of payments begins with; one of invoices is an invoice's id.
const PAYMENTS: &str = "payment:";

/// Which vouchers are wanted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wanted {
    /// The last day. Those of the days before all are told too: balances rest on them.
    pub to: Date,
    /// The accounts that are not those of sales.
    pub accounts: Accounts,
    /// The cursor that the page before ended with; empty for the first page.
    pub after: String,
}

/// A page of vouchers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VoucherPage {
    /// The company's organisation number.
    pub org_number: String,
    /// Its name.
    pub name: String,
    /// Who it is to its customers, and its accounts.
    pub settings: InvoicingSettings,
    /// Today, on the business clock.
    pub today: Date,
    /// The page.
    pub vouchers: Vec<Voucher>,
    /// The numbers of invoices that are no vouchers, because they are in another currency than the books, with their days.
    pub left_out: Vec<(Date, String)>,
    /// The cursor of the next page, if there may be one.
    pub next: Option<String>,
}

/// Lists a page of them.
pub async fn list(hub: &Hub, company: &Company, wanted: &Wanted) -> Result<VoucherPage> {
    let mut db = hub.db().read().await?;
    let (settings, _) = invoicing::settings(&mut db, &company.id).await?;
    let mut page = VoucherPage {
        org_number: company.org_number.clone(),
        name: company.name.clone(),
        settings,
        today: calendar::today(hub.clock().business()),
        vouchers: Vec::new(),
        left_out: Vec::new(),
        next: None,
    };
    let Some(after) = wanted.after.strip_prefix(PAYMENTS) else {
        let found = invoice::until(&mut db, &company.id, &company.key, wanted.to, (&wanted.after, PAGE)).await?;
        for stored in &found {
            let draft = draft::of_invoice(&mut db, &company.id, &company.key, &stored.id).await?.map(|found| found.body.draft);
            let entered_on = day_of(stored.accepted_at);
            let of = &stored.body.invoice;
            match Voucher::of_invoice(of, draft.as_ref(), &page.settings, &wanted.accounts, entered_on) {
                Some(voucher) => page.vouchers.push(voucher),
                None => page.left_out.push((of.issued_on, of.number.clone())),
            }
        }
        page.next = Some(found.last().map_or_else(|| PAYMENTS.to_owned(), |last| last.id.clone()));
        return Ok(page);
    };
    let found = payment::all(&mut db, &company.id, &company.key, after, PAGE).await?;
    for stored in &found {
        let State::Matched { invoice: id, .. } = &stored.state else { continue };
        if stored.payment.booked_on > wanted.to {
            continue;
        }
        let paid = invoice::by_id(&mut db, &company.id, &company.key, id).await?;
        let of = Voucher::of_payment(&stored.payment, &stored.id, &paid.body.invoice, &wanted.accounts, day_of(stored.at));
        page.vouchers.extend(of);
    }
    page.next = found.last().map(|last| format!("{PAYMENTS}{}", last.id));
    Ok(page)
}

/// The day of a time in Unix milliseconds, in Oslo.
fn day_of(ms: i64) -> Date {
    calendar::today(Timestamp::from_millisecond(ms).unwrap_or(Timestamp::MAX))
}
