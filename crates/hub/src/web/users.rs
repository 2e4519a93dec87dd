//! The people of a company: who they are and what they may do; inviting, changing, removing.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, header};
use axum::response::Response;
use kvitt_domain::fault::{Fault, codes};
use kvitt_domain::person::Role;

use crate::actions::change_people;
use crate::actions::invite::{self, Invited, LINKS_LAST};
use crate::api::problem::Problem;
use crate::hub::Hub;
use crate::store::{invitation, membership};
use crate::web::form::{Filled, Form, faults_of};
use crate::web::frame::{Frame, Here};
use crate::web::session::{self, Person};
use crate::web::{Page, given_back, on_to, shown};

const SECONDS_A_DAY: u64 = 24 * 3600;

#[derive(Template)]
#[template(path = "users.html")]
struct Users {
    frame: Frame,
    members: Vec<Member>,
    invited: Vec<Open>,
    form: Filled,
    roles: Vec<(String, String)>,
    names: Vec<(String, String)>,
    days: String,
}

/// A row of the list.
struct Member {
    id: String,
    name: String,
    email: String,
    role: &'static str,
    since: String,
    is_you: bool,
}

/// An invitation that nobody has taken.
struct Open {
    id: String,
    name: String,
    email: String,
    role: String,
    until: String,
}

#[derive(Template)]
#[template(path = "invited.html")]
struct Ready {
    frame: Frame,
    name: String,
    link: String,
}

/// The list.
pub async fn get(State(hub): State<Hub>, person: Person) -> Page {
    let form = Filled::empty(person.words()).with("role", Role::Invoicing.name());
    page(&hub, &person, form).await
}

async fn page(hub: &Hub, person: &Person, form: Filled) -> Page {
    let words = person.words();
    let (company, now) = (&person.company().id, hub.clock().machine_ms());
    let mut db = hub.db().read().await?;
    let members = membership::of_company(&mut db, company).await?;
    let invited = invitation::of_company(&mut db, company, now).await?;
    drop(db);
    let member = |member: membership::Member| Member {
        is_you: member.person == person.id(),
        id: member.person,
        name: member.name,
        email: member.email,
        role: member.role.name(),
        since: words.day_ms(member.since_at),
    };
    let open = |open: invitation::Invitation| Open {
        id: open.id,
        name: open.name,
        email: open.email,
        role: words.name("role", open.role.name()),
        until: words.day_ms(open.until),
    };
    let meaning = |role: Role| {
        let name = words.name("role", role.name());
        (role.name().to_owned(), format!("{name} – {}", words.t(&format!("users.role.{}", role.name()))))
    };
    shown(&Users {
        frame: Frame::of(person, "users.title", Here::Users),
        members: members.into_iter().map(member).collect(),
        invited: invited.into_iter().map(open).collect(),
        form,
        names: Role::ALL.into_iter().map(|role| (role.name().to_owned(), words.name("role", role.name()))).collect(),
        roles: Role::ALL.into_iter().map(meaning).collect(),
        days: (LINKS_LAST.as_secs() / SECONDS_A_DAY).to_string(),
    })
}

/// Invites somebody, and shows the link once.
pub async fn invite(State(hub): State<Hub>, person: Person, headers: HeaderMap, form: Form) -> Page {
    let invited = Invited {
        name: form.get("name").to_owned(),
        email: form.get("email").to_owned(),
        role: role_of(&form)?,
        by: person.by(),
        by_person: Some(person.signed_in().person.id.clone()),
    };
    let name = invited.name.clone();
    match faults_of(invite::invite(&hub, person.company(), invited).await)? {
        Ok(token) => shown(&Ready {
            frame: Frame::of(&person, "users.link.title", Here::Users),
            name,
            link: format!("{}/invitation/{token}", address_of(&hub, &headers)),
        }),
        Err(faults) => given_back(page(&hub, &person, Filled::refused(person.words(), &form, faults)).await),
    }
}

/// The address under which people reach the hub: the configured one, else the one by which this person does.
pub(super) fn address_of(hub: &Hub, headers: &HeaderMap) -> String {
    if let Some(address) = &hub.config().public_address {
        return address.trim_end_matches('/').to_owned();
    }
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).map(str::to_owned);
    format!("http://{}", host.unwrap_or_else(|| hub.config().listen.to_string()))
}

fn role_of(form: &Form) -> Result<Role, Problem> {
    let wanted = form.get("role");
    Role::named(wanted).ok_or_else(|| Problem::of(Fault::fatal(codes::FORM_VALUE).at("role").with("value", wanted)))
}

/// Gives somebody another role.
pub async fn change_role(State(hub): State<Hub>, person: Person, Path(other): Path<String>, form: Form) -> Page {
    change_people::change_role(&hub, person.company(), &other, role_of(&form)?, &person.by()).await?;
    Ok(back(&hub, "role_changed"))
}

/// Removes somebody.
pub async fn remove(State(hub): State<Hub>, person: Person, Path(other): Path<String>) -> Page {
    change_people::remove(&hub, person.company(), &other, &person.by()).await?;
    Ok(back(&hub, "user_removed"))
}

/// Withdraws an invitation.
pub async fn withdraw(State(hub): State<Hub>, person: Person, Path(id): Path<String>) -> Page {
    invite::withdraw(&hub, person.company(), &id, &person.by()).await?;
    Ok(back(&hub, "invitation_withdrawn"))
}

fn back(hub: &Hub, flash: &str) -> Response {
    let mut response = on_to("/users");
    response.headers_mut().append(header::SET_COOKIE, session::flash(hub, flash));
    response
}
