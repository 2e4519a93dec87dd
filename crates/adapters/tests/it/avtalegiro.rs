//! Which invoices can be claimed, with each reason; who is told of a claim; and what a file of claims holds.

use std::io::BufReader;

use jiff::Timestamp;
use jiff::civil::date;
use kvitt_adapters::route::{Content, Document, Entry, Facts, Found, Request, Route, RouteSetup, Then};
use kvitt_adapters::routes::avtalegiro::notice::{Told, told};
use kvitt_adapters::routes::avtalegiro::{Avtalegiro, House, setup};
use kvitt_adapters::routes::{self, Ladder};
use kvitt_domain::agreement::{Agreement, AgreementState, ClaimWay, DirectDebit, NoticePolicy};
use kvitt_domain::delivery::Purpose;
use kvitt_domain::fault::{Fault, codes};
use kvitt_domain::invoice::{DocumentKind, Identifier, Invoice};
use kvitt_domain::mandate::{Mandate, MandateStatus};
use kvitt_domain::plan::{OrderFrom, RouteName, Verdict};
use kvitt_domain::price_book::PriceBook;
use kvitt_domain::recipient::{Metadata, Recipient, RecipientType};
use kvitt_domain::{Amount, Currency};
use kvitt_formats::bank;
use serde_json::json;

use crate::sample;

const ACCOUNT: &str = "86011117947";

/// A consumer's invoice with everything that a claim needs, due in time.
struct Case {
    invoice: Invoice,
    recipient: Recipient,
    agreements: Vec<Agreement>,
    mandate: Option<Mandate>,
    same_claim: Option<&'static str>,
    not_claimable: Option<Fault>,
    house: House,
    row: Option<RouteSetup>,
    now: Timestamp,
    purpose: Purpose,
}

fn kid() -> String {
    sample::structure().generate(42, 1).unwrap().to_string()
}

fn case() -> Case {
    let mut invoice = sample::invoice();
    invoice.payment[0].remittance = Some(kid());
    invoice.due_on = Some(date(2026, 11, 20));
    invoice.seller.legal_registration = Some(Identifier { value: "988077917".to_owned(), scheme: Some("0192".to_owned()) });
    invoice.seller.address.country = Some("NO".to_owned());
    let house = House { customer_unit: "00229221".into(), files: "bank".into(), service: "mps".into() };
    Case {
        invoice,
        recipient: sample::resident(),
        agreements: agreements(ClaimWay::Service, NoticePolicy::AlwaysWhenAsked),
        mandate: Some(mandate(true)),
        same_claim: None,
        not_claimable: None,
        house,
        row: None,
        now: sample::now(),
        purpose: Purpose::Bill,
    }
}

fn agreements(claims: ClaimWay, notice: NoticePolicy) -> Vec<Agreement> {
    let debit = DirectDebit { structures: vec![sample::structure()], notice, claims };
    vec![Agreement::main_vendor(AgreementState::Active), Agreement::avtalegiro(AgreementState::Active, ACCOUNT, debit)]
}

fn mandate(wants_notice: bool) -> Mandate {
    Mandate {
        kid: kid(),
        bank_account: ACCOUNT.to_owned(),
        payer_account: None,
        wants_notice,
        status: MandateStatus::Active,
        updated_at: sample::now(),
        reading: None,
    }
}

impl Case {
    fn with<R>(&self, ask: impl FnOnce(&Document<'_>, &Facts<'_>) -> R) -> R {
        let (metadata, prices) = (Metadata::default(), PriceBook::example());
        let document = Document {
            purpose: self.purpose,
            invoice: &self.invoice,
            recipient: &self.recipient,
            metadata: &metadata,
            pdf_bytes: 1,
            files: &[],
        };
        let way = self.agreements.get(1).and_then(|one| one.debit.as_ref()).map(|debit| debit.claims).unwrap_or_default();
        let row = setup::completed(self.row.as_ref(), &self.house, way);
        let facts = Facts {
            agreements: &self.agreements,
            setup: Some(&row),
            suppressed: None,
            mandate: self.mandate.as_ref(),
            same_claim: self.same_claim,
            not_claimable: self.not_claimable.as_ref(),
            lookup: None,
            hosts_files: true,
            broken_rules: &[],
            prices: &prices,
        };
        ask(&document, &facts)
    }

    /// `open`, the warnings and the last moment; or `closed` and the reasons.
    fn shown(&self) -> String {
        match self.with(|document, facts| Avtalegiro.consider(document, facts, self.now)) {
            Verdict::Open { latest_send_at, warnings, .. } => {
                let warnings: Vec<&str> = warnings.iter().map(|fault| fault.code.name()).collect();
                let until = latest_send_at.map_or("-".to_owned(), |at| at.to_string());
                ["open", &until].into_iter().chain(warnings).collect::<Vec<_>>().join(" ")
            }
            Verdict::Closed { reasons } => {
                let reasons: Vec<&str> = reasons.iter().map(|fault| fault.code.name()).collect();
                ["closed"].into_iter().chain(reasons).collect::<Vec<_>>().join(" ")
            }
            Verdict::NeedsLookup { .. } => "needs a look-up".to_owned(),
        }
    }

    fn values(&self, code: &str) -> Vec<String> {
        let faults = match self.with(|document, facts| Avtalegiro.consider(document, facts, self.now)) {
            Verdict::Open { warnings, .. } => warnings,
            Verdict::Closed { reasons } => reasons,
            Verdict::NeedsLookup { .. } => vec![],
        };
        let fault = faults.into_iter().find(|fault| fault.code.name() == code).expect(code);
        fault.values.into_iter().map(|(_, value)| value).collect()
    }
}

/// One change of the sample, and what the route says then.
type Row = (&'static str, fn(&mut Case), &'static str);

#[test]
fn every_reason() {
    let rows: &[Row] = &[
        ("as it is", |_| {}, "open 2026-11-13T13:00:00Z"),
        ("a business", |case| case.recipient.kind = RecipientType::Business, "closed route.recipient_type"),
        ("no agreements", |case| case.agreements.clear(), "closed agreement.missing agreement.missing"),
        (
            "an agreement that is not in force",
            |case| case.agreements[1].state = AgreementState::Pending,
            "closed agreement.missing",
        ),
        ("another account", |case| case.invoice.payment[0].accounts[0].number = "99991042764".into(), "closed agreement.missing"),
        ("no account", |case| case.invoice.payment[0].accounts.clear(), "closed term.missing"),
        (
            "a foreign company",
            |case| {
                case.invoice.seller.legal_registration = None;
                case.invoice.seller.address.country = Some("SE".to_owned());
            },
            "closed agreement.not_norwegian",
        ),
        ("a credit note", |case| case.invoice.kind = DocumentKind::CreditNote, "closed claim.document"),
        ("nothing to pay", |case| case.invoice.totals.payable = Amount::zero(Currency::NOK), "closed claim.nothing_to_debit"),
        ("euros", |case| case.invoice.totals.payable = Amount::new(1, Currency::parse("EUR").unwrap()), "closed claim.currency"),
        ("no KID", |case| case.invoice.payment[0].remittance = None, "closed claim.kid_missing"),
        ("a wrong KID", |case| case.invoice.payment[0].remittance = Some("123456783".into()), "closed kid.check_digit"),
        ("another KID", |case| case.invoice.payment[0].remittance = Some("123456782".into()), "closed claim.kid_foreign"),
        ("no mandate", |case| case.mandate = None, "closed claim.no_mandate"),
        (
            "a withdrawn mandate",
            |case| case.mandate.as_mut().unwrap().status = MandateStatus::Inactive,
            "closed claim.mandate_inactive",
        ),
        ("no due date", |case| case.invoice.due_on = None, "closed term.missing"),
        ("due too soon", |case| case.invoice.due_on = Some(date(2026, 11, 6)), "closed claim.due_too_soon"),
        ("due soon", |case| case.invoice.due_on = Some(date(2026, 11, 10)), "open 2026-11-03T13:00:00Z claim.due_soon"),
        ("due too late", |case| case.invoice.due_on = Some(date(2027, 11, 3)), "closed claim.due_too_late"),
        ("an open claim like it", |case| case.same_claim = Some("10022"), "closed claim.indistinguishable"),
        (
            "paid before it was claimed",
            |case| case.not_claimable = Some(Fault::fatal(codes::COLLECTION_NOT_CLAIMABLE).with("collection", "paid")),
            "closed collection.not_claimable",
        ),
        ("no service", |case| case.house.service.clear(), "closed claim.no_service"),
        (
            "by file without a drop",
            |case| {
                case.agreements = agreements(ClaimWay::File, NoticePolicy::default());
                case.house.files.clear();
            },
            "closed claim.no_service",
        ),
        (
            "elsewhere, whatever the dates",
            |case| {
                case.agreements = agreements(ClaimWay::Elsewhere, NoticePolicy::default());
                case.house = House::default();
                case.invoice.due_on = Some(date(2026, 11, 3));
            },
            "open 2026-10-27T13:00:00Z",
        ),
        (
            "a row that cannot be read",
            |case| case.row = Some(RouteSetup(json!({"receipt_hours": 0, "colour": "red"}))),
            "closed setup.value setup.unknown",
        ),
        (
            "everything at once",
            |case| {
                case.recipient.kind = RecipientType::Business;
                case.invoice.due_on = Some(date(2026, 11, 3));
                case.mandate = None;
                case.same_claim = Some("10022");
            },
            "closed route.recipient_type claim.no_mandate claim.due_too_soon claim.indistinguishable",
        ),
    ];
    for (name, change, expected) in rows {
        let mut case = case();
        change(&mut case);
        assert_eq!(case.shown(), *expected, "{name}");
    }
}

#[test]
fn the_first_due_date_that_would_work_is_said() {
    let mut case = case();
    case.invoice.due_on = Some(date(2026, 11, 6));
    assert_eq!(case.values("claim.due_too_soon"), ["2026-11-06", "2026-11-07"]);
    // After the cut-off it is tomorrow's: four bank days lie between.
    case.now = "2026-11-02T13:00:01Z".parse().unwrap();
    assert_eq!(case.values("claim.due_too_soon"), ["2026-11-06", "2026-11-10"]);
    // A file is closed before the cut-off of the service.
    case.now = "2026-11-02T12:45:00Z".parse().unwrap();
    assert_eq!(case.values("claim.due_too_soon"), ["2026-11-06", "2026-11-07"]);
    case.agreements = agreements(ClaimWay::File, NoticePolicy::default());
    assert_eq!(case.values("claim.due_too_soon"), ["2026-11-06", "2026-11-10"]);
    // The bank's own notice goes by post, a month ahead.
    case.row = Some(RouteSetup(json!({"bank_notice": true})));
    assert_eq!(case.values("claim.due_too_soon"), ["2026-11-06", "2026-12-15"]);
}

#[test]
fn who_is_told() {
    use NoticePolicy::{AlwaysWhenAsked, Never, OnlyWhenAsked};
    for (policy, wants, expected) in [
        (AlwaysWhenAsked, Some(true), Told::ByAnyRoute),
        (AlwaysWhenAsked, Some(false), Told::ByEfaktura),
        (AlwaysWhenAsked, None, Told::ByEfaktura),
        (OnlyWhenAsked, Some(true), Told::ByAnyRoute),
        (OnlyWhenAsked, Some(false), Told::Not),
        (Never, Some(true), Told::Not),
        (Never, Some(false), Told::Not),
    ] {
        let mandate = wants.map(mandate);
        assert_eq!(told(policy, mandate.as_ref()), expected, "{policy:?} {wants:?}");
    }
}

/// Both readings of the published rules: what is debited always stands in the netbank, or only where the mandate asks for it.
#[test]
fn a_notice_has_a_plan_of_its_own() {
    for (policy, wants, expected) in [
        (NoticePolicy::AlwaysWhenAsked, true, ["", "", ""]),
        (NoticePolicy::AlwaysWhenAsked, false, ["", "notice.not_wanted", "notice.not_wanted"]),
        (NoticePolicy::OnlyWhenAsked, false, ["notice.not_wanted"; 3]),
    ] {
        let mut case = case();
        case.purpose = Purpose::Notice;
        case.agreements = agreements(ClaimWay::Service, policy);
        case.mandate = Some(mandate(wants));
        let order: Vec<RouteName> = kvitt_adapters::routes::avtalegiro::notice::order();
        let plan = case.with(|document, facts| {
            let ladder = Ladder { order: &order, order_from: OrderFrom::Default, disabled: &[], tried: &[], now: sample::now() };
            routes::plan(document, &ladder, |_| *facts)
        });
        let found: Vec<String> = plan
            .rungs
            .iter()
            .map(|rung| match &rung.verdict {
                Verdict::Closed { reasons } => {
                    reasons.iter().map(|fault| fault.code.name()).filter(|code| *code == "notice.not_wanted").collect()
                }
                Verdict::Open { .. } | Verdict::NeedsLookup { .. } => String::new(),
            })
            .collect();
        assert_eq!(found, expected, "{policy:?} {wants}");
    }
}

/// The text of the one file that a step puts.
fn put(step: Then) -> String {
    let Then::Send(Request::Put(package)) = step else { panic!("{step:?}") };
    let Content::Latin1(text) = &package.files[0].content else { panic!("{package:?}") };
    text.clone()
}

/// The bank's refusal of an order names no claim, and every order of a transmission would have the same number.
#[test]
fn a_file_has_the_claims_of_one_account() {
    let mut consignment = sample::claims(ClaimWay::File, sample::consignment_of("avtalegiro", 3));
    consignment.members[1].claim.as_mut().unwrap().bank_account = "99991042764".to_owned();
    let error = Avtalegiro.next(&consignment, &[]).unwrap_err();
    assert!(error.to_string().contains("two bank accounts"), "{error}");
}

#[test]
fn nothing_is_handed_over_once_a_person_has_decided_of_any() {
    for way in [ClaimWay::Service, ClaimWay::File] {
        let consignment = sample::claims(way, sample::consignment_of("avtalegiro", 2));
        let step = Avtalegiro.next(&consignment, &[]).unwrap();
        let Then::Send(first) = step.then else { panic!("{step:?}") };
        assert!(routes::hands_over(&consignment, &first));
        for found in [Found::Sent, Found::Unsent, Found::Repeated] {
            let at = sample::now();
            let settled = Entry::Settled { attempt: sample::attempt(1), found, by: "Kari".to_owned(), at };
            match Avtalegiro.next(&consignment, &[settled]).unwrap().then {
                Then::Finished => {}
                Then::Send(request) | Then::SendAt { request, .. } | Then::Retry { request, .. } => {
                    assert!(!routes::hands_over(&consignment, &request), "{way:?} {found:?}");
                }
            }
        }
    }
}

#[test]
fn a_file_is_read_back_with_its_claims() {
    let consignment = sample::claims(ClaimWay::File, sample::consignment_of("avtalegiro", 3));
    let text = put(Avtalegiro.next(&consignment, &[]).unwrap().then);
    let bytes: Vec<u8> = text.chars().map(|c| u8::try_from(u32::from(c)).expect("one byte each")).collect();
    let lines = bytes.windows(2).filter(|pair| *pair == b"\r\n").count();
    assert_eq!((lines, bytes.len() % 82), (bytes.len() / 82, 0));
    let claims: Vec<(String, i64, String)> = bank::read(BufReader::new(bytes.as_slice()))
        .filter_map(|item| match item.expect("it adds up") {
            bank::Item::Claim(claim) => Some((claim.kid.clone(), claim.amount.minor(), claim.due_on.to_string())),
            _ => None,
        })
        .collect();
    let expected: Vec<(String, i64, String)> = consignment
        .members
        .iter()
        .filter_map(|member| member.claim.as_ref())
        .map(|claim| (claim.kid.clone(), claim.amount.minor(), claim.due_on.to_string()))
        .collect();
    assert_eq!(claims, expected);
}
