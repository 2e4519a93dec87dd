//! The only place where a delivery changes: apply an event, save, tell, and carry out what the machine commands.

use std::collections::BTreeSet;

use jiff::Timestamp;
use kvitt_adapters::route::RouteSetup;
use kvitt_adapters::routes;
use kvitt_adapters::routes::avtalegiro::{self, House};
use kvitt_domain::agreement::ClaimWay;
use kvitt_domain::claim::Claim;
use kvitt_domain::delivery::{AttemptId, Command, Event, Purpose, State};
use serde::Serialize;
use sqlx::AnyConnection;

use crate::actions::claims;
use crate::error::{Error, Result};
use crate::store::company::{self, Company};
use crate::store::consignment::Lane;
use crate::store::delivery::StoredDelivery;
use crate::store::event::{Moved, NewEvent};
use crate::store::job::{self, Kind, Urgency};
use crate::store::{Tx, claim, consignment, delivery, transmission};

/// What is moved, for whom and when.
#[derive(Debug, Clone)]
pub struct Move<'a> {
    /// The company.
    pub company: &'a Company,
    /// The delivery.
    pub delivery: &'a str,
    /// How urgent what follows is.
    pub urgency: Urgency,
    /// The lot that it may join closes when it has so many members, where that is less than the route's own limit.
    pub lot_at_most: Option<u32>,
    /// Business time, Unix milliseconds.
    pub now: i64,
}

#[derive(Serialize)]
struct Told<'a> {
    event: &'a Event,
    tried: &'a [kvitt_domain::plan::RouteName],
}

/// Applies one event to a delivery. Refused events are the caller's to hear; nothing has changed then.
pub async fn move_delivery(tx: &mut Tx<'_>, what: &Move<'_>, event: Event) -> Result<()> {
    let before = delivery::by_id(tx.db(), &what.company.id, &what.company.key, what.delivery).await?;
    move_from(tx, what, &before, event).await
}

/// The same for a delivery that this transaction has read, and not changed since.
pub async fn move_from(tx: &mut Tx<'_>, what: &Move<'_>, before: &StoredDelivery, event: Event) -> Result<()> {
    let company = what.company;
    let from = before.delivery.state.name();
    let (after, commands) = before.delivery.clone().apply(event.clone()).map_err(|refused| Error::refused(refused.fault()))?;
    delivery::save(tx, &company.id, &company.key, before, &after, what.now).await?;
    let machine = match before.purpose {
        Purpose::Bill => "delivery",
        Purpose::Notice => "notice",
    };
    let moved = Moved { machine, from, to: after.state.name(), version: before.version + 1 };
    let told = Told { event: &event, tried: &after.tried };
    let kind = kind_of(before.purpose, &event);
    tx.tell(NewEvent::new(&company.id, &company.key, what.now, kind, &before.invoice, &told)?.moving(moved));
    for command in commands {
        carry_out(tx, what, &before.invoice, &event, command).await?;
    }
    claims::follow(tx, what, before, &after, &event).await
}

async fn carry_out(tx: &mut Tx<'_>, what: &Move<'_>, invoice: &str, event: &Event, command: Command) -> Result<()> {
    let company = what.company;
    match command {
        Command::ChooseRoute => {
            job::enqueue(tx, &company.id, Kind::ChooseRoute, what.delivery, what.urgency, what.now, what.now).await
        }
        // Only the job that chooses a route makes a delivery wait, and it wakes it again: `choose_route` gives itself back.
        Command::WakeAt { .. } => Ok(()),
        Command::JoinLot { route, attempt } => {
            if !matches!(event, Event::RouteChosen { .. }) {
                // It travels again: the same word said again is to be heard again.
                delivery::forget_word(tx, &company.id, attempt).await?;
            }
            join_lot(tx, what, route.as_str(), attempt).await
        }
        Command::TellPerson { why } => {
            tx.tell(NewEvent::new(&company.id, &company.key, what.now, "person.told", invoice, &why)?);
            Ok(())
        }
    }
}

/// Puts an attempt into the route's open lot, opening one where there is none, and closes the lot when it is full.
async fn join_lot(tx: &mut Tx<'_>, what: &Move<'_>, route: &str, attempt: AttemptId) -> Result<()> {
    let company = what.company;
    let adapter = routes::by_name(route).ok_or_else(|| Error::Damaged(format!("no route is called {route}")))?;
    let claim = claim_of(tx.db(), company, route, attempt).await?;
    let lane = claim.as_ref().map(avtalegiro::setup::lane).unwrap_or_default();
    let lane = Lane { route, lane: &lane };
    let setup = of_lane(setup_of(tx.db(), company, route).await?, claim.map(|claim| claim.way));
    let lot_of = adapter.lot(&setup);
    let at_most = what.lot_at_most.map_or(lot_of.members, |limit| limit.clamp(1, lot_of.members));
    let (lot, members, version) = match consignment::open_lot(tx, &company.id, lane).await? {
        Some(open) => open,
        None => {
            let lot = crate::ids::new_id().to_string();
            consignment::open(tx, &company.id, &lot, lane, what.now).await?;
            if at_most > 1 {
                let opened = Timestamp::from_millisecond(what.now).map_err(|_| Error::Damaged("now is no time".into()))?;
                let closes_at = lot_of.closes_at(opened).as_millisecond();
                job::enqueue(tx, &company.id, Kind::CloseLot, &lot, what.urgency, closes_at, what.now).await?;
            }
            (lot, 0, 1)
        }
    };
    consignment::join(tx, &company.id, &lot, members, version, attempt).await?;
    if members + 1 >= i64::from(at_most) {
        let what = Closing { lot: &lot, route, urgency: what.urgency, late: Late::MovesOn, now: what.now };
        close_lot(tx, company, &what).await?;
    }
    Ok(())
}

/// A lot that is closed.
#[derive(Debug, Clone, Copy)]
pub struct Closing<'a> {
    /// Its id.
    pub lot: &'a str,
    /// Its route.
    pub route: &'a str,
    /// How urgent what follows is.
    pub urgency: Urgency,
    /// What becomes of members that come too late.
    pub late: Late,
    /// Business time, Unix milliseconds.
    pub now: i64,
}

/// What becomes of members of a lot for whose route it is too late when it is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Late {
    /// They go to their next route.
    MovesOn,
    /// Nothing: another hub may have sent them in time.
    Travels,
}

/// Closes a lot: its number is given, its settings are frozen, its members are now sending, and its conversation begins. Where it
/// travels in a file of the data sender, that gets its number here too, so that no crash uses one twice.
pub async fn close_lot(tx: &mut Tx<'_>, company: &Company, closing: &Closing<'_>) -> Result<()> {
    let Closing { lot, route, urgency, late, now } = *closing;
    let lane = consignment::by_id(tx.db(), &company.id, lot).await?.map(|stored| stored.lane).unwrap_or_default();
    let way = avtalegiro::setup::way_of(&lane);
    let setup = of_lane(setup_of(tx.db(), company, route).await?, way);
    consignment::close(tx, &company.id, lot, route, &setup, now).await?;
    if way == Some(ClaimWay::File) {
        transmission::give(tx, &company.id, lot).await?;
    }
    let (mut travelling, mut account, mut elsewhere) = (0, None, Vec::new());
    for attempt in consignment::members(tx.db(), &company.id, lot).await? {
        let (stored, current) = delivery::with_attempt(tx.db(), &company.id, &company.key, attempt).await?;
        if !matches!(current.delivery.state, State::Queued { attempt: queued, .. } if queued == attempt) {
            // Called back while the lot was open: it does not travel.
            consignment::leave(tx, &company.id, lot, attempt).await?;
            continue;
        }
        let what = Move { company, delivery: &stored.delivery, urgency, lot_at_most: None, now };
        // The machine commands no joining of a lot on either event, so that the call does not come back here.
        if late == Late::MovesOn
            && route == avtalegiro::NAME
            && let Some(word) = claims::too_late(tx, company, &setup, attempt, now).await?
        {
            consignment::leave(tx, &company.id, lot, attempt).await?;
            Box::pin(move_from(tx, &what, &current, Event::Said { attempt, word })).await?;
            continue;
        }
        if way == Some(ClaimWay::File)
            && let Some(claim) = claim_of(tx.db(), company, route, attempt).await?
            && *account.get_or_insert_with(|| claim.bank_account.clone()) != claim.bank_account
        {
            // It was put here before files had the claims of one account each.
            consignment::leave(tx, &company.id, lot, attempt).await?;
            elsewhere.push((attempt, claim));
            continue;
        }
        travelling += 1;
        Box::pin(move_from(tx, &what, &current, Event::LotClosed { attempt })).await?;
    }
    Box::pin(close_beside(tx, company, closing, elsewhere)).await?;
    if travelling == 0 {
        return consignment::finish(tx, &company.id, lot).await;
    }
    job::enqueue(tx, &company.id, Kind::Converse, lot, urgency, now, now).await
}

/// Puts claims of other accounts than the one of a lot that is closed into lots of their own, which are closed with it.
async fn close_beside(tx: &mut Tx<'_>, company: &Company, closing: &Closing<'_>, claims: Vec<(AttemptId, Claim)>) -> Result<()> {
    let lanes: BTreeSet<String> = claims.iter().map(|(_, claim)| avtalegiro::setup::lane(claim)).collect();
    for (attempt, _) in claims {
        let stored = delivery::attempt(tx.db(), &company.id, &company.key, attempt).await?;
        delivery::forget_word(tx, &company.id, attempt).await?;
        let Closing { route, urgency, now, .. } = *closing;
        join_lot(tx, &Move { company, delivery: &stored.delivery, urgency, lot_at_most: None, now }, route, attempt).await?;
    }
    for lane in lanes {
        if let Some((lot, ..)) = consignment::open_lot(tx, &company.id, Lane { route: closing.route, lane: &lane }).await? {
            close_lot(tx, company, &Closing { lot: &lot, ..*closing }).await?;
        }
    }
    Ok(())
}

/// What an attempt claims. Only AvtaleGiro claims, so that nobody looks for the claim of a letter.
pub async fn claim_of(db: &mut AnyConnection, company: &Company, route: &str, attempt: AttemptId) -> Result<Option<Claim>> {
    if route != avtalegiro::NAME {
        return Ok(None);
    }
    Ok(claim::of_attempt(db, &company.id, attempt).await?.map(|stored| stored.claim))
}

/// The settings of a lot: where its route has several ways, with the one that its members go.
fn of_lane(setup: RouteSetup, way: Option<ClaimWay>) -> RouteSetup {
    match way {
        Some(way) => avtalegiro::setup::completed(Some(&setup), &House::default(), way),
        None => setup,
    }
}

/// The company's settings for a route; null where it has none.
pub async fn setup_of(db: &mut AnyConnection, company: &Company, route: &str) -> Result<RouteSetup> {
    let setups = company::routes(db, &company.id).await?;
    let setup = setups.into_iter().find_map(|(name, setup)| (name == route).then_some(setup));
    Ok(setup.unwrap_or(RouteSetup(serde_json::Value::Null)))
}

/// Events carry the machine's name first, so that subscribers can filter by it: that of an invoice's own delivery, or of the notice of
/// its claim.
fn kind_of(purpose: Purpose, event: &Event) -> &'static str {
    let (of_bill, of_notice) = match event {
        Event::RouteChosen { .. } => ("delivery.route_chosen", "notice.route_chosen"),
        Event::NoRouteOpen { .. } => ("delivery.no_route_open", "notice.no_route_open"),
        Event::MustWait { .. } => ("delivery.must_wait", "notice.must_wait"),
        Event::Woken => ("delivery.woken", "notice.woken"),
        Event::LotClosed { .. } => ("delivery.lot_closed", "notice.lot_closed"),
        Event::Said { word, .. } => match word {
            kvitt_domain::delivery::Word::HandedOver { .. } => ("delivery.said_handed_over", "notice.said_handed_over"),
            kvitt_domain::delivery::Word::Delivered { .. } => ("delivery.said_delivered", "notice.said_delivered"),
            kvitt_domain::delivery::Word::Seen => ("delivery.said_seen", "notice.said_seen"),
            kvitt_domain::delivery::Word::Refused { .. } => ("delivery.said_refused", "notice.said_refused"),
            kvitt_domain::delivery::Word::TooLate { .. } => ("delivery.said_too_late", "notice.said_too_late"),
            kvitt_domain::delivery::Word::InDoubt { .. } => ("delivery.said_in_doubt", "notice.said_in_doubt"),
            kvitt_domain::delivery::Word::Returned { .. } => ("delivery.said_returned", "notice.said_returned"),
            kvitt_domain::delivery::Word::Withdrawn { .. } => ("delivery.said_withdrawn", "notice.said_withdrawn"),
        },
        Event::SettledAsSent { .. } => ("delivery.settled_as_sent", "notice.settled_as_sent"),
        Event::SettledAsUnsent { .. } => ("delivery.settled_as_unsent", "notice.settled_as_unsent"),
        Event::Repeated { .. } => ("delivery.repeated", "notice.repeated"),
        Event::Reopened { .. } => ("delivery.reopened", "notice.reopened"),
        Event::Cancelled { .. } => ("delivery.cancelled", "notice.cancelled"),
        Event::Restored { .. } => ("delivery.restored", "notice.restored"),
    };
    match purpose {
        Purpose::Bill => of_bill,
        Purpose::Notice => of_notice,
    }
}
