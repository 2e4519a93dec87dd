//! The decision record for a document: for the dry run, and for choosing a route.

use jiff::Timestamp;
use kvitt_adapters::register::Answer;
use kvitt_adapters::route::{ArtefactRole, Document, Facts, FileFacts, RouteSetup};
use kvitt_adapters::routes::avtalegiro::{self, House};
use kvitt_adapters::routes::{self, Ladder, Orders};
use kvitt_domain::agreement::Agreement;
use kvitt_domain::claim::Claim;
use kvitt_domain::customer::CustomerKey;
use kvitt_domain::delivery::Purpose;
use kvitt_domain::fault::{Fault, codes};
use kvitt_domain::invoice::{File, Invoice};
use kvitt_domain::mandate::Mandate;
use kvitt_domain::plan::{OrderFrom, Plan, RouteName};
use kvitt_domain::recipient::Recipient;
use sqlx::AnyConnection;

use crate::actions::accept_invoice::{HandedIn, Readable, look_into, read_aside};
use crate::actions::look_up::FRESH_MS;
use crate::actions::promise_plan;
use crate::config::Config;
use crate::desk::Planned;
use crate::error::{Error, Result};
use crate::hub::Hub;
use crate::store::agreement;
use crate::store::company::{self, Company};
use crate::store::customer_order;
use crate::store::lookup;
use crate::store::mandate;
use crate::store::suppression::{self, Suppressed};
use crate::store::{claim, collection, invoice};

/// A one-page PDF of ours with its fonts and the XML inside: what a letter will weigh before the PDF is made.
const TYPICAL_PDF_BYTES: u64 = 60_000;

/// What is known of a company for planning.
#[derive(Debug, Default)]
pub struct Known {
    setups: Vec<(String, RouteSetup)>,
    agreements: Vec<Agreement>,
    suppressed: Option<Suppressed>,
    /// The order of routes that the company keeps for the customer.
    customer_order: Option<Vec<RouteName>>,
    /// What registers said, by the name of the route.
    lookups: Vec<(&'static str, Answer)>,
    /// The document as a claim, where it can be one at all.
    claim: Option<Claim>,
    /// The payer's mandate.
    mandate: Option<Mandate>,
    /// The invoice of the open claim that the rail could not tell from this one.
    same_claim: Option<String>,
    /// Why the money of the invoice may not be claimed, where the hub knows the invoice already.
    not_claimable: Option<Fault>,
}

/// What stands of questions to registers about the recipient of a delivery.
#[derive(Debug)]
pub struct Lookups {
    /// The registers that were asked, and until when that is waited for: business time, Unix milliseconds.
    pub asked: Vec<(&'static str, i64)>,
    /// Whether one is still to be asked, in time or not.
    pub wanted: bool,
}

impl Known {
    /// Reads it for one recipient.
    pub async fn read(
        db: &mut AnyConnection,
        hub: &Hub,
        company: &Company,
        invoice: &Invoice,
        recipient: &Recipient,
    ) -> Result<Known> {
        let customer_unit = hub.config().avtalegiro.customer_unit();
        let agreements = agreement::as_routes_see(db, &company.id, &company.key, customer_unit).await?;
        let claim = avtalegiro::terms::of(invoice, &agreements).ok().map(|(claim, _)| claim);
        let (mut mandate, mut same_claim) = (None, None);
        if let Some(claim) = &claim {
            mandate = mandate::find_for_kid(db, company, &claim.bank_account, &claim.kid).await?;
            same_claim = match claim::open_like(db, &company.id, claim).await? {
                Some(id) => Some(invoice::by_id(db, &company.id, &company.key, &id).await?.body.invoice.number),
                None => None,
            };
        }
        let mut setups = company::routes(db, &company.id).await?;
        complete(&mut setups, hub.config(), claim.as_ref());
        Ok(Known {
            setups,
            agreements,
            suppressed: match &recipient.email {
                Some(address) => suppression::find(db, &company.id, &company.key, address).await?,
                None => None,
            },
            customer_order: customer_order::of(db, &company.id, &CustomerKey::of_buyer(&invoice.buyer)).await?,
            lookups: Vec::new(),
            claim,
            mandate,
            same_claim,
            not_claimable: None,
        })
    }

    /// The document as a claim, where it can be one at all.
    pub fn claim(&self) -> Option<&Claim> {
        self.claim.as_ref()
    }

    /// Reads how the money of a stored invoice stands: what is paid is not claimed.
    pub async fn read_money(&mut self, db: &mut AnyConnection, company: &Company, invoice: &str) -> Result<()> {
        if self.claim.is_some()
            && let Some(found) = collection::of_invoice(db, &company.id, invoice).await?
        {
            self.not_claimable = found.candidate.collection.may_be_claimed().err();
        }
        Ok(())
    }

    /// Reads what registers were asked about the recipient of a delivery. Fresh answers count; where the document has waited
    /// for as long as it can, the answer is unknown.
    pub async fn read_lookups(&mut self, db: &mut AnyConnection, company: &Company, delivery: &str, now: i64) -> Result<Lookups> {
        let (mut asked, mut wanted) = (Vec::new(), false);
        for (route, register) in routes::all().iter().filter_map(|route| Some((route.name(), route.register()?))) {
            let stored = lookup::of_delivery(db, &company.id, &company.key, register.name(), delivery).await?;
            let Some(stored) = stored else { continue };
            wanted |= stored.found.is_none();
            match stored.found {
                Some(found) if now - stored.since < FRESH_MS => self.lookups.push((route, found.answer)),
                Some(_) => {}
                None if now < stored.give_up_at => asked.push((register.name(), stored.give_up_at)),
                None => {
                    let why = Fault::fatal(codes::LOOKUP_UNANSWERED).with("route", route).with("text", &stored.why);
                    self.lookups.push((route, Answer::Unknown { why }));
                }
            }
        }
        Ok(Lookups { asked, wanted })
    }

    /// Asks every route of the order.
    pub fn plan(
        &self,
        hub: &Hub,
        company: Option<&Company>,
        document: &Document<'_>,
        broken_rules: &[Fault],
        tried: &[RouteName],
        now: Timestamp,
    ) -> Plan {
        let metadata = document.metadata;
        let of_company = company.and_then(|company| company.settings.route_order(document.recipient.kind));
        let orders = Orders { document: &metadata.route_order, customer: self.customer_order.as_deref(), company: of_company };
        let (order, order_from) = match document.purpose {
            Purpose::Bill => orders.first_given(document.recipient.kind),
            Purpose::Notice => (avtalegiro::notice::order(), OrderFrom::Default),
        };
        let ladder = Ladder { order: &order, order_from, disabled: &metadata.disabled_routes, tried, now };
        routes::plan(document, &ladder, |route| Facts {
            agreements: &self.agreements,
            setup: self.setups.iter().find_map(|(name, setup)| (name == route).then_some(setup)),
            suppressed: self.suppressed.as_ref().map(|suppressed| suppressed.why.as_str()),
            mandate: self.mandate.as_ref(),
            same_claim: self.same_claim.as_deref(),
            not_claimable: self.not_claimable.as_ref(),
            lookup: self.lookups.iter().find_map(|(name, answer)| (*name == route).then_some(answer)),
            hosts_files: hub.config().public_address.is_some(),
            broken_rules,
            prices: hub.prices(),
        })
    }
}

/// What is the operator's of the route AvtaleGiro, whose lots a company need not set up.
pub fn house(config: &Config) -> House {
    let named = |name: &Option<String>| name.clone().unwrap_or_default();
    let avtalegiro = &config.avtalegiro;
    House {
        customer_unit: named(&avtalegiro.customer_unit),
        files: named(&avtalegiro.files),
        service: named(&avtalegiro.service),
    }
}

fn complete(setups: &mut Vec<(String, RouteSetup)>, config: &Config, claim: Option<&Claim>) {
    let way = claim.map(|claim| claim.way).unwrap_or_default();
    let place = setups.iter().position(|(route, _)| route == avtalegiro::NAME);
    let row = place.map(|place| setups.remove(place).1);
    setups.push((avtalegiro::NAME.to_owned(), avtalegiro::setup::completed(row.as_ref(), &house(config), way)));
}

/// How many bytes the PDF of an invoice has, or is expected to have while it is not made.
pub fn pdf_bytes(made: Option<u64>) -> u64 {
    made.unwrap_or(TYPICAL_PDF_BYTES)
}

fn facts_of(role: ArtefactRole, file: &File) -> FileFacts {
    FileFacts {
        role,
        name: file.name.clone(),
        media_type: file.media_type.clone(),
        bytes: file.bytes.len() as u64,
        pdf: look_into(&file.media_type, &file.bytes),
    }
}

/// Says how a document would be delivered. Nothing is stored or sent. A seller that is no company here is planned for with
/// Kvitt's defaults, and told so.
pub async fn plan_invoice(hub: &Hub, handed: HandedIn) -> Result<Planned> {
    let (handed, readable) = read_aside(hub, handed).await?;
    let mut warnings = readable.warnings.clone();
    let seller = readable.invoice.seller.org_number();
    if let Some(mismatch) = handed.company_mismatch(&readable.invoice) {
        return Err(Error::refused(mismatch));
    }
    let wanted = handed.company.as_deref().or(seller.as_ref().map(|number| number.as_str()));
    let company = match hub.company(Some(wanted.unwrap_or_default())).await {
        Ok(company) => Some(company),
        Err(Error::Refused(_)) if handed.company.is_none() => {
            let shown = wanted.unwrap_or(&readable.invoice.seller.name);
            warnings.push(Fault::warning(codes::COMPANY_UNKNOWN).at("BT-30").with("number", shown));
            None
        }
        Err(error) => return Err(error),
    };
    let plan = Box::pin(plan_for(hub, company.as_ref(), &readable)).await?;
    let promised = match &company {
        Some(company) => Some(promise_plan::promise(company, &handed, &readable.metadata, &plan)?),
        None => None,
    };
    Ok(Planned {
        number: readable.invoice.number.clone(),
        recipient: readable.invoice.buyer.name.clone(),
        payable: readable.invoice.totals.payable.to_string(),
        plan,
        warnings,
        promised,
    })
}

/// The decision record for a document as it would be made now, before any register was asked.
pub async fn plan_for(hub: &Hub, company: Option<&Company>, readable: &Readable) -> Result<Plan> {
    let recipient = Recipient::of(&readable.invoice, &readable.metadata);
    let known = match company {
        Some(company) => Known::read(&mut *hub.db().read().await?, hub, company, &readable.invoice, &recipient).await?,
        None => Known::default(),
    };
    let own = readable.invoice.own_image().map(|file| (ArtefactRole::Pdf, file));
    let enclosed = readable.invoice.enclosures().map(|file| (ArtefactRole::Attachment, file));
    let files: Vec<FileFacts> = own.into_iter().chain(enclosed).map(|(role, file)| facts_of(role, file)).collect();
    let own_image = readable.invoice.own_image().map(|file| file.bytes.len() as u64);
    let document = Document {
        purpose: Purpose::Bill,
        invoice: &readable.invoice,
        recipient: &recipient,
        metadata: &readable.metadata,
        pdf_bytes: pdf_bytes(own_image),
        files: &files,
    };
    Ok(known.plan(hub, company, &document, &readable.broken_rules, &[], hub.clock().business()))
}
