//! Invoices that were there before: copies of one that was accepted, stored straight and many at a time, as they would lie there
//! once they were handed over. What is measured afterwards meets tables and indices of their full size.

use std::ops::Range;
use std::sync::Arc;

use kvitt_domain::collection::Collection;
use kvitt_domain::delivery::{AttemptId, Delivery, Purpose, State};
use kvitt_domain::payment::Candidate;
use kvitt_domain::plan::RouteName;
use kvitt_hub::Hub;
use kvitt_hub::actions::accept_invoice::{HandedIn, accept_invoice};
use kvitt_hub::actions::explain;
use kvitt_hub::actions::move_collection::paid_to;
use kvitt_hub::store::artefact::{self, Naming, Sealed};
use kvitt_hub::store::company::Company;
use kvitt_hub::store::delivery::{self, NewDelivery, StoredAttempt};
use kvitt_hub::store::event::NewEvent;
use kvitt_hub::store::invoice::{self, StoredInvoice};
use kvitt_hub::store::{Tx, collection, search};
use tokio::task::JoinHandle;

use crate::exit::Failure;

/// Invoices that are stored in one transaction.
const AT_ONCE: usize = 500;
/// Routes of the copies, in turns.
const ROUTES: [&str; 3] = ["email", "efaktura", "print"];
const DAY_MS: i64 = 24 * 3_600_000;

/// The invoice that is copied, and whose it is.
#[derive(Clone)]
pub struct Copies {
    hub: Hub,
    company: Arc<Company>,
    of: Arc<StoredInvoice>,
}

/// One copy, ready to be stored.
struct Copy {
    number: usize,
    stored: StoredInvoice,
    body: Vec<u8>,
    xml: Sealed,
    naming: Naming,
}

impl Copies {
    /// Accepts the one that is copied.
    pub async fn of(hub: &Hub, handed: HandedIn) -> Result<Copies, Failure> {
        let accepted = accept_invoice(hub, handed).await?;
        let company = hub.company(Some(&accepted.company)).await?;
        let of = explain::find(hub, &company, &accepted.id).await?;
        Ok(Copies { hub: hub.clone(), company: Arc::new(company), of: Arc::new(of) })
    }

    /// Whose invoices they are.
    pub fn company(&self) -> &Company {
        &self.company
    }

    /// The id of the one that is copied.
    pub fn id(&self) -> &str {
        &self.of.id
    }

    /// Stores so many; `stored` hears of each that are on disk. The next are sealed while these are written.
    pub async fn store(&self, count: usize, stored: impl Fn(usize)) -> Result<(), Failure> {
        let range = |first: usize| first..count.min(first + AT_ONCE);
        let mut next = self.seal(range(0));
        for first in (0..count).step_by(AT_ONCE) {
            let copies = next.await.map_err(|cause| Failure::Answered(format!("copies were not sealed: {cause}")))??;
            next = self.seal(range(first + AT_ONCE));
            self.write(copies).await?;
            stored(range(first).len());
        }
        Ok(())
    }

    fn seal(&self, numbers: Range<usize>) -> JoinHandle<Result<Vec<Copy>, Failure>> {
        let this = self.clone();
        tokio::task::spawn_blocking(move || numbers.map(|number| this.copy(number)).collect())
    }

    fn copy(&self, number: usize) -> Result<Copy, Failure> {
        let (company, key) = (&self.company.id, &self.company.key);
        let mut stored = StoredInvoice::clone(&self.of);
        stored.id = id_of(number + 1);
        stored.document_digest = key.digest(&stored.id);
        stored.accepted_at = self.hub.clock().business_ms() - i64::try_from(number % 80).unwrap_or(0) * DAY_MS;
        stored.body.invoice.number = format!("copy-{number}");
        stored.body.invoice.buyer.name = format!("Kari Kunde {}", number % 997);
        // Few bytes of its own: what is looked at later are rows and indices, and not what files hold.
        let xml = artefact::seal(self.hub.objects(), company, key, stored.id.as_bytes())?;
        let naming = Naming::of_xml(format!("copy-{number}.xml"), &xml.digest);
        Ok(Copy { number, body: invoice::seal(key, &stored)?, stored, xml, naming })
    }

    async fn write(&self, copies: Vec<Copy>) -> Result<(), Failure> {
        let (company, copies) = (self.company.clone(), Arc::new(copies));
        let written = self.hub.write(move |tx| {
            let (company, copies) = (company.clone(), copies.clone());
            Box::pin(async move {
                for copy in copies.iter() {
                    write(tx, &company, copy).await?;
                }
                Ok(())
            })
        });
        Ok(written.await?)
    }
}

/// Ids that sort by their number, before those that are made today.
pub fn id_of(number: usize) -> String {
    format!("01936000-0000-7000-8000-{number:012x}")
}

/// A KID for a number: spread over all of the index, as those of many customers are.
fn kid_of(number: usize) -> String {
    // An odd factor below ten to the fifteenth, so that no two numbers meet.
    const SPREAD: u128 = 618_033_988_749_895;
    const SPACE: u128 = 1_000_000_000_000_000;
    format!("{:015}", (number as u128 * SPREAD) % SPACE)
}

async fn write(tx: &mut Tx<'_>, company: &Company, copy: &Copy) -> kvitt_hub::Result<()> {
    let Copy { number, stored, body, xml, naming } = copy;
    let (id, key, at) = (company.id.as_str(), &company.key, stored.accepted_at);
    let document = &stored.body.invoice;
    invoice::insert(tx, id, stored, body).await?;
    search::insert(tx, id, &stored.id, &search::words_of(document)).await?;
    artefact::insert(tx, id, xml, at).await?;
    artefact::name(tx, id, &stored.id, 1, std::slice::from_ref(naming)).await?;
    let new = NewDelivery { id: &stored.id, invoice: &stored.id, purpose: Purpose::Bill };
    delivery::insert(tx, id, key, new, at).await?;
    let route = RouteName::new(ROUTES[number % ROUTES.len()]);
    let attempt = AttemptId(stored.id.parse().expect("it is a UUID"));
    let before = delivery::by_id(tx.db(), id, key, &stored.id).await?;
    let state = State::HandedOver { route: route.clone(), attempt, receipt: String::new() };
    delivery::save(tx, id, key, &before, &Delivery { tried: Vec::new(), state }, at).await?;
    let tried = StoredAttempt {
        id: attempt,
        delivery: stored.id.clone(),
        invoice: stored.id.clone(),
        purpose: Purpose::Bill,
        number: 1,
        route: route.as_str().to_owned(),
        price: None,
        give_up_at: None,
        word: None,
        opened_at: at,
    };
    delivery::insert_attempt(tx, id, &tried).await?;
    let (account, _) = paid_to(document);
    let owed = Candidate {
        invoice: stored.id.clone(),
        number: document.number.clone(),
        kid: Some(kid_of(*number)),
        due_on: document.due_on,
        collection: Collection::new(document.totals.payable),
    };
    collection::insert(tx, id, &owed, &account, at).await?;
    let told = serde_json::json!({ "number": document.number });
    tx.tell(NewEvent::new(id, key, at, "invoice.accepted", &stored.id, &told)?);
    Ok(())
}
