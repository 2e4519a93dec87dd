//! The company's agreements with the rail: where each stands, what happens next and when, what to write to the bank; and the way to a
//! new one, step by step.

use askama::Template;
use axum::extract::State;
use axum::http::header;
use axum::response::Response;
use kvitt_domain::agreement::advice::{BankCustomer, text_for_the_bank};
use kvitt_domain::agreement::course::{State as Standing, Subject};
use kvitt_domain::agreement::{AgreementKind, ClaimWay, DirectDebit, NoticePolicy};
use kvitt_domain::fault::{Fault, codes};
use kvitt_domain::identifiers::KidStructure;

use crate::actions::order_agreement::{self, AgreementAsk, AgreementShown, Which};
use crate::api::problem::Problem;
use crate::hub::Hub;
use crate::web::form::{Filled, Form, faults_of};
use crate::web::frame::{Badge, Frame, Here, Html, Mood, icon};
use crate::web::session::{self, Person};
use crate::web::words::Words;
use crate::web::{Page, given_back, on_to, shown};

#[derive(Template)]
#[template(path = "agreements.html")]
struct Agreements {
    frame: Frame,
    rows: Vec<Row>,
    may_act: bool,
    needs_main: bool,
}

struct Row {
    kind: &'static str,
    account: String,
    title: String,
    state: Badge,
    since: String,
    steps: Vec<Step>,
    next: Option<String>,
    failing: Option<String>,
    advice: Vec<(String, String)>,
    to_the_bank: Option<String>,
    wants_signer: bool,
    /// Where it is signed, for whoever signs.
    sign_at: Option<String>,
    has_old_provider: bool,
    is_over: bool,
}

/// A step on the way: done, where it stands, or still to come.
struct Step {
    class: &'static str,
    icon: Html,
    text: String,
    wait: String,
}

#[derive(Template)]
#[template(path = "agreement_order.html")]
struct Wizard {
    frame: Frame,
    form: Filled,
    is_main: bool,
    notices: Vec<(String, String)>,
    ways: Vec<(String, String)>,
    customer_unit: String,
}

/// The states that an agreement goes through, in the order of an ordinary life, with the key of how long each takes.
const WAY: [(&str, &str); 5] = [
    ("asking", "minutes"),
    ("waiting_for_signature", "signer"),
    ("processing", "hour"),
    ("waiting_for_bank", "bank"),
    ("spreading", "spread"),
];

/// The page.
pub async fn get(State(hub): State<Hub>, person: Person) -> Page {
    let words = person.words();
    let list = order_agreement::list(&hub, person.company()).await?;
    let has_main = list.iter().any(|shown| {
        matches!(shown.course.subject, Subject::MainVendor) && matches!(shown.course.state, Standing::Active { .. })
    });
    let customer = BankCustomer { name: &person.company().name, org_number: &person.company().org_number };
    shown(&Agreements {
        frame: Frame::of(&person, "agreements.title", Here::Agreements),
        rows: list.iter().map(|shown| row(shown, customer, words)).collect(),
        may_act: person.may(kvitt_domain::person::Role::Admin),
        needs_main: !has_main,
    })
}

fn row(shown: &AgreementShown, customer: BankCustomer<'_>, words: Words) -> Row {
    let course = &shown.course;
    let state = course.state.name();
    let kind = kind_name(course.subject.kind());
    let mood = match &course.state {
        Standing::Active { .. } => Mood::Good,
        Standing::Refused { .. } => Mood::Bad,
        Standing::Ended { .. } | Standing::NotOrdered => Mood::Quiet,
        Standing::SignerNeeded { .. } | Standing::WaitingForBank => Mood::Needed,
        _ => Mood::Going,
    };
    let account = course.subject.account().unwrap_or_default().to_owned();
    Row {
        kind,
        title: words.t(&format!("agreements.kind.{kind}")),
        account,
        state: Badge::new(mood, words.title("agreement_step", state)),
        since: words.time_ms(shown.changed_at),
        steps: steps(course.subject.kind(), &course.state, words),
        next: shown.next_at.map(|at| words.with("agreements.next", &[("at", &words.time_ms(at))])),
        failing: shown.failing.clone(),
        advice: shown.advice.iter().map(|fault| words.fault(fault)).collect(),
        to_the_bank: matches!(course.state, Standing::WaitingForBank)
            .then(|| text_for_the_bank(&course.subject, customer, &shown.customer_unit, words.0))
            .flatten(),
        wants_signer: matches!(course.state, Standing::SignerNeeded { .. } | Standing::WaitingForSignature { .. }),
        sign_at: match &course.state {
            Standing::WaitingForSignature { request, .. } => Some(request.address.clone()).filter(|at| at.starts_with("http")),
            _ => None,
        },
        has_old_provider: course.old_provider.is_some(),
        is_over: matches!(
            course.state,
            Standing::Ended { .. } | Standing::Refused { .. } | Standing::Ending { .. } | Standing::NotOrdered
        ),
    }
}

fn kind_name(kind: AgreementKind) -> &'static str {
    match kind {
        AgreementKind::MainVendor => "main_vendor",
        AgreementKind::Avtalegiro => "avtalegiro",
    }
}

fn steps(kind: AgreementKind, state: &Standing, words: Words) -> Vec<Step> {
    let order = Standing::NAMES;
    let at = |name: &str| order.iter().position(|known| *known == name).unwrap_or(0);
    let here = at(state.name());
    let is_over =
        matches!(state, Standing::Refused { .. } | Standing::Ending { .. } | Standing::Ended { .. } | Standing::NotOrdered);
    if is_over {
        return Vec::new();
    }
    let wanted = WAY.iter().filter(|(name, _)| kind == AgreementKind::Avtalegiro || *name != "waiting_for_bank");
    // A signature is asked for only where another provider has it; who has passed it without one never saw it.
    wanted
        .map(|(name, wait)| {
            // States between two steps belong to the one before.
            let after = WAY.iter().map(|(known, _)| at(known)).find(|known| *known > at(name)).unwrap_or(at("active"));
            let (class, picture) = match (here >= after, here >= at(name)) {
                (true, _) => ("done", "check"),
                (false, true) => ("here", "clock"),
                (false, false) => ("ahead", "dash"),
            };
            Step {
                class,
                icon: icon(picture),
                text: words.t(&format!("agreements.step.{name}")),
                wait: words.t(&format!("agreements.wait.{wait}")),
            }
        })
        .collect()
}

/// The first page of the way to a new one.
pub async fn begin(State(hub): State<Hub>, person: Person) -> Page {
    let list = order_agreement::list(&hub, person.company()).await?;
    let has_main = list.iter().any(|shown| matches!(shown.course.subject, Subject::MainVendor));
    let kind = if has_main { "avtalegiro" } else { "main_vendor" };
    let form = Filled::empty(person.words()).with("kind", kind).with("signer_name", "").with("signer_email", "");
    wizard(&hub, &person, form)
}

fn wizard(hub: &Hub, person: &Person, form: Filled) -> Page {
    let words = person.words();
    let notices = NoticePolicy::ALL.iter().map(|one| (one.name().to_owned(), words.title("notice_policy", one.name())));
    let ways = ClaimWay::ALL.iter().map(|one| (one.name().to_owned(), words.title("claim_way", one.name())));
    shown(&Wizard {
        frame: Frame::of(person, "agreements.order.title", Here::Agreements),
        is_main: form.value("kind") != "avtalegiro",
        form,
        notices: notices.collect(),
        ways: ways.collect(),
        customer_unit: hub.config().avtalegiro.customer_unit().to_owned(),
    })
}

/// Orders one. Every fault at once.
pub async fn order(State(hub): State<Hub>, person: Person, form: Form) -> Page {
    let (subject, mut faults) = subject(&form);
    let accepted = form.has("terms");
    if !accepted {
        faults.push(Fault::fatal(codes::FORM_MISSING).at("terms"));
    }
    let (name, email) = (form.get("signer_name"), form.get("signer_email"));
    let signer = (!name.is_empty() || !email.is_empty()).then(|| (name.to_owned(), email.to_owned()));
    let done = match (faults.is_empty(), subject) {
        (true, Some(subject)) => {
            let ask = AgreementAsk::Order { subject, accepted_by: Some(person.by()), signer, vouched_by: None };
            faults_of(order_agreement::change(&hub, person.company(), ask).await.map(|_| ()))?
        }
        _ => Err(faults),
    };
    match done {
        Ok(()) => Ok(said(&hub, "agreement_ordered")),
        Err(faults) => given_back(wizard(&hub, &person, Filled::refused(person.words(), &form, faults))),
    }
}

fn subject(form: &Form) -> (Option<Subject>, Vec<Fault>) {
    if form.get("kind") != "avtalegiro" {
        return (Some(Subject::MainVendor), Vec::new());
    }
    let (mut structures, mut faults): (Vec<KidStructure>, Vec<Fault>) = (Vec::new(), Vec::new());
    for text in form.get("structures").lines().map(str::trim).filter(|line| !line.is_empty()) {
        match text.parse() {
            Ok(structure) => structures.push(structure),
            Err(fault) => faults.push(Fault::at(fault, "structures")),
        }
    }
    if structures.is_empty() && faults.is_empty() {
        faults.push(Fault::fatal(codes::FORM_MISSING).at("structures"));
    }
    if form.get("account").is_empty() {
        faults.push(Fault::fatal(codes::FORM_MISSING).at("account"));
    }
    let notice = NoticePolicy::ALL.into_iter().find(|one| one.name() == form.get("notice")).unwrap_or_default();
    let claims = ClaimWay::ALL.into_iter().find(|one| one.name() == form.get("claims")).unwrap_or_default();
    let debit = DirectDebit { structures, notice, claims };
    (Some(Subject::Avtalegiro { account: form.get("account").to_owned(), debit }), faults)
}

/// Does something with one.
pub async fn act(State(hub): State<Hub>, person: Person, form: Form) -> Page {
    let wrong = |field: &str| Problem::of(Fault::fatal(codes::FORM_VALUE).at(field).with("value", form.get(field)));
    let kind = match form.get("kind") {
        "main_vendor" => AgreementKind::MainVendor,
        "avtalegiro" => AgreementKind::Avtalegiro,
        _ => return Err(wrong("kind")),
    };
    let which = Which { kind, account: Some(form.get("account").to_owned()).filter(|account| !account.is_empty()) };
    let by = person.by();
    let ask = match form.get("do") {
        "ask" => AgreementAsk::AskNow { which },
        "old_closed" => AgreementAsk::OldProviderClosed { which, by },
        "end" => AgreementAsk::End { which, by },
        "signer" => {
            AgreementAsk::NameSigner { which, signer: (form.get("signer_name").to_owned(), form.get("signer_email").to_owned()) }
        }
        _ => return Err(wrong("do")),
    };
    order_agreement::change(&hub, person.company(), ask).await?;
    Ok(said(&hub, "decided"))
}

fn said(hub: &Hub, flash: &str) -> Response {
    let mut response = on_to("/agreements");
    response.headers_mut().append(header::SET_COOKIE, session::flash(hub, flash));
    response
}
