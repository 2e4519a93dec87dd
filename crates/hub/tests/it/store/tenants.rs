//! One company never meets another's things: every store function is asked with the wrong company's id.
//!
//! The asker has everything but the id: it names the other's invoice, delivery, lot and job, and holds the other's key. It must
//! find nothing, and the other's rows must be byte for byte what they were. [`every_function_is_asked`] sees to it that a new
//! function is asked too.

use std::path::Path;

use jiff::civil::date;
use kvitt_adapters::register::{Answer, Found};
use kvitt_adapters::route::{Arrived, ArtefactRole, Entry, Reply, Request, RouteSetup, Sent};
use kvitt_domain::agreement::{AgreementKind, ClaimWay};
use kvitt_domain::claim::Claim;
use kvitt_domain::collection::{Collection, Event, Means};
use kvitt_domain::customer::CustomerKey;
use kvitt_domain::delivery::{Delivery, State, Word};
use kvitt_domain::fault::{Fault, codes};
use kvitt_domain::identifiers::Kid;
use kvitt_domain::invoice::DocumentKind;
use kvitt_domain::invoicing::draft::{Credited, Draft};
use kvitt_domain::invoicing::numbering::Numbered;
use kvitt_domain::invoicing::recurrence::read as read_recurrence;
use kvitt_domain::invoicing::settings::InvoicingSettings;
use kvitt_domain::invoicing::sheet::Sheet;
use kvitt_domain::money::{Amount, Currency};
use kvitt_domain::payment::{Candidate, Flow, KidUse, Payment, PaymentKind};
use kvitt_domain::person::{Role, Theme};
use kvitt_domain::plan::RouteName;
use kvitt_domain::recipient::RecipientType;
use kvitt_domain::report::Days;
use kvitt_hub::actions::apply_mandates::Covers;
use kvitt_hub::error::{Error, Result};
use kvitt_hub::store::agreement;
use kvitt_hub::store::answer::{self, Keyed};
use kvitt_hub::store::api_key::{self, ApiKey};
use kvitt_hub::store::artefact::{self, Naming};
use kvitt_hub::store::bank_account::{self, BankAccount, BankAccountSettings};
use kvitt_hub::store::bank_file::{self, Finished, StoredFile};
use kvitt_hub::store::bulk::{self, Act, BulkState, Foreseen, Item, StoredBulk};
use kvitt_hub::store::card::{self, Card, Findable};
use kvitt_hub::store::collection::{self, Credit};
use kvitt_hub::store::company::{self, CompanySettings};
use kvitt_hub::store::consignment::{self, NewArrival};
use kvitt_hub::store::customer_order::{self, CustomerOrder};
use kvitt_hub::store::delivery::{NewDelivery, StoredAttempt};
use kvitt_hub::store::draft::{self, DraftBody, DraftState, Heading, StoredDraft};
use kvitt_hub::store::event::{self, NewEvent};
use kvitt_hub::store::following::{self, Of};
use kvitt_hub::store::invitation::{self, Invitation};
use kvitt_hub::store::invoice::{self, Rendition};
use kvitt_hub::store::job::{self, Kind, Seat, Times, Urgency, Wanted};
use kvitt_hub::store::kid::{self, Made};
use kvitt_hub::store::mandate;
use kvitt_hub::store::membership;
use kvitt_hub::store::payment::{self, StoredPayment};
use kvitt_hub::store::person::{self, Person};
use kvitt_hub::store::recurrence::{self, StoredRecurrence};
use kvitt_hub::store::report;
use kvitt_hub::store::search;
use kvitt_hub::store::session::{self, Session};
use kvitt_hub::store::suppression::{self, Suppressed};
use kvitt_hub::store::webhook::{self, Settings, State as WebhookState, Try, Webhook};
use kvitt_hub::store::{Backend, Tx, claim, delivery, lookup, restore, transmission};
use kvitt_hub::store::{account_told, invoicing, series, statement_line};
use kvitt_hub::vault::Purpose;
use kvitt_hub::webhook_message::Secret;
use serde_json::json;

use crate::databases::{Bench, NOW, each_database};
use crate::sample;

const FILE: &[u8] = b"<Invoice/>";
const AGREEMENT: &str = "01936000-0000-7000-8000-00000000a9ee";
const ACCOUNT: &str = super::agreement::ACCOUNT;
const KID: &str = super::mandate::KID;

fn keyed() -> Keyed {
    Keyed { key: "key".into(), asked: "POST /".into(), content: "digest".into() }
}

fn customer_order(route: &str) -> CustomerOrder {
    CustomerOrder { customer: CustomerKey::parse("10045").unwrap(), order: vec![RouteName::new(route)] }
}

fn api_key() -> ApiKey {
    ApiKey {
        id: "k1".into(),
        name: "ERP".into(),
        scopes: vec!["eui".into()],
        made_at: NOW,
        made_by: "Eva".into(),
        revoked_at: None,
    }
}

/// Gives company A one of everything.
async fn furnish(tx: &mut Tx<'_>, bench: &Bench) -> Result<()> {
    let (id, key) = (bench.a.id.as_str(), &bench.a.key);
    company::set_route(tx, id, "email", &RouteSetup(json!({ "from": "a@a.example" }))).await?;
    let mut stored = sample::stored("i1", "10023");
    stored.body.metadata.uuid = Some(uuid::Uuid::from_u128(7));
    sample::accept(tx, &bench.a, &stored).await?;
    let sealed = artefact::seal(&bench.objects, id, key, FILE)?;
    artefact::insert(tx, id, &sealed, NOW).await?;
    let naming = Naming { link: "link".into(), ..Naming::new(ArtefactRole::Xml, "x.xml", "application/xml", &sealed.digest) };
    artefact::name(tx, id, "i1", 1, &[naming]).await?;
    invoice::remember(tx, id, "key", "digest", "i1", NOW).await?;
    api_key::insert(tx, id, &api_key(), "digest").await?;
    let identity = key.seal(Purpose::Identity, "ref", b"10915596784");
    invoice::insert_identity(tx, id, "ref", &identity).await?;
    artefact::insert_pdf_facts(tx, id, "digest", &Err("no PDF".into())).await?;
    invoice::freeze(tx, id, &stored, &rendition(), NOW).await?;
    delivery::insert_plan(tx, id, key, "di1", &super::delivery::plan(NOW)).await?;
    delivery::insert_attempt(tx, id, &attempt()).await?;
    delivery::save_word(tx, id, key, sample::attempt(1), &Word::Seen).await?;
    consignment::open(tx, id, "lot", "email", NOW).await?;
    consignment::join(tx, id, "lot", 0, 1, sample::attempt(1)).await?;
    consignment::close(tx, id, "lot", "email", &RouteSetup(json!({})), NOW).await?;
    consignment::come_back(tx, id, "lot", sample::attempt(1)).await?;
    consignment::wish_back(tx, id, "lot", sample::attempt(1)).await?;
    consignment::begin_exchange(tx, id, key, "lot", &request(), NOW, 0).await?;
    consignment::open(tx, id, "open lot", "email", NOW).await?;
    claim::insert(tx, id, sample::attempt(1), "i1", &a_claim(), NOW).await?;
    transmission::give(tx, id, "lot").await?;
    lookup::want(tx, id, "register", "di1", NOW, NOW).await?;
    lookup::answer(tx, id, key, "register", "di2", &found(), NOW).await?;
    suppression::insert(tx, id, key, &suppressed(), NOW).await?;
    customer_order::set(tx, id, &customer_order("email"), NOW).await?;
    agreement::insert(tx, id, key, AGREEMENT, &super::agreement::of_account(), NOW).await?;
    mandate::put(tx, id, key, None, &super::mandate::change(KID, true), NOW).await?;
    furnish_money(tx, bench).await?;
    card::insert(tx, id, key, Numbered::Project, &a_card(), &findable()).await?;
    invoicing::save(tx, id, &InvoicingSettings::default(), 0, NOW).await?;
    series::take(tx, id, Numbered::Invoice, 10_001).await?;
    draft::insert(tx, id, key, &a_draft(), &a_heading()).await?;
    recurrence::insert(tx, id, key, &a_recurrence(), NOW).await?;
    recurrence::record(tx, id, "again", 0, "draft", NOW).await?;
    bulk::insert(tx, id, key, &a_bulk()).await?;
    answer::begin(tx, id, &keyed(), NOW, 0, NOW).await?;
    answer::finish(tx, id, key, "key", NOW, (201, b"{}")).await?;
    webhook::insert(tx, id, key, "hook", &a_webhook(), NOW).await?;
    webhook::record(tx, id, "hook", &a_try()).await?;
    webhook::count_active(tx, id, 1).await?;
    person::insert(tx, &a_person(), "$argon2id$", NOW).await?;
    membership::insert(tx, id, "person", Role::Admin, NOW).await?;
    invitation::insert(tx, id, &an_invitation(id), "digest of a").await?;
    session::insert(tx, &a_session(id)).await?;
    search::insert(tx, id, "i1", &["kari".to_owned()].into()).await?;
    job::enqueue(tx, id, Kind::Converse, "lot", Urgency::Ordinary, NOW, NOW).await?;
    job::enqueue(tx, id, Kind::ChooseRoute, "stuck", Urgency::Ordinary, NOW - 1, NOW).await?;
    let stuck =
        job::claim(tx, &seat(), id, &job::every(), Wanted::any(1), Times { business: NOW - 1, machine: 0 }).await?.remove(0);
    job::stick(tx, &stuck, "limit").await?;
    tx.tell(NewEvent::new(id, key, NOW, "invoice.accepted", "i1", &json!({}))?);
    Ok(())
}

/// The part of it that is money.
async fn furnish_money(tx: &mut Tx<'_>, bench: &Bench) -> Result<()> {
    let (id, key) = (bench.a.id.as_str(), &bench.a.key);
    bank_account::set(tx, id, &bank_account(), NOW).await?;
    kid::insert(tx, id, &made(), NOW).await?;
    kid::next(tx, id, ACCOUNT).await?;
    collection::insert(tx, id, &candidate(), ACCOUNT, NOW).await?;
    let before = collection::of_invoice(tx.db(), id, "i1").await?.expect("it was just stored");
    let twice = Event::Paid { amount: Amount::new(200, Currency::NOK), means: Means::Payment };
    let claimed = Event::Claimed { attempt: sample::attempt(1), due_on: date(2026, 11, 16) };
    let after = [claimed, twice].into_iter().fold(before.candidate.collection.clone(), |of, event| of.apply(event).unwrap().0);
    collection::save(tx, id, &before, &after, NOW).await?;
    collection::insert_credit(tx, id, &credit("c1"), "10023", Some("i1"), NOW).await?;
    collection::insert_credit(tx, id, &credit("c2"), "10024", None, NOW).await?;
    payment::insert(
        tx,
        id,
        key,
        &stored_payment("p1", payment::State::NoConcern, payment::Part::Of { batch: "B".into() }),
        &told(),
    )
    .await?;
    let matched = payment::State::Matched { invoice: "i1".into(), fit: "exact".into() };
    payment::insert(tx, id, key, &stored_payment("p2", matched, payment::Part::TotalOf { batch: Some("T".into()) }), &told())
        .await?;
    let parked = payment::State::Parked { why: Fault::warning(codes::PAYMENT_TOTAL) };
    payment::insert(tx, id, key, &stored_payment("p3", parked, payment::Part::TotalOf { batch: Some("T".into()) }), &told())
        .await?;
    let sealed = bank_file::seal_part(&bench.vault, "digest", 1, b"NY000010");
    bank_file::add_part(tx, id, "digest", 1, &sealed).await?;
    bank_file::insert(tx, id, &bank_file()).await?;
    account_told::heard(tx, id, ACCOUNT, date(2026, 11, 16)).await?;
    let finished = Finished { digest: "digest", covers: Covers::Some, ownerless: 1, has_new_owner: false };
    assert!(bank_file::finish(tx, &bench.vault, id, finished, &"report").await?);
    Ok(())
}

fn a_card() -> Card<String> {
    Card {
        id: "card".into(),
        number: "1000".into(),
        name: "Nybygg".into(),
        belongs_to: "customer".into(),
        state: "ongoing".into(),
        body: "body".into(),
        made_at: NOW,
        changed_at: NOW,
        version: 1,
    }
}

fn a_draft() -> StoredDraft {
    let credits = Credited { invoice: "i1".into(), number: "10023".into(), issued_on: date(2026, 11, 2) };
    let draft = Draft { credits: Some(credits), ..Draft::new(DocumentKind::CreditNote) };
    StoredDraft {
        id: "draft".into(),
        state: DraftState::Numbered,
        number: "10024".into(),
        invoice: "i2".into(),
        body: DraftBody { draft, fixed: None },
        made_at: NOW,
        changed_at: NOW,
        version: 1,
    }
}

fn a_bulk() -> StoredBulk {
    let seen = Foreseen {
        number: "1".into(),
        recipient: "Kari".into(),
        payable: None,
        version: 0,
        route: None,
        needs_lookup: false,
        price: None,
        faults: Vec::new(),
    };
    let items = vec![Item { id: "i1".into(), seen, is_begun: false, outcome: None }];
    let (act, state) = (Act::Resend, BulkState::Planned);
    StoredBulk { id: "many".into(), act, state, by: "Kari".into(), items, is_cut: false, changed_at: NOW, version: 1 }
}

fn a_recurrence() -> StoredRecurrence {
    let terms = Sheet::of([("every_months", "1"), ("first_on", "2026-11-01")]);
    let recurrence = read_recurrence(&Draft::new(DocumentKind::Invoice), &terms).unwrap();
    StoredRecurrence { id: "again".into(), is_running: true, name: "Kari".into(), next: 0, recurrence, version: 1 }
}

fn a_heading() -> Heading {
    Heading { buyer_name: "Kari".into(), total: Amount::new(10, Currency::NOK) }
}

fn findable() -> Findable {
    Findable { sort_key: "nybygg".into(), words: vec!["nybygg".into()] }
}

fn bank_account() -> BankAccount {
    BankAccount { account: ACCOUNT.into(), settings: BankAccountSettings::default() }
}

fn made() -> Made {
    Made { account: ACCOUNT.into(), kid: Kid::parse("123456782").unwrap(), customer: 1, invoice: 2 }
}

fn candidate() -> Candidate {
    Candidate {
        invoice: "i1".into(),
        number: "10023".into(),
        kid: Some("123456782".into()),
        due_on: None,
        collection: Collection::new(Amount::new(100, Currency::NOK)),
    }
}

fn credit(id: &str) -> Credit {
    Credit { credit_note: id.into(), amount: Amount::new(10, Currency::NOK) }
}

fn money() -> Payment {
    Payment {
        bank_account: ACCOUNT.into(),
        kid: Some("123456782".into()),
        amount: Amount::new(100, Currency::NOK),
        flow: Flow::In,
        booked_on: date(2026, 11, 16),
        valued_on: None,
        payer_account: Some("99990512341".into()),
        payer_name: None,
        kind: PaymentKind::Camt { is_direct_debit: false },
        reference: "r".into(),
        text: None,
        raw: "<Ntry/>".into(),
    }
}

fn stored_payment(id: &str, state: payment::State, part: payment::Part) -> StoredPayment {
    StoredPayment { id: id.into(), file: "digest".into(), payment: money(), part, state, at: NOW, version: 1 }
}

/// A line that its parts in A's books make up.
fn waiting() -> statement_line::Waiting {
    let Payment { amount: net, booked_on, .. } = money();
    let (id, file) = ("p4".to_owned(), "digest".to_owned());
    statement_line::Waiting { id, file, account: ACCOUNT.into(), batch: Some("B".into()), net, booked_on }
}

fn told() -> payment::Told {
    payment::Told { file: "digest".into(), by: payment::Source::Camt053, is_named: true }
}

fn bank_file() -> StoredFile {
    StoredFile {
        digest: "digest".into(),
        name: "OCR.txt".into(),
        format: "nets".into(),
        bytes: 8,
        parts: 1,
        covers: Covers::Some,
        is_read: false,
        is_old: false,
        ownerless: 0,
        received_at: NOW,
    }
}

fn a_webhook() -> Webhook {
    let events = kvitt_domain::subscription::Subscription::parse(&["*".to_owned()]).unwrap();
    let settings = Settings { address: "https://a.example/".into(), events, secret: Secret::default(), old_secret: None };
    Webhook { settings, state: WebhookState::Active { faults: 0 }, since: NOW, told: 0 }
}

fn a_try() -> Try {
    Try { event: 1, kind: "invoice.accepted".into(), at: NOW, status: 200, why: String::new(), took_ms: 1 }
}

fn a_person() -> Person {
    let (language, theme) = (kvitt_domain::Language::Bokmal, Theme::Auto);
    Person { id: "person".into(), email: "eva@a.example".into(), name: "Eva".into(), language, theme }
}

fn an_invitation(company: &str) -> Invitation {
    Invitation {
        company: company.into(),
        id: "invitation".into(),
        email: "ola@a.example".into(),
        name: "Ola".into(),
        role: Role::Invoicing,
        made_by: "Eva".into(),
        until: i64::MAX,
    }
}

fn a_session(company: &str) -> Session {
    Session { digest: company.into(), person: "person".into(), company: company.into(), begun_at: 0, seen_at: 0 }
}

fn a_claim() -> Claim {
    Claim {
        bank_account: "86011117947".into(),
        kid: "123456782".into(),
        due_on: date(2026, 11, 20),
        amount: Amount::new(100, Currency::NOK),
        way: ClaimWay::File,
    }
}

fn rendition() -> Rendition {
    Rendition { xml_digest: "x".into(), pdf_digest: "p".into(), pdf_by: "kvitt".into() }
}

fn attempt() -> StoredAttempt {
    StoredAttempt {
        id: sample::attempt(1),
        delivery: "di1".into(),
        invoice: "i1".into(),
        purpose: kvitt_domain::delivery::Purpose::Bill,
        number: 1,
        route: "email".into(),
        price: None,
        give_up_at: None,
        word: None,
        opened_at: NOW,
    }
}

fn request() -> Request {
    super::consignment::request()
}

fn seat() -> Seat {
    Seat::named("here")
}

fn found() -> Found {
    Found { answer: Answer::Yes, key: Some("123456789".into()) }
}

fn suppressed() -> Suppressed {
    Suppressed { address: "kari@post.example".into(), why: "5.1.1".into() }
}

/// Every row of a company, in every table, as text.
async fn rows_of(bench: &Bench, company: &str) -> Vec<String> {
    let mut db = bench.read().await;
    let (tables, columns, text) = match bench.db.backend() {
        Backend::Sqlite => (
            "SELECT m.name FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table' AND c.name = 'company_id' ORDER BY 1",
            "SELECT name FROM pragma_table_info($1) ORDER BY cid",
            "hex",
        ),
        Backend::Postgres => (
            "SELECT table_name::text FROM information_schema.columns WHERE table_schema = 'public' AND column_name = 'company_id' ORDER BY 1",
            "SELECT column_name::text FROM information_schema.columns WHERE table_schema = 'public' AND table_name = $1 ORDER BY ordinal_position",
            "text",
        ),
    };
    let tables: Vec<String> = sqlx::query_scalar(tables).fetch_all(&mut *db).await.unwrap();
    assert!(tables.len() >= 15, "{tables:?}");
    let mut rows = Vec::new();
    for table in tables {
        let columns: Vec<String> = sqlx::query_scalar(columns).bind(&table).fetch_all(&mut *db).await.unwrap();
        let shown: Vec<String> = columns.iter().map(|column| format!("COALESCE({text}({column}), 'NULL')")).collect();
        let sql = format!("SELECT '{table} ' || {} FROM {table} WHERE company_id = $1 ORDER BY 1", shown.join(" || ' ' || "));
        rows.extend(sqlx::query_scalar::<_, String>(sqlx::AssertSqlSafe(sql)).bind(company).fetch_all(&mut *db).await.unwrap());
    }
    rows
}

/// Asks one writing function in B's name; what it may leave behind is B's own.
macro_rules! as_b {
    ($bench:expr, |$tx:ident| $call:expr) => {
        $bench.write(move |$tx| Box::pin(async move { $call.await })).await
    };
}

/// Reports of all days know nothing of another company.
async fn nothing_is_reported(db: &mut sqlx::AnyConnection, b: &str, key: &kvitt_hub::vault::CompanyKey) {
    let days = Days { from: date(2000, 1, 1), to: date(2100, 1, 1) };
    let of = report::Of { days, project: String::new(), customer: String::new() };
    assert!(report::invoices(db, b, &of, ("", ""), 9).await.unwrap().is_empty());
    assert!(report::invoice_sums(db, b, &of).await.unwrap().is_empty());
    assert!(report::invoice_months(db, b, &of, Currency::NOK).await.unwrap().is_empty());
    assert!(report::vat(db, b, days).await.unwrap().is_empty());
    for ended_at in [None, Some(0)] {
        let after = (String::new(), String::new());
        let aged = report::Aged { on: days.to, ended_at, order: report::AgedOrder::ByCustomer, after };
        assert!(report::ageing(db, b, &aged, 9).await.unwrap().is_empty());
    }
    assert!(report::route(db, b, "email", 0, i64::MAX).await.unwrap().is_empty());
    assert!(report::shares(db, b, days, days.to).await.unwrap().is_empty());
    assert!(report::unnoted(db, b, key, "", 9).await.unwrap().is_empty());
}

#[tokio::test]
async fn reading_with_the_wrong_company_finds_nothing() {
    each_database(async |bench| {
        bench.write(move |tx| Box::pin(furnish(tx, bench))).await.unwrap();
        let db = &mut *bench.read().await;
        let (b, key) = (bench.b.id.as_str(), &bench.a.key);
        let missing = |error: Error| assert!(matches!(error, Error::NotFound(_)), "{error:?}");

        assert!(company::routes(db, b).await.unwrap().is_empty());
        missing(agreement::by_id(db, b, key, AGREEMENT).await.unwrap_err());
        assert_eq!(agreement::of(db, b, key, AgreementKind::Avtalegiro, ACCOUNT).await.unwrap(), None);
        assert!(agreement::all(db, b, key).await.unwrap().is_empty());
        assert!(agreement::as_routes_see(db, b, key, "").await.unwrap().is_empty());
        assert_eq!(agreement::direct_debit(db, b, key, ACCOUNT).await.unwrap(), None);
        assert_eq!(mandate::by_kid(db, b, key, ACCOUNT, KID).await.unwrap(), None);
        let asker = company::Company { key: key.clone(), ..bench.b.clone() };
        assert_eq!(mandate::find_for_kid(db, &asker, ACCOUNT, KID).await.unwrap(), None);
        assert!(mandate::of_customer(db, b, key, ACCOUNT, "16:000042").await.unwrap().is_empty());
        assert!(mandate::of_payer(db, b, key, super::mandate::PAYER).await.unwrap().is_empty());
        assert!(mandate::page(db, b, key, ("", ""), 9).await.unwrap().is_empty());
        assert!(mandate::of_account(db, b, key, ACCOUNT, "", 9).await.unwrap().is_empty());
        assert!(mandate::count(db, b, ACCOUNT).await.unwrap().is_empty());
        assert!(mandate::history(db, b, key, ACCOUNT, KID).await.unwrap().is_empty());
        assert!(mandate::not_looked_up_since(db, b, key, ACCOUNT, i64::MAX, 9).await.unwrap().is_empty());
        missing(invoice::by_id(db, b, key, "i1").await.unwrap_err());
        assert!(!invoice::is_known(db, b, "i1").await.unwrap());
        assert!(invoice::by_number(db, b, key, "10023").await.unwrap().is_empty());
        assert!(invoice::same_number(db, b, "10023", DocumentKind::Invoice).await.unwrap().is_none());
        assert!(invoice::same_uuid(db, b, &uuid::Uuid::from_u128(7)).await.unwrap().is_none());
        assert!(invoice::list(db, b, (0, ""), 9).await.unwrap().is_empty());
        let ever = invoice::Span { from: i64::MIN, to: i64::MAX };
        assert!(invoice::page(db, b, key, ever, "", invoice::Order::NewestFirst, (9, 0)).await.unwrap().is_empty());
        assert_eq!(invoice::count_in(db, b, ever, "").await.unwrap(), 0);
        assert_eq!(invoice::count_in(db, b, ever, ",choosing,").await.unwrap(), 0);
        assert!(invoice::by_kid(db, b, key, "1002312345674").await.unwrap().is_empty());
        assert!(invoice::until(db, b, key, jiff::civil::Date::MAX, ("", 9)).await.unwrap().is_empty());
        assert!(api_key::of_company(db, b).await.unwrap().is_empty());
        assert!(api_key::by_id(db, b, "k1").await.unwrap().is_none());
        assert!(invoice::answered(db, b, "key").await.unwrap().is_none());
        assert!(invoice::rendition(db, b, "i1").await.unwrap().is_none());
        let digest = kvitt_hub::vault::sha256(FILE);
        missing(artefact::read(db, &bench.objects, b, key, &digest).await.unwrap_err());
        assert!(!artefact::is_known(db, b, &digest).await.unwrap());
        assert!(artefact::of_invoice(db, b, "i1", None).await.unwrap().is_empty());
        assert!(artefact::by_link(db, b, "link").await.unwrap().is_none());
        missing(invoice::identity(db, b, key, "ref").await.unwrap_err());
        assert!(artefact::pdf_facts(db, b, "digest").await.unwrap().is_none());
        assert!(lookup::wanted(db, b, "register", 9).await.unwrap().is_empty());
        assert!(lookup::of_delivery(db, b, key, "register", "di2").await.unwrap().is_none());
        missing(delivery::by_id(db, b, key, "di1").await.unwrap_err());
        missing(delivery::of_bill(db, b, key, "i1").await.unwrap_err());
        assert!(delivery::of_invoice(db, b, key, "i1", kvitt_domain::delivery::Purpose::Bill).await.unwrap().is_none());
        assert!(delivery::count(db, b).await.unwrap().is_empty());
        assert!(delivery::sent_of_accepted(db, b, i64::MIN, i64::MAX).await.unwrap().is_empty());
        assert!(delivery::in_state(db, b, key, "choosing", 9).await.unwrap().is_empty());
        assert!(delivery::plans(db, b, key, "di1").await.unwrap().is_empty());
        missing(delivery::attempt(db, b, key, sample::attempt(1)).await.unwrap_err());
        missing(delivery::with_attempt(db, b, key, sample::attempt(1)).await.unwrap_err());
        assert!(delivery::attempts_in(db, b, key, "lot").await.unwrap().is_empty());
        assert!(invoice::in_lot(db, b, key, "lot").await.unwrap().is_empty());
        assert!(artefact::in_lot(db, b, "lot", None).await.unwrap().is_empty());
        assert!(consignment::well_travelled(db, b, "lot").await.unwrap().is_empty());
        assert!(delivery::attempts(db, b, key, "di1").await.unwrap().is_empty());
        assert!(consignment::by_id(db, b, "lot").await.unwrap().is_none());
        assert!(consignment::members(db, b, "lot").await.unwrap().is_empty());
        assert!(consignment::of_attempt(db, b, sample::attempt(1)).await.unwrap().is_empty());
        assert!(!consignment::came_back(db, b, "lot", sample::attempt(1)).await.unwrap());
        assert!(!consignment::is_wished_back(db, b, "lot", sample::attempt(1)).await.unwrap());
        assert_eq!(consignment::by_number(db, b, "email", 1).await.unwrap(), None);
        assert_eq!(claim::of_attempt(db, b, sample::attempt(1)).await.unwrap(), None);
        assert_eq!(claim::open_like(db, b, &a_claim()).await.unwrap(), None);
        assert!(!claim::is_open_for(db, b, "i1").await.unwrap());
        let of_lot = claim::in_consignment(db, b, "lot", "123456782", date(2026, 11, 20), 100).await.unwrap();
        assert_eq!(of_lot, None);
        assert!(claim::closed_for(db, b, "", 0).await.unwrap().is_empty());
        assert_eq!(transmission::of_consignment(db, b, "lot").await.unwrap(), None);
        assert!(consignment::log(db, b, key, "lot").await.unwrap().is_empty());
        assert!(suppression::find(db, b, key, "kari@post.example").await.unwrap().is_none());
        assert!(suppression::all(db, b, key).await.unwrap().is_empty());
        assert_eq!(customer_order::of(db, b, &[customer_order("email").customer]).await.unwrap(), None);
        assert!(customer_order::page(db, b, "", 9).await.unwrap().is_empty());
        assert!(bank_account::of(db, b, ACCOUNT).await.unwrap().is_none());
        assert!(bank_account::all(db, b).await.unwrap().is_empty());
        assert!(!kid::is_made(db, b, ACCOUNT, "123456782").await.unwrap());
        assert!(collection::of_invoice(db, b, "i1").await.unwrap().is_none());
        assert!(collection::of_kid(db, b, ACCOUNT, "123456782", 9).await.unwrap().is_empty());
        assert!(collection::of_kid_beginning(db, b, ACCOUNT, "1", 9).await.unwrap().is_empty());
        let sought = collection::Sought { minor: 100, debited_on: Some(date(2026, 11, 16)), by: collection::By::Money };
        assert_eq!(collection::kid_use(db, b, ACCOUNT, "123456782", sought).await.unwrap(), KidUse::Nobody);
        assert!(collection::of_amount(db, b, 100, "overpaid", 9).await.unwrap().is_empty());
        assert!(collection::eventful(db, b, "", 1, 9).await.unwrap().is_empty());
        assert!(collection::overdue(db, b, date(2027, 1, 1), None, 9).await.unwrap().is_empty());
        assert_eq!(collection::first_claim(db, b).await.unwrap(), None);
        assert_eq!(collection::next_claim(db, b, date(2026, 1, 1)).await.unwrap(), None);
        assert!(collection::count(db, b).await.unwrap().is_empty());
        assert!(collection::credits_waiting(db, b, "10024").await.unwrap().is_empty());
        assert!(collection::credits_of(db, b, "i1").await.unwrap().is_empty());
        assert!(payment::state_of(db, b, "p1").await.unwrap().is_none());
        assert!(payment::by_id(db, b, key, "p1").await.unwrap().is_none());
        assert!(payment::starting_with(db, b, "p").await.unwrap().is_empty());
        assert!(payment::of_invoice(db, b, key, "i1").await.unwrap().is_empty());
        assert!(payment::in_state(db, b, key, "no_concern", (0, ""), 9).await.unwrap().is_empty());
        assert!(payment::all(db, b, key, "", 9).await.unwrap().is_empty());
        assert_eq!(
            payment::alike(db, b, key, &money(), &payment::Part::Whole, &told()).await.unwrap(),
            payment::Alike::default()
        );
        assert!(payment::matched_alike(db, b, &money()).await.unwrap().is_empty());
        assert!(!payment::has_paid(db, b, key, &money(), "i1").await.unwrap());
        let day = money().booked_on;
        assert!(statement_line::waiting(db, b, ACCOUNT, (day, day)).await.unwrap().is_empty());
        assert!(!statement_line::has_all_parts(db, b, &waiting()).await.unwrap());
        assert_eq!(statement_line::ocr_of_day(db, b, ACCOUNT, day).await.unwrap(), statement_line::OcrOfDay::default());
        assert!(payment::paid_by(db, b, key, &money(), 9).await.unwrap().is_empty());
        assert!(payment::sums(db, b).await.unwrap().is_empty());
        assert!(bank_file::by_digest(db, b, "digest").await.unwrap().is_none());
        assert!(bank_file::list(db, b).await.unwrap().is_empty());
        assert!(bank_file::unfinished(db, b).await.unwrap().is_empty());
        let report: Option<String> = bank_file::report(db, &bench.vault, b, "digest").await.unwrap();
        assert_eq!(report, None);
        missing(bank_file::part(db, &bench.vault, b, "digest", 1).await.unwrap_err());
        assert!(job::list(db, b).await.unwrap().is_empty());
        assert!(job::of_subject(db, b, "lot").await.unwrap().is_empty());
        assert!(job::due(db, b, Wanted::any(9), Times { business: i64::MAX, machine: i64::MAX }).await.unwrap().is_empty());
        assert_eq!(job::stuck(db, b).await.unwrap(), 0);
        assert_eq!(event::last_at(db, b).await.unwrap(), None);
        assert!(restore::subjects(db, b, Kind::Converse).await.unwrap().is_empty());
        assert!(restore::open_lots(db, b).await.unwrap().is_empty());
        assert!(event::of_subject(db, b, key, "i1").await.unwrap().is_empty());
        assert!(event::with_links(db, b, key, "i1").await.unwrap().is_empty());
        assert!(event::after(db, b, key, 0, 9).await.unwrap().is_empty());
        assert_eq!(event::verify(db, b, key).await.unwrap(), Ok(0));
        assert!(event::headings_after(db, b, 0, 9).await.unwrap().is_empty());
        assert_eq!(event::last(db, b).await.unwrap(), 0);
        assert_eq!(answer::of_key(db, b, key, "key").await.unwrap(), None);
        assert_eq!(webhook::by_id(db, b, key, "hook").await.unwrap(), None);
        assert!(webhook::all(db, b, key).await.unwrap().is_empty());
        assert!(webhook::tries(db, b, "hook").await.unwrap().is_empty());
        assert_eq!(membership::role_of(db, b, "person").await.unwrap(), None);
        assert!(search::beginning(db, b, "k", 9).await.unwrap().is_empty());
        for of in [Of::All, Of::State("choosing".into()), Of::Route("email".into())] {
            assert!(following::page(db, b, &of, (i64::MAX, ""), 9).await.unwrap().is_empty());
        }
        assert_eq!(following::one(db, b, "i1").await.unwrap(), None);
        assert!(following::of_amount(db, b, 100, 9).await.unwrap().is_empty());
        assert!(following::standings(db, b).await.unwrap().is_empty());
        assert!(following::owed(db, b, date(2026, 11, 16)).await.unwrap().is_empty());
        assert!(following::routes(db, b, 0, 1).await.unwrap().is_empty());
        assert_eq!(following::money_waiting(db, b).await.unwrap(), (0, 0));
        nothing_is_reported(db, b, key).await;
        assert!(membership::of_company(db, b).await.unwrap().is_empty());
        assert!(invitation::of_company(db, b, 0).await.unwrap().is_empty());
        let project = Numbered::Project;
        let none: [Option<Card<String>>; 2] = [
            card::by_id(db, b, key, project, "card").await.unwrap(),
            card::by_number(db, b, key, project, "1000").await.unwrap(),
        ];
        assert_eq!(none, [None, None]);
        let none: [Vec<Card<String>>; 3] = [
            card::page(db, b, key, project, ("", ""), 9).await.unwrap(),
            card::search(db, b, key, project, &["ny".into()], 9).await.unwrap(),
            card::of_customer(db, b, key, project, "customer").await.unwrap(),
        ];
        assert!(none.iter().all(Vec::is_empty));
        assert_eq!(invoicing::settings(db, b).await.unwrap().1, 0);
        assert_eq!(series::last(db, b, Numbered::Invoice).await.unwrap(), None);
        assert_eq!(draft::by_id(db, b, key, "draft").await.unwrap(), None);
        assert_eq!(draft::of_invoice(db, b, key, "i2").await.unwrap(), None);
        assert!(draft::list(db, b, DraftState::Numbered, (i64::MAX, ""), 9).await.unwrap().is_empty());
        assert_eq!(draft::crediting(db, b, "i1").await.unwrap(), 0);
        assert_eq!(bulk::by_id(db, b, key, "many").await.unwrap(), None);
        assert_eq!(recurrence::by_id(db, b, key, "again").await.unwrap(), None);
        assert!(recurrence::all(db, b, key).await.unwrap().is_empty());
        assert!(recurrence::runs(db, b, "again").await.unwrap().is_empty());
        let other = company::by_id(db, &bench.vault, b).await.unwrap();
        assert_eq!(other.settings.route_order(RecipientType::Consumer), None);
    })
    .await;
}

#[tokio::test]
async fn writing_with_the_wrong_company_changes_nothing() {
    each_database(async |bench| {
        bench.write(move |tx| Box::pin(furnish(tx, bench))).await.unwrap();
        let (b, key) = (bench.b.id.as_str(), &bench.a.key);
        let before = rows_of(bench, &bench.a.id).await;
        assert!(before.len() >= 17, "{before:#?}");
        let db = &mut *bench.read().await;
        let theirs = delivery::by_id(db, &bench.a.id, key, "di1").await.unwrap();
        let stuck = job::list(db, &bench.a.id).await.unwrap().remove(0);

        // What would change or take a row of A's finds none.
        assert!(as_b!(bench, |tx| company::save_settings(tx, "nobody", &CompanySettings::default())).is_err());
        let saved = theirs.clone();
        let saved = bench
            .write(move |tx| {
                let saved = saved.clone();
                Box::pin(async move {
                    let cancelled = Delivery { tried: vec![], state: State::Cancelled { by: "b".into() } };
                    delivery::save(tx, b, key, &saved, &cancelled, NOW).await
                })
            })
            .await;
        assert!(matches!(saved, Err(Error::Conflict)));
        assert!(as_b!(bench, |tx| delivery::save_word(tx, b, key, sample::attempt(1), &Word::Seen)).is_err());
        as_b!(bench, |tx| delivery::forget_word(tx, b, sample::attempt(1))).unwrap();
        let theirs = invoice::by_id(db, &bench.a.id, key, "i1").await.unwrap();
        let (id, of_a) = (b.to_owned(), key.clone());
        let saved = bench.write(move |tx| {
            let (id, of_a, theirs) = (id.clone(), of_a.clone(), theirs.clone());
            Box::pin(async move { invoice::save_body(tx, &id, &of_a, &theirs).await })
        });
        assert!(saved.await.is_err());
        assert!(as_b!(bench, |tx| consignment::open_lot(tx, b, "email")).unwrap().is_none());
        assert!(as_b!(bench, |tx| consignment::join(tx, b, "open lot", 0, 1, sample::attempt(1))).is_err());
        assert!(as_b!(bench, |tx| consignment::close(tx, b, "open lot", "email", &RouteSetup(json!({})), NOW)).is_err());
        as_b!(bench, |tx| consignment::finish(tx, b, "lot")).unwrap();
        as_b!(bench, |tx| consignment::come_back(tx, b, "lot", sample::attempt(1))).unwrap();
        as_b!(bench, |tx| consignment::leave(tx, b, "lot", sample::attempt(1))).unwrap();
        as_b!(bench, |tx| consignment::lock(tx, b, "lot")).unwrap();
        assert!(as_b!(bench, |tx| consignment::is_as_read(tx, b, "lot", 0)).unwrap());
        as_b!(bench, |tx| consignment::wish_back(tx, b, "lot", sample::attempt(1))).unwrap();
        assert!(!as_b!(bench, |tx| consignment::refuse_wish(tx, b, "lot", sample::attempt(1), 1)).unwrap());
        assert_eq!(as_b!(bench, |tx| restore::drop_jobs(tx, b)).unwrap(), 0);
        as_b!(bench, |tx| restore::finish_closed_lots(tx, b)).unwrap();
        as_b!(bench, |tx| restore::leap(tx, b, &[], 9)).unwrap();
        assert!(!as_b!(bench, |tx| claim::close(tx, b, sample::attempt(1), "why", NOW)).unwrap());
        as_b!(bench, |tx| claim::note_told(tx, b, sample::attempt(1))).unwrap();
        assert!(as_b!(bench, |tx| consignment::mark_committing(tx, b, "lot", 1, 1)).is_err());
        let silence = Reply::Silence { sent: Sent::No, what: "x".into() };
        let replied = bench
            .write(move |tx| {
                let silence = silence.clone();
                Box::pin(async move { consignment::record_reply(tx, b, key, "lot", 1, &silence).await })
            })
            .await;
        assert!(replied.is_err());
        as_b!(bench, |tx| lookup::unanswered(tx, b, "register", "x")).unwrap();
        as_b!(bench, |tx| lookup::no_longer_wanted(tx, b, "di1")).unwrap();
        assert_eq!(as_b!(bench, |tx| lookup::forget(tx, b, i64::MAX)).unwrap(), 0);
        assert_eq!(as_b!(bench, |tx| invoice::forget_keys(tx, b, i64::MAX)).unwrap(), 0);
        assert!(!as_b!(bench, |tx| api_key::rotate(tx, b, "k1", "new", i64::MAX)).unwrap());
        assert!(!as_b!(bench, |tx| api_key::revoke(tx, b, "k1", NOW)).unwrap());
        assert!(!as_b!(bench, |tx| membership::change(tx, b, "person", Role::ReadOnly)).unwrap());
        assert!(!as_b!(bench, |tx| membership::remove(tx, b, "person")).unwrap());
        assert_eq!(as_b!(bench, |tx| membership::lock_admins(tx, b)).unwrap(), 0);
        assert!(!as_b!(bench, |tx| invitation::remove(tx, b, "invitation")).unwrap());
        assert_eq!(as_b!(bench, |tx| session::end_in(tx, b, "person")).unwrap(), 0);
        assert!(!as_b!(bench, |tx| suppression::lift(tx, b, key, "kari@post.example")).unwrap());
        assert!(
            !as_b!(bench, |tx| async move { customer_order::remove(tx, b, &customer_order("email").customer).await }).unwrap()
        );
        assert!(
            as_b!(bench, |tx| job::claim(
                tx,
                &seat(),
                b,
                &job::every(),
                Wanted::any(9),
                Times { business: i64::MAX, machine: i64::MAX - 1_000_000 }
            ))
            .unwrap()
            .is_empty()
        );
        let unstuck = bench
            .write(move |tx| {
                let id = stuck.id.clone();
                Box::pin(async move { job::unstick(tx, b, &id, NOW).await })
            })
            .await;
        assert!(!unstuck.unwrap());

        let changed = bench.write(move |tx| {
            Box::pin(async move {
                let of_a = agreement::by_id(tx.db(), &bench.a.id, key, AGREEMENT).await?;
                agreement::save(tx, b, key, &of_a, &of_a.course, NOW).await
            })
        });
        assert!(matches!(changed.await, Err(Error::Conflict)));
        let changed = bench.write(move |tx| {
            Box::pin(async move {
                let of_a = mandate::by_kid(tx.db(), &bench.a.id, key, ACCOUNT, KID).await?;
                mandate::put(tx, b, key, of_a.as_ref(), &super::mandate::change(KID, false), NOW).await
            })
        });
        assert!(matches!(changed.await, Err(Error::Conflict)));
        let changed = bench.write(move |tx| {
            Box::pin(async move {
                let of_a = webhook::by_id(tx.db(), &bench.a.id, key, "hook").await?.expect("it was stored");
                assert!(webhook::save(tx, b, key, &of_a, &of_a.webhook).await.is_err());
                assert!(!webhook::advance(tx, b, &of_a, 9).await?);
                // The same key is another's: it begins, ends and is forgotten without a row of A's.
                assert!(answer::begin(tx, b, &keyed(), NOW + 1, i64::MAX, NOW).await?);
                answer::finish(tx, b, key, "key", NOW + 1, (500, b"")).await?;
                answer::give_up(tx, b, "key", NOW).await?;
                // One that never ended is taken over by the same request, and by no other.
                let other = Keyed { content: "other".into(), ..keyed() };
                assert!(answer::begin(tx, b, &Keyed { key: "lost".into(), ..keyed() }, NOW, 0, NOW).await?);
                assert!(!answer::begin(tx, b, &Keyed { key: "lost".into(), ..other }, NOW + 9, NOW + 5, NOW).await?);
                assert!(answer::begin(tx, b, &Keyed { key: "lost".into(), ..keyed() }, NOW + 9, NOW + 5, NOW).await?);
                assert_eq!(answer::forget(tx, b, i64::MAX).await?, 2);
                webhook::record(tx, b, "hook", &a_try()).await?;
                webhook::count_active(tx, b, 0).await?;
                job::wake_webhooks(tx, b, NOW).await?;
                webhook::remove(tx, b, &of_a).await
            })
        });
        assert!(matches!(changed.await, Err(Error::Conflict)));
        let (money_before, paid_before) = {
            let db = &mut *bench.read().await;
            let money = collection::of_invoice(db, &bench.a.id, "i1").await.unwrap().unwrap();
            (money, payment::by_id(db, &bench.a.id, key, "p1").await.unwrap().unwrap())
        };
        let saved = bench.write(move |tx| {
            let (before, paid) = (money_before.clone(), paid_before.clone());
            Box::pin(async move {
                assert!(collection::save(tx, b, &before, &before.candidate.collection, NOW).await.is_err());
                assert!(payment::save(tx, b, key, &paid, payment::State::ToldTwice).await.is_err());
                assert!(collection::place_credit(tx, b, "c2", "i1").await.is_err());
                let finished = Finished { digest: "digest", covers: Covers::Some, ownerless: 0, has_new_owner: false };
                assert!(!bank_file::finish(tx, &bench.vault, b, finished, &"report").await?);
                assert!(bank_file::lists_all_mandates(tx, b, "digest").await.is_err());
                assert_eq!(bank_file::read_again(tx, b).await?, 0);
                assert_eq!(bank_file::forget_parts(tx, b, i64::MAX).await?, 0);
                assert!(!bank_account::remove(tx, b, ACCOUNT).await?);
                // What B hears or does not hear of an account of A's is B's.
                account_told::heard(tx, b, ACCOUNT, date(2026, 12, 1)).await?;
                assert!(account_told::note_silence(tx, b, ACCOUNT).await?);
                kid::move_on(tx, b, ACCOUNT, 99).await
            })
        });
        saved.await.unwrap();

        // What adds a row adds it to B, even where A has one of the same name.
        as_b!(bench, |tx| async move {
            bank_account::set(tx, b, &bank_account(), NOW).await?;
            assert!(kid::insert(tx, b, &made(), NOW).await?);
            assert_eq!(kid::next(tx, b, ACCOUNT).await?, 1);
            collection::insert(tx, b, &candidate(), ACCOUNT, NOW).await?;
            collection::insert_credit(tx, b, &credit("c1"), "10023", None, NOW).await?;
            let of_b = stored_payment("p1", payment::State::NoConcern, payment::Part::Whole);
            payment::insert(tx, b, key, &of_b, &told()).await?;
            let sealed = bank_file::seal_part(&bench.vault, "digest", 1, b"other");
            bank_file::add_part(tx, b, "digest", 1, &sealed).await?;
            bank_file::insert(tx, b, &bank_file()).await
        })
        .unwrap();
        let (_, sealed) = bench.vault.new_company_key(b);
        let save = bench.write(move |tx| {
            let sealed = sealed.clone();
            Box::pin(async move { company::save_key(tx, b, &sealed).await })
        });
        save.await.unwrap();
        as_b!(bench, |tx| company::save_settings(
            tx,
            b,
            &CompanySettings { footer: Some("b".into()), ..CompanySettings::default() }
        ))
        .unwrap();
        as_b!(bench, |tx| async move {
            let course = super::agreement::of_account();
            agreement::insert(tx, b, key, AGREEMENT, &course, NOW).await?;
            mandate::looked_up(tx, b, key, ACCOUNT, KID, NOW).await?;
            mandate::put(tx, b, key, None, &super::mandate::change(KID, false), NOW).await
        })
        .unwrap();
        as_b!(bench, |tx| company::set_route(tx, b, "email", &RouteSetup(json!({})))).unwrap();
        as_b!(bench, |tx| invoice::insert(tx, b, &sample::stored("i1", "10023"), b"sealed")).unwrap();
        as_b!(bench, |tx| report::note(tx, b, "i1", &sample::invoice("10023"))).unwrap();
        // Its own number is taken now, the other's is not.
        let again = as_b!(bench, |tx| invoice::insert_if_free(tx, b, &sample::stored("i2", "10023"), b"sealed"));
        assert!(!again.unwrap());
        as_b!(bench, |tx| invoice::remember(tx, b, "key", "another", "i1", NOW)).unwrap();
        as_b!(bench, |tx| invoice::insert_identity(tx, b, "ref", &[2])).unwrap();
        as_b!(bench, |tx| invoice::freeze(tx, b, &sample::stored("i1", "10023"), &rendition(), NOW)).unwrap();
        as_b!(bench, |tx| async move {
            let sealed = artefact::seal(&bench.objects, b, key, FILE)?;
            artefact::insert(tx, b, &sealed, NOW).await?;
            artefact::name(tx, b, "i1", 1, &[Naming::new(ArtefactRole::Pdf, "y", "z", "w")]).await
        })
        .unwrap();
        let new = NewDelivery { id: "di1", invoice: "i1", purpose: kvitt_domain::delivery::Purpose::Bill };
        as_b!(bench, |tx| delivery::insert(tx, b, key, new, NOW)).unwrap();
        as_b!(bench, |tx| delivery::insert_plan(tx, b, key, "di1", &super::delivery::plan(NOW))).unwrap();
        as_b!(bench, |tx| delivery::insert_attempt(tx, b, &attempt())).unwrap();
        as_b!(bench, |tx| consignment::open(tx, b, "lot", "email", NOW)).unwrap();
        as_b!(bench, |tx| consignment::next_number(tx, b, "email")).unwrap();
        as_b!(bench, |tx| claim::insert(tx, b, sample::attempt(1), "i1", &a_claim(), NOW)).unwrap();
        as_b!(bench, |tx| transmission::give(tx, b, "lot")).unwrap();
        as_b!(bench, |tx| consignment::begin_exchange(tx, b, key, "lot", &request(), NOW, 0)).unwrap();
        as_b!(bench, |tx| async move {
            let arrived = Arrived::Delayed { text: "x".into() };
            let new = NewArrival { attempt: sample::attempt(1), arrived: &arrived, digest: "digest", at: NOW };
            consignment::record_arrival(tx, b, key, "lot", &new).await
        })
        .unwrap();
        as_b!(bench, |tx| async move {
            let note =
                Entry::CallBack { attempt: sample::attempt(1), by: "b".into(), at: jiff::Timestamp::UNIX_EPOCH, file: None };
            consignment::note(tx, b, key, "lot", &note, NOW).await?;
            artefact::insert_pdf_facts(tx, b, "digest", &Err("other".into())).await?;
            lookup::want(tx, b, "register", "di1", 0, 0).await?;
            lookup::answer(tx, b, key, "register", "di2", &found(), 0).await
        })
        .unwrap();
        as_b!(bench, |tx| suppression::insert(tx, b, key, &suppressed(), NOW)).unwrap();
        as_b!(bench, |tx| async move { customer_order::set(tx, b, &customer_order("print"), NOW).await }).unwrap();
        assert!(
            as_b!(bench, |tx| async move { card::save(tx, b, key, Numbered::Project, &a_card(), &findable()).await }).is_err()
        );
        as_b!(bench, |tx| async move { card::insert(tx, b, key, Numbered::Project, &a_card(), &findable()).await }).unwrap();
        assert!(as_b!(bench, |tx| async move { invoicing::save(tx, b, &InvoicingSettings::default(), 1, NOW).await }).is_err());
        assert_eq!(as_b!(bench, |tx| series::take(tx, b, Numbered::Invoice, 10_001)).unwrap(), 10_001);
        as_b!(bench, |tx| invoice::remove_identity(tx, b, "ref")).unwrap();
        assert!(as_b!(bench, |tx| async move { draft::save(tx, b, key, &a_draft(), &a_heading()).await }).is_err());
        assert!(!as_b!(bench, |tx| draft::remove(tx, b, "draft", 1)).unwrap());
        assert!(as_b!(bench, |tx| async move { bulk::save(tx, b, key, &a_bulk()).await }).is_err());
        assert!(!as_b!(bench, |tx| bulk::remove(tx, b, "many", 1)).unwrap());
        as_b!(bench, |tx| async move { bulk::insert(tx, b, key, &a_bulk()).await }).unwrap();
        assert!(as_b!(bench, |tx| async move { recurrence::save(tx, b, key, &a_recurrence(), NOW).await }).is_err());
        as_b!(bench, |tx| async move {
            recurrence::insert(tx, b, key, &a_recurrence(), NOW).await?;
            recurrence::record(tx, b, "again", 0, "draft", NOW).await
        })
        .unwrap();
        as_b!(bench, |tx| async move { draft::insert(tx, b, key, &a_draft(), &a_heading()).await }).unwrap();
        as_b!(bench, |tx| job::enqueue(tx, b, Kind::Converse, "lot", Urgency::Ordinary, NOW, NOW)).unwrap();
        as_b!(bench, |tx| async move {
            membership::insert(tx, b, "person", Role::ReadOnly, NOW).await?;
            invitation::insert(tx, b, &an_invitation(b), "digest of b").await?;
            search::insert(tx, b, "i1", &["kari".to_owned()].into()).await
        })
        .unwrap();
        as_b!(bench, |tx| async move {
            webhook::insert(tx, b, key, "hook", &a_webhook(), NOW).await?;
            webhook::record(tx, b, "hook", &a_try()).await
        })
        .unwrap();
        for outcome in [1, 2, 3, 6, 4, 5].map(|step| (step, bench)) {
            let (step, bench) = outcome;
            as_b!(bench, |tx| async move {
                let Some(leased) =
                    job::claim(tx, &seat(), b, &job::every(), Wanted::any(1), Times { business: NOW, machine: 0 }).await?.pop()
                else {
                    return Ok(());
                };
                match step {
                    1 => job::hold(tx, &leased, 0).await,
                    2 => job::again(tx, &leased, NOW, 0, "").await,
                    3 => job::again_after_error(tx, &leased, NOW, "").await,
                    4 => job::end(tx, &leased, NOW).await,
                    6 => job::wait(tx, &leased, NOW, 1, "").await,
                    _ => job::stick(tx, &leased, "").await,
                }
            })
            .unwrap();
        }
        as_b!(bench, |tx| async move {
            tx.tell(NewEvent::new(b, key, NOW, "x", "i1", &())?);
            Ok(())
        })
        .unwrap();

        assert_eq!(rows_of(bench, &bench.a.id).await, before);
    })
    .await;
}

/// These see all companies, each for a reason.
const ACROSS: [(&str, &str); 50] = [
    ("bank_account::owner", "a bank's file names nothing else"),
    ("transmission::by_number", "a bank names a file by its number, which is the house's"),
    ("transmission::leap", "the house's numbers"),
    ("company::by_org_number", "it is how a company is found"),
    ("company::all", "the operator's list"),
    ("company::keys_after", "sealed keys, to be sealed anew"),
    ("company::insert", "it makes the company"),
    ("house::unlock", "the house belongs to nobody"),
    ("house::reseal", "the house belongs to nobody"),
    ("delivery::company_of_attempt", "what arrives by itself names only the attempt"),
    ("job::next_company", "the round robin over companies"),
    ("job::next_due", "when the runner wakes; a time and nothing else"),
    ("job::release_all", "a new process takes over the leases of a dead one"),
    ("job::release_of", "a new process takes over the leases of the dead one that had its seat"),
    ("company::ids_after", "the house is kept for all of them"),
    ("stray::keep", "it is kept under the company that it concerns"),
    ("stray::forget", "all grow old alike"),
    ("stray::count", "a number for the operator"),
    ("figures::read", "counts and ages for the operator"),
    ("house::note", "the house belongs to nobody"),
    ("house::note_first", "the house belongs to nobody"),
    ("house::noted", "the house belongs to nobody"),
    ("copy::tables", "a whole database"),
    ("copy::count", "a whole database"),
    ("copy::tally", "a whole database"),
    ("copy::copy", "a whole database"),
    ("copy::snapshot", "a whole database"),
    ("copy::describe", "a whole database"),
    ("copy::heads", "a whole database"),
    ("restore::held", "a number for the operator"),
    ("event::begin", "it makes the company's head"),
    ("person::insert", "people belong to the house"),
    ("person::is_anybody", "whether the first visit is over"),
    ("person::all", "the operator's list"),
    ("person::by_email", "who signs in"),
    ("person::by_id", "who is signed in"),
    ("person::by_link", "a link names nothing else"),
    ("person::save_password", "their own"),
    ("person::save_tastes", "their own"),
    ("person::save_link", "the operator's"),
    ("membership::of_person", "a person's own companies"),
    ("invitation::by_token", "a link names nothing else"),
    ("invitation::forget", "all grow old alike"),
    ("session::insert", "a person's own"),
    ("session::by_token", "a cookie names nothing else"),
    ("session::see", "a person's own"),
    ("session::choose", "a person's own"),
    ("session::end", "a person's own"),
    ("session::end_others", "a person's own"),
    ("session::forget", "all grow old alike"),
];

#[test]
fn every_function_is_asked() {
    let own = include_str!("tenants.rs");
    let asked = &own[..own.find("const ACROSS").expect("the list is in this file")];
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store");
    let mut seen = 0;
    for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        let module = path.file_stem().unwrap().to_str().unwrap().to_owned();
        if path.extension().is_none_or(|extension| extension != "rs") || matches!(module.as_str(), "db" | "writer" | "objects") {
            continue;
        }
        let source = std::fs::read_to_string(&path).unwrap();
        for line in source.lines() {
            let Some(rest) = line.strip_prefix("pub async fn ") else { continue };
            let function = format!("{module}::{}", rest.split(['(', '<']).next().unwrap());
            seen += 1;
            let is_asked = asked.contains(&format!("{function}("));
            let is_across = ACROSS.iter().any(|(name, _)| *name == function);
            assert!(is_asked || is_across, "{function} is not asked with the wrong company");
        }
    }
    assert!(seen > 50, "only {seen} functions were found");
}
