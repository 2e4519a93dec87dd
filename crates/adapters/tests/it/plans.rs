//! What routes say of documents, and the plan that is made of it.

use jiff::Timestamp;
use jiff::civil::date;
use kvitt_adapters::route::{Document, Facts, RouteSetup};
use kvitt_adapters::routes::{self, Ladder, Orders};
use kvitt_domain::agreement::{Agreement, AgreementState, ClaimWay, DirectDebit, NoticePolicy};
use kvitt_domain::delivery::Purpose;
use kvitt_domain::fault::{Fault, codes};
use kvitt_domain::invoice::{Attachment, File};
use kvitt_domain::plan::{OrderFrom, Plan, RouteName, Standing, Verdict};
use kvitt_domain::price_book::PriceBook;
use kvitt_domain::recipient::{Metadata, Recipient, RecipientType};
use serde_json::json;

use crate::sample;

/// One question and what stands around it; tests change what they are about.
struct Case {
    invoice: kvitt_domain::invoice::Invoice,
    recipient: Recipient,
    metadata: Metadata,
    pdf_bytes: u64,
    agreements: Vec<Agreement>,
    setup: Option<RouteSetup>,
    suppressed: Option<&'static str>,
    broken_rules: Vec<Fault>,
}

impl Case {
    fn consumer() -> Case {
        Case {
            invoice: sample::invoice(),
            recipient: sample::recipient(),
            metadata: Metadata { recipient_type: Some(RecipientType::Consumer), ..Metadata::default() },
            pdf_bytes: 40_000,
            agreements: vec![],
            setup: Some(sample::setup()),
            suppressed: None,
            broken_rules: vec![],
        }
    }

    fn business() -> Case {
        let metadata = Metadata { recipient_type: Some(RecipientType::Business), ..Metadata::default() };
        Case { recipient: sample::business(), metadata, ..Case::consumer() }
    }

    fn document(&self) -> Document<'_> {
        Document {
            purpose: Purpose::Bill,
            invoice: &self.invoice,
            recipient: &self.recipient,
            metadata: &self.metadata,
            pdf_bytes: self.pdf_bytes,
            files: &[],
        }
    }

    fn email(&self) -> Verdict {
        let prices = PriceBook::example();
        let facts = Facts {
            agreements: &self.agreements,
            setup: self.setup.as_ref(),
            suppressed: self.suppressed,
            mandate: None,
            same_claim: None,
            not_claimable: None,
            lookup: None,
            hosts_files: true,
            broken_rules: &self.broken_rules,
            prices: &prices,
        };
        routes::by_name("email").expect("the route is built").consider(&self.document(), &facts, sample::now())
    }

    fn plan(&self, order: &[&str], disabled: &[&str], tried: &[&str]) -> Plan {
        let names = |names: &[&str]| names.iter().map(|name| RouteName::new(*name)).collect::<Vec<_>>();
        let prices = PriceBook::example();
        let ladder = Ladder {
            order: &names(order),
            order_from: OrderFrom::Document,
            disabled: &names(disabled),
            tried: &names(tried),
            now: sample::now(),
        };
        routes::plan(&self.document(), &ladder, |route| Facts {
            agreements: &self.agreements,
            setup: self.setup.as_ref().filter(|_| route == "email"),
            suppressed: self.suppressed,
            mandate: None,
            same_claim: None,
            not_claimable: None,
            lookup: None,
            hosts_files: true,
            broken_rules: &self.broken_rules,
            prices: &prices,
        })
    }
}

/// The ladder as lines: route, standing, reasons.
fn shown(plan: &Plan) -> Vec<String> {
    plan.rungs
        .iter()
        .map(|rung| {
            let standing = match rung.standing {
                Standing::Chosen => "chosen",
                Standing::InReserve => "in reserve",
                Standing::Skipped => "skipped",
                Standing::Failed => "failed",
            };
            let reasons = match &rung.verdict {
                Verdict::Closed { reasons } => reasons.iter().map(|fault| format!(" {}", fault.code)).collect(),
                Verdict::Open { .. } | Verdict::NeedsLookup { .. } => String::new(),
            };
            format!("{} {standing}{reasons}", rung.route)
        })
        .collect()
}

fn closed(verdict: Verdict) -> Vec<String> {
    match verdict {
        Verdict::Closed { reasons } => reasons.iter().map(|fault| fault.code.to_string()).collect(),
        other => panic!("open: {other:?}"),
    }
}

fn latest(case: &Case) -> Option<Timestamp> {
    match case.email() {
        Verdict::Open { latest_send_at, .. } => latest_send_at,
        other => panic!("closed: {other:?}"),
    }
}

#[test]
fn all_reasons_at_once() {
    let mut case = Case { setup: None, ..Case::consumer() };
    case.recipient.email = None;
    assert_eq!(closed(case.email()), ["email.missing", "route.not_set_up"]);
    case.recipient.email = Some("not an address".to_owned());
    case.setup = Some(RouteSetup(json!({"from": "x"})));
    assert_eq!(closed(case.email()), ["email.invalid", "setup.value", "setup.missing"]);
    case.recipient.email = Some("kare@post.example".to_owned());
    case.setup = Some(sample::setup());
    case.suppressed = Some("550 5.1.1 No such person");
    assert_eq!(closed(case.email()), ["email.suppressed"]);
}

#[test]
fn an_open_route_has_its_price() {
    let Verdict::Open { price, warnings, .. } = Case::consumer().email() else { panic!("closed") };
    assert!(price.is_some(), "the example book has a price for e-mail");
    assert_eq!(warnings, []);
}

#[test]
fn the_due_date_says_how_long_an_outage_may_hold_a_letter() {
    let mut case = Case::consumer();
    let time = |text: &str| Some(text.parse::<Timestamp>().expect("a time"));
    // Due on the 16th: until the end of the 13th in Oslo.
    assert_eq!(latest(&case), time("2026-11-13T23:00:00Z"));
    // In summer Oslo is two hours ahead.
    case.invoice.due_on = Some(date(2027, 6, 30));
    assert_eq!(latest(&case), time("2027-06-27T22:00:00Z"));
    case.invoice.due_on = None;
    assert_eq!(latest(&case), None);
    // Near or past its due date it goes at once, and an outage may hold it for a day.
    for due_on in [date(2026, 11, 4), date(2026, 11, 2), date(2025, 1, 1), jiff::civil::Date::MIN] {
        case.invoice.due_on = Some(due_on);
        assert_eq!(latest(&case), time("2026-11-03T09:30:00Z"), "{due_on}");
    }
    case.invoice.due_on = Some(jiff::civil::Date::MAX);
    assert!(latest(&case).is_some());
}

#[test]
fn files_over_the_limit_are_announced_as_links() {
    let mut case = Case { pdf_bytes: 4_999_000, ..Case::consumer() };
    let codes = |case: &Case| match case.email() {
        Verdict::Open { warnings, .. } => warnings.iter().map(|fault| fault.code.name()).collect::<Vec<_>>(),
        other => panic!("closed: {other:?}"),
    };
    assert_eq!(codes(&case), [""; 0]);
    let file = File { name: "timer.pdf".to_owned(), media_type: "application/pdf".to_owned(), bytes: vec![0; 2_000] };
    case.invoice.attachments =
        vec![Attachment { id: "1".to_owned(), description: None, location: None, file: Some(file), is_image_of_invoice: false }];
    assert_eq!(codes(&case), ["email.attachment_linked"]);
}

#[test]
fn a_consumers_default_ladder() {
    let names: Vec<String> = routes::default_order(RecipientType::Consumer).iter().map(ToString::to_string).collect();
    assert_eq!(names, ["avtalegiro", "efaktura", "email", "print"]);
    let mut case = Case::consumer();
    let order = ["avtalegiro", "efaktura", "email", "print"];
    assert_eq!(
        shown(&case.plan(&order, &[], &[])),
        [
            "avtalegiro skipped agreement.missing agreement.not_norwegian agreement.missing kid.check_digit",
            "efaktura skipped agreement.missing agreement.not_norwegian route.not_set_up",
            "email chosen",
            "print skipped print.address_incomplete route.not_set_up",
        ]
    );
    let structures = vec!["16:1-6".parse().unwrap()];
    let debit = DirectDebit { structures, notice: NoticePolicy::default(), claims: ClaimWay::default() };
    case.agreements = vec![
        Agreement::main_vendor(AgreementState::Active),
        Agreement::avtalegiro(AgreementState::Pending, "86011117947", debit),
    ];
    assert_eq!(
        shown(&case.plan(&order[..2], &[], &[])),
        [
            "avtalegiro skipped agreement.not_norwegian kid.check_digit",
            "efaktura skipped agreement.not_norwegian route.not_set_up"
        ]
    );
}

#[test]
fn a_businesss_ladder() {
    let names: Vec<String> = routes::default_order(RecipientType::Business).iter().map(ToString::to_string).collect();
    assert_eq!(names, ["peppol", "email", "print"]);
    assert_eq!(
        shown(&Case::business().plan(&["netbank", "dpi", "peppol", "email"], &[], &[])),
        [
            "avtalegiro skipped route.recipient_type agreement.missing agreement.not_norwegian agreement.missing kid.check_digit",
            "efaktura skipped route.recipient_type agreement.missing agreement.not_norwegian route.not_set_up",
            "dpi skipped route.recipient_type route.not_built",
            "peppol skipped route.not_built",
            "email chosen",
        ]
    );
    assert_eq!(shown(&Case::consumer().plan(&["peppol"], &[], &[])), ["peppol skipped route.recipient_type route.not_built"]);
}

#[test]
fn unknown_disabled_and_tried_routes_say_so() {
    let case = Case::consumer();
    assert_eq!(
        shown(&case.plan(&["pigeon", "email", "print", "email"], &["netbank"], &[])),
        ["pigeon skipped route.unknown", "email chosen", "print skipped print.address_incomplete route.not_set_up"]
    );
    assert_eq!(
        shown(&case.plan(&["email", "vipps"], &["email", "vipps"], &[])),
        ["email skipped route.not_in_order", "efaktura skipped route.not_in_order",]
    );
    assert_eq!(shown(&case.plan(&["email"], &[], &["email"])), ["email failed route.tried"]);
}

#[test]
fn one_route_alone_has_no_fallback_and_says_so() {
    let mut case = Case::consumer();
    let no_fallback = |plan: &Plan| plan.warnings.iter().any(|fault| fault.code == codes::ROUTE_NO_FALLBACK);
    assert!(no_fallback(&case.plan(&["email"], &[], &[])));
    assert!(!no_fallback(&case.plan(&["email", "print"], &[], &[])));
    // `netbank` is two routes, `vipps` is one.
    assert!(!no_fallback(&case.plan(&["netbank"], &[], &[])));
    assert!(no_fallback(&case.plan(&["vipps"], &[], &[])));
    // Closed, it parks the document with its reason, and nothing else is chosen.
    case.recipient.email = None;
    let plan = case.plan(&["email"], &[], &[]);
    assert_eq!(shown(&plan), ["email skipped email.missing"]);
    assert!(plan.chosen().is_none() && no_fallback(&plan));
    let sentence = plan.warnings[0].sentence(kvitt_domain::Language::English);
    assert_eq!(sentence, "e-mail is the only route (given with the document), so no other is tried if it cannot be used.");
}

#[test]
fn the_most_particular_order_counts_whole() {
    let names = |names: &[&str]| names.iter().map(|name| RouteName::new(*name)).collect::<Vec<_>>();
    let (document, customer, company) = (names(&["print"]), names(&["email", "print"]), names(&["peppol"]));
    let all = Orders { document: &document, customer: Some(&customer), company: Some(&company) };
    let first = |orders: Orders<'_>| orders.first_given(RecipientType::Business);
    assert_eq!(first(all), (document.clone(), OrderFrom::Document));
    assert_eq!(first(Orders { document: &[], ..all }), (customer.clone(), OrderFrom::Customer));
    assert_eq!(first(Orders { document: &[], customer: Some(&[]), ..all }), (company.clone(), OrderFrom::Company));
    assert_eq!(first(Orders::default()), (routes::default_order(RecipientType::Business), OrderFrom::Default));
}

#[test]
fn a_doubtful_recipient_type_is_pointed_out() {
    let warns =
        |case: &Case| case.plan(&["email"], &[], &[]).warnings.iter().any(|fault| fault.code.name() == "recipient_type.doubtful");
    assert!(!warns(&Case::consumer()));
    assert!(!warns(&Case::business()));
    let mut absent = Case::business();
    absent.metadata.recipient_type = None;
    assert!(!warns(&absent), "an organisation number makes a business likely");
    absent.recipient.org_number = None;
    assert!(warns(&absent));
    let mut consumer = Case::consumer();
    consumer.recipient.org_number = Some("988077917".to_owned());
    assert!(warns(&consumer));
}

#[test]
fn routes_that_are_not_built_answer_errors_and_never_guess() {
    let consignment = sample::consignment(vec![sample::member()]);
    for name in ["avtalegiro", "peppol", "dpi"] {
        let route = routes::by_name(name).expect("it stands in the plan");
        assert!(route.next(&consignment, &[]).is_err(), "{name}");
        assert!(!route.check_setup(&sample::setup()).is_empty(), "{name}");
    }
    assert!(routes::by_name("pigeon").is_none());
}

#[test]
fn a_broken_rule_closes_peppol_and_nothing_else() {
    let rule = Fault::warning(codes::RULE_BROKEN).with("rule", "BR-CO-10");
    let case = Case { broken_rules: vec![rule], ..Case::business() };
    let ladder = shown(&case.plan(&["peppol", "email", "print"], &[], &[]));
    assert_eq!(
        ladder,
        ["peppol skipped rule.broken route.not_built", "email chosen", "print skipped print.address_incomplete route.not_set_up"]
    );
}
