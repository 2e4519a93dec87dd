//! Who uses a company: shown, given another role, removed. Somebody who can change everything is always left.

use futures_util::FutureExt;
use kvitt_domain::fault::{Fault, codes};
use kvitt_domain::person::Role;
use serde::{Deserialize, Serialize};

use crate::actions::invite::{self, Invited};
use crate::error::{Error, Result};
use crate::hub::Hub;
use crate::store::Tx;
use crate::store::company::Company;
use crate::store::event::NewEvent;
use crate::store::invitation;
use crate::store::membership::{self, Use};
use crate::store::person::{self, Person};
use crate::store::session;

/// What the operator asks about people.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "do")]
pub enum PeopleAsk {
    /// Everybody, with what they may do where.
    List,
    /// Invite somebody to a company.
    Add {
        /// The company's organisation number; may be left out while there is only one company.
        company: Option<String>,
        /// What they are called.
        name: String,
        /// What they sign in with.
        email: String,
        /// What they may do.
        role: Role,
        /// Who invites them.
        by: String,
    },
    /// Make a link to a new password.
    ResetPassword {
        /// Whose.
        email: String,
    },
}

/// A person, and the companies that they use.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PersonShown {
    /// Who.
    pub person: Person,
    /// Where, and what they may do there.
    pub uses: Vec<Use>,
}

/// What the operator is answered.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PeopleAnswer {
    /// Everybody, by address.
    People(Vec<PersonShown>),
    /// The link to hand over, which is shown once.
    Link(String),
}

/// Does what the operator wants.
pub async fn ask(hub: &Hub, ask: PeopleAsk) -> Result<PeopleAnswer> {
    match ask {
        PeopleAsk::List => {
            let mut db = hub.db().read().await?;
            let mut shown = Vec::new();
            for person in person::all(&mut db).await? {
                let uses = membership::of_person(&mut db, &person.id).await?;
                shown.push(PersonShown { person, uses });
            }
            Ok(PeopleAnswer::People(shown))
        }
        PeopleAsk::Add { company, name, email, role, by } => {
            let company = hub.company(company.as_deref()).await?;
            let token = invite::invite(hub, &company, Invited { name, email, role, by, by_person: None }).await?;
            Ok(PeopleAnswer::Link(link(hub, &token)))
        }
        PeopleAsk::ResetPassword { email } => {
            let token = invite::offer_password(hub, &email).await?;
            Ok(PeopleAnswer::Link(link(hub, &token)))
        }
    }
}

/// The address of a link for people who reach the hub as everybody does, or from this machine.
pub fn link(hub: &Hub, token: &str) -> String {
    let here = format!("http://{}", hub.config().listen);
    let address = hub.config().public_address.as_deref().unwrap_or(&here);
    format!("{}/invitation/{token}", address.trim_end_matches('/'))
}

/// Gives a person of a company another role.
///
/// # Errors
/// Not found, where they do not use it; `user.last_admin`.
pub async fn change_role(hub: &Hub, company: &Company, person: &str, role: Role, by: &str) -> Result<()> {
    change(hub, company, person, Some(role), by).await
}

/// Lets a person no longer use a company. Their sessions there end.
///
/// # Errors
/// The same.
pub async fn remove(hub: &Hub, company: &Company, person: &str, by: &str) -> Result<()> {
    change(hub, company, person, None, by).await
}

async fn change(hub: &Hub, company: &Company, person: &str, role: Option<Role>, by: &str) -> Result<()> {
    let (company, person, by, now) = (company.clone(), person.to_owned(), by.to_owned(), hub.clock().business_ms());
    let machine_now = hub.clock().machine_ms();
    hub.write(move |tx| {
        let (company, person, by) = (company.clone(), person.clone(), by.clone());
        async move {
            let admins = membership::lock_admins(tx, &company.id).await?;
            let before = membership::role_of(tx.db(), &company.id, &person).await?;
            let before = before.ok_or_else(|| Error::NotFound("the user".into()))?;
            if before == Role::Admin && role != Some(Role::Admin) && admins <= 1 {
                return Err(Error::refused(Fault::fatal(codes::USER_LAST_ADMIN)));
            }
            let kind = match role {
                Some(role) => {
                    membership::change(tx, &company.id, &person, role).await?;
                    "user.role_changed"
                }
                None => {
                    membership::remove(tx, &company.id, &person).await?;
                    session::end_in(tx, &company.id, &person).await?;
                    "user.removed"
                }
            };
            let told = serde_json::json!({ "before": before, "role": role, "by": by });
            tx.tell(NewEvent::new(&company.id, &company.key, now, kind, &person, &told)?);
            if before == Role::Admin && role != Some(Role::Admin) {
                withdraw_theirs(tx, &company, &person, &by, (now, machine_now)).await?;
            }
            Ok(())
        }
        .boxed()
    })
    .await
}

/// Withdraws the invitations of somebody who may invite nobody any more: a link that they kept would let in whom they like.
async fn withdraw_theirs(
    tx: &mut Tx<'_>,
    company: &Company,
    person: &str,
    by: &str,
    (now, machine_now): (i64, i64),
) -> Result<()> {
    let Some(theirs) = person::by_id(tx.db(), person).await?.map(|stored| stored.person.signature()) else { return Ok(()) };
    for open in invitation::of_company(tx.db(), &company.id, machine_now).await? {
        if open.made_by == theirs && invitation::remove(tx, &company.id, &open.id).await? {
            let told = serde_json::json!({ "by": by });
            tx.tell(NewEvent::new(&company.id, &company.key, now, "user.invitation_withdrawn", &open.id, &told)?);
        }
    }
    Ok(())
}
