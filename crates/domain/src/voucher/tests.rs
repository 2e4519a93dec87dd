//! Every voucher balances, whatever is on the invoice, and says what the invoice says.
#![expect(clippy::inconsistent_digit_grouping, reason = "the last two digits are øre: 1_250_00 is 1,250.00 kroner")]

use jiff::civil::date;
use proptest::prelude::*;

use super::*;
use crate::invoicing::compose::{self, Parts, Seller};
use crate::invoicing::customer;
use crate::invoicing::draft::DraftLine;
use crate::invoicing::sheet::Sheet;

fn today() -> Date {
    date(2026, 11, 22)
}

/// The draft of these lines (quantity, price, discount, VAT code, account), and what it becomes.
fn made(kind: DocumentKind, lines: &[(&str, &str, &str, &str, &str)]) -> (Draft, Invoice) {
    let line = |(quantity, price, discount, code, account): &(&str, &str, &str, &str, &str)| DraftLine {
        quantity: quantity.parse().unwrap(),
        discount_percent: discount.parse().unwrap(),
        ledger_account: (*account).to_owned(),
        ..DraftLine::of("Rådgivning", price.parse().unwrap(), code)
    };
    let draft = Draft { lines: lines.iter().map(line).collect(), ..Draft::new(kind) };
    let sheet = Sheet::of([("name", "Fjellheimen Barnehage SA"), ("kind", "business"), ("org_number", "988077917")]);
    let buyer = customer::read(&sheet).unwrap().0;
    let settings = InvoicingSettings::default();
    let seller = Seller { name: "Nordlys Kraft AS", org_number: "999999999", settings: &settings };
    let customer = Some(("100007", &buyer));
    let parts =
        Parts { draft: &draft, seller, customer, project: None, number: "10001", kid: None, today: today(), files: Vec::new() };
    let invoice = compose::invoice(parts).0;
    (draft, invoice)
}

fn voucher(kind: DocumentKind, lines: &[(&str, &str, &str, &str, &str)]) -> Voucher {
    let (draft, invoice) = made(kind, lines);
    Voucher::of_invoice(&invoice, Some(&draft), &InvoicingSettings::default(), &Accounts::default(), today()).unwrap()
}

fn shown(voucher: &Voucher) -> Vec<(&str, i64)> {
    voucher.postings.iter().map(|posting| (posting.account.as_str(), posting.minor)).collect()
}

#[test]
fn lines_go_on_their_accounts_and_vat_on_its_own() {
    let lines =
        [("1", "1000", "0", "3", ""), ("2", "100", "0", "3", "3050"), ("1", "100", "50", "33", ""), ("1", "10", "0", "3", "")];
    let of_invoice = voucher(DocumentKind::Invoice, &lines);
    let expected = [("1500", 1_568_50), ("3000", -1_010_00), ("3030", -50_00), ("3050", -200_00), ("2700", -308_50)];
    assert_eq!(shown(&of_invoice), expected);
    assert_eq!((of_invoice.debtor.id.as_str(), of_invoice.debtor.org_number.as_deref()), ("100007", Some("988077917")));
    let taxes: Vec<i64> = of_invoice.postings.iter().filter_map(|posting| Some(posting.tax.as_ref()?.minor)).collect();
    assert_eq!(taxes, [-252_50, -6_00, -50_00]);
    let of_credit = voucher(DocumentKind::CreditNote, &lines);
    assert_eq!(shown(&of_credit), expected.map(|(account, minor)| (account, -minor)));
}

#[test]
fn what_was_written_elsewhere_goes_by_what_its_rates_mean() {
    let (_, invoice) = made(DocumentKind::Invoice, &[("1", "100", "0", "33", "3050"), ("1", "100", "0", "6", "")]);
    let settings = InvoicingSettings::default();
    let voucher = Voucher::of_invoice(&invoice, None, &settings, &Accounts::default(), today()).unwrap();
    assert_eq!(shown(&voucher), [("1500", 212_00), ("3030", -100_00), ("3200", -100_00), ("2700", -12_00)]);
}

#[test]
fn what_is_in_another_currency_is_no_voucher() {
    let (draft, mut invoice) = made(DocumentKind::Invoice, &[("1", "100", "0", "3", "")]);
    invoice.currency = Currency::parse("EUR").unwrap();
    assert_eq!(Voucher::of_invoice(&invoice, Some(&draft), &InvoicingSettings::default(), &Accounts::default(), today()), None);
}

#[test]
fn long_names_stay_apart_and_no_identity_number_leaves_the_house() {
    let named = |name: &str| Debtor::of(&Party { name: name.to_owned(), ..Party::default() }).id;
    let (one, other) = (named(&format!("{}A", "Borettslaget ".repeat(5))), named(&format!("{}B", "Borettslaget ".repeat(5))));
    assert!(one != other && one.chars().count() <= LONGEST_ID && one.starts_with("Borettslaget"));
    let identifiers = vec![crate::invoice::Identifier { value: "01819012345".to_owned(), scheme: None }];
    assert_eq!(Debtor::of(&Party { name: "Kari".to_owned(), identifiers, ..Party::default() }).id, "Kari");
}

fn any_line() -> impl Strategy<Value = DraftLine> {
    let codes = prop::sample::select(vec!["3", "31", "32", "33", "5", "6", "51", "52"]);
    let accounts = prop::sample::select(vec!["", "3050", "3900"]);
    (-50_000_i64..50_000, 0_i64..9_999_999, 0_i64..=100, codes, accounts).prop_map(
        |(quantity, price, discount, code, account)| DraftLine {
            quantity: Decimal::new(quantity, 3),
            discount_percent: Decimal::from(discount),
            ledger_account: account.to_owned(),
            ..DraftLine::of("Vare", Decimal::new(price, 4), code)
        },
    )
}

proptest! {
    #[test]
    fn every_voucher_balances_and_says_the_invoices_sums(
        lines in prop::collection::vec(any_line(), 1..20),
        is_credit in any::<bool>(),
        rounding in -99_i64..99,
    ) {
        let kind = if is_credit { DocumentKind::CreditNote } else { DocumentKind::Invoice };
        let (mut draft, _) = made(kind, &[]);
        draft.lines = lines;
        let settings = InvoicingSettings::default();
        let seller = Seller { name: "Nordlys Kraft AS", org_number: "999999999", settings: &settings };
        let parts =
            Parts { draft: &draft, seller, customer: None, project: None, number: "1", kid: None, today: today(), files: Vec::new() };
        let mut invoice = compose::invoice(parts).0;
        invoice.totals.rounding = Some(Amount::new(rounding, Currency::NOK));
        let voucher = Voucher::of_invoice(&invoice, Some(&draft), &settings, &Accounts::default(), today()).unwrap();
        prop_assert_eq!(voucher.debit(), voucher.credit());
        let sign = if is_credit { -1 } else { 1 };
        let sum = |side| voucher.postings.iter().filter(|posting| posting.side == side).map(|posting| posting.minor).sum::<i64>();
        prop_assert_eq!(sum(Side::Receivable), sign * (invoice.totals.with_vat.minor() + rounding));
        prop_assert_eq!(sum(Side::Sale), -sign * invoice.totals.without_vat.minor());
        prop_assert_eq!(sum(Side::Vat), -sign * invoice.totals.vat.unwrap().minor());
        prop_assert_eq!(sum(Side::Rounding), -sign * rounding);
        let taxes: i64 = voucher.postings.iter().filter_map(|posting| Some(posting.tax.as_ref()?.minor)).sum();
        prop_assert_eq!(taxes, sum(Side::Vat));
    }
}
