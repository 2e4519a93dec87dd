//! Plans a delivery and sends it on its way: the first open route that was not tried, or parked with every reason.

use std::sync::Arc;

use futures_util::FutureExt;
use kvitt_adapters::route::{Artefact, ArtefactRole, Document, FileFacts};
use kvitt_adapters::routes::{avtalegiro, efaktura};
use kvitt_domain::claim::Claim;
use kvitt_domain::delivery::{AttemptId, Event, Purpose, State};
use kvitt_domain::fault::{Fault, codes};
use kvitt_domain::plan::{Plan, RouteName, Rung, Standing, Verdict};
use sqlx::AnyConnection;

use crate::actions::accept_invoice::{PDF, look_into};
use crate::actions::claims;
use crate::actions::freeze_rendition::{self, NewRendition};
use crate::actions::move_delivery::{Move, move_from};
use crate::actions::plan_invoice::{Known, Lookups, pdf_bytes};
use crate::error::{Error, Result};
use crate::hub::Hub;
use crate::store::company::Company;
use crate::store::delivery::{StoredAttempt, StoredDelivery};
use crate::store::invoice::{Rendition, StoredInvoice};
use crate::store::job::{self, Kind, Leased};
use crate::store::{Tx, artefact, delivery, invoice, lookup};

/// A document without a due date, or whose next route has none, waits so long for a register: as long as retries last.
const LONGEST_WAIT_MS: i64 = 75 * 3_600_000;

struct Prepared {
    before: StoredDelivery,
    stored: StoredInvoice,
    plan: Plan,
    rendition: Option<NewRendition>,
    /// What is debited where the route is AvtaleGiro.
    claim: Option<Claim>,
    /// Until when the document can wait for a register that was asked before, by the register's name.
    asked: Vec<(&'static str, i64)>,
    /// Whether a register is still to be asked about its recipient, in time or not.
    wanted: bool,
    now: i64,
}

/// Does a [`job::Kind::ChooseRoute`] job.
pub async fn choose_route(hub: &Hub, company: &Company, job: &Leased) -> Result<()> {
    let prepared = Arc::new(prepare(hub, company, job).await?);
    let (company, job) = (company.clone(), job.clone());
    hub.write(move |tx| {
        let (company, job, prepared) = (company.clone(), job.clone(), prepared.clone());
        async move {
            // Whoever lost the job cannot give it back either: nothing of this is committed then.
            match write(tx, &company, &job, &prepared).await? {
                Some(Waits { until, why }) => job::again(tx, &job, until, 0, why.code.name()).await,
                None => job::end(tx, &job, prepared.now).await,
            }
        }
        .boxed()
    })
    .await
}

async fn prepare(hub: &Hub, company: &Company, job: &Leased) -> Result<Prepared> {
    let now = hub.clock().business();
    let mut db = hub.db().read().await?;
    let before = delivery::by_id(&mut db, &company.id, &company.key, &job.subject).await?;
    let stored = invoice::by_id(&mut db, &company.id, &company.key, &before.invoice).await?;
    let what = Sought { before: &before, stored: &stored, tried: &before.delivery.tried, now };
    let Chosen { plan, claim, asked, wanted, files, is_frozen } = look_ahead(hub, &mut db, company, &what).await?;
    drop(db);
    let rendition = match plan.chosen() {
        Some(rung) if matches!(rung.verdict, Verdict::Open { .. }) && !is_frozen => {
            Some(freeze_rendition::render(hub, company, &stored, &files).await?)
        }
        Some(_) | None => None,
    };
    Ok(Prepared { before, stored, plan, rendition, claim, asked, wanted, now: now.as_millisecond() })
}

/// The plan that would be made for an invoice if it were sent again now, with all its routes. Nothing is stored or asked.
pub async fn foresee(hub: &Hub, company: &Company, before: &StoredDelivery, stored: &StoredInvoice) -> Result<Plan> {
    let what = Sought { before, stored, tried: &[], now: hub.clock().business() };
    Ok(look_ahead(hub, &mut *hub.db().read().await?, company, &what).await?.plan)
}

/// For what a route is sought.
struct Sought<'a> {
    before: &'a StoredDelivery,
    stored: &'a StoredInvoice,
    /// Routes that are not tried again.
    tried: &'a [RouteName],
    now: jiff::Timestamp,
}

/// The plan, and what was found on the way to it.
struct Chosen {
    plan: Plan,
    claim: Option<Claim>,
    asked: Vec<(&'static str, i64)>,
    wanted: bool,
    files: Vec<Artefact>,
    is_frozen: bool,
}

async fn look_ahead(hub: &Hub, db: &mut AnyConnection, company: &Company, what: &Sought<'_>) -> Result<Chosen> {
    let Sought { before, stored, tried, now } = *what;
    let mut known = Known::read(&mut *db, hub, company, &stored.body.invoice, &stored.body.recipient).await?;
    known.read_money(&mut *db, company, &stored.id).await?;
    let claim = known.claim().cloned();
    let Lookups { asked, wanted } = known.read_lookups(&mut *db, company, &before.id, now.as_millisecond()).await?;
    let files = artefact::of_invoice(&mut *db, &company.id, &stored.id, None).await?;
    let frozen = invoice::rendition(&mut *db, &company.id, &stored.id).await?;
    let facts = file_facts(hub, &mut *db, company, &files, frozen.as_ref()).await?;
    let body = &stored.body;
    let bytes_of = |role| files.iter().filter(move |file| file.role == role).map(|file| file.bytes);
    // The attachments of a stored invoice are artefacts: their bytes are counted here, as they were with the document itself.
    let enclosed: u64 = bytes_of(ArtefactRole::Attachment).sum();
    let letter_bytes = pdf_bytes(bytes_of(ArtefactRole::Pdf).next()) + enclosed;
    let document = Document {
        purpose: before.purpose,
        invoice: &body.invoice,
        recipient: &body.recipient,
        metadata: &body.metadata,
        pdf_bytes: letter_bytes,
        files: &facts,
    };
    let plan = known.plan(hub, Some(company), &document, &body.broken_rules, tried, now);
    Ok(Chosen { plan, claim, asked, wanted, files, is_frozen: frozen.is_some() })
}

/// What a delivery waits for before a route can be chosen.
struct Waits {
    /// Until when at most: business time, Unix milliseconds.
    until: i64,
    why: Fault,
}

async fn write(tx: &mut Tx<'_>, company: &Company, job: &Leased, prepared: &Prepared) -> Result<Option<Waits>> {
    let Prepared { before, stored, plan, rendition, claim, asked, wanted, now } = prepared;
    let what = Move { company, delivery: &before.id, urgency: job.urgency, lot_at_most: None, now: *now };
    let mut current = delivery::by_id(tx.db(), &company.id, &company.key, &before.id).await?;
    if current.version != before.version {
        // Something happened since the plan was made; the job runs again and plans on what is true then.
        return Err(Error::Conflict);
    }
    match current.delivery.state {
        State::Waiting { .. } => {
            move_from(tx, &what, &current, Event::Woken).await?;
            current = delivery::by_id(tx.db(), &company.id, &company.key, &before.id).await?;
        }
        State::Choosing => {}
        // It was cancelled, or another run of this job chose before: nothing is left to choose.
        _ => return Ok(None),
    }
    if claims::is_gone(tx.db(), company, before.purpose, &before.invoice).await? {
        move_from(tx, &what, &current, Event::Cancelled { by: claims::BY.to_owned() }).await?;
        return Ok(None);
    }
    if let Some(why) = claims::stands_already(tx, company, &current).await? {
        move_from(tx, &what, &current, Event::NoRouteOpen { why: vec![why] }).await?;
        return Ok(None);
    }
    if let Some(Rung { route, verdict: Verdict::NeedsLookup { register, .. }, .. }) = plan.chosen() {
        let known = asked.iter().find_map(|(name, give_up_at)| (name == register).then_some(*give_up_at));
        let give_up_at = known.or_else(|| next_open(plan)).unwrap_or(*now + LONGEST_WAIT_MS).max(*now);
        return wait_for_lookup(tx, &what, &current, plan, (route, register), give_up_at).await.map(Some);
    }
    let by_efaktura = plan.chosen().is_some_and(|rung| rung.route.as_str() == efaktura::NAME);
    if by_efaktura
        && before.purpose == Purpose::Bill
        && let Some(until) = claims::waits_for_notice(tx, company, before, *now).await?
    {
        let why = Fault::warning(codes::NOTICE_COMES_BACK);
        let at = jiff::Timestamp::from_millisecond(until).unwrap_or(plan.made_at);
        move_from(tx, &what, &current, Event::MustWait { until: at, why: why.clone() }).await?;
        return Ok(Some(Waits { until, why }));
    }
    if *wanted {
        lookup::no_longer_wanted(tx, &company.id, &before.id).await?;
    }
    delivery::insert_plan(tx, &company.id, &company.key, &before.id, plan).await?;
    let Some(rung) = plan.chosen() else {
        let event = match before.purpose == Purpose::Notice && is_not_wanted(plan) {
            // Nobody asked for this notice: that no route brings it is nothing that a person should decide.
            true => Event::Cancelled { by: NOBODY_ASKED.to_owned() },
            false => Event::NoRouteOpen { why: reasons(plan) },
        };
        move_from(tx, &what, &current, event).await?;
        return Ok(None);
    };
    let Verdict::Open { price, .. } = &rung.verdict else {
        return Err(Error::Damaged(format!("the route {} was chosen and is not open", rung.route)));
    };
    if let Some(rendition) = rendition {
        freeze_rendition::freeze(tx, company, stored, rendition, *now).await?;
    }
    let attempt = StoredAttempt {
        id: AttemptId(crate::ids::new_id()),
        delivery: before.id.clone(),
        invoice: before.invoice.clone(),
        purpose: before.purpose,
        number: delivery::attempts(tx.db(), &company.id, &company.key, &before.id).await?.len() as i64 + 1,
        route: rung.route.as_str().to_owned(),
        price: *price,
        give_up_at: give_up_at(plan, rung),
        word: None,
        opened_at: *now,
    };
    delivery::insert_attempt(tx, &company.id, &attempt).await?;
    if let Some(claim) = claim.as_ref().filter(|_| attempt.route == avtalegiro::NAME) {
        claims::open(tx, &what, attempt.id, &before.invoice, claim).await?;
    }
    move_from(tx, &what, &current, Event::RouteChosen { route: rung.route.clone(), attempt: attempt.id }).await?;
    Ok(None)
}

/// The document waits for a register. A look-up takes moments; an outage of the register may hold it until the next open route
/// must be used, and buys no stamp before. The plan is kept only once it is decided.
async fn wait_for_lookup(
    tx: &mut Tx<'_>,
    what: &Move<'_>,
    current: &StoredDelivery,
    plan: &Plan,
    (route, register): (&RouteName, &str),
    give_up_at: i64,
) -> Result<Waits> {
    let company = what.company;
    lookup::want(tx, &company.id, register, what.delivery, give_up_at, what.now).await?;
    job::enqueue(tx, &company.id, Kind::LookUp, route.as_str(), what.urgency, what.now, what.now).await?;
    let until = jiff::Timestamp::from_millisecond(give_up_at).unwrap_or(plan.made_at);
    let why = Fault::warning(codes::LOOKUP_PENDING).with("route", route);
    move_from(tx, what, current, Event::MustWait { until, why: why.clone() }).await?;
    Ok(Waits { until: until.as_millisecond(), why })
}

/// When the next open route must be used to be in time.
fn next_open(plan: &Plan) -> Option<i64> {
    let open = plan.rungs.iter().find_map(|rung| match (rung.standing, &rung.verdict) {
        (Standing::InReserve, Verdict::Open { latest_send_at, .. }) => Some(latest_send_at.map(|at| at.as_millisecond())),
        _ => None,
    });
    open.flatten()
}

/// What is known of the files of a stored invoice. Our own PDF is not among them: every route takes it.
async fn file_facts(
    hub: &Hub,
    db: &mut AnyConnection,
    company: &Company,
    files: &[Artefact],
    frozen: Option<&Rendition>,
) -> Result<Vec<FileFacts>> {
    let ours = frozen.filter(|rendition| rendition.pdf_by == "kvitt");
    let is_ours = |file: &Artefact| ours.is_some_and(|rendition| rendition.pdf_digest == file.digest);
    let mut facts = Vec::new();
    for file in files.iter().filter(|file| file.role != ArtefactRole::Xml && !is_ours(file)) {
        let mut pdf = artefact::pdf_facts(db, &company.id, &file.digest).await?;
        if pdf.is_none() && file.media_type == PDF {
            // Taken in before PDFs were looked into.
            let bytes = artefact::read(db, hub.objects(), &company.id, &company.key, &file.digest).await?;
            pdf = look_into(&file.media_type, &bytes);
        }
        facts.push(FileFacts {
            role: file.role,
            name: file.name.clone(),
            media_type: file.media_type.clone(),
            bytes: file.bytes,
            pdf,
        });
    }
    Ok(facts)
}

/// The due-date budget: an outage may hold the document until the next open route must be used to be in time; where there is
/// no next one, until this route's own last moment. A claim is never handed in after its own: the rail refuses it then.
fn give_up_at(plan: &Plan, chosen: &Rung) -> Option<i64> {
    let latest = |rung: &Rung| match rung.verdict {
        Verdict::Open { latest_send_at, .. } => latest_send_at.map(|at| at.as_millisecond()),
        Verdict::Closed { .. } | Verdict::NeedsLookup { .. } => None,
    };
    match plan.rungs.iter().find(|rung| rung.standing == Standing::InReserve) {
        Some(next) if chosen.route.as_str() == avtalegiro::NAME => latest(next).into_iter().chain(latest(chosen)).min(),
        Some(next) => latest(next),
        None => latest(chosen),
    }
}

/// Who ends a notice that the payer does not want and that eFaktura does not bring.
const NOBODY_ASKED: &str = "Kvitt (notice.not_wanted)";

fn is_not_wanted(plan: &Plan) -> bool {
    reasons(plan).iter().any(|fault| fault.code == codes::NOTICE_NOT_WANTED)
}

fn reasons(plan: &Plan) -> Vec<Fault> {
    let closed = plan.rungs.iter().filter_map(|rung| match &rung.verdict {
        Verdict::Closed { reasons } => Some(reasons),
        Verdict::Open { .. } | Verdict::NeedsLookup { .. } => None,
    });
    closed.flatten().cloned().collect()
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use kvitt_domain::plan::OrderFrom;
    use kvitt_domain::recipient::RecipientType;

    use super::*;

    fn plan(chosen: &str, until: Option<i64>, next: Option<Verdict>) -> Plan {
        let rung = |route: &str, standing, verdict| Rung { route: RouteName::new(route), standing, verdict };
        let rungs = std::iter::once(rung(chosen, Standing::Chosen, open(until)));
        Plan {
            made_at: Timestamp::UNIX_EPOCH,
            recipient_type: RecipientType::Consumer,
            order_from: OrderFrom::Default,
            rungs: rungs.chain(next.map(|verdict| rung("efaktura", Standing::InReserve, verdict))).collect(),
            price_book: None,
            warnings: vec![],
        }
    }

    fn open(until: Option<i64>) -> Verdict {
        let latest_send_at = until.map(|until| Timestamp::from_millisecond(until).unwrap());
        Verdict::Open { price: None, latest_send_at, warnings: vec![] }
    }

    #[test]
    fn a_claim_waits_for_its_own_last_moment_at_most() {
        let asked = || Verdict::NeedsLookup { register: "yes_to_all".into(), price: None, warnings: vec![] };
        for (route, until, next, expected) in [
            // An outage holds a letter for as long as the next route can.
            ("print", Some(5), Some(open(Some(9))), Some(9)),
            ("print", Some(5), None, Some(5)),
            ("print", Some(5), Some(asked()), None),
            ("avtalegiro", Some(5), Some(open(Some(9))), Some(5)),
            ("avtalegiro", Some(5), Some(open(Some(2))), Some(2)),
            ("avtalegiro", Some(5), Some(open(None)), Some(5)),
            ("avtalegiro", Some(5), Some(asked()), Some(5)),
            ("avtalegiro", Some(5), None, Some(5)),
        ] {
            let plan = plan(route, until, next);
            assert_eq!(give_up_at(&plan, plan.chosen().unwrap()), expected, "{plan:?}");
        }
    }
}
