//! People are invited to a company with a link that an administrator hands over, and accept with a password; a link of the operator's
//! sets a new password. Each link counts once and for days; only the digest of its token is stored.

use std::time::Duration;

use futures_util::FutureExt;
use kvitt_domain::Language;
use kvitt_domain::fault::{Fault, codes};
use kvitt_domain::identifiers::EmailAddress;
use kvitt_domain::person::{Role, Theme};

use crate::actions::begin::missing;
use crate::actions::sign_in::{begin_session, faults_of_new, new_token};
use crate::error::{Error, Result};
use crate::hub::Hub;
use crate::password;
use crate::store::company::{self, Company};
use crate::store::event::NewEvent;
use crate::store::invitation::{self, Invitation};
use crate::store::person::{self, Person};
use crate::store::{membership, session};
use crate::vault::sha256;

/// How long a link counts.
pub const LINKS_LAST: Duration = Duration::from_secs(7 * 24 * 3600);
/// People of one company, invited ones too: each page of users shows them all.
pub const MOST_PEOPLE: usize = 500;

/// Whom an administrator invites.
#[derive(Debug, Clone)]
pub struct Invited {
    /// What they are called.
    pub name: String,
    /// What they will sign in with.
    pub email: String,
    /// What they will be able to do.
    pub role: Role,
    /// Who invites them.
    pub by: String,
    /// The id of the person who invites them, who must be an administrator; `None` for the operator.
    pub by_person: Option<String>,
}

/// What a link opens.
#[derive(Debug, Clone)]
pub enum Link {
    /// A company, for somebody who may have a user here already.
    Join {
        /// The invitation.
        invitation: Invitation,
        /// The company's name.
        company: String,
        /// Whether they have a user here, whose password they give.
        is_known: bool,
    },
    /// A new password.
    Reset {
        /// Whose.
        person: Person,
    },
}

/// Invites somebody: the token of the link. Every fault at once, at the names of the fields.
pub async fn invite(hub: &Hub, company: &Company, invited: Invited) -> Result<String> {
    let mut faults: Vec<Fault> = missing("name", &invited.name).into_iter().collect();
    faults.extend(EmailAddress::parse(&invited.email).err().map(|fault| fault.at("email")));
    if !faults.is_empty() {
        return Err(Error::Refused(faults));
    }
    let token = new_token();
    let machine = hub.clock().machine_ms();
    let invitation = Invitation {
        company: company.id.clone(),
        id: crate::ids::new_id().to_string(),
        email: invited.email.trim().to_lowercase(),
        name: invited.name.trim().to_owned(),
        role: invited.role,
        made_by: invited.by,
        until: machine.saturating_add(i64::try_from(LINKS_LAST.as_millis()).unwrap_or(i64::MAX)),
    };
    let (company, digest, now) = (company.clone(), sha256(token.as_bytes()), hub.clock().business_ms());
    let inviter = invited.by_person;
    hub.write(move |tx| {
        let (company, invitation, digest, inviter) = (company.clone(), invitation.clone(), digest.clone(), inviter.clone());
        async move {
            if let Some(inviter) = &inviter {
                // Behind the lock: whoever takes their right away meanwhile withdraws this invitation too, or it is not made.
                membership::lock_admins(tx, &company.id).await?;
                if membership::role_of(tx.db(), &company.id, inviter).await? != Some(Role::Admin) {
                    return Err(Error::refused(Fault::fatal(codes::ROLE_MISSING).with("role", Role::Admin.name())));
                }
            }
            let members = membership::of_company(tx.db(), &company.id).await?;
            let open = invitation::of_company(tx.db(), &company.id, machine).await?;
            if members.iter().any(|member| member.email == invitation.email) {
                return Err(Error::refused(Fault::fatal(codes::USER_KNOWN).at("email").with("email", &invitation.email)));
            }
            if members.len() + open.len() >= MOST_PEOPLE {
                return Err(Error::refused(Fault::fatal(codes::USER_TOO_MANY).with("limit", MOST_PEOPLE)));
            }
            // A new link to the same person ends the one before.
            for before in open.iter().filter(|open| open.email == invitation.email) {
                invitation::remove(tx, &company.id, &before.id).await?;
            }
            invitation::insert(tx, &company.id, &invitation, &digest).await?;
            let told = serde_json::json!({
                "name": invitation.name, "email": invitation.email, "role": invitation.role, "by": invitation.made_by,
            });
            tx.tell(NewEvent::new(&company.id, &company.key, now, "user.invited", &invitation.id, &told)?);
            Ok(())
        }
        .boxed()
    })
    .await?;
    Ok(token)
}

/// Withdraws an invitation. One that is over already is over.
pub async fn withdraw(hub: &Hub, company: &Company, invitation: &str, by: &str) -> Result<()> {
    let (company, id, by, now) = (company.clone(), invitation.to_owned(), by.to_owned(), hub.clock().business_ms());
    hub.write(move |tx| {
        let (company, id, by) = (company.clone(), id.clone(), by.clone());
        async move {
            if invitation::remove(tx, &company.id, &id).await? {
                let told = serde_json::json!({ "by": by });
                tx.tell(NewEvent::new(&company.id, &company.key, now, "user.invitation_withdrawn", &id, &told)?);
            }
            Ok(())
        }
        .boxed()
    })
    .await
}

/// Makes a link to a new password for a person: its token. Whoever holds the machine may do it for anybody; an administrator of one
/// company could take another company's pages with it, and may not.
pub async fn offer_password(hub: &Hub, email: &str) -> Result<String> {
    let email = email.trim().to_lowercase();
    let found = person::by_email(&mut *hub.db().read().await?, &email).await?;
    let unknown = || Error::refused(Fault::fatal(codes::USER_UNKNOWN).with("email", &email));
    let person = found.ok_or_else(unknown)?.person;
    let token = new_token();
    let until = hub.clock().machine_ms().saturating_add(i64::try_from(LINKS_LAST.as_millis()).unwrap_or(i64::MAX));
    let digest = sha256(token.as_bytes());
    hub.write(move |tx| {
        let (person, digest) = (person.id.clone(), digest.clone());
        async move { person::save_link(tx, &person, &digest, until).await }.boxed()
    })
    .await?;
    Ok(token)
}

/// What a token opens.
///
/// # Errors
/// `user.link_over`.
pub async fn open(hub: &Hub, token: &str) -> Result<Link> {
    let (digest, machine) = (sha256(token.as_bytes()), hub.clock().machine_ms());
    let mut db = hub.db().read().await?;
    if let Some(invitation) = invitation::by_token(&mut db, &digest, machine).await? {
        let company = company::by_id(&mut db, hub.vault(), &invitation.company).await?.name;
        let is_known = person::by_email(&mut db, &invitation.email).await?.is_some();
        return Ok(Link::Join { invitation, company, is_known });
    }
    match person::by_link(&mut db, &digest, machine).await? {
        Some(person) => Ok(Link::Reset { person }),
        None => Err(over()),
    }
}

fn over() -> Error {
    Error::refused(Fault::fatal(codes::USER_LINK_OVER))
}

/// What somebody writes who follows a link.
#[derive(Clone)]
pub struct Taking {
    /// The token of the link.
    pub token: String,
    /// A new password, or the one that they have.
    pub password: String,
    /// A new one once more.
    pub again: String,
    /// The language of their pages, where they are new.
    pub language: Language,
}

/// Follows a link: the token of a session. Every fault at once, at the names of the fields.
pub async fn take(hub: &Hub, given: Taking) -> Result<String> {
    match open(hub, &given.token).await? {
        Link::Join { invitation, is_known, .. } => join(hub, given, invitation, is_known).await,
        Link::Reset { person } => reset(hub, given, person).await,
    }
}

async fn join(hub: &Hub, given: Taking, invitation: Invitation, is_known: bool) -> Result<String> {
    let machine = hub.clock().machine_ms();
    let (person, hashed) = match is_known {
        true => {
            let stored = person::by_email(&mut *hub.db().read().await?, &invitation.email).await?;
            let is_right = password::is_right(stored.as_ref().map(|stored| stored.password.as_str()), given.password).await?;
            let wrong = || Error::refused(Fault::fatal(codes::SIGN_IN_REFUSED).at("password"));
            let stored = stored.filter(|_| is_right).ok_or_else(wrong)?;
            (stored.person, None)
        }
        false => {
            let faults = faults_of_new(&given.password, &given.again);
            if !faults.is_empty() {
                return Err(Error::Refused(faults));
            }
            let person = Person {
                id: crate::ids::new_id().to_string(),
                email: invitation.email.clone(),
                name: invitation.name.clone(),
                language: given.language,
                theme: Theme::default(),
            };
            (person, Some(password::hash(given.password).await?))
        }
    };
    let (vault, now, digest) = (hub.vault_handle(), hub.clock().business_ms(), sha256(given.token.as_bytes()));
    let (id, company) = (person.id.clone(), invitation.company.clone());
    hub.write(move |tx| {
        let (vault, digest, hashed) = (vault.clone(), digest.clone(), hashed.clone());
        let (person, invitation) = (person.clone(), invitation.clone());
        async move {
            // Asked again: it counts once.
            if invitation::by_token(tx.db(), &digest, machine).await?.is_none() {
                return Err(over());
            }
            if !invitation::remove(tx, &invitation.company, &invitation.id).await? {
                return Err(over());
            }
            if let Some(hashed) = &hashed {
                person::insert(tx, &person, hashed, now).await?;
            }
            if membership::role_of(tx.db(), &invitation.company, &person.id).await?.is_none() {
                membership::insert(tx, &invitation.company, &person.id, invitation.role, now).await?;
            }
            let company = company::by_id(tx.db(), &vault, &invitation.company).await?;
            let told = serde_json::json!({
                "name": person.name, "email": person.email, "role": invitation.role, "by": invitation.made_by,
            });
            tx.tell(NewEvent::new(&company.id, &company.key, now, "user.joined", &person.id, &told)?);
            Ok(())
        }
        .boxed()
    })
    .await?;
    begin_session(hub, &id, &company).await
}

async fn reset(hub: &Hub, given: Taking, person: Person) -> Result<String> {
    let faults = faults_of_new(&given.password, &given.again);
    if !faults.is_empty() {
        return Err(Error::Refused(faults));
    }
    let uses = membership::of_person(&mut *hub.db().read().await?, &person.id).await?;
    let company = uses.first().ok_or_else(over)?.company.clone();
    let (hashed, digest) = (password::hash(given.password).await?, sha256(given.token.as_bytes()));
    let (id, machine) = (person.id.clone(), hub.clock().machine_ms());
    hub.write(move |tx| {
        let (hashed, digest, id) = (hashed.clone(), digest.clone(), person.id.clone());
        async move {
            if person::by_link(tx.db(), &digest, machine).await?.is_none() {
                return Err(over());
            }
            person::save_password(tx, &id, &hashed).await?;
            session::end_others(tx, &id, "").await.map(|_| ())
        }
        .boxed()
    })
    .await?;
    begin_session(hub, &id, &company).await
}
