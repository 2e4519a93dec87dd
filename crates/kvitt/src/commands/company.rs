//! `kvitt company`: companies and their routes.

use clap::Subcommand;
use comfy_table::Cell;
use kvitt_domain::plan::RouteName;
use kvitt_hub::desk::Ask;
use kvitt_hub::store::company::CompanySettings;
use kvitt_hub::store::customer_order::CustomerOrder;

use crate::cli::Session;
use crate::desk::Desk;
use crate::exit::{Exit, Failure, Outcome};
use crate::show::table::table;

/// Companies are the issuers of invoices; nothing of one is ever shown to another.
#[derive(Debug, Subcommand)]
pub enum Company {
    /// Add a company.
    Add {
        /// Its organisation number, nine digits.
        #[arg(value_name = "ORG")]
        org_number: String,
        /// Its name.
        name: String,
    },
    /// List the companies and the routes that each has set up.
    List,
    /// List the customers that have an order of routes of their own.
    CustomerOrders {
        /// The company's organisation number.
        #[arg(value_name = "ORG")]
        company: String,
    },
    /// Let an e-mail address that came back be written to again.
    LiftBlock {
        /// The company's organisation number.
        #[arg(value_name = "ORG")]
        company: String,
        /// The address.
        address: String,
    },
    /// Set the order of routes for one customer of a company; without ROUTES the customer's own order is forgotten.
    SetCustomerOrder {
        /// The company's organisation number.
        #[arg(value_name = "ORG")]
        company: String,
        /// The customer: its organisation number, or its number in the invoices (BT-46); org: or number: before it says which.
        customer: String,
        /// The routes to use, in order, such as email,print; one alone means no fallback. An order given with a document wins over it.
        #[arg(value_delimiter = ',')]
        routes: Vec<String>,
    },
    /// Order agreements with the rail, see where they stand, and end them.
    #[command(subcommand)]
    Agreement(super::agreement::Agreement),
    /// Set bank accounts up, and make KIDs for them.
    #[command(subcommand)]
    BankAccount(super::bank_account::BankAccount),
    /// Set a route up for a company. docs/routes/ says what each route needs.
    SetRoute {
        /// The company's organisation number.
        #[arg(value_name = "ORG")]
        company: String,
        /// The route, such as email.
        route: String,
        /// The settings as JSON, or @FILE to read them from a file.
        #[arg(value_name = "JSON|@FILE")]
        setup: String,
    },
}

impl Company {
    pub async fn run(self, session: &Session) -> Outcome {
        match self {
            Company::Add { org_number, name } => {
                let done = session.words.say("company.added", &[("name", &name), ("org_number", &org_number)]);
                let ask = Ask::AddCompany { org_number, name, settings: CompanySettings::default() };
                change(session, ask, &done).await
            }
            Company::SetRoute { company, route, setup } => {
                let setup = read_setup(&setup)?;
                let done = session
                    .words
                    .say("company.route_set", &[("route", &session.words.name("route", &route)), ("company", &company)]);
                change(session, Ask::SetRoute { company, route, setup }, &done).await
            }
            Company::SetCustomerOrder { company, customer, routes } => {
                let words = session.words;
                let named: Vec<String> = routes.iter().map(|route| words.name("route", route)).collect();
                let done = match named.is_empty() {
                    true => words.say("company.customer_order_removed", &[("customer", &customer)]),
                    false => words.say("company.customer_order_set", &[("customer", &customer), ("routes", &named.join(", "))]),
                };
                let order = routes.into_iter().map(RouteName::new).collect();
                change(session, Ask::SetCustomerOrder { company, customer, order }, &done).await
            }
            Company::CustomerOrders { company } => customer_orders(session, &company).await,
            Company::Agreement(agreement) => agreement.run(session).await,
            Company::LiftBlock { company, address } => {
                let done = session.words.say("company.block_lifted", &[("address", &address)]);
                change(session, Ask::LiftSuppression { company: Some(company), address }, &done).await
            }
            Company::BankAccount(account) => account.run(session).await,
            Company::List => list(session).await,
        }
    }
}

async fn change(session: &Session, ask: Ask, done: &str) -> Outcome {
    let desk = Desk::open(&session.place).await?;
    desk.tell(ask).await?;
    match session.json {
        true => session.print_json(&serde_json::json!({ "done": true }))?,
        false => session.print(done)?,
    }
    desk.close().await;
    Ok(Exit::Fine)
}

fn read_setup(given: &str) -> Result<serde_json::Value, Failure> {
    let text = match given.strip_prefix('@') {
        Some(file) => std::fs::read_to_string(file).map_err(|cause| Failure::io(format!("reading {file}"), cause))?,
        None => given.to_owned(),
    };
    serde_json::from_str(&text).map_err(|cause| Failure::Usage(format!("the settings are no JSON: {cause}")))
}

async fn customer_orders(session: &Session, company: &str) -> Outcome {
    let desk = Desk::open_known(&session.place).await?;
    let orders = desk.customer_orders(company).await?;
    let words = session.words;
    if session.json {
        session.print_json(&orders)?;
    } else if orders.is_empty() {
        session.print(&words.say("company.no_customer_orders", &[]))?;
    } else {
        let mut shown = table(&["customer", "routes"].map(|name| words.name("cli", &format!("column.{name}"))));
        for CustomerOrder { customer, order } in &orders {
            let routes: Vec<String> = order.iter().map(|route| words.name("route", route.as_str())).collect();
            shown.add_row(vec![Cell::new(customer.to_string()), Cell::new(routes.join(", "))]);
        }
        session.print(&shown.to_string())?;
    }
    desk.close().await;
    Ok(Exit::Fine)
}

async fn list(session: &Session) -> Outcome {
    let desk = Desk::open_known(&session.place).await?;
    let companies = desk.companies().await?;
    let words = session.words;
    if session.json {
        session.print_json(&companies)?;
    } else if companies.is_empty() {
        session.print(&words.say("company.none", &[]))?;
    } else {
        let mut shown = table(&["company", "name", "routes"].map(|name| words.name("cli", &format!("column.{name}"))));
        for company in &companies {
            let routes: Vec<String> = company.routes.iter().map(|route| words.name("route", route)).collect();
            shown.add_row(vec![Cell::new(&company.org_number), Cell::new(&company.name), Cell::new(routes.join(", "))]);
        }
        session.print(&shown.to_string())?;
    }
    desk.close().await;
    Ok(Exit::Fine)
}
