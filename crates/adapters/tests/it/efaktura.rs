//! eFaktura beside its conversations: the rules, the keys of look-ups, the messages as they are written and read.

use std::collections::BTreeMap;

use jiff::civil::date;
use kvitt_adapters::register::{Answer, Found, Question};
use kvitt_adapters::route::{
    ArtefactRole, Closes, Consignment, Document, Entry, Exchange, Facts, FileFacts, Lot, Member, Piece, Reply, Request,
    RouteSetup, Secret, Sender, Sent, Then,
};
use kvitt_adapters::routes;
use kvitt_adapters::routes::efaktura::element::Element;
use kvitt_adapters::routes::efaktura::services::{self, Signature};
use kvitt_adapters::routes::efaktura::shipment::{
    ClaimInfo, DocumentType, EfakturaInfo, PaymentType, Receiver, Shipment, Transaction,
};
use kvitt_adapters::routes::efaktura::soap::{Operation, SERVICE, Value, hear};
use kvitt_adapters::routes::efaktura::{lookup, part, shipment, status, transaction_id};
use kvitt_domain::agreement::{Agreement, AgreementState};
use kvitt_domain::delivery::Purpose;
use kvitt_domain::fault::{Fault, codes};
use kvitt_domain::invoice::{Address, DocumentKind, Invoice};
use kvitt_domain::pdf_facts::{PdfFacts, PdfVersion};
use kvitt_domain::plan::Verdict;
use kvitt_domain::price_book::PriceBook;
use kvitt_domain::recipient::{Metadata, Recipient, RecipientType};
use kvitt_domain::{Amount, Currency};
use serde_json::json;
use uuid::{Uuid, uuid};

use crate::{sample, service};

// --- the rules

/// One question to the route. It is open as it stands here; tests change what they are about.
struct Case {
    invoice: Invoice,
    recipient: Recipient,
    agreements: Vec<Agreement>,
    setup: serde_json::Value,
    files: Vec<FileFacts>,
    lookup: Option<Answer>,
    hosts_files: bool,
}

fn case() -> Case {
    let mut invoice = sample::invoice();
    invoice.seller.address.country = Some("NO".to_owned());
    invoice.payment[0].remittance = Some(sample::KID.to_owned());
    Case {
        invoice,
        recipient: sample::resident(),
        agreements: vec![Agreement::main_vendor(AgreementState::Active)],
        setup: json!({"accounts": ["86011117947"]}),
        files: vec![],
        lookup: Some(Answer::Yes),
        hosts_files: true,
    }
}

fn verdict(case: &Case) -> Verdict {
    let prices = PriceBook::example();
    let setup = RouteSetup(case.setup.clone());
    let document = Document {
        purpose: Purpose::Bill,
        invoice: &case.invoice,
        recipient: &case.recipient,
        metadata: &Metadata::default(),
        pdf_bytes: 40_000,
        files: &case.files,
    };
    let facts = Facts {
        agreements: &case.agreements,
        setup: (!case.setup.is_null()).then_some(&setup),
        suppressed: None,
        mandate: None,
        same_claim: None,
        not_claimable: None,
        lookup: case.lookup.as_ref(),
        hosts_files: case.hosts_files,
        broken_rules: &[],
        prices: &prices,
    };
    routes::by_name("efaktura").expect("the route is built").consider(&document, &facts, sample::now())
}

/// `open`, `ask` or `closed`, with the codes of the reasons or warnings.
fn check(name: &str, change: impl FnOnce(&mut Case), expected: &str) {
    let mut case = case();
    change(&mut case);
    let (word, faults) = match verdict(&case) {
        Verdict::Open { warnings, .. } => ("open", warnings),
        Verdict::NeedsLookup { register, warnings, .. } => {
            assert_eq!(register, "yes_to_all");
            ("ask", warnings)
        }
        Verdict::Closed { reasons } => ("closed", reasons),
    };
    let codes: String = faults.iter().map(|fault| format!(" {}", fault.code)).collect();
    assert_eq!(format!("{word}{codes}"), expected, "{name}");
}

fn pdf(role: ArtefactRole, pages: u32, bytes: u64) -> FileFacts {
    let facts = PdfFacts {
        bytes,
        version: PdfVersion::V1_7,
        is_encrypted: false,
        pages: Some(pages),
        page_sizes: vec![],
        fonts_not_embedded: vec![],
        has_javascript: false,
        has_forms: false,
        has_embedded_files: false,
        left_edge: None,
        texts_in_window: None,
    };
    let name = "timer.pdf".to_owned();
    FileFacts { role, name, media_type: "application/pdf".to_owned(), bytes, pdf: Some(Ok(facts)) }
}

fn sheet() -> FileFacts {
    let media_type = "application/vnd.ms-excel".to_owned();
    FileFacts { role: ArtefactRole::Attachment, name: "timer.xls".to_owned(), media_type, bytes: 10, pdf: None }
}

#[test]
fn who_may_send_and_to_whom() {
    check("as it stands", |_| {}, "open efaktura.vipps_unknown");
    check("a business", |case| case.recipient.kind = RecipientType::Business, "closed route.recipient_type");
    check("no agreement", |case| case.agreements.clear(), "closed agreement.missing");
    check("an agreement asked for", |case| case.agreements[0].state = AgreementState::Pending, "closed agreement.missing");
    let waiting = |case: &mut Case| {
        let waited_for = Fault::fatal(codes::AGREEMENT_SIGNATURE_AWAITED);
        case.agreements[0] = Agreement { advice: vec![waited_for], ..Agreement::main_vendor(AgreementState::Pending) };
    };
    check("an agreement to be signed", waiting, "closed agreement.missing agreement.signature_awaited");
    let spreading = |case: &mut Case| {
        let warning = Fault::warning(codes::AGREEMENT_SPREADING).with("until_at", "2026-11-02T08:00:00Z");
        case.agreements[0] = Agreement { advice: vec![warning], ..Agreement::main_vendor(AgreementState::Spreading) };
    };
    check("an agreement that spreads to the banks", spreading, "open agreement.spreading efaktura.vipps_unknown");
    check(
        "a foreign company",
        |case| case.invoice.seller.address.country = Some("SE".to_owned()),
        "closed agreement.not_norwegian",
    );
    check("no public address", |case| case.hosts_files = false, "closed efaktura.no_bill_host");
    check("not set up", |case| case.setup = serde_json::Value::Null, "closed route.not_set_up");
    check("badly set up", |case| case.setup = json!({"accounts": ["1"], "x": 1}), "closed setup.value setup.unknown");
    let everything = |case: &mut Case| {
        case.agreements.clear();
        case.hosts_files = false;
        case.invoice.due_on = Some(date(2026, 11, 3));
        case.recipient.efaktura_identifier = Some("12".to_owned());
    };
    let all = "closed agreement.missing efaktura.no_bill_host efaktura.due_too_soon efaktura.identifier_invalid";
    check("every reason at once", everything, all);
}

#[test]
fn due_dates() {
    let due = |day| move |case: &mut Case| case.invoice.due_on = day;
    check("none", due(None), "closed term.missing");
    check("in two days", due(Some(date(2026, 11, 4))), "closed efaktura.due_too_soon");
    check("in three days", due(Some(date(2026, 11, 5))), "open efaktura.vipps_unknown");
    check("in a year", due(Some(date(2027, 11, 2))), "open efaktura.vipps_unknown");
    check("in a year and a day", due(Some(date(2027, 11, 3))), "closed efaktura.due_too_late");
    check("at the end of time", due(Some(jiff::civil::Date::MAX)), "closed efaktura.due_too_late");
    check("at its beginning", due(Some(jiff::civil::Date::MIN)), "closed efaktura.due_too_soon");
}

#[test]
fn how_long_an_outage_may_hold_a_bill() {
    let latest = |due_on, days: i64| {
        let mut case = case();
        case.invoice.due_on = Some(due_on);
        case.setup = json!({"accounts": ["86011117947"], "days_before_due": days});
        match verdict(&case) {
            Verdict::Open { latest_send_at, .. } => latest_send_at.map(|at| at.to_string()),
            other => panic!("{other:?}"),
        }
    };
    // Due on the 16th: until the end of the 12th in Oslo.
    assert_eq!(latest(date(2026, 11, 16), 4).as_deref(), Some("2026-11-12T23:00:00Z"));
    assert_eq!(latest(date(2027, 6, 30), 5).as_deref(), Some("2027-06-25T22:00:00Z"));
    // The budget is past already: until the last day on which the banks take it.
    assert_eq!(latest(date(2026, 11, 5), 4).as_deref(), Some("2026-11-02T23:00:00Z"));
    // A budget that the banks would refuse is none.
    assert_eq!(latest(date(2026, 11, 16), 0).as_deref(), Some("2026-11-13T23:00:00Z"));
}

#[test]
fn kids_and_accounts() {
    let kid = |kid: Option<&'static str>, strict: bool| {
        move |case: &mut Case| {
            case.invoice.payment[0].remittance = kid.map(str::to_owned);
            case.setup["strict_kid"] = json!(strict);
        }
    };
    check("none", kid(None, false), "open efaktura.kid_missing efaktura.vipps_unknown");
    check("none, strict", kid(None, true), "closed efaktura.kid_missing");
    check("a wrong digit", kid(Some("1002312345670"), false), "open efaktura.kid_left_out efaktura.vipps_unknown");
    check("a wrong digit, strict", kid(Some("1002312345670"), true), "closed kid.check_digit");
    check("words, strict", kid(Some("Takk for handelen"), true), "closed kid.form");
    check("a dash for ten", kid(Some("20261003-"), false), "open efaktura.kid_left_out efaktura.vipps_unknown");
    let account = |number: &'static str| move |case: &mut Case| case.invoice.payment[0].accounts[0].number = number.to_owned();
    check("the same as an IBAN", account("NO9386011117947"), "open efaktura.vipps_unknown");
    check("another account", account("99991042764"), "closed efaktura.account_not_registered");
    check("a foreign one", account("DE89370400440532013000"), "closed efaktura.account_not_registered");
    check("none", |case| case.invoice.payment.clear(), "closed term.missing");
}

#[test]
fn amounts_and_kinds() {
    let pays = |minor, currency: &'static str| {
        move |case: &mut Case| case.invoice.totals.payable = Amount::new(minor, Currency::parse(currency).expect("a currency"))
    };
    check("nothing to pay", pays(0, "NOK"), "open efaktura.vipps_unknown");
    check("less than nothing", pays(-1, "NOK"), "closed efaktura.amount_negative");
    check("in euro", pays(100, "EUR"), "closed efaktura.currency");
    check("made by the customer", |case| case.invoice.type_code = "389".to_owned(), "closed efaktura.document_type");
    let credit_note = |case: &mut Case| {
        case.invoice.kind = DocumentKind::CreditNote;
        case.invoice.type_code = "381".to_owned();
        case.invoice.due_on = None;
        case.invoice.payment.clear();
        case.setup["strict_kid"] = json!(true);
    };
    check("a credit note", credit_note, "open efaktura.vipps_no_credit_notes");
}

#[test]
fn files_are_shown_or_spoken_of() {
    use ArtefactRole::{Attachment, Pdf};
    let files = |files: Vec<FileFacts>| move |case: &mut Case| case.files = files;
    let many = |count: usize| (0..count).map(|_| pdf(Attachment, 1, 100)).collect::<Vec<_>>();
    check("three attachments", files(many(3)), "open efaktura.vipps_unknown");
    check("four attachments", files(many(4)), "closed pdf.too_many_files");
    check("a picture and three", files([vec![pdf(Pdf, 1, 100)], many(3)].concat()), "open efaktura.vipps_unknown");
    check("a picture and four", files([vec![pdf(Pdf, 1, 100)], many(4)].concat()), "closed pdf.too_many_files");
    check("too many pages", files(vec![pdf(Attachment, 111, 100)]), "closed pdf.too_many_pages");
    check("too large", files(vec![pdf(Attachment, 1, 50_000_001)]), "closed pdf.too_large");
    check("a spreadsheet", files(vec![sheet()]), "closed efaktura.attachment_not_shown");
    let left_out = |case: &mut Case| {
        case.files = vec![sheet()];
        case.setup["other_attachments"] = json!("leave_out");
    };
    check("a spreadsheet that may stay behind", left_out, "open efaktura.attachment_not_shown efaktura.vipps_unknown");
    let broken = FileFacts { pdf: Some(Err("no trailer".to_owned())), ..pdf(Attachment, 1, 100) };
    check("a broken PDF", files(vec![broken]), "closed attachment.unreadable");
}

#[test]
fn what_the_register_says() {
    let says = |answer: Option<Answer>| move |case: &mut Case| case.lookup = answer;
    let why = || Fault::fatal(codes::EFAKTURA_SEVERAL);
    check("not asked", says(None), "ask efaktura.vipps_unknown");
    check("no", says(Some(Answer::No { why: why() })), "closed efaktura.several");
    check("nobody could say", says(Some(Answer::Unknown { why: why() })), "closed lookup.unanswered");
    let without_keys = |case: &mut Case| {
        case.lookup = None;
        case.recipient.email = None;
    };
    check("nothing to ask with", without_keys, "closed efaktura.no_lookup_key");
    let identity = |may_send: bool| {
        move |case: &mut Case| {
            without_keys(case);
            case.recipient.identity_ref = Some("fnr-1".to_owned());
            case.setup["send_identity_numbers"] = json!(may_send);
        }
    };
    check("only a number, kept", identity(false), "closed efaktura.identity_kept");
    check("only a number, sent", identity(true), "ask efaktura.vipps_unknown");
    let given = |case: &mut Case| {
        without_keys(case);
        case.recipient.efaktura_identifier = Some("123456789".to_owned());
    };
    check("the sender knows the identifier", given, "open efaktura.vipps_unknown");
}

// --- the register

const QUESTION: Uuid = uuid!("0199a0de-0000-7000-8000-0000000000d1");

fn filled(request: &kvitt_adapters::route::HttpRequest) -> String {
    let value = |secret: &Secret| -> Result<String, ()> {
        Ok(match secret {
            Secret::User => "nordlys".to_owned(),
            Secret::Password => "<&>".to_owned(),
            Secret::Identity(reference) => format!("10915596784 by {reference}"),
            Secret::Found(_) => "123456789".to_owned(),
        })
    };
    request.body.filled(value).expect("every secret has a value")
}

fn body_of(request: &kvitt_adapters::route::HttpRequest) -> Element {
    let envelope = Element::read(&filled(request)).expect("our own XML can be read");
    envelope.one("Body").expect("a body").children[0].clone()
}

/// The fields of a key as they are written, in order, as `name=text`.
fn key_of(recipient: &Recipient, may_send: bool) -> String {
    let register = routes::by_name("efaktura").and_then(|route| route.register()).expect("it has a register");
    let setup = RouteSetup(json!({"accounts": ["86011117947"], "send_identity_numbers": may_send}));
    let sender = Sender { name: "Nordlys".to_owned(), org_number: "988077917".to_owned() };
    let about = [Question { id: QUESTION, recipient }];
    let request = register.ask(&sender, &setup, Uuid::nil(), &about).expect("it can be asked");
    assert!(request.is_question);
    let root = body_of(&request);
    assert!(root.is(SERVICE, "GetEfakturaIdentifiersRequest"));
    assert_eq!(root.text_of("efakturaIssuer"), Ok("988077917"));
    let key = root.one("keys").and_then(|keys| keys.one("key")).expect("one key");
    assert_eq!(key.text_of("keyId"), Ok(QUESTION.to_string().as_str()));
    fn leaves(element: &Element, found: &mut Vec<String>) {
        assert!(element.namespace.is_empty(), "{} is qualified", element.name);
        if element.children.is_empty() {
            found.push(format!("{}={}", element.name, element.text));
        }
        element.children.iter().for_each(|child| leaves(child, found));
    }
    let mut found = vec![];
    key.children[1..].iter().for_each(|child| leaves(child, &mut found));
    found.join(" ")
}

#[test]
fn the_strongest_key_first() {
    let full = || Recipient {
        name: "Kåre Olav Ødegård".to_owned(),
        phone: Some("912 34 567".to_owned()),
        born_on: Some(date(1970, 1, 31)),
        identity_ref: Some("fnr-1".to_owned()),
        ..sample::resident()
    };
    let check = |change: fn(&mut Recipient), may_send: bool, expected: &str| {
        let mut recipient = full();
        change(&mut recipient);
        assert_eq!(key_of(&recipient, may_send), expected);
    };
    let address = "firstName=Kåre Olav lastName=Ødegård postalCode=8003 city=Bodø";
    check(|_| {}, true, "socialSecurityNumber=10915596784 by fnr-1");
    check(|_| {}, false, "telephoneAlias=+4791234567 emailAlias=kare@post.example dateOfBirth=1970-01-31");
    check(|r| r.phone = None, false, &format!("emailAlias=kare@post.example dateOfBirth=1970-01-31 {address}"));
    check(|r| (r.phone, r.email) = (None, None), false, &format!("dateOfBirth=1970-01-31 {address}"));
    check(|r| (r.email, r.born_on) = (None, None), false, &format!("telephoneAlias=+4791234567 {address}"));
    check(
        |r| (r.email, r.born_on, r.address) = (None, None, Address::default()),
        false,
        "telephoneAlias=+4791234567 firstName=Kåre Olav lastName=Ødegård",
    );
    // What can be no phone number is none.
    check(|r| (r.phone, r.email) = (Some("ring".to_owned()), None), false, &format!("dateOfBirth=1970-01-31 {address}"));
    // Who may no longer be looked for is asked for by what finds nobody.
    check(|r| (r.phone, r.email, r.born_on) = (None, None, None), false, "lastName=Ødegård");
}

#[test]
fn what_the_answers_mean() {
    let recipient = sample::resident();
    let read = |reply: Reply| {
        let register = routes::by_name("efaktura").and_then(|route| route.register()).expect("it has a register");
        register.read(Uuid::nil(), &[Question { id: QUESTION, recipient: &recipient }], &reply)
    };
    let answered = |inside: &str| {
        let answer = format!("<responses><response><keyId>{QUESTION}</keyId>{inside}</response></responses>");
        service::answer(
            200,
            &format!(
                "<e:GetEfakturaIdentifiersResponse><messageIdentifier>m</messageIdentifier>{answer}</e:GetEfakturaIdentifiersResponse>"
            ),
        )
    };
    let said = |reply: Reply| match read(reply) {
        Ok(found) => match found.as_slice() {
            [Found { answer: Answer::Yes, key: Some(key) }] => format!("yes {key}"),
            [Found { answer: Answer::No { why }, key: None }] => format!("no {}", why.code),
            other => panic!("{other:?}"),
        },
        Err(passing) => format!("again {}", passing.code),
    };
    let found = |accepts: bool, blocked: bool, agreement: bool| {
        answered(&format!(
            "<status>UNIQUE_RECEIVER_FOUND</status><efakturaIdentifier>123456789</efakturaIdentifier>\
             <autoAcceptEfaktura>{accepts}</autoAcceptEfaktura><issuerResponse><blockedByReceiver>{blocked}</blockedByReceiver>\
             <hasEfakturaAgreement>{agreement}</hasEfakturaAgreement></issuerResponse>"
        ))
    };
    assert_eq!(said(found(true, false, false)), "yes 123456789");
    assert_eq!(said(found(false, false, true)), "yes 123456789");
    assert_eq!(said(found(false, false, false)), "no efaktura.not_accepting");
    assert_eq!(said(found(true, true, true)), "no efaktura.blocked");
    assert_eq!(said(answered("<status>RECEIVER_NOT_FOUND</status>")), "no efaktura.not_found");
    assert_eq!(said(answered("<status>MULTIPLE_RECEIVERS</status>")), "no efaktura.several");
    assert_eq!(said(answered("<status>LOOKUP_KEY_MISSING_DATA</status>")), "no efaktura.too_little_known");
    // Nobody could say: that is not no.
    assert_eq!(said(answered("<status>MAYBE</status>")), "again counterparty.garbled");
    assert_eq!(
        said(answered("<status>UNIQUE_RECEIVER_FOUND</status><efakturaIdentifier>x</efakturaIdentifier>")),
        "again counterparty.garbled"
    );
    assert_eq!(
        said(service::answer(200, "<e:GetEfakturaIdentifiersResponse><responses/></e:GetEfakturaIdentifiersResponse>")),
        "again counterparty.garbled"
    );
    assert_eq!(said(service::fault("auth", "no")), "again efaktura.credentials");
    assert_eq!(said(service::fault("service", "no")), "again counterparty.temporary");
    assert_eq!(said(service::fault("5003", "one receiver key needed")), "again counterparty.refuses_us");
    assert_eq!(said(Reply::Http { status: 503, body: String::new(), retry_after: None }), "again counterparty.temporary");
    assert_eq!(said(Reply::Silence { sent: Sent::Unknown, what: "timed out".to_owned() }), "again counterparty.silent");
}

// --- the messages

/// An element without the white space between its children.
fn canonical(element: &Element) -> Element {
    let text = if element.children.is_empty() { element.text.clone() } else { String::new() };
    Element { text, children: element.children.iter().map(canonical).collect(), ..element.clone() }
}

#[test]
fn the_shipment_is_written_as_the_service_describes_it() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/vectors/rails/own/efaktura_addshipment.xml");
    let Ok(vector) = std::fs::read_to_string(path) else {
        let required = std::env::var("KVITT_REQUIRE").unwrap_or_default();
        assert!(!required.split(',').any(|word| word == "vectors"), "{path} is required and not there");
        eprintln!("SKIPPED: {path} is not there");
        return;
    };
    let transaction = |id, payment, document| Transaction {
        id,
        payment,
        document,
        kid: None,
        account: "99991042764".to_owned(),
        amount: Amount::zero(Currency::NOK),
        due_on: date(2026, 12, 15),
        efaktura: None,
        claim: None,
    };
    let bill = |receiver, brand: &str, url: &str| {
        Some(EfakturaInfo { receiver, minimum: None, brand: brand.to_owned(), url: url.to_owned() })
    };
    let identifier = Receiver::Identifier(Value::Text("123456789".to_owned()));
    let identity = Receiver::IdentityNumber(Value::Secret(Secret::Identity("fnr-1".to_owned())));
    let shipment = Shipment {
        id: uuid!("6d3f3c1e-0f0f-4a57-9b3e-2f6f6a1c0001"),
        issuer: "988077917".to_owned(),
        transactions: vec![
            Transaction {
                kid: Some("00000010000020260012".to_owned()),
                amount: Amount::new(49_900, Currency::NOK),
                efaktura: bill(identifier, "Kraftlaget", "https://hotel.example.no/i/6d3f3c1e"),
                claim: Some(ClaimInfo {
                    notice: false,
                    notice_text: None,
                    short_name: Some("HANSEN".to_owned()),
                    reference: Some("Faktura 2026001".to_owned()),
                }),
                ..transaction(
                    uuid!("6d3f3c1e-0f0f-4a57-9b3e-2f6f6a1c0002"),
                    PaymentType::EfakturaAndAvtalegiro,
                    DocumentType::Invoice,
                )
            },
            Transaction {
                efaktura: bill(identity, "", "https://hotel.example.no/i/6d3f3c1f"),
                ..transaction(uuid!("6d3f3c1e-0f0f-4a57-9b3e-2f6f6a1c0003"), PaymentType::Efaktura, DocumentType::CreditNote)
            },
        ],
    };
    let request = shipment.request("mps", Uuid::nil());
    assert_eq!(request.headers, [("SOAPAction".to_owned(), format!("\"{SERVICE}addShipment\""))]);
    assert!(!request.is_question);
    // What the hub fills in, and the message's own id, stand in the vector as they were there.
    let ours =
        filled(&request).replace("10915596784 by fnr-1", "10915596784").replace(&Uuid::nil().to_string(), "hub-20261122-0001");
    let ours = Element::read(&ours).unwrap();
    let ours = &ours.one("Body").unwrap().children[0];
    assert_eq!(canonical(ours), canonical(&Element::read(&vector).unwrap()));
}

#[test]
fn the_login_stands_in_the_header_and_nowhere_in_what_is_stored() {
    let request = status::ask_shipment("mps", Uuid::nil(), "988077917", Uuid::nil());
    let stored = serde_json::to_string(&request).unwrap();
    assert!(!stored.contains("nordlys") && stored.contains("user"));
    let envelope = Element::read(&filled(&request)).unwrap();
    let token = envelope.one("Header").unwrap().one("Security").unwrap().one("UsernameToken").unwrap();
    assert_eq!((token.text_of("Username").unwrap(), token.text_of("Password").unwrap()), ("nordlys", "<&>"));
    assert!(token.namespace.ends_with("wssecurity-secext-1.0.xsd"));
}

#[test]
fn a_bill_is_what_the_invoice_says() {
    let consignment = sample::consignment_of("efaktura", 2);
    let given = Recipient { efaktura_identifier: Some("987654321".to_owned()), ..sample::resident() };
    let credit_note = Invoice { kind: DocumentKind::CreditNote, due_on: None, payment: vec![], ..sample::invoice() };
    let members = consignment.members.into_iter().enumerate().map(|(place, member)| match place {
        0 => member,
        _ => Member { recipient: given.clone(), invoice: credit_note.clone(), ..member },
    });
    let consignment = Consignment { members: members.collect(), ..consignment };
    let Then::Send(Request::Http(request)) = routes::by_name("efaktura").unwrap().next(&consignment, &[]).unwrap().then else {
        panic!("sends first")
    };
    assert_eq!(request.body.found_keys(), [sample::ATTEMPT], "the register's key is filled in for whom the sender has none");
    let root = body_of(&request);
    let list: Vec<BTreeMap<&str, &str>> = root
        .one("transactions")
        .unwrap()
        .all("transactions")
        .map(|transaction| {
            let bill = transaction.one("efakturaInfo").unwrap();
            transaction.children.iter().chain(&bill.children).map(|field| (field.name.as_str(), field.text.as_str())).collect()
        })
        .collect();
    assert_eq!(list[0]["transactionId"], transaction_id(sample::ATTEMPT).to_string());
    let fields = ["documentType", "accountNumber", "amount", "dueDate", "efakturaIdentifier", "brandName", "eFakturaUrl"];
    let shown = |bill: &BTreeMap<&str, &str>| fields.map(|field| bill[field].to_owned()).join(" ");
    let host = "https://faktura.nordlys.example/bill/nordlys";
    assert_eq!(shown(&list[0]), format!("INVOICE 86011117947 1234.50 2026-11-16 123456789 Nordlys {host}/10023"));
    assert_eq!(list[0]["kid"], sample::KID);
    // A credit note has neither account nor due date, and the service's fields are compulsory.
    assert_eq!(shown(&list[1]), format!("CREDIT_NOTE 86011117947 1234.50 2026-11-16 987654321 Nordlys {host}/10024"));
    assert!(!list[1].contains_key("kid"));
}

#[test]
fn a_bill_without_a_usable_address_is_refused_and_the_others_go() {
    let mut consignment = sample::consignment_of("efaktura", 3);
    consignment.members[0].bill_address = None;
    consignment.members[2].bill_address = Some(format!("https://{}", "x".repeat(255)));
    let route = routes::by_name("efaktura").unwrap();
    let step = route.next(&consignment, &[]).unwrap();
    let refused: Vec<_> = step.known.iter().map(|(attempt, _)| *attempt).collect();
    assert_eq!(refused, [sample::attempt(1), sample::attempt(3)]);
    let Then::Send(request) = step.then else { panic!("sends") };
    // The hub's address changes after the shipment was taken: what was said counts, not what could be said now.
    let reply = service::answer(200, &service::taken(1));
    let log = [Entry::Exchange(Exchange { request, reply, at: sample::now() })];
    consignment.members[0].bill_address = Some("https://other.example/1".to_owned());
    consignment.members[1].bill_address = None;
    let step = route.next(&consignment, &log).unwrap();
    let words: Vec<String> = step.known.iter().map(|(_, word)| serde_json::to_value(word).unwrap()["word"].to_string()).collect();
    assert_eq!(words, ["\"refused\"", "\"handed_over\"", "\"refused\""]);
}

#[test]
fn a_repeat_is_the_stored_request() {
    let consignment = sample::consignment_of("efaktura", 2);
    let route = routes::by_name("efaktura").unwrap();
    let Then::Send(Request::Http(mut said)) = route.next(&consignment, &[]).unwrap().then else { panic!("sends") };
    // As an earlier version wrote it.
    let Some(Piece::Text(text)) = said.body.pieces.first_mut() else { panic!("begins with text") };
    text.insert_str(0, "<?xml version=\"1.0\"?>");
    let said = Request::Http(said);
    let reply = Reply::Silence { sent: Sent::No, what: "refused".to_owned() };
    let log = [Entry::Exchange(Exchange { request: said.clone(), reply, at: sample::now() })];
    let Then::Retry { request, .. } = route.next(&consignment, &log).unwrap().then else { panic!("retries") };
    assert_eq!(request, said);
}

#[test]
fn shipments_wait_for_company() {
    let lot = |row| routes::by_name("efaktura").unwrap().lot(&RouteSetup(row));
    let minute = Closes::After(std::time::Duration::from_secs(60));
    assert_eq!(lot(json!({"accounts": ["86011117947"]})), Lot { members: 1_000, closes: minute });
    assert_eq!(lot(json!({"accounts": ["86011117947"], "lot_size": 7})), Lot { members: 7, closes: minute });
    assert_eq!(lot(json!(null)), Lot::OF_ONE);
}

#[test]
fn signatures_and_the_black_list() {
    let request = services::ask_signature("mps", Uuid::nil(), "a.b", "https://faktura.example/1?x=1&y=2");
    let root = body_of(&request);
    assert_eq!(
        (root.text_of("securitySignature").unwrap(), root.text_of("url").unwrap()),
        ("a.b", "https://faktura.example/1?x=1&y=2")
    );
    let valid = |word: &str| {
        service::answer(
            200,
            &format!(
                "<e:ValidateSecuritySignatureResponse><messageIdentifier>m</messageIdentifier><valid>{word}</valid></e:ValidateSecuritySignatureResponse>"
            ),
        )
    };
    assert_eq!(services::signature(&valid("true")), Ok(Signature::Valid));
    assert_eq!(services::signature(&valid("false")), Ok(Signature::Forged));
    assert_eq!(services::signature(&service::fault("3030", "old")), Ok(Signature::TooOld));
    assert_eq!(services::signature(&service::fault("3031", "tampered")), Ok(Signature::Forged));
    assert_eq!(services::signature(&service::fault("schema", "what")), Ok(Signature::Forged));
    for passing in [
        valid("maybe"),
        valid(""),
        service::fault("auth", "no"),
        service::fault("service", "no"),
        service::answer(200, "<valid>true</valid>"),
    ] {
        let answer = services::signature(&passing);
        assert!(answer.is_err() || answer == Ok(Signature::Forged), "{passing:?}: {answer:?}");
    }
    let list = "<efakturaIdentifiers><efakturaIdentifier>123456789</efakturaIdentifier></efakturaIdentifiers>";
    let reply = service::answer(200, &format!("<e:GetBlackListResponse>{list}</e:GetBlackListResponse>"));
    assert_eq!(services::black_list(&reply), Ok(vec!["123456789".to_owned()]));
    assert!(services::black_list(&service::fault("service", "no")).is_err());
    assert_eq!(body_of(&services::ask_black_list("mps", Uuid::nil(), "988077917")).text_of("issuer").unwrap(), "988077917");
}

/// Whatever comes back, reading it ends, and ends without a panic.
#[test]
fn no_answer_makes_the_reader_panic() {
    bolero::check!().for_each(|bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes).into_owned();
        let id = Uuid::nil();
        for operation in Operation::ALL {
            let whole = Reply::Http { status: 200, body: text.clone(), retry_after: None };
            let inside = service::answer(200, &format!("<e:{}>{text}</e:{}>", operation.response(), operation.response()));
            for reply in [whole, inside, service::answer(500, &text)] {
                if let kvitt_adapters::routes::efaktura::soap::Heard::Response(response) = hear(operation, &reply) {
                    let _ = (shipment::taken(&response), lookup::read(&response));
                    for part in [&part::BILL, &part::CLAIM] {
                        let _ = (status::shipment(&response, part, id), status::transactions(&response, part));
                        let _ = status::cancelled(&response, part);
                    }
                }
                let _ = (services::signature(&reply), services::black_list(&reply));
            }
        }
    });
}
