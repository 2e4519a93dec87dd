//! Everything that a person or a program at the command line can ask of a hub: one question, one answer.
//!
//! The same [`Ask`] is answered in this process, or by the running hub through its local socket ([`crate::socket`]); the
//! command line does not know which. Every question names the company that asks; another company's things are not found.

use jiff::Timestamp;
use kvitt_domain::delivery::Purpose;
use kvitt_domain::fault::Fault;
use kvitt_domain::mandate::Mandate;
use kvitt_domain::plan::{Plan, RouteName};
use kvitt_domain::recipient::RecipientType;
use serde::{Deserialize, Serialize};

use crate::actions;
use crate::error::{Error, Result};
use crate::hub::Hub;
use crate::store::company::{Company, CompanySettings};
use crate::store::customer_order::{self, CustomerOrder};
use crate::store::invoice::Listed;
use crate::store::job::Shown;

mod access;
mod money;
mod webhooks;

pub use crate::actions::accept_invoice::{Accepted, HandedIn};
pub use crate::actions::api_keys::{KeyAsk, KeysShown};
pub use crate::actions::apply_mandates::Covers;
pub use crate::actions::back_up::{BackUpKeys, Manifest};
pub use crate::actions::change_people::{PeopleAnswer, PeopleAsk, PersonShown};
pub use crate::actions::change_webhook::{NewWebhook, WebhookShown, WithSecret};
pub use crate::actions::explain::{Course, Story};
pub use crate::actions::find_mandates::MandateAsk;
pub use crate::actions::import_bank_file::{AccountReport, Imported};
pub use crate::actions::list_vouchers::{VoucherPage, Wanted as WantedVouchers};
pub use crate::actions::match_payment::{Decision, Settling};
pub use crate::actions::order_agreement::{AgreementAsk, AgreementShown, Which};
pub use crate::actions::settle::{Decided, Settlement};
pub use crate::actions::show_payments::{Case, Money, MoneyStory, PaymentShown, Wanted as WantedPayments};
pub use crate::actions::show_report::Chunk;
pub use crate::store::bank_account::{BankAccount, BankAccountSettings, Counts, KidRule};
pub use crate::store::bank_file::StoredFile;
pub use crate::store::mandate::StoredChange;
pub use crate::store::webhook::{State as WebhookState, Try};
pub use access::AccessAsk;
pub use money::MoneyAsk;
pub use webhooks::WebhookAsk;

/// Customers' orders in one answer.
const CUSTOMERS_AT_A_TIME: i64 = 1_000;
/// Rows of a report in one answer.
pub const REPORT_ROWS_AT_A_TIME: usize = 1_000;

/// A question.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "ask")]
pub enum Ask {
    /// Add a company.
    AddCompany {
        /// Nine digits.
        org_number: String,
        /// Its name.
        name: String,
        /// Its settings.
        settings: CompanySettings,
    },
    /// Set a route up for a company.
    SetRoute {
        /// The company's organisation number.
        company: String,
        /// The route.
        route: String,
        /// The settings that the route's page describes.
        setup: serde_json::Value,
    },
    /// Keep an order of routes for one customer of a company.
    SetCustomerOrder {
        /// The company's organisation number.
        company: String,
        /// The customer: `org:988077917`, `number:10045`, or either number alone.
        customer: String,
        /// The routes, in order; none = forget the customer's order.
        order: Vec<RouteName>,
    },
    /// The orders of routes that a company keeps for its customers.
    CustomerOrders {
        /// The company's organisation number.
        company: String,
        /// The customer that the last page ended with; empty for the first page.
        after: String,
    },
    /// Ask or do something about a company's agreements.
    Agreements {
        /// The company's organisation number; may be left out while there is only one company.
        company: Option<String>,
        /// What.
        what: AgreementAsk,
    },
    /// Ask about the mandates that a company's payers gave.
    Mandates {
        /// The company's organisation number; may be left out while there is only one company.
        company: Option<String>,
        /// What.
        what: MandateAsk,
    },
    /// Change a company's settings.
    ChangeSettings {
        /// The company's organisation number.
        company: String,
        /// All of its settings.
        settings: CompanySettings,
    },
    /// All companies.
    Companies,
    /// Take a document and deliver it.
    Send(HandedIn),
    /// Say how a document would be delivered, and send nothing.
    Plan(HandedIn),
    /// Tell what was done with an invoice and why.
    Explain {
        /// The company's organisation number; may be left out while there is only one company.
        company: Option<String>,
        /// The invoice's number or id.
        invoice: String,
    },
    /// A page of a company's invoices, in the order in which they were accepted.
    Invoices {
        /// The company's organisation number; may be left out while there is only one company.
        company: Option<String>,
        /// The cursor that the page before ended with.
        after: Option<(i64, String)>,
        /// At most so many.
        limit: u32,
    },
    /// Vouchers of invoices, credit notes and payments.
    Vouchers {
        /// The company's organisation number; may be left out while there is only one company.
        company: Option<String>,
        /// Which.
        wanted: WantedVouchers,
    },
    /// A person decides what became of a delivery in doubt, or opens a parked one again, or calls one back.
    Settle {
        /// The company's organisation number; may be left out while there is only one company.
        company: Option<String>,
        /// The invoice's number or id.
        invoice: String,
        /// What was found out or is wanted.
        settlement: Settlement,
        /// Which of its deliveries: the document's own, or the notice of its claim.
        #[serde(default)]
        purpose: Purpose,
        /// Who says so.
        by: String,
    },
    /// A company's jobs, the stuck ones first.
    Jobs {
        /// The company's organisation number; may be left out while there is only one company.
        company: Option<String>,
    },
    /// A person moves a stuck job.
    Unstick {
        /// The company's organisation number; may be left out while there is only one company.
        company: Option<String>,
        /// The job's id.
        job: String,
    },
    /// Events of a company after a cursor.
    Events {
        /// The company's organisation number; may be left out while there is only one company.
        company: Option<String>,
        /// The last event that the asker has.
        after: i64,
        /// At most so many.
        limit: u32,
    },
    /// The number of a company's last event.
    LastEvent {
        /// The company's organisation number; may be left out while there is only one company.
        company: Option<String>,
    },
    /// Check a company's chain of events from its beginning.
    VerifyEvents {
        /// The company's organisation number; may be left out while there is only one company.
        company: Option<String>,
    },
    /// Let an e-mail address that bounced be written to again.
    LiftSuppression {
        /// The company's organisation number; may be left out while there is only one company.
        company: Option<String>,
        /// The address.
        address: String,
    },
    /// Something about who may speak for a company.
    Access(AccessAsk),
    /// Something about the people who use the pages.
    People(PeopleAsk),
    /// Something about money: bank accounts, KIDs, bank files, payments.
    Money(MoneyAsk),
    /// Ask or do something about a company's webhooks.
    Webhooks {
        /// The company's organisation number; may be left out while there is only one company.
        company: Option<String>,
        /// What.
        what: WebhookAsk,
    },
    /// Rows of a report.
    Report {
        /// The company's organisation number; may be left out while there is only one company.
        company: Option<String>,
        /// Which report.
        report: kvitt_domain::report::Report,
        /// Of which days: what a word means is said by the hub's own calendar.
        days: kvitt_domain::report::Asked,
        /// Only this customer, by a number or how the name begins; empty where all. Of documents only.
        customer: String,
        /// Only this project, by its number; empty where all. Of documents only.
        project: String,
        /// What the rows before ended with; empty for the first ones.
        after: String,
        /// At most so many.
        limit: usize,
    },
    /// Make a new master key and seal every company's key with it.
    RotateKeys,
    /// Make a backup of everything in a folder of its own.
    BackUp {
        /// The folder: an absolute path, empty or not there yet.
        folder: std::path::PathBuf,
        /// Whether the keys go into it.
        keys: BackUpKeys,
    },
    /// Where everything stands: the counts of every company, and when the next job is due.
    Status,
}

/// An answer.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "answer")]
pub enum Answer {
    /// Done; there is nothing to show.
    Done,
    /// Companies.
    Companies {
        /// Each with what may be shown of it.
        companies: Vec<CompanyShown>,
    },
    /// Orders of routes by customer, by the text of their keys.
    CustomerOrders {
        /// A page; an empty one is the end.
        orders: Vec<CustomerOrder>,
    },
    /// Agreements of a company.
    Agreements {
        /// The main one first.
        agreements: Vec<AgreementShown>,
    },
    /// Mandates.
    Mandates {
        /// A page, or what was found.
        mandates: Vec<Mandate>,
        /// After what the next page begins, where there may be one: account and cursor.
        next: Option<(String, String)>,
    },
    /// Where a customer gives a mandate.
    MandateLink {
        /// An address of this hub.
        address: String,
    },
    /// Everything that a mandate was.
    MandateHistory {
        /// Oldest first.
        changes: Vec<StoredChange>,
    },
    /// The document is on disk.
    Accepted(Accepted),
    /// How a document would be delivered.
    Plan(Planned),
    /// What was done and why.
    Story(Box<Story>),
    /// A page of invoices.
    Invoices {
        /// The page.
        invoices: Vec<Listed>,
        /// The cursor of the next page, if there may be one.
        next: Option<(i64, String)>,
    },
    /// A page of vouchers.
    Vouchers(Box<VoucherPage>),
    /// Keys of the API.
    Keys(KeysShown),
    /// People, or a link for one of them.
    People(PeopleAnswer),
    /// Bank accounts.
    BankAccounts {
        /// By their numbers.
        accounts: Vec<BankAccount>,
    },
    /// A KID that was made.
    Kid {
        /// The KID.
        kid: String,
        /// The number in its invoice part.
        invoice: u64,
    },
    /// A bank's file was taken in.
    Imported(Box<Imported>),
    /// Bank files.
    BankFiles {
        /// The newest first.
        files: Vec<StoredFile>,
    },
    /// A page of payments.
    Payments {
        /// The page.
        payments: Vec<PaymentShown>,
        /// The cursor of the next page, if there may be one.
        next: Option<(i64, String)>,
    },
    /// A page of invoices whose money went another way than in once.
    MoneyCases {
        /// The page.
        cases: Vec<Case>,
        /// The cursor of the next page, if there may be one.
        next: Option<String>,
    },
    /// Jobs.
    Jobs {
        /// The stuck ones first.
        jobs: Vec<Shown>,
    },
    /// Events.
    Events {
        /// Oldest first.
        events: Vec<serde_json::Value>,
    },
    /// Rows of a report.
    Report {
        /// The days that they are of: the next rows are asked for of these.
        days: kvitt_domain::report::Days,
        /// The rows.
        chunk: Chunk,
    },
    /// A company's last event.
    LastEvent {
        /// Its number; 0 where there is none.
        last: i64,
    },
    /// Webhooks.
    Webhooks {
        /// The oldest first.
        webhooks: Vec<WebhookShown>,
    },
    /// A webhook and its secret, which is not shown again.
    WebhookSecret(Box<WithSecret>),
    /// Tries of telling a webhook something.
    WebhookTries {
        /// The newest first.
        tries: Vec<Try>,
    },
    /// The chain holds up to this event.
    Verified {
        /// The last event.
        last: i64,
    },
    /// A backup is made.
    BackedUp {
        /// What it holds.
        manifest: Box<Manifest>,
    },
    /// Where everything stands.
    Status(Status),
    /// Not done, with every reason at once.
    Refused {
        /// Why.
        faults: Vec<Fault>,
    },
    /// Not done, and the reason is in the hub, not in the question.
    Failed {
        /// A sentence for people.
        why: String,
    },
}

/// A company as it is shown.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CompanyShown {
    /// Nine digits.
    pub org_number: String,
    /// Its name.
    pub name: String,
    /// Its settings.
    pub settings: CompanySettings,
    /// The routes that it has set up.
    pub routes: Vec<String>,
}

/// How a document would be delivered.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Planned {
    /// BT-1.
    pub number: String,
    /// BT-44.
    pub recipient: String,
    /// Amount and currency to pay, as decimals.
    pub payable: String,
    /// The decision record.
    pub plan: Plan,
    /// Warnings about the document itself.
    pub warnings: Vec<Fault>,
    /// The id with which the sender may demand this plan, and until when; none for a seller that is no company here.
    #[serde(default)]
    pub promised: Option<(String, Timestamp)>,
}

/// Where everything stands.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Status {
    /// How many deliveries stand in each state, over all companies.
    pub states: std::collections::BTreeMap<String, i64>,
    /// When the next job is due: business time, Unix milliseconds.
    pub next_due_at: Option<i64>,
    /// Business time now, Unix milliseconds.
    pub now: i64,
    /// Jobs that only a person moves.
    pub stuck: i64,
    /// Messages that arrived and wait for a person: see the mailbox's `strays/`, and the invoices that a person was told of.
    pub strays: i64,
    /// Counterparties that are being spared: address, and until when.
    pub spared: Vec<(String, i64)>,
    /// Accounts for which somebody else seems to make claims.
    #[serde(default)]
    pub other_providers: Vec<OtherProvider>,
    /// Webhooks that are told nothing until a person says so.
    #[serde(default)]
    pub stopped_webhooks: Vec<StoppedWebhook>,
    /// Whether the database was put back from a backup, and what that left in doubt.
    #[serde(default)]
    pub restored: Option<actions::restore::Shown>,
}

/// A webhook that is told nothing until a person says so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoppedWebhook {
    /// The company's organisation number.
    pub company: String,
    /// Its id.
    pub id: String,
    /// Since when: business time, Unix milliseconds.
    pub since: i64,
    /// Why.
    pub why: Fault,
}

/// An account for which somebody else seems to make claims: the rail had claims of ours already, and not from us.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OtherProvider {
    /// The company's organisation number.
    pub company: String,
    /// Its bank account.
    pub account: String,
    /// How many claims.
    pub claims: i64,
    /// The last of them: business time, Unix milliseconds.
    pub last_at: i64,
}

/// Options that a sender may give beside the document; they win over its metadata.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Wishes {
    /// Consumer or business.
    pub recipient_type: Option<RecipientType>,
    /// The order of routes.
    pub route_order: Vec<RouteName>,
    /// The sender's own id of the document. Left out of the JSON where there is none: what makes a document the same again must not change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uuid: Option<uuid::Uuid>,
}

impl Hub {
    /// Answers a question. Never fails: what went wrong is an answer too.
    pub async fn answer(&self, ask: Ask) -> Answer {
        // Whatever is asked, the largest answer's way is not carried by whoever asks for a small one.
        match Box::pin(self.try_answer(ask)).await {
            Ok(answer) => answer,
            Err(Error::Refused(faults)) => Answer::Refused { faults },
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "a question could not be answered");
                Answer::Failed { why: error.to_string() }
            }
        }
    }

    async fn try_answer(&self, ask: Ask) -> Result<Answer> {
        Ok(match ask {
            Ask::AddCompany { org_number, name, settings } => {
                actions::add_company::add_company(self, &org_number, &name, settings).await?;
                Answer::Done
            }
            Ask::SetRoute { company, route, setup } => {
                let company = self.company(Some(&company)).await?;
                actions::add_company::set_route(self, &company, &route, kvitt_adapters::route::RouteSetup(setup)).await?;
                Answer::Done
            }
            Ask::SetCustomerOrder { company, customer, order } => {
                let company = self.company(Some(&company)).await?;
                actions::set_customer_order::set_customer_order(self, &company, &customer, order).await?;
                Answer::Done
            }
            Ask::CustomerOrders { company, after } => {
                let company = self.company(Some(&company)).await?;
                let mut db = self.db().read().await?;
                Answer::CustomerOrders { orders: customer_order::page(&mut db, &company.id, &after, CUSTOMERS_AT_A_TIME).await? }
            }
            Ask::Agreements { company, what } => {
                let company = self.company(company.as_deref()).await?;
                match what {
                    AgreementAsk::List => {
                        Answer::Agreements { agreements: actions::order_agreement::list(self, &company).await? }
                    }
                    other => {
                        actions::order_agreement::change(self, &company, other).await?;
                        Answer::Done
                    }
                }
            }
            Ask::Mandates { company, what } => {
                let company = self.company(company.as_deref()).await?;
                actions::find_mandates::ask(self, &company, what).await?
            }
            Ask::ChangeSettings { company, settings } => {
                let company = self.company(Some(&company)).await?;
                actions::add_company::change_settings(self, &company, settings).await?;
                Answer::Done
            }
            Ask::Companies => Answer::Companies { companies: self.companies_shown().await? },
            Ask::Send(handed) => Answer::Accepted(actions::accept_invoice::accept_invoice(self, handed).await?),
            Ask::Plan(handed) => Answer::Plan(actions::plan_invoice::plan_invoice(self, handed).await?),
            Ask::Explain { company, invoice } => {
                let company = self.company(company.as_deref()).await?;
                Answer::Story(Box::new(actions::explain::explain(self, &company, &invoice).await?))
            }
            Ask::Invoices { company, after, limit } => {
                let company = self.company(company.as_deref()).await?;
                let (invoices, next) = actions::explain::list(self, &company, after, limit).await?;
                Answer::Invoices { invoices, next }
            }
            Ask::Vouchers { company, wanted } => {
                let company = self.company(company.as_deref()).await?;
                Answer::Vouchers(Box::new(actions::list_vouchers::list(self, &company, &wanted).await?))
            }
            Ask::Settle { company, invoice, settlement, purpose, by } => {
                let company = self.company(company.as_deref()).await?;
                let decided = Decided { invoice: &invoice, purpose, settlement };
                actions::settle::settle(self, &company, decided, &by).await?;
                Answer::Done
            }
            Ask::Jobs { company } => {
                let company = self.company(company.as_deref()).await?;
                Answer::Jobs { jobs: crate::store::job::list(&mut *self.db().read().await?, &company.id).await? }
            }
            Ask::Unstick { company, job } => {
                let company = self.company(company.as_deref()).await?;
                actions::settle::unstick(self, &company, &job).await?;
                Answer::Done
            }
            Ask::Events { company, after, limit } => {
                let company = self.company(company.as_deref()).await?;
                Answer::Events { events: actions::explain::events(self, &company, after, limit).await? }
            }
            Ask::LastEvent { company } => {
                let company = self.company(company.as_deref()).await?;
                Answer::LastEvent { last: crate::store::event::last(&mut *self.db().read().await?, &company.id).await? }
            }
            Ask::VerifyEvents { company } => {
                let company = self.company(company.as_deref()).await?;
                Answer::Verified { last: actions::explain::verify(self, &company).await? }
            }
            Ask::LiftSuppression { company, address } => {
                let company = self.company(company.as_deref()).await?;
                actions::settle::lift_suppression(self, &company, &address).await?;
                Answer::Done
            }
            Ask::Access(ask) => access::answer(self, ask).await?,
            Ask::People(ask) => Answer::People(actions::change_people::ask(self, ask).await?),
            Ask::Money(ask) => money::answer(self, ask).await?,
            Ask::Webhooks { company, what } => webhooks::answer(self, company.as_deref(), what).await?,
            Ask::Report { company, report, days, customer, project, after, limit } => {
                let company = self.company(company.as_deref()).await?;
                let wanted = actions::show_report::asked(self, report, days, customer, project)?;
                let limit = limit.min(REPORT_ROWS_AT_A_TIME);
                let chunk = actions::show_report::chunk(self, &company, &wanted, &after, limit).await?;
                Answer::Report { days: wanted.days, chunk }
            }
            Ask::RotateKeys => {
                actions::rotate_keys::rotate_keys(self).await?;
                Answer::Done
            }
            Ask::BackUp { folder, keys } => {
                Answer::BackedUp { manifest: Box::new(actions::back_up::back_up(self, &folder, keys).await?) }
            }
            Ask::Status => Answer::Status(self.status().await?),
        })
    }

    async fn companies_shown(&self) -> Result<Vec<CompanyShown>> {
        let mut db = self.db().read().await?;
        let mut shown = Vec::new();
        for Company { id, org_number, name, settings, .. } in crate::store::company::all(&mut db, self.vault()).await? {
            let routes = crate::store::company::routes(&mut db, &id).await?.into_iter().map(|(route, _)| route).collect();
            shown.push(CompanyShown { org_number, name, settings, routes });
        }
        Ok(shown)
    }
}
