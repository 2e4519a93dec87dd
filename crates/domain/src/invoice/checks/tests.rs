//! One good invoice, and what each change to it is told.

#![expect(clippy::inconsistent_digit_grouping, reason = "the last two digits are øre: 1_400_00 is 1,400.00 kroner")]

use jiff::civil::date;
use rust_decimal::Decimal;

use super::*;
use crate::invoice::*;
use crate::money::{Amount, Currency};

fn nok(ore: i64) -> Amount {
    Amount::new(ore, Currency::NOK)
}

fn rate(percent: i64) -> VatRate {
    VatRate { category: "S".into(), percent: Some(Decimal::from(percent)) }
}

fn reduction(adds: AllowanceKind, ore: i64) -> AllowanceOrCharge {
    AllowanceOrCharge { adds, amount: nok(ore), base: None, percent: None, vat: Some(rate(25)), reason: None, reason_code: None }
}

fn line(id: &str, quantity: i64, price: &str, net: i64) -> Line {
    Line {
        id: id.into(),
        note: None,
        invoiced_object: None,
        quantity: Decimal::from(quantity),
        unit: "EA".into(),
        net: nok(net),
        order_line: None,
        buyer_accounting: None,
        period: None,
        allowances_and_charges: Vec::new(),
        price: Price { net: price.parse().unwrap(), discount: None, gross: None, base_quantity: None, base_unit: None },
        vat: rate(25),
        item: Item { name: "Nettleie".into(), ..Item::default() },
    }
}

/// A Norwegian invoice with two lines, an allowance and a charge, prepaid and rounded: 1,000 + 400 - 100 + 50 = 1,350; VAT 337.50.
fn good() -> Invoice {
    Invoice {
        kind: DocumentKind::Invoice,
        type_code: "380".into(),
        number: "2026-1".into(),
        issued_on: date(2026, 11, 1),
        due_on: Some(date(2026, 11, 15)),
        tax_point_on: None,
        tax_point_code: None,
        currency: Currency::NOK,
        tax_currency: None,
        specification: Some("urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0".into()),
        process: None,
        notes: Vec::new(),
        references: References::default(),
        preceding: Vec::new(),
        seller: Party {
            name: "Fjordkraft Nett AS".into(),
            legal_registration: Some(Identifier { value: "988077917".into(), scheme: Some("0192".into()) }),
            vat_number: Some("NO988077917MVA".into()),
            address: Address { country: Some("NO".into()), ..Address::default() },
            ..Party::default()
        },
        buyer: Party { name: "Kari Nordmann".into(), ..Party::default() },
        payee: None,
        tax_representative: None,
        delivery: None,
        period: Some(Period { from: Some(date(2026, 10, 1)), to: Some(date(2026, 10, 31)) }),
        payment: vec![PaymentInstruction {
            means_code: "30".into(),
            remittance: Some("123456782".into()),
            accounts: vec![PaymentAccount { number: "86011117947".into(), ..PaymentAccount::default() }],
            ..PaymentInstruction::default()
        }],
        payment_terms: None,
        allowances_and_charges: vec![reduction(AllowanceKind::Allowance, 100_00), reduction(AllowanceKind::Charge, 50_00)],
        totals: Totals {
            lines: nok(1_400_00),
            allowances: Some(nok(100_00)),
            charges: Some(nok(50_00)),
            without_vat: nok(1_350_00),
            vat: Some(nok(337_50)),
            vat_in_tax_currency: None,
            with_vat: nok(1_687_50),
            prepaid: Some(nok(87_00)),
            rounding: Some(nok(50)),
            payable: nok(1_601_00),
        },
        vat_breakdown: vec![VatSubtotal {
            taxable: nok(1_350_00),
            tax: nok(337_50),
            rate: rate(25),
            exemption: None,
            exemption_code: None,
        }],
        attachments: Vec::new(),
        lines: vec![line("1", 10, "100", 1_000_00), line("2", 4, "100", 400_00)],
    }
}

/// The faults after a change, as `code place` with `?` after a warning.
fn told(change: impl FnOnce(&mut Invoice)) -> Vec<String> {
    let mut invoice = good();
    change(&mut invoice);
    let mark = |fault: &Fault| if fault.is_fatal() { "" } else { "?" };
    super::check(&invoice).iter().map(|fault| format!("{}{} {}", fault.code, mark(fault), fault.place)).collect()
}

fn check(change: impl FnOnce(&mut Invoice), expected: &[&str]) {
    assert_eq!(told(change), expected);
}

#[test]
fn nothing_is_said_of_a_good_invoice() {
    check(|_| {}, &[]);
}

#[test]
fn presence() {
    check(|invoice| invoice.number = " ".into(), &["term.missing BT-1"]);
    check(|invoice| invoice.type_code.clear(), &["term.missing BT-3"]);
    check(|invoice| invoice.seller.name.clear(), &["term.missing BT-27"]);
    check(|invoice| invoice.buyer.name.clear(), &["term.missing BT-44"]);
    check(|invoice| invoice.lines[1].item.name.clear(), &["term.missing BG-25[2]/BT-153"]);
    check(|invoice| invoice.lines.clear(), &["term.missing BG-25", "sum.mismatch BT-106"]);
}

#[test]
fn all_faults_at_once() {
    check(
        |invoice| {
            invoice.number.clear();
            invoice.due_on = Some(date(2026, 10, 1));
            invoice.payment[0].accounts[0].number = "86011117949".into();
            invoice.totals.payable = nok(1);
        },
        &["term.missing BT-1", "date.order BT-9", "account.invalid BG-16[1]/BG-17[1]/BT-84", "sum.mismatch BT-115"],
    );
}

#[test]
fn dates() {
    let early = |invoice: &mut Invoice| invoice.due_on = Some(date(2026, 10, 31));
    check(early, &["date.order BT-9"]);
    check(|invoice| invoice.due_on = Some(invoice.issued_on), &[]);
    check(
        |invoice| {
            early(invoice);
            invoice.kind = DocumentKind::CreditNote;
        },
        &["date.order? BT-9"],
    );
    let backwards = Some(Period { from: Some(date(2026, 2, 1)), to: Some(date(2026, 1, 31)) });
    check(|invoice| invoice.period = backwards, &["date.order BG-14/BT-74"]);
    check(|invoice| invoice.lines[0].period = backwards, &["date.order BG-25[1]/BG-26/BT-135"]);
    check(|invoice| invoice.period = Some(Period { from: Some(date(2026, 2, 1)), to: None }), &[]);
}

#[test]
fn totals() {
    check(|invoice| invoice.totals.lines = nok(1_400_01), &["sum.mismatch BT-106", "sum.mismatch BT-109"]);
    check(|invoice| invoice.totals.allowances = None, &["sum.mismatch BT-107", "sum.mismatch BT-109"]);
    check(|invoice| invoice.totals.charges = Some(nok(0)), &["sum.mismatch BT-108", "sum.mismatch BT-109"]);
    check(|invoice| invoice.totals.vat = Some(nok(337_51)), &["sum.mismatch BT-110", "sum.mismatch BT-112"]);
    check(|invoice| invoice.totals.rounding = None, &["sum.mismatch BT-115"]);
    check(|invoice| invoice.totals.payable = nok(-1_601_00), &["sum.mismatch BT-115"]);
    check(|invoice| invoice.vat_breakdown.clear(), &[]);
    let mut invoice = good();
    invoice.totals.payable = nok(1_600_00);
    let fault = &super::check(&invoice)[0];
    assert_eq!(
        fault.sentence(crate::Language::English).replace('\u{a0}', " "),
        "The field amount to pay (BT-115) is stated as 1,600.00 NOK, but works out to 1,601.00 NOK."
    );
}

#[test]
fn ehf_2_rounds_the_total_with_vat() {
    let rounded_early = |invoice: &mut Invoice| invoice.totals.with_vat = nok(1_688_00);
    check(rounded_early, &["sum.mismatch BT-112", "sum.mismatch BT-115"]);
    check(
        |invoice| {
            rounded_early(invoice);
            invoice.specification =
                Some("urn:www.cenbii.eu:transaction:biitrns010:ver2.0:extended:urn:www.difi.no:ehf:faktura:ver2.0".into());
        },
        &[],
    );
}

#[test]
fn sums_too_large_are_no_panic() {
    let most = Amount::new(i64::MAX, Currency::NOK);
    let told = told(|invoice| {
        invoice.totals.with_vat = most;
        invoice.totals.rounding = Some(most);
        invoice.lines.iter_mut().for_each(|line| line.net = most);
        invoice.lines[0].price.net = Decimal::MAX;
        invoice.vat_breakdown[0].taxable = most;
        invoice.vat_breakdown[0].rate.percent = Some(Decimal::MAX);
    });
    assert!(told.contains(&"sum.mismatch BT-106".to_owned()) && told.contains(&"sum.mismatch BT-115".to_owned()), "{told:?}");
}

#[test]
fn vat_by_rate_has_a_tolerance_of_less_than_one_krone() {
    let with_tax = |tax: i64| {
        move |invoice: &mut Invoice| {
            invoice.vat_breakdown[0].tax = nok(tax);
            invoice.totals.vat = Some(nok(tax));
            invoice.totals.with_vat = nok(1_350_00 + tax);
            invoice.totals.payable = nok(1_350_00 + tax - 86_50);
        }
    };
    check(with_tax(338_49), &[]);
    check(with_tax(336_51), &[]);
    check(with_tax(338_50), &["sum.mismatch BG-23[1]/BT-117"]);
    check(|invoice| invoice.vat_breakdown[0].rate.percent = None, &[]);
}

#[test]
fn lines_have_peppols_tolerance() {
    // 3 at 333.34 is 1,000.02: two hundredths over is taken, three is not.
    let priced = |price: &'static str| move |invoice: &mut Invoice| invoice.lines[0] = line("1", 3, price, 1_000_00);
    check(priced("333.34"), &[]);
    check(priced("333.343"), &["sum.mismatch BG-25[1]/BT-131"]);
    check(
        |invoice| {
            priced("333.343")(invoice);
            invoice.specification = Some("urn:cen.eu:en16931:2017".into());
        },
        &["sum.mismatch? BG-25[1]/BT-131"],
    );
    check(
        |invoice| {
            // 10 at 1,100 for 10, less 150, plus 50.
            let mut changed = line("1", 10, "1100", 1_000_00);
            changed.price.base_quantity = Some(Decimal::TEN);
            changed.allowances_and_charges =
                vec![reduction(AllowanceKind::Allowance, 150_00), reduction(AllowanceKind::Charge, 50_00)];
            invoice.lines[0] = changed;
        },
        &[],
    );
    check(|invoice| invoice.lines[0].price.base_quantity = Some(Decimal::ZERO), &["sum.mismatch BG-25[1]/BT-131"]);
}

#[test]
fn other_currencies_are_found_before_sums() {
    let eur = Amount::new(1, Currency::parse("EUR").unwrap());
    check(|invoice| invoice.lines[1].net = eur, &["term.invalid BG-25[2]/BT-131"]);
    check(|invoice| invoice.allowances_and_charges[1].amount = eur, &["term.invalid BG-21[1]/BT-99"]);
    check(|invoice| invoice.allowances_and_charges[0].base = Some(eur), &["term.invalid BG-20[1]/BT-93"]);
    check(
        |invoice| {
            let foreign = AllowanceOrCharge { amount: eur, ..reduction(AllowanceKind::Charge, 0) };
            invoice.lines[0].allowances_and_charges = vec![reduction(AllowanceKind::Allowance, 0), foreign];
        },
        &["term.invalid BG-25[1]/BG-28[1]/BT-141"],
    );
    check(
        |invoice| {
            invoice.tax_currency = Some(eur.currency());
            invoice.totals.vat_in_tax_currency = Some(eur);
        },
        &[],
    );
}

#[test]
fn organisation_numbers() {
    let numbered = |value: &'static str, scheme: Option<&'static str>| {
        Some(Identifier { value: value.into(), scheme: scheme.map(Into::into) })
    };
    check(|invoice| invoice.seller.legal_registration = numbered("988077918", Some("0192")), &["org_number.invalid BT-30"]);
    check(|invoice| invoice.seller.legal_registration = numbered("988077918", None), &["org_number.invalid? BT-30"]);
    check(|invoice| invoice.seller.legal_registration = numbered("7300010000001", Some("0088")), &[]);
    check(|invoice| invoice.seller.legal_registration = None, &[]);
    check(
        |invoice| {
            invoice.seller.legal_registration = None;
            invoice.seller.vat_number = None;
        },
        &["term.missing? BT-30"],
    );
    check(|invoice| invoice.seller.vat_number = Some("NO988077918MVA".into()), &["org_number.invalid? BT-31"]);
    check(|invoice| invoice.buyer.legal_registration = numbered("988077918", Some("0192")), &["org_number.invalid? BT-47"]);
}

#[test]
fn foreign_sellers_numbers_are_theirs() {
    check(
        |invoice| {
            invoice.seller.legal_registration = Some(Identifier { value: "5567212047".into(), scheme: Some("0007".into()) });
            invoice.seller.vat_number = Some("SE556721204701".into());
            invoice.seller.address.country = Some("SE".into());
            invoice.payment[0].remittance = Some("123456783".into());
            invoice.payment[0].accounts[0].number = "12345678901".into();
        },
        &[],
    );
}

#[test]
fn accounts() {
    let account = |number: &'static str| move |invoice: &mut Invoice| invoice.payment[0].accounts[0].number = number.into();
    let place = "BG-16[1]/BG-17[1]/BT-84";
    for good in ["8601.11.17947", "NO93 8601 1117 947", "NO9386011117947", "IBAN32423940", "1234567", ""] {
        check(account(good), &[]);
    }
    for wrong in ["86011117949", "8601 11 17949", "NO9386011117948"] {
        check(account(wrong), &[&format!("account.invalid {place}")]);
    }
    check(account("NO938601111794"), &[&format!("account.invalid? {place}")]);
    check(
        |invoice| {
            account("86011117949")(invoice);
            invoice.payment[0].accounts[0].bank = Some("HANDSESS".into());
        },
        &[],
    );
}

#[test]
fn kids() {
    let kid = |text: &'static str| move |invoice: &mut Invoice| invoice.payment[0].remittance = Some(text.into());
    check(kid("123456783"), &["kid.check_digit? BG-16[1]/BT-83"]);
    for other in ["123456785", "20261003-", "Faktura 2026-1", "7", "12345678901234567890123456", ""] {
        check(kid(other), &[]);
    }
    check(
        |invoice| {
            kid("123456783")(invoice);
            invoice.payment.push(invoice.payment[0].clone());
        },
        &["kid.check_digit? BG-16[1]/BT-83"],
    );
    check(
        |invoice| {
            kid("123456783")(invoice);
            invoice.kind = DocumentKind::CreditNote;
        },
        &[],
    );
    let mut invoice = good();
    kid("123456783")(&mut invoice);
    assert!(check_with(&invoice, &CheckOptions { kid: Severity::Fatal })[0].is_fatal());
}

#[test]
fn faults_have_a_limit() {
    let told = told(|invoice| invoice.lines = vec![line("", 1, "1", 0); 10_000]);
    assert_eq!(told.len(), MOST_FAULTS);
}

#[test]
fn parties_know_their_number() {
    let mut seller = good().seller;
    assert_eq!(seller.org_number().unwrap().as_str(), "988077917");
    seller.legal_registration = None;
    assert_eq!(seller.org_number().unwrap().as_str(), "988077917");
    seller.vat_number = None;
    assert_eq!(seller.org_number(), None);
    seller.electronic_address = Some(Identifier { value: "988077917".into(), scheme: Some("0192".into()) });
    assert!(seller.org_number().is_some());
    let foreign = Party {
        legal_registration: Some(Identifier { value: "988077917".into(), scheme: None }),
        address: Address { country: Some("SE".into()), ..Address::default() },
        ..Party::default()
    };
    assert_eq!((foreign.is_norwegian(), foreign.org_number()), (false, None));
}
