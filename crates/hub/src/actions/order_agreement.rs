//! What a person does about a company's agreements: orders one, names who signs, records what they found out, ends it.
//!
//! What follows by itself is [`crate::actions::advance_agreement`]'s. An AvtaleGiro agreement is refused until the main one is in
//! force; that companies are Norwegian is sure already, for they are known by their organisation numbers here.

use futures_util::FutureExt;
use kvitt_domain::agreement::course::{Course, Event, Found, KnownBy, Order, Signer, State, Subject};
use kvitt_domain::agreement::{AgreementKind, AgreementState, DirectDebit, main_vendor};
use kvitt_domain::fault::{Fault, codes};
use kvitt_domain::identifiers::BankAccount;
use serde::{Deserialize, Serialize};
use sqlx::AnyConnection;

use crate::actions::move_agreement::{Move, move_agreement};
use crate::config::AvtalegiroConfig;
use crate::error::{Error, Result};
use crate::hub::Hub;
use crate::store::agreement::{self, StoredAgreement};
use crate::store::bank_account;
use crate::store::company::Company;
use crate::store::event::NewEvent;
use crate::store::job::{self, Kind, Urgency};
use crate::store::writer::Tx;

/// What a person asks or does about agreements.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "do")]
pub enum AgreementAsk {
    /// Where all of them stand.
    List,
    /// Order one, by somebody who has accepted the terms.
    Order {
        /// What it is about.
        subject: Subject,
        /// Who accepted the terms; `None` where nobody did, which is refused.
        accepted_by: Option<String>,
        /// Who signs where another provider has it: name and e-mail address.
        signer: Option<(String, String)>,
        /// The program whose word counts that the signer has signed already.
        #[serde(default)]
        vouched_by: Option<String>,
    },
    /// Record that one is in force or over, as a person found out elsewhere.
    Record {
        /// What it is about.
        subject: Subject,
        /// What was found.
        found: Found,
        /// Who.
        by: String,
    },
    /// Name who signs: name and e-mail address.
    NameSigner {
        /// Which one.
        which: Which,
        /// Who.
        signer: (String, String),
    },
    /// Change when payers are told, how claims travel, or the KID structures of one that a person recorded.
    Change {
        /// The bank account.
        account: String,
        /// What it goes by from now on.
        debit: DirectDebit,
        /// Who.
        by: String,
    },
    /// Say that everything with the provider before is closed.
    OldProviderClosed {
        /// Which one.
        which: Which,
        /// Who.
        by: String,
    },
    /// End one.
    End {
        /// Which one.
        which: Which,
        /// Who.
        by: String,
    },
    /// Ask whoever must be asked about it now, and not when it is due.
    AskNow {
        /// Which one.
        which: Which,
    },
}

/// One of a company's agreements.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Which {
    /// Which kind.
    pub kind: AgreementKind,
    /// The bank account, where it is for one.
    pub account: Option<String>,
}

/// An agreement as it is shown.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AgreementShown {
    /// UUIDv7 text.
    pub id: String,
    /// Where it stands, and how it came there.
    pub course: Course,
    /// Since when it has not changed: business time, Unix milliseconds.
    pub changed_at: i64,
    /// The operator's customer unit with the rail; empty where none is set.
    pub customer_unit: String,
    /// What must be done or known.
    pub advice: Vec<Fault>,
    /// When somebody is asked about it next: business time, Unix milliseconds.
    pub next_at: Option<i64>,
    /// What the last question ended with, where it got no answer.
    pub failing: Option<String>,
}

/// Where all agreements of a company stand.
pub async fn list(hub: &Hub, company: &Company) -> Result<Vec<AgreementShown>> {
    let customer_unit = hub.config().avtalegiro.customer_unit();
    let mut db = hub.db().read().await?;
    let mut shown = Vec::new();
    for stored in agreement::all(&mut db, &company.id, &company.key).await? {
        let jobs = job::of_subject(&mut db, &company.id, &stored.id).await?;
        let asking = jobs.into_iter().find(|job| job.kind == Kind::AdvanceAgreement.name());
        let mut advice = stored.course.advice(customer_unit);
        advice.extend(account_not_set_up(&mut db, company, &stored.course).await?);
        shown.push(AgreementShown {
            advice,
            id: stored.id,
            course: stored.course,
            changed_at: stored.changed_at,
            customer_unit: customer_unit.to_owned(),
            next_at: asking.as_ref().map(|job| job.due_at),
            failing: asking.map(|job| job.why).filter(|why| !why.is_empty()),
        });
    }
    Ok(shown)
}

/// That claims to an account may be sent whose owner nobody here is: what the bank tells of it would be nobody's.
async fn account_not_set_up(db: &mut AnyConnection, company: &Company, course: &Course) -> Result<Option<Fault>> {
    let Subject::Avtalegiro { account, debit } = &course.subject else { return Ok(None) };
    let is_in_force = course.agreement("").state == AgreementState::Active;
    if !is_in_force || bank_account::of(db, &company.id, account).await?.is_some() {
        return Ok(None);
    }
    let kids: String = debit.structures.iter().map(|structure| format!(" --kid {structure}")).collect();
    let why = Fault::warning(codes::AGREEMENT_ACCOUNT_NOT_SET_UP).with("company", &company.org_number);
    Ok(Some(why.with("account", account).with("kids", kids)))
}

/// Does what a person wants; every fault at once.
pub async fn change(hub: &Hub, company: &Company, ask: AgreementAsk) -> Result<()> {
    let at = hub.clock().business();
    let config = &hub.config().avtalegiro;
    let (which, event) = match ask {
        AgreementAsk::List => return Ok(()),
        AgreementAsk::Order { subject, accepted_by, signer, vouched_by } => {
            let signer = read_signer(config, signer, vouched_by.is_some())?;
            let order = Order { vouched_by, ..ordered(config, &subject, accepted_by, signer, at)? };
            return begin(hub, company, subject, Event::Ordered { order }).await;
        }
        AgreementAsk::Record { subject, found, by } => {
            refuse(check(&subject))?;
            return begin(hub, company, subject, Event::Recorded { found, by, at }).await;
        }
        AgreementAsk::Change { account, debit, by } => return change_debit(hub, company, account, debit, by).await,
        AgreementAsk::AskNow { which } => return ask_now(hub, company, which).await,
        AgreementAsk::NameSigner { which, signer } => {
            let signer = read_signer(config, Some(signer), false)?.ok_or_else(|| Error::Damaged("a signer was given".into()))?;
            (which, Event::SignerNamed { signer })
        }
        AgreementAsk::OldProviderClosed { which, by } => (which, Event::OldProviderClosed { by }),
        AgreementAsk::End { which, by } => (which, Event::EndOrdered { by }),
    };
    let (hub_config, company, now) = (config.clone(), company.clone(), at.as_millisecond());
    hub.write(move |tx| {
        let (config, company, which, event) = (hub_config.clone(), company.clone(), which.clone(), event.clone());
        async move {
            let before = known(tx, &company, &which).await?;
            let what = Move { company: &company, customer_unit: config.customer_unit(), now };
            move_agreement(tx, &what, &before, event).await.map(|_| ())
        }
        .boxed()
    })
    .await
}

fn refuse(faults: Vec<Fault>) -> Result<()> {
    if faults.is_empty() { Ok(()) } else { Err(Error::Refused(faults)) }
}

/// A signer can only be asked where a signing service is set; one who has signed is not asked.
fn read_signer(config: &AvtalegiroConfig, signer: Option<(String, String)>, has_signed: bool) -> Result<Option<Signer>> {
    let Some((name, email)) = signer else { return Ok(None) };
    let mut faults = Vec::new();
    if config.signing.is_none() && !has_signed {
        faults.push(Fault::fatal(codes::AGREEMENT_NOT_CONFIGURED).at("avtalegiro.signing"));
    }
    match Signer::parse(&name, &email) {
        Ok(signer) if faults.is_empty() => Ok(Some(signer)),
        Ok(_) => Err(Error::Refused(faults)),
        Err(more) => {
            faults.extend(more);
            Err(Error::Refused(faults))
        }
    }
}

/// An order, with everything that is missing for it at once.
fn ordered(
    config: &AvtalegiroConfig,
    subject: &Subject,
    accepted_by: Option<String>,
    signer: Option<Signer>,
    accepted_at: jiff::Timestamp,
) -> Result<Order> {
    let missing = |place: &str, set: bool| (!set).then(|| Fault::fatal(codes::AGREEMENT_NOT_CONFIGURED).at(place));
    let mut faults: Vec<Fault> = missing("avtalegiro.customer_unit", config.customer_unit.is_some()).into_iter().collect();
    faults.extend(missing("avtalegiro.service", config.service.is_some()));
    faults.extend(check(subject));
    match accepted_by.filter(|name| !name.trim().is_empty()) {
        Some(accepted_by) if faults.is_empty() => Ok(Order { accepted_by, accepted_at, signer, vouched_by: None }),
        Some(_) => Err(Error::Refused(faults)),
        None => {
            faults.push(Fault::fatal(codes::AGREEMENT_TERMS).with("agreement", subject.kind().name()));
            Err(Error::Refused(faults))
        }
    }
}

fn check(subject: &Subject) -> Vec<Fault> {
    match subject {
        Subject::MainVendor => vec![],
        Subject::Avtalegiro { account, debit } => {
            let read = BankAccount::parse(account);
            read.err().into_iter().chain(debit.check()).collect()
        }
    }
}

/// The first thing that happens to an agreement here, or to one that was over.
async fn begin(hub: &Hub, company: &Company, subject: Subject, event: Event) -> Result<()> {
    let subject = as_compared(subject);
    let (config, company, now) = (hub.config().avtalegiro.clone(), company.clone(), hub.clock().business_ms());
    hub.write(move |tx| {
        let (config, company, subject, event) = (config.clone(), company.clone(), subject.clone(), event.clone());
        async move {
            let ends = matches!(event, Event::Recorded { found: Found::Ended, .. });
            if subject.kind() == AgreementKind::Avtalegiro && !ends {
                let agreements = agreement::as_routes_see(tx.db(), &company.id, &company.key, config.customer_unit()).await?;
                if !main_vendor(&agreements).is_some_and(|main| main.is_in_force()) {
                    return Err(Error::refused(Fault::fatal(codes::AGREEMENT_MAIN_FIRST)));
                }
            }
            let account = subject.account().unwrap_or_default().to_owned();
            let known = agreement::of(tx.db(), &company.id, &company.key, subject.kind(), &account).await?;
            let before = match known {
                Some(known) => StoredAgreement { course: Course { subject, ..known.course }, ..known },
                None => {
                    let (id, course) = (crate::ids::new_id().to_string(), Course::new(subject));
                    agreement::insert(tx, &company.id, &company.key, &id, &course, now).await?;
                    StoredAgreement { id, course, changed_at: now, version: 1 }
                }
            };
            let what = Move { company: &company, customer_unit: config.customer_unit(), now };
            move_agreement(tx, &what, &before, event).await.map(|_| ())
        }
        .boxed()
    })
    .await
}

/// The account as eleven digits, however it was typed; it was checked before.
fn as_compared(subject: Subject) -> Subject {
    match subject {
        Subject::MainVendor => Subject::MainVendor,
        Subject::Avtalegiro { account, debit } => {
            let account = BankAccount::parse(&account).map_or(account, |read| read.as_str().to_owned());
            Subject::Avtalegiro { account, debit }
        }
    }
}

async fn known(tx: &mut Tx<'_>, company: &Company, which: &Which) -> Result<StoredAgreement> {
    let account = which.account.as_deref().unwrap_or_default();
    let account = BankAccount::parse(account).map_or(account.to_owned(), |read| read.as_str().to_owned());
    let known = agreement::of(tx.db(), &company.id, &company.key, which.kind, &account).await?;
    let unknown = || Error::refused(Fault::fatal(codes::AGREEMENT_UNKNOWN).with("agreement", which.kind.name()));
    known.ok_or_else(unknown)
}

#[derive(Serialize)]
struct Changed<'a> {
    account: &'a str,
    debit: &'a DirectDebit,
    by: &'a str,
}

/// The structures were told to the rail with the order: only those of an agreement that a person recorded can be changed here.
async fn change_debit(hub: &Hub, company: &Company, account: String, debit: DirectDebit, by: String) -> Result<()> {
    let subject = as_compared(Subject::Avtalegiro { account, debit });
    refuse(check(&subject))?;
    let (company, now) = (company.clone(), hub.clock().business_ms());
    hub.write(move |tx| {
        let (company, subject, by) = (company.clone(), subject.clone(), by.clone());
        async move {
            let which = Which { kind: subject.kind(), account: subject.account().map(str::to_owned) };
            let before = known(tx, &company, &which).await?;
            let (Subject::Avtalegiro { account, debit }, Subject::Avtalegiro { debit: old, .. }) =
                (&subject, &before.course.subject)
            else {
                return Err(Error::Damaged("the agreement of an account is for none".into()));
            };
            let structures_changed = debit.structures != old.structures;
            let recorded = matches!(before.course.state, State::Active { known_by: KnownBy::Person, .. });
            if structures_changed && !recorded {
                let refused = Fault::fatal(codes::AGREEMENT_STATE_REFUSES);
                let refused = refused.with("agreement_step", before.course.state.name()).with("event", "structures");
                return Err(Error::refused(refused));
            }
            let told = Changed { account, debit, by: &by };
            tx.tell(NewEvent::new(&company.id, &company.key, now, "agreement.changed", &before.id, &told)?);
            let after = Course { subject: subject.clone(), ..before.course.clone() };
            agreement::save(tx, &company.id, &company.key, &before, &after, now).await?;
            if structures_changed {
                // Mandates are read by the new structures first of all.
                job::enqueue(tx, &company.id, Kind::FetchMandates, &before.id, Urgency::Ordinary, now, now).await?;
            }
            Ok(())
        }
        .boxed()
    })
    .await
}

async fn ask_now(hub: &Hub, company: &Company, which: Which) -> Result<()> {
    let (company, now) = (company.clone(), hub.clock().business_ms());
    hub.write(move |tx| {
        let (company, which) = (company.clone(), which.clone());
        async move {
            let stored = known(tx, &company, &which).await?;
            if stored.course.asks_after().is_none() {
                let refused = Fault::fatal(codes::AGREEMENT_STATE_REFUSES);
                let refused = refused.with("agreement_step", stored.course.state.name()).with("event", "ask");
                return Err(Error::refused(refused));
            }
            job::enqueue(tx, &company.id, Kind::AdvanceAgreement, &stored.id, Urgency::Interactive, now, now).await
        }
        .boxed()
    })
    .await
}
