//! The print route beside its conversations: what it takes, what it costs, what a job holds.

use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::date;
use kvitt_adapters::package;
use kvitt_adapters::route::{
    AdapterError, Arrived, Artefact, ArtefactRole, Consignment, Content, Document, Entry, Exchange, Facts, FileFacts, Member,
    Package, Place, Reply, Request, RouteSetup, Sent, Shape, Step, Then,
};
use kvitt_adapters::routes;
use kvitt_domain::delivery::Purpose;
use kvitt_domain::delivery::Word;
use kvitt_domain::invoice::{Attachment, DocumentKind, File, Invoice};
use kvitt_domain::pdf_facts::{LeftEdge, Mark, PageSize, PdfFacts, PdfVersion};
use kvitt_domain::plan::Verdict;
use kvitt_domain::price_book::PriceBook;
use kvitt_domain::recipient::{Metadata, Recipient};
use proptest::prelude::*;
use serde_json::json;

use crate::sample;

// --- what it takes

/// One document and the settings that it meets; tests change what they are about.
struct Case {
    invoice: Invoice,
    recipient: Recipient,
    files: Vec<FileFacts>,
    setup: Option<RouteSetup>,
}

impl Case {
    fn fine() -> Case {
        Case { invoice: sample::invoice(), recipient: sample::resident(), files: vec![], setup: Some(sample::print_setup()) }
    }

    /// The sender's own PDF, of so many pages.
    fn with_own_pdf(mut self, pages: u32) -> Case {
        self.invoice.attachments.push(attachment("faktura.pdf", true));
        self.files.push(pdf_file(ArtefactRole::Pdf, "faktura.pdf", PdfFacts { pages: Some(pages), ..printable() }));
        self
    }

    fn with_file(mut self, file: FileFacts) -> Case {
        self.files.push(file);
        self
    }

    fn with_setting(mut self, name: &str, value: serde_json::Value) -> Case {
        let row = self.setup.as_mut().expect("a set-up to change");
        row.0[name] = value;
        self
    }

    fn verdict(&self) -> Verdict {
        let prices = PriceBook::example();
        let metadata = Metadata::default();
        let document = Document {
            purpose: Purpose::Bill,
            invoice: &self.invoice,
            recipient: &self.recipient,
            metadata: &metadata,
            pdf_bytes: 40_000,
            files: &self.files,
        };
        let facts = Facts {
            agreements: &[],
            setup: self.setup.as_ref(),
            suppressed: None,
            mandate: None,
            same_claim: None,
            not_claimable: None,
            lookup: None,
            hosts_files: true,
            broken_rules: &[],
            prices: &prices,
        };
        routes::by_name("print").expect("the route is built").consider(&document, &facts, sample::now())
    }

    /// Codes and places of the reasons; empty where the route is open.
    fn reasons(&self) -> Vec<String> {
        match self.verdict() {
            Verdict::Closed { reasons } => {
                reasons.iter().map(|fault| format!("{} {}", fault.code, fault.place).trim().to_owned()).collect()
            }
            Verdict::Open { .. } => vec![],
            Verdict::NeedsLookup { .. } => panic!("no register knows letters"),
        }
    }

    fn open(&self) -> (Option<String>, Option<Timestamp>, Vec<&'static str>) {
        match self.verdict() {
            Verdict::Open { price, latest_send_at, warnings } => {
                (price.map(|price| price.to_string()), latest_send_at, warnings.iter().map(|fault| fault.code.name()).collect())
            }
            other => panic!("closed: {other:?}"),
        }
    }
}

fn printable() -> PdfFacts {
    PdfFacts {
        bytes: 40_000,
        version: PdfVersion::V1_7,
        is_encrypted: false,
        pages: Some(1),
        page_sizes: vec![PageSize::A4],
        fonts_not_embedded: vec![],
        has_javascript: false,
        has_forms: false,
        has_embedded_files: false,
        left_edge: Some(LeftEdge { clear_tenths_mm: 200, mark: None }),
        texts_in_window: Some(3),
    }
}

fn pdf_file(role: ArtefactRole, name: &str, facts: PdfFacts) -> FileFacts {
    FileFacts { pdf: Some(Ok(facts)), ..other_file(role, name, "application/pdf") }
}

fn other_file(role: ArtefactRole, name: &str, media_type: &str) -> FileFacts {
    FileFacts { role, name: name.to_owned(), media_type: media_type.to_owned(), bytes: 40_000, pdf: None }
}

fn attachment(name: &str, is_image_of_invoice: bool) -> Attachment {
    let file = File { name: name.to_owned(), media_type: "application/pdf".to_owned(), bytes: vec![] };
    Attachment { id: "1".to_owned(), description: None, location: None, file: Some(file), is_image_of_invoice }
}

#[test]
fn a_whole_address_is_enough() {
    assert_eq!(Case::fine().open(), (Some("30.90 NOK".to_owned()), latest("2026-11-04T15:00:00Z"), vec![]));
}

fn latest(text: &str) -> Option<Timestamp> {
    // A daily job at 16:00 in Oslo (15:00 UTC in winter), and a day more.
    Some(text.parse::<Timestamp>().expect("a time").checked_sub(Duration::from_secs(24 * 3600)).expect("a day before"))
}

#[test]
fn what_an_address_lacks() {
    let check = |change: fn(&mut Recipient), expected: &[&str]| {
        let mut case = Case::fine();
        change(&mut case.recipient);
        assert_eq!(case.reasons(), expected, "{:?}", case.recipient.address);
    };
    check(|to| to.name = " ".to_owned(), &["print.address_incomplete BT-44"]);
    check(|to| to.address = Default::default(), &["print.address_incomplete BG-8"]);
    check(
        |to| {
            to.address.line1 = None;
            to.address.city = Some(String::new());
            to.address.country = None;
        },
        &["print.address_incomplete BT-50", "print.address_incomplete BT-52", "print.address_incomplete BT-55"],
    );
    check(
        |to| {
            to.address.line1 = None;
            to.address.line2 = Some("c/o Nord".to_owned());
        },
        &[],
    );
    for wrong in ["803", "08003", "80O3", "N-8003"] {
        let mut case = Case::fine();
        case.recipient.address.postal_code = Some(wrong.to_owned());
        assert_eq!(case.reasons(), ["print.postal_code BT-53"], "{wrong}");
    }
    check(|to| to.address.postal_code = Some("0150".to_owned()), &[]);
    check(|to| to.address.country = Some("SE".to_owned()), &["print.abroad"]);
    check(|to| to.address.country = Some("Norge".to_owned()), &["term.invalid BT-55"]);
}

#[test]
fn letters_go_abroad_where_the_company_says_so() {
    let mut case = Case::fine().with_setting("abroad", json!(true));
    case.recipient.address.country = Some("IE".to_owned());
    case.recipient.address.postal_code = None;
    assert_eq!(case.reasons(), [""; 0]);
}

#[test]
fn every_reason_at_once() {
    let mut case = Case::fine()
        .with_own_pdf(1)
        .with_file(other_file(ArtefactRole::Attachment, "timer.xlsx", "application/vnd.ms-excel"))
        .with_file(pdf_file(ArtefactRole::Attachment, "a.pdf", PdfFacts { is_encrypted: true, pages: None, ..printable() }))
        .with_file(FileFacts {
            pdf: Some(Err("broken".to_owned())),
            ..other_file(ArtefactRole::Attachment, "b.pdf", "application/pdf")
        });
    case.recipient.address.city = None;
    case.setup = None;
    assert_eq!(
        case.reasons(),
        [
            "print.address_incomplete BT-52",
            "print.attachment_not_pdf timer.xlsx",
            "pdf.encrypted a.pdf",
            "pdf.unreadable b.pdf",
            "route.not_set_up",
        ]
    );
    case.setup = Some(RouteSetup(json!({ "colour": 3 })));
    assert_eq!(case.reasons()[4..], ["setup.missing print.return_address", "setup.value print.colour"]);
}

#[test]
fn limits_refuse_and_nothing_is_left_out() {
    let attached = |pages| pdf_file(ArtefactRole::Attachment, "vedlegg.pdf", PdfFacts { pages: Some(pages), ..printable() });
    let many = |files: u32, pages| (0..files).fold(Case::fine().with_own_pdf(1), |case, _| case.with_file(attached(pages)));
    assert_eq!(many(3, 36).reasons(), [""; 0]);
    assert_eq!(many(4, 1).reasons(), ["pdf.too_many_files"]);
    assert_eq!(many(3, 37).reasons(), ["pdf.too_many_pages"]);
    // A document of ours is a file of the letter, too.
    let ours = (0..4).fold(Case::fine(), |case, _| case.with_file(attached(1)));
    assert_eq!(ours.reasons(), ["pdf.too_many_files"]);
    let marked = LeftEdge { clear_tenths_mm: 50, mark: Some(Mark { tenths_mm: 50, page: 1 }) };
    let narrow = pdf_file(ArtefactRole::Attachment, "smal.pdf", PdfFacts { left_edge: Some(marked), ..printable() });
    assert_eq!(Case::fine().with_file(narrow).reasons(), ["pdf.margin smal.pdf"]);
}

#[test]
fn a_shops_own_limits_count_also_for_our_documents() {
    let old = Case::fine().with_setting("limits", json!({ "highest_version": "1.5" }));
    assert_eq!(old.reasons(), ["pdf.version"]);
    let own = PdfFacts { version: PdfVersion { major: 1, minor: 4 }, ..printable() };
    let mut old = old.with_own_pdf(1);
    old.files = vec![pdf_file(ArtefactRole::Pdf, "faktura.pdf", own)];
    assert_eq!(old.reasons(), [""; 0]);
}

#[test]
fn a_pdf_of_ours_among_the_files_is_not_the_senders() {
    let case = Case::fine().with_file(other_file(ArtefactRole::Pdf, "10023.pdf", "application/pdf"));
    assert_eq!(case.open(), Case::fine().open());
}

#[test]
fn doubts_are_warnings_and_so_is_a_cover_sheet() {
    let mut case = Case::fine().with_own_pdf(1);
    case.files[0].pdf = Some(Ok(PdfFacts { has_forms: true, left_edge: None, ..printable() }));
    assert_eq!(case.open().2, ["pdf.margin_unknown", "pdf.form", "print.cover_sheet"]);
}

#[test]
fn a_letter_costs_by_its_sheets() {
    let cost = |case: Case| case.open().0.expect("the example book has a price for letters");
    // 30.90 with the first sheet, 1.29 a sheet more, and 1.29 for a cover sheet.
    assert_eq!(cost(Case::fine()), "30.90 NOK");
    assert_eq!(cost(Case::fine().with_own_pdf(2)), "32.19 NOK");
    assert_eq!(cost(Case::fine().with_own_pdf(3)), "33.48 NOK");
    assert_eq!(cost(Case::fine().with_own_pdf(3).with_setting("duplex", json!(false))), "34.77 NOK");
    assert_eq!(cost(Case::fine().with_setting("cover_sheet", json!("always"))), "32.19 NOK");
    let attached = pdf_file(ArtefactRole::Attachment, "a.pdf", PdfFacts { pages: Some(4), ..printable() });
    assert_eq!(cost(Case::fine().with_file(attached)), "33.48 NOK");
}

#[test]
fn the_due_date_says_how_long_an_outage_may_hold_a_letter() {
    let mut case = Case::fine();
    let time = |text: &str| Some(text.parse::<Timestamp>().expect("a time"));
    // Ten bank days before 18 December is 4 December: until its end in Oslo.
    case.invoice.due_on = Some(date(2026, 12, 18));
    assert_eq!(case.open().1, time("2026-12-04T23:00:00Z"));
    let fewer = Case::fine().with_setting("bank_days_before_due", json!(2));
    assert_eq!(fewer.open().1, time("2026-11-12T23:00:00Z"));
    case.invoice.due_on = None;
    assert_eq!(case.open().1, None);
    // It is never too late for a letter: the next job, and a day for its shop.
    for due_on in [date(2026, 11, 3), date(2025, 1, 1), jiff::civil::Date::MIN] {
        case.invoice.due_on = Some(due_on);
        assert_eq!(case.open().1, time("2026-11-03T15:00:00Z"), "{due_on}");
    }
    case.invoice.due_on = Some(jiff::civil::Date::MAX);
    assert!(case.open().1.is_some());
}

// --- what a job holds

fn own_pdf_member() -> Member {
    let mut member = Member { recipient: sample::resident(), ..sample::member() };
    member.invoice.attachments.push(attachment("faktura.pdf", true));
    member.artefacts = vec![
        stored(ArtefactRole::Pdf, "faktura.pdf", 'a'),
        stored(ArtefactRole::Attachment, "timer.pdf", 'b'),
        Artefact { media_type: "application/xml".to_owned(), ..stored(ArtefactRole::Xml, "10023.xml", 'c') },
    ];
    member
}

fn stored(role: ArtefactRole, name: &str, digit: char) -> Artefact {
    Artefact { digest: digit.to_string().repeat(64), ..sample::file(role, name, "application/pdf", 3) }
}

fn of(members: Vec<Member>) -> Consignment {
    Consignment { members, ..sample::consignment_of("print", 1) }
}

fn next(consignment: &Consignment, log: &[Entry]) -> Step {
    routes::by_name("print").expect("the route is built").next(consignment, log).expect("a step")
}

fn put(consignment: &Consignment) -> Package {
    match next(consignment, &[]).then {
        Then::Send(Request::Put(package)) => *package,
        other => panic!("{other:?} is no job"),
    }
}

fn paths(package: &Package) -> Vec<&str> {
    package.files.iter().map(|file| file.path.as_str()).collect()
}

/// The hub draws cover sheets before a request is written down.
fn drawn(mut package: Package) -> Package {
    for file in &mut package.files {
        if let Content::CoverSheet(_) = file.content {
            file.content = Content::Stored { digest: "d".repeat(64), bytes: 3 };
        }
    }
    package
}

#[test]
fn a_job_as_the_print_shop_gets_it() {
    let second = sample::consignment_of("print", 2).members.pop().expect("a member");
    let job = put(&of(vec![own_pdf_member(), second]));
    assert_eq!(
        paths(&job),
        [
            "letters/0001-1-cover.pdf",
            "letters/0001-2-document.pdf",
            "letters/0001-3-attachment.pdf",
            "letters/0002-1-document.pdf",
            "manifest.json",
        ]
    );
    let Content::CoverSheet(sheet) = &job.files[0].content else { panic!("the first letter has a cover sheet") };
    assert_eq!(sheet.recipient, ["Kåre Ødegård", "Fjordgata 7", "8003 Bodø"]);
    let job = drawn(job);
    let files = package::compose(&job, job.files.iter().map(|_| b"pdf".to_vec()).collect()).expect("it can be composed");
    let (_, manifest) = files.last().expect("a manifest");
    insta::assert_snapshot!("print_manifest", String::from_utf8_lossy(manifest));
}

#[test]
fn a_cover_sheet_says_what_is_to_be_paid() {
    let sheet = |change: fn(&mut Member)| {
        let mut member = own_pdf_member();
        change(&mut member);
        match put(&of(vec![member])).files.swap_remove(0).content {
            Content::CoverSheet(sheet) => *sheet,
            other => panic!("{other:?} is no cover sheet"),
        }
    };
    let of_invoice = sheet(|_| {});
    assert_eq!((of_invoice.amount.is_some(), of_invoice.due_on.is_some()), (true, true));
    let of_credit_note = sheet(|member| member.invoice.kind = DocumentKind::CreditNote);
    assert_eq!((of_credit_note.amount, of_credit_note.due_on), (None, None));
    let abroad = sheet(|member| member.recipient.address.country = Some("SE".to_owned()));
    assert_eq!(abroad.recipient.last().map(String::as_str), Some("SE"));
    let forged = sheet(|member| member.recipient.address.line1 = Some("Gata 1\n10915596784".to_owned()));
    assert!(forged.recipient.iter().all(|line| !line.contains('\n') && !line.contains("10915596784")), "{forged:?}");
}

#[test]
fn a_letter_that_travels_again_is_the_same_letter() {
    let first = drawn(put(&of(vec![sample::consignment_of("print", 2).members.remove(1), own_pdf_member()])));
    let again = Member { said: Some(Request::Put(Box::new(first.clone())).into()), ..own_pdf_member() };
    let mut consignment = of(vec![again]);
    consignment.number = 43;
    // What the company changed since concerns letters that never travelled.
    consignment.setup.0["colour"] = json!(true);
    let second = put(&consignment);
    assert_eq!(second.name, "kvitt-999999999-000043");
    assert_eq!(
        paths(&second),
        ["letters/0001-1-cover.pdf", "letters/0001-2-document.pdf", "letters/0001-3-attachment.pdf", "manifest.json"]
    );
    let content = |package: &Package, place: usize| package.files[place].content.clone();
    for place in 0..3 {
        assert_eq!(content(&second, place), content(&first, place + 1), "the same bytes");
    }
    let Content::Index(manifest) = content(&second, 3) else { panic!("a manifest") };
    assert_eq!(manifest["letters"][0]["colour"], json!(false));
    assert_eq!(manifest["letters"][0]["sheets"][0]["file"], "letters/0001-1-cover.pdf");
}

#[test]
fn a_letter_that_cannot_be_put_does_not_hold_up_the_others() {
    let mut bad = sample::consignment_of("print", 2).members.remove(1);
    bad.artefacts.push(sample::file(ArtefactRole::Attachment, "timer.xlsx", "application/vnd.ms-excel", 3));
    let consignment = of(vec![own_pdf_member(), bad.clone()]);
    let step = next(&consignment, &[]);
    let refused = |step: &Step| match step.known.as_slice() {
        [.., (attempt, Word::Refused { why })] if *attempt == bad.attempt => why.code.name(),
        other => panic!("{other:?}"),
    };
    assert_eq!(refused(&step), "print.attachment_not_pdf");
    let request = Request::Put(Box::new(put(&consignment)));
    for reply in [Reply::Placed, silence(Sent::No), silence(Sent::Unknown)] {
        let log = [Entry::Exchange(Exchange { request: request.clone(), reply, at: sample::now() })];
        assert_eq!(refused(&next(&consignment, &log)), "print.attachment_not_pdf", "it stays known");
    }
    let none = next(&of(vec![bad.clone()]), &[]);
    assert_eq!((refused(&none), none.then), ("print.attachment_not_pdf", Then::Finished));
}

#[test]
fn a_log_that_makes_no_sense_is_an_error() {
    let print = routes::by_name("print").expect("the route is built");
    let consignment = sample::consignment_of("print", 1);
    let request = Request::Put(Box::new(put(&consignment)));
    let mut other = put(&consignment);
    other.name = "kvitt-999999999-000041".to_owned();
    let said = |request: &Request, reply: Reply| Entry::Exchange(Exchange { request: request.clone(), reply, at: sample::now() });
    let look = Request::Look { drop: "print".to_owned(), name: "kvitt-999999999-000042".to_owned(), shape: Shape::Folder };
    for log in [
        vec![said(&request, silence(Sent::No)), said(&Request::Put(Box::new(other)), Reply::Placed)],
        vec![said(&request, Reply::Placed), said(&request, Reply::Placed)],
        vec![said(&request, silence(Sent::Unknown)), said(&request, Reply::Placed)],
        vec![said(&look, Reply::Seen { place: Place::Final })],
        vec![Entry::Arrived {
            attempt: sample::attempt(2),
            arrived: Arrived::Progress { stage: "taken".to_owned(), text: String::new() },
            at: sample::now(),
        }],
        vec![Entry::Arrived { attempt: sample::ATTEMPT, arrived: Arrived::Delayed { text: String::new() }, at: sample::now() }],
    ] {
        assert!(matches!(print.next(&consignment, &log), Err(AdapterError::Log(_))), "{log:?}");
    }
}

fn silence(sent: Sent) -> Reply {
    Reply::Silence { sent, what: "the connection broke".to_owned() }
}

fn any_reply() -> impl Strategy<Value = Reply> {
    prop_oneof![
        1 => Just(Reply::Placed),
        3 => Just(silence(Sent::No)),
        3 => Just(silence(Sent::Unknown)),
        4 => prop::sample::select(vec![Place::Final, Place::Temporary, Place::Nowhere]).prop_map(|place| Reply::Seen { place }),
        1 => Just(Reply::Http { status: 200, body: String::new(), retry_after: None }),
    ]
}

fn any_arrival() -> impl Strategy<Value = Arrived> {
    let stage = prop::sample::select(vec!["taken", "printed", "posted", "enveloped"]);
    let code = "[a-z]{0,8}";
    prop_oneof![
        6 => (stage, ".{0,20}").prop_map(|(stage, text)| Arrived::Progress { stage: stage.to_owned(), text }),
        1 => (code, ".{0,20}").prop_map(|(code, text)| Arrived::Unprintable { code, text }),
        1 => (code, ".{0,20}").prop_map(|(code, text)| Arrived::JobRefused { code, text }),
        1 => (code, ".{0,20}").prop_map(|(code, text)| Arrived::CameBack { code, text }),
    ]
}

proptest! {
    /// Whatever a drop answers, one job is one package; it is put again only where it was certainly not handed over; and the
    /// conversation comes to an end or to a question.
    #[test]
    fn one_job_one_package(replies in prop::collection::vec(any_reply(), 1..40)) {
        let consignment = sample::consignment_of("print", 3);
        let (mut log, mut put, mut perhaps) = (vec![], None, false);
        for reply in replies {
            let step = next(&consignment, &log);
            prop_assert_eq!(&step, &next(&consignment, &log));
            let request = match step.then {
                Then::Finished => {
                    prop_assert_eq!(step.known.len(), 3, "an end says what became of everybody");
                    break;
                }
                Then::Retry { request, .. } => {
                    prop_assert!(!perhaps && step.known.is_empty());
                    request
                }
                Then::Send(request) | Then::SendAt { request, .. } => request,
            };
            match &request {
                Request::Put(package) => {
                    prop_assert!(!perhaps, "put again although the shop may have it");
                    prop_assert!(put.is_none_or(|before: Package| before == **package));
                    put = Some((**package).clone());
                    perhaps = !matches!(reply, Reply::Silence { sent: Sent::No, .. });
                }
                _ => {
                    prop_assert!(request.is_question());
                    if reply == (Reply::Seen { place: Place::Temporary }) {
                        perhaps = false;
                    }
                }
            }
            log.push(Entry::Exchange(Exchange { request, reply, at: sample::now() }));
        }
    }

    /// Receipts that come in another order, or twice, say the same.
    #[test]
    fn receipts_in_any_order_say_the_same(
        arrivals in prop::collection::vec((1..4_usize, any_arrival()), 1..8),
        swaps in prop::collection::vec((0..8_usize, 0..8_usize), 0..8),
        twice in 0..8_usize,
    ) {
        let consignment = sample::consignment_of("print", 3);
        let placed = Exchange { request: Request::Put(Box::new(put(&consignment))), reply: Reply::Placed, at: sample::now() };
        let said = |arrivals: &[(usize, Arrived)]| {
            let arrived = arrivals.iter().map(|(letter, arrived)| Entry::Arrived {
                attempt: sample::attempt(*letter),
                arrived: arrived.clone(),
                at: sample::now(),
            });
            let log: Vec<Entry> = [Entry::Exchange(placed.clone())].into_iter().chain(arrived).collect();
            next(&consignment, &log)
        };
        let mut others = arrivals.clone();
        for (one, other) in swaps {
            let len = others.len();
            others.swap(one % len, other % len);
        }
        others.push(others[twice % others.len()].clone());
        prop_assert_eq!(said(&arrivals), said(&others));
    }
}
