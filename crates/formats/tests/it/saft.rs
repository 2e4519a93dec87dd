//! SAF-T Financial 1.30 and the plain table: valid by the published schema, balanced, and what is written is what was handed in.

#![expect(clippy::unwrap_used, reason = "a test that unwraps wrongly fails, which is what it is for")]

use std::io::Write as _;
use std::process::{Command, Stdio};

use jiff::civil::{Date, date};
use kvitt_domain::invoice::Address;
use kvitt_domain::invoicing::settings::InvoicingSettings;
use kvitt_domain::voucher::{Debtor, Posting, Side, Tax, Voucher, VoucherKind};
use kvitt_formats::saft::{Books, Heading, Writer};
use kvitt_formats::voucher_csv;
use proptest::prelude::*;

use crate::{required, shared};

fn heading() -> Heading {
    let mut settings = InvoicingSettings::default();
    settings.sender.email = Some("faktura@nordlys.example".into());
    settings.sender.bank_account = Some("86011117947".into());
    Heading {
        org_number: "999999999".into(),
        name: "Nordlys Kraft & Co AS".into(),
        settings,
        from: date(2026, 1, 1),
        to: date(2026, 12, 31),
        made_on: date(2026, 11, 22),
        version: "0.1.0".into(),
    }
}

fn posting(account: &str, minor: i64, side: Side) -> Posting {
    Posting { account: account.into(), minor, side, tax: None }
}

/// 1250 kroner of which 250 are VAT.
fn voucher(kind: VoucherKind, number: &str, on: Date, customer: &str) -> Voucher {
    let sign = if kind == VoucherKind::Invoice { 1 } else { -1 };
    let tax = Tax { code: "3".into(), percent: 25.into(), minor: -25_000 * sign };
    let postings = match kind {
        VoucherKind::Payment => vec![posting("1920", 125_000, Side::Bank), posting("1500", -125_000, Side::Receivable)],
        VoucherKind::Invoice | VoucherKind::CreditNote => vec![
            posting("1500", 125_000 * sign, Side::Receivable),
            Posting { tax: Some(tax), ..posting("3000", -100_000 * sign, Side::Sale) },
            posting("2700", -25_000 * sign, Side::Vat),
        ],
    };
    Voucher {
        kind,
        number: number.into(),
        on,
        entered_on: on,
        due_on: (kind == VoucherKind::Invoice).then_some(date(2026, 12, 24)),
        kid: (kind != VoucherKind::CreditNote).then(|| "000010001000017".into()),
        invoice: number.into(),
        project: (kind == VoucherKind::Invoice).then(|| "2611".into()),
        debtor: Debtor {
            id: customer.into(),
            name: format!("Kunde <{customer}>; \"Sønn\""),
            org_number: Some("988077917".into()),
            address: Address { city: Some("Bodø".into()), country: Some("NO".into()), ..Address::default() },
        },
        postings,
    }
}

fn written(vouchers: &[Voucher]) -> String {
    let mut books = Books::default();
    vouchers.iter().for_each(|voucher| books.take(voucher, &heading()));
    let mut writer = Writer::begin(Vec::new(), heading(), &books).unwrap();
    vouchers.iter().for_each(|voucher| writer.voucher(voucher).unwrap());
    String::from_utf8(writer.end().unwrap()).unwrap()
}

/// Judges a file by the published schema, where this machine has it and xmllint.
fn is_valid(text: &str) {
    let Some(folder) = shared("schemas/saft") else { return };
    let lint = Command::new("xmllint")
        .args(["--noout", "--schema"])
        .arg(folder.join("Norwegian_SAF-T_Financial_1.30.xsd"))
        .arg("-")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn();
    let Ok(mut lint) = lint else {
        assert!(!required("xmllint"), "KVITT_REQUIRE wants xmllint");
        println!("SKIPPED: no xmllint; KVITT_REQUIRE=xmllint makes this a failure");
        return;
    };
    lint.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let judged = lint.wait_with_output().unwrap();
    let told = String::from_utf8_lossy(&judged.stderr);
    let lines: String = told.lines().take(10).collect::<Vec<_>>().join("\n");
    assert!(judged.status.success(), "{lines}\n{text}");
}

fn all_kinds() -> Vec<Voucher> {
    vec![
        voucher(VoucherKind::Invoice, "9000", date(2025, 12, 30), "100007"),
        voucher(VoucherKind::Invoice, "10001", date(2026, 11, 1), "100007"),
        voucher(VoucherKind::Invoice, "10002", date(2026, 11, 2), "100008"),
        voucher(VoucherKind::CreditNote, "10003", date(2026, 11, 3), "100008"),
        voucher(VoucherKind::Payment, "a1b2", date(2026, 11, 20), "100007"),
        voucher(VoucherKind::Invoice, "10004", date(2027, 1, 1), "100009"),
    ]
}

#[test]
fn the_file_is_valid_and_says_what_was_handed_in() {
    let text = written(&all_kinds());
    is_valid(&text);
    for expected in [
        "<NumberOfEntries>4</NumberOfEntries><TotalDebit>5000.00</TotalDebit><TotalCredit>5000.00</TotalCredit>",
        // What 100007 owed before the year, and what it owes after: one invoice, one paid.
        "<CustomerID>100007</CustomerID><BalanceAccount><AccountID>1500</AccountID>\
         <OpeningDebitBalance>1250.00</OpeningDebitBalance><ClosingDebitBalance>1250.00</ClosingDebitBalance>",
        "<CID>000010001000017</CID><DueDate>2026-12-24</DueDate>",
        "<TaxBase>1000.00</TaxBase><CreditTaxAmount><Amount>250.00</Amount></CreditTaxAmount>",
        "<TaxBase>1000.00</TaxBase><DebitTaxAmount><Amount>250.00</Amount></DebitTaxAmount>",
        "<StandardTaxCode>3</StandardTaxCode>",
        "<SelectionStartDate>2026-01-01</SelectionStartDate>",
        "Nordlys Kraft &amp; Co AS",
    ] {
        assert!(text.contains(expected), "{expected} is not in\n{text}");
    }
    assert!(!text.contains("9000</TransactionID>") && !text.contains("10004"), "{text}");
}

#[test]
fn a_file_without_vouchers_is_valid() {
    is_valid(&written(&[]));
}

#[test]
fn the_table_has_a_line_for_each_posting() {
    let mut table = Vec::new();
    voucher_csv::begin(&mut table).unwrap();
    for one in &all_kinds()[1..3] {
        voucher_csv::voucher(&mut table, one).unwrap();
    }
    let table = String::from_utf8(table).unwrap();
    let lines: Vec<&str> = table.lines().collect();
    assert_eq!(lines.len(), 7, "{table}");
    assert_eq!(
        lines[2],
        "invoice;10001;2026-11-01;3000;;1000,00;3;25;-250,00;100007;\"Kunde <100007>; \"\"Sønn\"\"\";988077917;10001;000010001000017;2026-12-24;2611"
    );
    let mut formula = voucher(VoucherKind::Invoice, "1", date(2026, 1, 1), "1");
    formula.debtor.name = "=cmd()".into();
    let mut table = Vec::new();
    voucher_csv::voucher(&mut table, &formula).unwrap();
    assert!(String::from_utf8(table).unwrap().contains(";'=cmd();"));
}

/// The amounts in an element's `Amount` or, without one, in the element itself, summed in øre.
fn summed(text: &str, element: &str) -> i64 {
    let begin = format!("<{element}><Amount>");
    let amounts = text.split(&begin).skip(1);
    amounts.map(|rest| rest.split('<').next().unwrap().replace('.', "").parse::<i64>().unwrap()).sum()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn what_is_debited_is_credited(
        amounts in prop::collection::vec((1_i64..100_000_000, 0_usize..3, "[^\\x00]{0,60}", 1_i8..=12), 0..30),
    ) {
        let kinds = [VoucherKind::Invoice, VoucherKind::CreditNote, VoucherKind::Payment];
        let mut vouchers: Vec<Voucher> = Vec::new();
        for (number, (minor, kind, name, month)) in amounts.iter().enumerate() {
            let mut one = voucher(kinds[*kind], &number.to_string(), date(2026, *month, 1), &(number % 7).to_string());
            one.debtor.name.clone_from(name);
            for posting in &mut one.postings {
                posting.minor = posting.minor.signum() * minor * if posting.account == "1500" || posting.account == "1920" { 2 } else { 1 };
            }
            vouchers.push(one);
        }
        vouchers.sort_by_key(|one| one.kind);
        let text = written(&vouchers);
        let total: i64 = vouchers.iter().map(Voucher::debit).sum();
        prop_assert_eq!((summed(&text, "DebitAmount"), summed(&text, "CreditAmount")), (total, total));
        is_valid(&text);
    }
}
