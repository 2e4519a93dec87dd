//! What the writer writes: the golden example, everything that was written reads as the same, and what it refuses.

use jiff::civil::{Date, date};
use kvitt_domain::identifiers::{Kid, KidParts, KidStructure};
use kvitt_domain::{Amount, Currency};
use kvitt_formats::bank::avtalegiro::{NewClaim, NewOrder, Notice, Sending, Total, WriteError, Writer};
use kvitt_formats::bank::{Item, OrderKind, read, verify};
use proptest::prelude::*;

/// A claim that owns its texts.
#[derive(Debug, Clone, PartialEq)]
pub struct Given {
    pub kid: Kid,
    pub ore: i64,
    pub due_on: Date,
    pub payer: String,
    pub reference: String,
    /// The lines of the bank's notice, for type 21.
    pub notice: Option<Vec<String>>,
}

/// An order with its claims.
#[derive(Debug, Clone, PartialEq)]
pub struct GivenOrder {
    pub kind: OrderKind,
    pub number: u32,
    pub account: String,
    pub claims: Vec<Given>,
}

pub fn nok(ore: i64) -> Amount {
    Amount::new(ore, Currency::NOK)
}

/// Writes a whole transmission.
pub fn write(sending: &Sending<'_>, orders: &[GivenOrder]) -> Result<(Vec<u8>, Total), WriteError> {
    let mut bytes = Vec::new();
    let mut writer = Writer::begin(&mut bytes, sending)?;
    for order in orders {
        writer.order(&NewOrder { kind: order.kind, number: order.number, account: &order.account })?;
        for given in &order.claims {
            let lines: Vec<&str> = given.notice.iter().flatten().map(String::as_str).collect();
            let notice = if given.notice.is_some() { Notice::ByBank(&lines) } else { Notice::ByPayee };
            let (amount, Given { kid, due_on, payer, reference, .. }) = (nok(given.ore), given);
            writer.claim(&NewClaim { kid, amount, due_on: *due_on, payer, reference, notice })?;
        }
    }
    let total = writer.end()?;
    Ok((bytes, total))
}

/// What was written, read back into what it was written from.
pub fn given(bytes: &[u8]) -> (String, u32, Vec<GivenOrder>) {
    let (mut sender, mut number, mut orders) = (String::new(), 0, Vec::<GivenOrder>::new());
    for item in super::items(bytes) {
        let claim = match item {
            Item::Transmission(start) => {
                sender = start.sender.clone().expect("a NETS file names its sender");
                number = start.number.parse().expect("it was read as digits");
                continue;
            }
            Item::Order(order) => {
                let (number, account) = (order.number.parse().expect("it was read as digits"), order.account.clone());
                orders.push(GivenOrder { kind: order.kind, number, account, claims: Vec::new() });
                continue;
            }
            Item::Claim(claim) => {
                let mut lines: Vec<String> = Vec::new();
                for part in &claim.specifications {
                    let row = usize::from(part.row);
                    lines.resize(lines.len().max(row), String::new());
                    let line = &mut lines[row - 1];
                    let before = 40 * (usize::from(part.column) - 1);
                    *line = format!("{line:before$}{}", part.text);
                }
                let notice = claim.bank_notifies.then_some(lines);
                let kid = Kid::parse(&claim.kid).expect("claims have KIDs that hold");
                let (ore, due_on) = (claim.amount.minor(), claim.due_on);
                Given { kid, ore, due_on, payer: claim.payer, reference: claim.reference, notice }
            }
            Item::Cancellation(one) => {
                let (kid, ore) = (Kid::parse(&one.kid).expect("claims have KIDs that hold"), one.amount.minor());
                Given { kid, ore, due_on: one.due_on, payer: one.payer, reference: String::new(), notice: None }
            }
            _ => continue,
        };
        orders.last_mut().expect("claims stand in orders").claims.push(claim);
    }
    (sender, number, orders)
}

fn kid(customer: u64, invoice: u64) -> Kid {
    let parts = KidParts { length: 20, customer: 0..7, kind: None, invoice: 7..19, modulus: Default::default() };
    let structure = KidStructure::new(parts).expect("the parts do not overlap");
    structure.generate(customer, invoice).expect("the numbers fit")
}

fn example() -> Vec<GivenOrder> {
    let claim = |customer, ore, due_on, payer: &str, reference: &str, notice: Option<&[&str]>| Given {
        kid: kid(customer, 2_026_000 + customer),
        ore,
        due_on,
        payer: payer.to_owned(),
        reference: reference.to_owned(),
        notice: notice.map(|lines| lines.iter().map(|line| (*line).to_owned()).collect()),
    };
    let claims = vec![
        claim(
            1,
            49_900,
            date(2026, 12, 21),
            "ÅSE ØRN",
            "Faktura 2026001",
            Some(&["Faktura 2026001, strøm i november 2026  Beløp 499,00", "", "Spørsmål? Ring 55 55 55 55."]),
        ),
        claim(2, 120_050, date(2026, 12, 21), "Łukasz Kowalczyk", "Leie – januar", None),
        claim(3, 1, date(2027, 1, 4), "", "", None),
    ];
    let cancelled = vec![claim(4, 35_000, date(2026, 12, 21), "HANSEN", "", None), claim(5, 99, date(2027, 1, 15), "", "", None)];
    let account = "99991005109".to_owned();
    vec![
        GivenOrder { kind: OrderKind::Claims, number: 2_211_001, account: account.clone(), claims },
        GivenOrder { kind: OrderKind::Cancellations, number: 2_211_002, account, claims: cancelled },
    ]
}

const SENDING: Sending<'static> = Sending { customer_unit: "00229221", number: 2_211_001 };

#[test]
fn the_example_is_what_the_writer_writes() {
    let (bytes, total) = write(&SENDING, &example()).unwrap();
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/bank/claims_and_cancellations.txt");
    if std::env::var("KVITT_BLESS").is_ok_and(|value| value == "1") {
        std::fs::write(path, &bytes).unwrap();
    }
    assert!(std::fs::read(path).unwrap() == bytes, "the example is not what is written; run this test with KVITT_BLESS=1");
    assert_eq!((total.transactions, total.records, total.sum), (5, 19, nok(205_050)));
    assert_eq!(total.earliest_due_on, date(2026, 12, 21));
    assert!(verify(&*bytes).is_valid());
    assert_eq!(write(&SENDING, &example()).unwrap().0, bytes, "the same input gives the same bytes");
}

#[test]
fn letters_that_have_no_likeness_are_told() {
    let mut bytes = Vec::new();
    let mut writer = Writer::begin(&mut bytes, &SENDING).unwrap();
    writer.order(&NewOrder { kind: OrderKind::Claims, number: 1, account: "99991005109" }).unwrap();
    let mut claim = NewClaim {
        kid: &kid(1, 1),
        amount: nok(100),
        due_on: date(2026, 12, 21),
        payer: "Иван Petrov",
        reference: "Čáhppe – “A”",
        notice: Notice::ByPayee,
    };
    let written = writer.claim(&claim).unwrap();
    assert_eq!(crate::lines(&written.remarks), "bank.text_lost | payer | bank_field=payer, value=Иван Petrov");
    claim.payer = "A very long name";
    assert_eq!(writer.claim(&claim).unwrap().transaction, 2);
    writer.end().unwrap();
    let claims: Vec<(String, String)> = super::items(&bytes)
        .into_iter()
        .filter_map(|item| if let Item::Claim(claim) = item { Some((claim.payer, claim.reference)) } else { None })
        .collect();
    let reference = "Cáhppe - \"A\"".to_owned();
    assert_eq!(claims, [("Petrov".to_owned(), reference.clone()), ("A very lon".to_owned(), reference)]);
}

/// The writer takes nothing that Nets would refuse, and what was written before stays right.
#[test]
fn what_is_refused() {
    let refused = |result: Result<_, WriteError>| match result.map(|_: (Vec<u8>, Total)| ()) {
        Err(WriteError::Refused(fault)) => format!("{} {}", fault.place, fault.value("value").unwrap_or_default()),
        other => panic!("{other:?}"),
    };
    let one = |change: &dyn Fn(&mut Given)| {
        let mut orders = example();
        change(&mut orders[0].claims[1]);
        refused(write(&SENDING, &orders))
    };
    assert_eq!(one(&|claim| claim.ore = 0), "amount 0.00 NOK");
    assert_eq!(one(&|claim| claim.ore = -1), "amount -0.01 NOK");
    assert_eq!(one(&|claim| claim.ore = 100_000_000_000_000_000), "amount 1000000000000000.00 NOK");
    assert_eq!(one(&|claim| claim.due_on = date(1999, 12, 31)), "due_date 1999-12-31");
    assert_eq!(one(&|claim| claim.due_on = date(2069, 1, 1)), "due_date 2069-01-01");
    assert_eq!(one(&|claim| claim.due_on = date(2126, 1, 1)), "due_date 2126-01-01");
    assert_eq!(one(&|claim| claim.kid = Kid::parse("20261003-").unwrap()), "kid 20261003-");
    assert_eq!(one(&|claim| claim.notice = Some(vec!["x".to_owned(); 43])), "line 43");
    assert_eq!(one(&|claim| claim.notice = Some(vec!["x".repeat(81)])), format!("text {}", "x".repeat(81)));
    let sending = |customer_unit, number| refused(write(&Sending { customer_unit, number }, &example()));
    assert_eq!(sending("229221", 1), "sender 229221");
    assert_eq!(sending("0022922A", 1), "sender 0022922A");
    assert_eq!(sending("00229221", 0), "number 0");
    assert_eq!(sending("00229221", 10_000_000), "number 10000000");
    let orders = |change: &dyn Fn(&mut Vec<GivenOrder>)| {
        let mut orders = example();
        change(&mut orders);
        refused(write(&SENDING, &orders))
    };
    assert_eq!(orders(&|orders| orders.clear()), "transactions 0");
    assert_eq!(orders(&|orders| orders[0].claims.clear()), "transactions 0");
    assert_eq!(orders(&|orders| orders[1].claims.clear()), "transactions 0");
    assert_eq!(orders(&|orders| orders[0].account = "9999.10.05109".to_owned()), "account 9999.10.05109");
    assert_eq!(orders(&|orders| orders[0].number = 0), "number 0");
    assert_eq!(orders(&|orders| orders[0].kind = OrderKind::Payments), "record payments");
    // A refused claim leaves no trace.
    let mut bytes = Vec::new();
    let mut writer = Writer::begin(&mut bytes, &SENDING).unwrap();
    writer.order(&NewOrder { kind: OrderKind::Claims, number: 1, account: "99991005109" }).unwrap();
    let good = NewClaim {
        kid: &kid(1, 1),
        amount: nok(100),
        due_on: date(2026, 12, 21),
        payer: "",
        reference: "",
        notice: Notice::ByPayee,
    };
    writer.claim(&NewClaim { amount: nok(0), ..good }).unwrap_err();
    writer.claim(&good).unwrap();
    writer.claim(&NewClaim { notice: Notice::ByBank(&["x"; 43]), ..good }).unwrap_err();
    assert_eq!(writer.end().unwrap().transactions, 1);
    assert!(verify(&*bytes).is_valid());
}

/// Text that the file holds as it is: ISO 8859-1 without blanks at its ends.
fn text(most: usize) -> impl Strategy<Value = String> {
    let letter = prop_oneof![8 => 0x20_u32..0x7F, 2 => 0xA1_u32..0x100]
        .prop_filter_map("no soft hyphen", |code| char::from_u32(code).filter(|letter| *letter != '\u{AD}'));
    prop::collection::vec(letter, 0..=most).prop_map(|letters| letters.into_iter().collect::<String>().trim().to_owned())
}

fn claim(kind: OrderKind) -> impl Strategy<Value = Given> {
    let notice_line = text(80).prop_map(|line| line.trim_end().to_owned());
    let notice = prop::option::of(prop::collection::vec(notice_line, 0..6).prop_map(|mut lines| {
        while lines.last().is_some_and(String::is_empty) {
            lines.pop();
        }
        lines
    }));
    let day =
        (0_i32..15_000).prop_map(|days| date(2026, 1, 1).checked_add(jiff::Span::new().days(days)).expect("it is in range"));
    (0..10_000_000_u64, 0..1_000_000_000_000_u64, 1..1_000_000_000_i64, day, text(10), text(25), notice).prop_map(
        move |(customer, invoice, ore, due_on, payer, reference, notice)| {
            let cancels = kind == OrderKind::Cancellations;
            let (reference, notice) = if cancels { (String::new(), None) } else { (reference, notice) };
            Given { kid: kid(customer, invoice), ore, due_on, payer, reference, notice }
        },
    )
}

pub fn order() -> impl Strategy<Value = GivenOrder> {
    prop_oneof![Just(OrderKind::Claims), Just(OrderKind::Cancellations)].prop_flat_map(|kind| {
        (1_u32..10_000_000, "[0-9]{11}", prop::collection::vec(claim(kind), 1..8))
            .prop_map(move |(number, account, claims)| GivenOrder { kind, number, account, claims })
    })
}

proptest! {
    #[test]
    fn what_is_written_reads_as_the_same(
        number in 1_u32..10_000_000, unit in "[0-9]{8}".prop_filter("not Nets", |unit| unit != "00008080"),
        orders in prop::collection::vec(order(), 1..5),
    ) {
        let sending = Sending { customer_unit: &unit, number };
        let (bytes, total) = write(&sending, &orders).unwrap();
        prop_assert_eq!(bytes.len() as u64, 82 * total.records);
        let verdict = verify(&*bytes);
        prop_assert!(verdict.is_valid(), "{:?}", verdict.faults);
        let (sender, read_number, read_orders) = given(&bytes);
        prop_assert_eq!((sender.as_str(), read_number), (unit.as_str(), number));
        prop_assert_eq!(&read_orders, &orders);
        // And what was read is written as the same bytes.
        prop_assert_eq!(write(&sending, &read_orders).unwrap().0, bytes.clone());
        prop_assert!(read(&*bytes).all(|item| item.is_ok()));
    }
}
