//! The simulated Fortnox: a Swedish accounting system with its interface of version 3, over the shapes that are public.
//!
//! [`Fortnox::handle`] takes a request and decides; `fronts/fortnox.rs` is the HTTP around it and the page on which a company agrees.
//! `doors.rs` knows tokens, `limit.rs` counts calls, `tenants.rs` has the companies, `books.rs` what they keep; then one file for each
//! kind of record. What of the behaviour is the sandbox's own is said in `docs/sandbox.md`.

mod amounts;
pub mod books;
mod chart;
pub mod doors;
mod fields;
pub mod files;
mod invoices;
pub mod limit;
mod lists;
mod masters;
mod payments;
mod refusals;
mod supplier_invoices;
pub mod tenants;
mod vouchers;
mod work;

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::faults::{Faults, Kind, Point, Strike};
use crate::ledger::Line;
use books::{Books, Record};
use doors::{Caller, Consent, Doors, NotGranted, Passage};
use files::{Part, Place};
use limit::Limit;
use masters::{CUSTOMERS, Master, PROJECTS, SUPPLIERS};
use refusals::{Refused, no_such_page};
use supplier_invoices::Step;
use tenants::Switches;
use work::{Done, Outcome, Work};

/// The counterparty's name in ledger, faults and personas.
pub const NAME: &str = "fortnox";

/// The client id of the program that Fortnox knows.
pub const FORTNOX_CLIENT: &str = "kvitt-sandbox";

/// That program's secret.
pub const FORTNOX_SECRET: &str = "sandbox-fortnox";

/// Scopes that a program can ask for.
pub const SCOPES: [&str; 16] = [
    "archive",
    "article",
    "bookkeeping",
    "companyinformation",
    "connectfile",
    "costcenter",
    "currency",
    "customer",
    "inbox",
    "invoice",
    "payment",
    "price",
    "project",
    "settings",
    "supplier",
    "supplierinvoice",
];

/// A request, as far as it matters.
#[derive(Clone, Copy)]
pub struct Call<'a> {
    /// GET and its like.
    pub method: &'a str,
    /// The path behind the service's own address, `/3/customers`.
    pub path: &'a str,
    /// What follows `?`.
    pub query: &'a [(String, String)],
    /// Looks a header up by its name in small letters; empty where there is none.
    pub header: &'a dyn Fn(&str) -> String,
    /// The body, where it is none of a form with files.
    pub body: &'a [u8],
    /// The first part of a form with files.
    pub part: Option<&'a Part>,
}

/// What time it is, by both clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// The business clock: days and the lives of tokens go by it.
    pub business: Timestamp,
    /// The machine's clock: the limit of calls goes by it.
    pub machine: Timestamp,
}

/// What the service does.
#[derive(Debug)]
pub struct Answer {
    /// Machine time to let pass before the request takes effect.
    pub hold: Duration,
    /// What to write down before anything is said.
    pub records: Vec<Record>,
    /// The ledger's lines, to be on disk before anything is said.
    pub lines: Vec<Line>,
    /// A file to keep, by name.
    pub file: Option<(String, Vec<u8>)>,
    /// Machine time to let pass before anything is said.
    pub wait: Duration,
    /// What is said.
    pub say: Say,
}

/// What is said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Say {
    /// A reply.
    Reply(Reply),
    /// A file that is kept, by name.
    File(String),
    /// Something that is no JSON.
    Nonsense,
    /// Nothing: the connection closes.
    Nothing,
}

/// A reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The content type.
    pub media_type: &'static str,
    /// The word of the `Location` header.
    pub location: Option<&'static str>,
    /// The request's number, for support.
    pub uid: String,
    /// The body.
    pub body: String,
}

/// The service's memory.
#[derive(Debug)]
pub struct Fortnox {
    /// What companies keep.
    pub books: Books,
    /// Who may come in.
    pub doors: Doors,
    /// How often anybody comes.
    pub limit: Limit,
    calls: u64,
}

impl Fortnox {
    /// A service that marks its tokens with this secret and has seen nothing yet.
    pub fn new(secret: &[u8]) -> Fortnox {
        Fortnox { books: Books::default(), doors: Doors::new(secret), limit: Limit::default(), calls: 0 }
    }

    /// Tells it of what it wrote down before.
    pub fn remember(&mut self, record: &Record) {
        if let Record::Passage(passage) = record {
            self.doors.remember(passage);
        }
        self.books.remember(record);
    }

    /// Forgets what it keeps, to be told anew; what was counted stays.
    pub fn forget(&mut self, secret: &[u8]) {
        self.books = Books::default();
        self.doors = Doors::new(secret);
    }

    /// What a fault makes of a connection that has just been opened: an answer where the request is not heard any more.
    pub fn greet(&mut self, faults: &mut Faults) -> Option<Answer> {
        let strike = faults.strike(NAME, Point::Connect, &[])?;
        match strike.kind {
            Kind::Delay => None,
            Kind::Refuse => Some(self.replied(500, &internal())),
            Kind::Garble => Some(silent(Say::Nonsense)),
            Kind::Drop | Kind::AcceptThenDrop | Kind::Duplicate => Some(silent(Say::Nothing)),
        }
    }

    /// Decides what becomes of a program's call of the interface.
    pub fn handle(&mut self, call: &Call<'_>, faults: &mut Faults, now: Now) -> Answer {
        self.calls += 1;
        let code = (call.header)("authorization-code");
        if !code.is_empty() && call.path.trim_end_matches('/') == "/3" {
            return self.old_exchange(&code, &(call.header)("client-secret"));
        }
        let Some(caller) = self.caller(call, now) else {
            return self.replied(401, &json!({ "message": "unauthorized" }));
        };
        if !self.limit.lets_through(caller.tenant, now.machine) {
            return self.replied(429, &json!({ "message": "Too Many Requests" }));
        }
        let concerned = [format!("{} {}", call.method, call.path), caller.tenant.to_string()];
        let strike = faults.strike(NAME, Point::Request, &concerned);
        match strike.map(|strike| strike.kind) {
            Some(Kind::Refuse) => return self.replied(500, &internal()),
            Some(Kind::Garble) => return silent(Say::Nonsense),
            Some(Kind::Drop) => return silent(Say::Nothing),
            Some(Kind::AcceptThenDrop | Kind::Delay | Kind::Duplicate) | None => {}
        }
        let mut answer = self.work(call, &caller, now);
        match strike {
            Some(Strike { kind: Kind::AcceptThenDrop, .. }) => answer.say = Say::Nothing,
            Some(Strike { kind: Kind::Delay, delay }) => answer.hold = delay,
            Some(_) | None => {}
        }
        if let Some(strike) = faults.strike(NAME, Point::Reply, &concerned) {
            match strike.kind {
                Kind::Refuse => answer.say = self.replied(500, &internal()).say,
                Kind::Garble => answer.say = Say::Nonsense,
                Kind::Delay => answer.wait += strike.delay,
                Kind::Drop | Kind::AcceptThenDrop | Kind::Duplicate => answer.say = Say::Nothing,
            }
        }
        answer
    }

    /// The company's own people at work: the same interface without a token, a limit or a fault.
    pub fn office(&mut self, tenant: u32, call: &Call<'_>, now: Now) -> Answer {
        let scopes = SCOPES.map(ToOwned::to_owned).to_vec();
        self.work(call, &Caller { tenant, scopes }, now)
    }

    /// What the OAuth endpoints answer; `form` are the fields of the body.
    pub fn oauth(&mut self, path: &str, header: &dyn Fn(&str) -> String, form: &[(String, String)], now: Timestamp) -> Answer {
        let field = |name: &str| form.iter().find(|(found, _)| found == name).map_or("", |(_, value)| value.as_str());
        if header("authorization") != basic() {
            return self.plain(401, "text/plain", &refusal(NotGranted("invalid_client", "Invalid client credentials")));
        }
        let granted = match (path, field("grant_type")) {
            ("revoke", _) => Ok((json!({ "revoked": true }), self.doors.revoke(field("token")))),
            ("migrate", _) => self.doors.migrate(field("access_token"), now),
            (_, "authorization_code") => self.doors.exchange(field("code"), field("redirect_uri"), now),
            (_, "refresh_token") => match self.doors.refresh(field("refresh_token"), now) {
                Ok(granted) => Ok(granted),
                Err((refused, passages)) => {
                    let answer = self.plain(400, "text/html; charset=UTF-8", &refusal(refused));
                    return self.entered(answer, passages);
                }
            },
            (_, "client_credentials") => self.doors.service(&header("tenantid"), now),
            _ => Err(NotGranted("unsupported_grant_type", "Unsupported grant type")),
        };
        match granted {
            Ok((said, passages)) => {
                let answer = self.plain(200, "application/json", &said);
                self.entered(answer, passages)
            }
            Err(refused) => self.plain(400, "text/html; charset=UTF-8", &refusal(refused)),
        }
    }

    /// A company agrees; gives the code for the way back, and what to write down.
    pub fn consent(&mut self, consent: Consent, now: Timestamp) -> (String, Vec<Record>) {
        let (code, passage) = self.doors.consent(consent, now);
        (code, self.entered(silent(Say::Nothing), vec![passage]).records)
    }

    /// A company adds the integration the old way, and sees an Authorization-Code.
    pub fn show_code(&mut self, tenant: u32) -> (String, Vec<Record>) {
        let (code, passage) = self.doors.show_code(tenant);
        (code, self.entered(silent(Say::Nothing), vec![passage]).records)
    }

    /// A company takes all its consents back.
    pub fn revoke(&mut self, tenant: u32) -> Vec<Record> {
        self.entered(silent(Say::Nothing), vec![Passage::Revoked { tenant }]).records
    }

    /// A company's Fortnox is set up differently.
    pub fn switch(&mut self, tenant: u32, switches: Switches) -> Vec<Record> {
        let record = Record::Switched { tenant, switches };
        self.remember(&record);
        vec![record]
    }

    fn caller(&self, call: &Call<'_>, now: Now) -> Option<Caller> {
        let header = (call.header)("authorization");
        let token = header.strip_prefix("Bearer ")?;
        self.doors.caller(token, now.business)
    }

    /// A token that is good for ever, for a code that is good once.
    fn old_exchange(&mut self, code: &str, secret: &str) -> Answer {
        let used = if secret == FORTNOX_SECRET { self.doors.use_code(code) } else { None };
        match used {
            Some((token, passage)) => {
                let answer = self.replied(200, &json!({ "Authorization": { "AccessToken": token } }));
                self.entered(answer, vec![passage])
            }
            None => {
                let no = Refused::bad(2_000_311, "Kan inte logga in, access-token eller client-secret saknas.");
                self.replied(401, &no.body())
            }
        }
    }

    fn work(&mut self, call: &Call<'_>, caller: &Caller, now: Now) -> Answer {
        let Some(house) = self.books.house(caller.tenant) else {
            return self.replied(401, &json!({ "message": "unauthorized" }));
        };
        let slow = Duration::from_millis(house.switches.slow_ms);
        let work = Work { house, query: call.query, now: now.business };
        let attachments = call.path.starts_with("/api/");
        let outcome = fit(call).and_then(|()| dispatch(call, caller, &work));
        let mut answer = match outcome {
            Ok(done) => self.done(done, caller.tenant, now.business),
            // attachments-v1 has a shape of its own.
            Err(no) if attachments => {
                let uid = self.uid();
                self.replied(no.status, &json!({ "id": uid, "error": no.code, "message": no.message }))
            }
            Err(no) => self.replied(no.status, &no.body()),
        };
        answer.wait += slow;
        answer
    }

    fn done(&mut self, done: Done, tenant: u32, at: Timestamp) -> Answer {
        let put = |(shelf, key, value)| Record::Put { tenant, shelf, key, value, at };
        let gone = |(shelf, key)| Record::Gone { tenant, shelf, key };
        let records: Vec<Record> = done.puts.into_iter().map(put).chain(done.gone.into_iter().map(gone)).collect();
        records.iter().for_each(|record| self.remember(record));
        let say = match (done.hangs_up, done.shows) {
            (true, _) => Say::Nothing,
            (false, Some(name)) => Say::File(name),
            (false, None) => {
                let body = done.body.map(|body| body.to_string()).unwrap_or_default();
                let uid = self.uid();
                Say::Reply(Reply { status: done.status, media_type: "application/json", location: done.location, uid, body })
            }
        };
        Answer { records, lines: done.lines, file: done.file, ..silent(say) }
    }

    /// An answer that also writes down who came in or went out.
    fn entered(&mut self, answer: Answer, passages: Vec<Passage>) -> Answer {
        let records: Vec<Record> = passages.into_iter().map(Record::Passage).collect();
        records.iter().for_each(|record| self.remember(record));
        Answer { records, ..answer }
    }

    fn replied(&self, status: u16, body: &Value) -> Answer {
        self.plain(status, "application/json", body)
    }

    fn plain(&self, status: u16, media_type: &'static str, body: &Value) -> Answer {
        silent(Say::Reply(Reply { status, media_type, location: None, uid: self.uid(), body: body.to_string() }))
    }

    fn uid(&self) -> String {
        format!("{:016x}", self.calls)
    }
}

fn silent(say: Say) -> Answer {
    Answer { hold: Duration::ZERO, records: Vec::new(), lines: Vec::new(), file: None, wait: Duration::ZERO, say }
}

fn internal() -> Value {
    Refused { status: 500, ..Refused::bad(1_000_003, "Ett internt fel har uppstått (a fault was ordered).") }.body()
}

fn refusal(NotGranted(error, description): NotGranted) -> Value {
    json!({ "error": error, "error_description": description })
}

fn basic() -> String {
    use base64::Engine as _;
    let both = base64::engine::general_purpose::STANDARD.encode(format!("{FORTNOX_CLIENT}:{FORTNOX_SECRET}"));
    format!("Basic {both}")
}

/// Are the headers right for this interface?
fn fit(call: &Call<'_>) -> Result<(), Refused> {
    let accept = (call.header)("accept");
    if !accept.is_empty() && !["application/json", "*/*"].iter().any(|kind| accept.contains(kind)) && call.method != "GET" {
        return Err(Refused::bad(1_000_030, "Ogiltig Accept-header."));
    }
    let kind = (call.header)("content-type");
    if !call.body.is_empty() && call.part.is_none() && !kind.starts_with("application/json") {
        return Err(Refused::bad(1_000_031, "Ogiltig Content-Type."));
    }
    Ok(())
}

/// The scope that a path wants; `None` where any token is good enough.
fn scope_of(path: &str) -> Option<&'static str> {
    Some(match path {
        "customers" => "customer",
        "projects" => "project",
        "suppliers" => "supplier",
        "invoices" => "invoice",
        "invoicepayments" => "payment",
        "supplierinvoices" => "supplierinvoice",
        "accounts" | "financialyears" | "vouchers" | "voucherseries" | "predefinedaccounts" => "bookkeeping",
        "companyinformation" => "companyinformation",
        "settings" => "settings",
        "inbox" => "inbox",
        "archive" => "archive",
        "fileattachments" | "voucherfileconnections" | "supplierinvoicefileconnections" => "connectfile",
        _ => return None,
    })
}

fn dispatch(call: &Call<'_>, caller: &Caller, work: &Work<'_>) -> Outcome {
    let path: Vec<&str> = call.path.split('/').filter(|part| !part.is_empty()).collect();
    let switches = &work.house.switches;
    let [_, first, ..] = path[..] else {
        return Err(no_such_page());
    };
    if !switches.licence {
        return Err(Refused::forbidden(2_001_103, "Behörighet saknas: ingen licens för API:et."));
    }
    if first == "projects" && !switches.project_module {
        return Err(Refused::forbidden(2_001_101, "Saknar licens för projekt."));
    }
    if scope_of(first).is_some_and(|scope| !caller.scopes.iter().any(|has| has == scope)) {
        return Err(Refused::forbidden(2_000_663, "Har inte behörighet för scope."));
    }
    match (path[0], call.method, &path[1..]) {
        ("3", method, ["customers", rest @ ..]) => master(&CUSTOMERS, method, rest, call, work),
        ("3", method, ["projects", rest @ ..]) => master(&PROJECTS, method, rest, call, work),
        ("3", method, ["suppliers", rest @ ..]) => master(&SUPPLIERS, method, rest, call, work),
        ("3", method, ["invoices", rest @ ..]) => invoice(method, rest, call, work),
        ("3", method, ["supplierinvoices", rest @ ..]) => supplier_invoice(method, rest, call, work),
        ("3", method, ["invoicepayments", rest @ ..]) => payment(method, rest, call, work),
        ("3", "POST", ["vouchers"]) => vouchers::create(call.body, work),
        ("3", "GET", ["vouchers"]) => lists::list(&vouchers::LISTING, work),
        ("3", "GET", ["vouchers", series, number]) => vouchers::show(series, number, work),
        ("3", "POST", ["voucherfileconnections"]) => files::connect_voucher(call.body, work),
        ("3", "POST", ["supplierinvoicefileconnections"]) => files::connect_supplier_invoice(call.body, work),
        ("3", "GET", rest) => settings(rest, work),
        ("3", "POST", ["inbox"]) => files::upload(call.part, Place::Inbox, work),
        ("3", "POST", ["archive"]) => files::upload(call.part, Place::Archive, work),
        ("api", method, ["fileattachments", "attachments-v1", rest @ ..]) => attachment(method, rest, call, work),
        _ => Err(no_such_page()),
    }
}

fn master(kind: &Master, method: &str, rest: &[&str], call: &Call<'_>, work: &Work<'_>) -> Outcome {
    match (method, rest) {
        ("GET", []) => lists::list(&kind.listing, work),
        ("POST", []) => masters::create(kind, call.body, work),
        ("GET", [number]) => masters::show(kind, number, work),
        ("PUT", [number]) => masters::update(kind, number, call.body, work),
        ("DELETE", [number]) => masters::delete(kind, number, work),
        _ => Err(no_such_page()),
    }
}

fn invoice(method: &str, rest: &[&str], call: &Call<'_>, work: &Work<'_>) -> Outcome {
    match (method, rest) {
        ("GET", []) => lists::list(&invoices::LISTING, work),
        ("POST", []) => invoices::create(call.body, work),
        ("GET", [number]) => invoices::show(number, work),
        ("PUT", [number]) => invoices::update(number, call.body, work),
        ("PUT", [number, "bookkeep"]) => invoices::bookkeep(number, work),
        ("PUT", [number, "credit"]) => invoices::credit(number, work),
        ("PUT", [number, "cancel"]) => invoices::cancel(number, work),
        ("PUT", [number, "externalprint"]) => invoices::sent(number, false, work),
        // Who looks at these sends the invoice, as with the real one.
        ("GET", [number, "email" | "einvoice" | "eprint" | "print"]) => invoices::sent(number, true, work),
        _ => Err(no_such_page()),
    }
}

fn supplier_invoice(method: &str, rest: &[&str], call: &Call<'_>, work: &Work<'_>) -> Outcome {
    match (method, rest) {
        ("GET", []) => lists::list(&supplier_invoices::LISTING, work),
        ("POST", []) => supplier_invoices::create(call.body, work),
        ("GET", [number]) => supplier_invoices::show(number, work),
        ("PUT", [number, "approvalbookkeep" | "approvalpayment"]) => supplier_invoices::step(number, Step::Approve, work),
        ("PUT", [number, "bookkeep"]) => supplier_invoices::step(number, Step::Bookkeep, work),
        ("PUT", [number, "cancel"]) => supplier_invoices::step(number, Step::Cancel, work),
        _ => Err(no_such_page()),
    }
}

fn payment(method: &str, rest: &[&str], call: &Call<'_>, work: &Work<'_>) -> Outcome {
    match (method, rest) {
        ("GET", []) => lists::list(&payments::LISTING, work),
        ("POST", []) => payments::create(call.body, work),
        ("GET", [number]) => payments::show(number, work),
        ("PUT", [number, "bookkeep"]) => payments::bookkeep(number, work),
        _ => Err(no_such_page()),
    }
}

fn attachment(method: &str, rest: &[&str], call: &Call<'_>, work: &Work<'_>) -> Outcome {
    match (method, rest) {
        ("GET", []) => files::attached(work),
        ("POST", []) => files::attach(call.body, work),
        ("PUT", [id]) => files::include(id, call.body, work),
        ("DELETE", [id]) => files::detach(id, work),
        _ => Err(no_such_page()),
    }
}

fn settings(rest: &[&str], work: &Work<'_>) -> Outcome {
    match rest {
        ["accounts"] => chart::accounts(work),
        ["accounts", number] => chart::one_account(number, work),
        ["financialyears"] => chart::years(work),
        ["companyinformation"] => Ok(chart::company_information(work)),
        ["settings", "company"] => Ok(chart::company_settings(work)),
        ["settings", "lockedperiod"] => Ok(chart::locked_period(work)),
        ["me"] => Ok(chart::me()),
        ["predefinedaccounts"] => Ok(chart::predefined_accounts()),
        ["voucherseries"] => Ok(chart::series()),
        ["inbox"] | ["archive"] => Ok(files::folder(work)),
        ["inbox" | "archive", id] => files::download(id, work),
        _ => Err(no_such_page()),
    }
}
