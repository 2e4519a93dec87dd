//! The people who use a company in the browser, as the clients of Nordic ERPs ask for them. A user's rights are a person's: what programs
//! may do is given with keys. Only a token for everything (`eui`) comes here: whoever can invite an administrator can do all that one can.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use kvitt_domain::fault::{Fault, codes};
use kvitt_domain::identifiers::without_identity_numbers;
use kvitt_domain::person::Role;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::actions::change_people::{self, change_role};
use crate::actions::invite::{self, Invited};
use crate::api::access::Caller;
use crate::api::problem::{Answered, Problem, ProblemBody};
use crate::api::request::InJson;
use crate::hub::Hub;
use crate::store::{invitation, membership};

/// The longest name or address, in characters.
const LONGEST: usize = 200;

/// Somebody who uses the company, or is invited to.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CompanyUser)]
pub struct UserShown {
    /// The person's id; while they have not come yet, the invitation's.
    id: String,
    email: String,
    first_name: String,
    last_name: String,
    /// Not kept here.
    phone: Option<String>,
    /// Never: Kvitt writes no letters to users.
    notifications_disabled: bool,
    emails_disabled: bool,
    /// `ADMIN` or `USER`.
    #[schema(pattern = "^(ADMIN|USER)$")]
    role: &'static str,
    /// What they may do in full: `admin`, `invoicing` or `read_only`.
    kvitt_role: &'static str,
    /// Always empty: keys are a company's and no user's.
    api_key: &'static str,
    /// Whether they are only invited yet.
    is_invited: bool,
    /// The link to hand over to somebody who is invited just now. It counts once, for a week, and is shown only now.
    #[serde(skip_serializing_if = "Option::is_none")]
    invitation: Option<String>,
}

/// Somebody to invite.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewUser {
    email: String,
    first_name: String,
    last_name: Option<String>,
    /// Not kept here: leave it out.
    phone: Option<String>,
    /// `ADMIN` or `USER`; `USER` where it is left out.
    user_role: Option<String>,
    notifications_disabled: Option<bool>,
    emails_disabled: Option<bool>,
}

/// What of a user may change: nothing of it here. What stands there already changes nothing.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangedUser {
    first_name: Option<String>,
    last_name: Option<String>,
    phone: Option<String>,
    notifications_disabled: Option<bool>,
    emails_disabled: Option<bool>,
}

/// Another role.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRole {
    /// `ADMIN` or `USER`.
    user_role: String,
}

/// Lists the people who use the company
///
/// Those who are invited too.
#[utoipa::path(get, path = "/v1/company/users", tag = "company", operation_id = "getV1CompanyUsers",
    responses((status = 200, description = "Everybody", body = Vec<UserShown>)))]
pub async fn list(State(hub): State<Hub>, caller: Caller) -> Answered<Json<Vec<UserShown>>> {
    Ok(Json(all(&hub, &caller).await?))
}

/// Shows somebody who uses the company
#[utoipa::path(get, path = "/v1/company/users/{user_id}", tag = "company", operation_id = "getV1CompanyUsersUserId",
    params(("user_id" = String, Path, description = "The user's id")),
    responses((status = 200, description = "The user", body = UserShown)))]
pub async fn get(State(hub): State<Hub>, caller: Caller, Path(id): Path<String>) -> Answered<Json<UserShown>> {
    Ok(Json(one(&hub, &caller, &id).await?))
}

/// Invites somebody to the company
///
/// They come with the link of the answer, which somebody hands over to them.
#[utoipa::path(post, path = "/v1/company/users", tag = "company", operation_id = "postV1CompanyUsers",
    request_body = NewUser,
    responses((status = 201, description = "Somebody is invited", body = UserShown),
        (status = "4XX", description = "Nobody is invited, and why", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn post(
    State(hub): State<Hub>,
    caller: Caller,
    InJson(wanted): InJson<NewUser>,
) -> Answered<(StatusCode, Json<UserShown>)> {
    kept_elsewhere(wanted.phone.as_deref(), wanted.notifications_disabled, wanted.emails_disabled)?;
    let role = wanted.user_role.as_deref().map_or(Ok(Role::Invoicing), role_named)?;
    let name = [Some(wanted.first_name.trim()), wanted.last_name.as_deref().map(str::trim)];
    let name: Vec<&str> = name.into_iter().flatten().filter(|part| !part.is_empty()).collect();
    let (name, email) = (name.join(" "), wanted.email.trim().to_lowercase());
    for (field, text) in [("first_name", &name), ("email", &email)] {
        // What is stored in clear and shown to others is a name, and nothing else.
        if text.chars().count() > LONGEST || text.chars().any(char::is_control) || without_identity_numbers(text) != *text {
            return Err(Problem::value(field, text));
        }
    }
    let invited = Invited { name, email: email.clone(), role, by: caller.by(), by_person: None };
    let token = invite::invite(&hub, caller.company(), invited).await?;
    let found = all(&hub, &caller).await?.into_iter().find(|user| user.email == email);
    let shown = found.ok_or_else(|| Problem::unknown("the invitation"))?;
    Ok((StatusCode::CREATED, Json(UserShown { invitation: Some(change_people::link(&hub, &token)), ..shown })))
}

/// Changes somebody who uses the company
///
/// What a person is called is theirs to say: only what changes nothing is taken.
#[utoipa::path(patch, path = "/v1/company/users/{user_id}", tag = "company", operation_id = "patchV1CompanyUsersUserId",
    params(("user_id" = String, Path, description = "The user's id")), request_body = ChangedUser,
    responses((status = 204, description = "Nothing was to be changed"),
        (status = "4XX", description = "Nothing is changed, and why", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn patch(
    State(hub): State<Hub>,
    caller: Caller,
    Path(id): Path<String>,
    InJson(wanted): InJson<ChangedUser>,
) -> Answered<StatusCode> {
    let known = one(&hub, &caller, &id).await?;
    kept_elsewhere(wanted.phone.as_deref(), wanted.notifications_disabled, wanted.emails_disabled)?;
    for (field, wanted, known) in
        [("first_name", &wanted.first_name, &known.first_name), ("last_name", &wanted.last_name, &known.last_name)]
    {
        if let Some(wanted) = wanted.as_deref().map(str::trim).filter(|wanted| wanted != known) {
            return Err(unsupported(field, wanted));
        }
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Lets somebody no longer use the company
///
/// Their sessions in it end; an invitation is withdrawn. The last administrator stays.
#[utoipa::path(delete, path = "/v1/company/users/{user_id}", tag = "company", operation_id = "deleteV1CompanyUsersUserId",
    params(("user_id" = String, Path, description = "The user's id")),
    responses((status = 204, description = "They do not use it any more"),
        (status = "4XX", description = "Nothing is changed, and why", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn delete(State(hub): State<Hub>, caller: Caller, Path(id): Path<String>) -> Answered<StatusCode> {
    let known = one(&hub, &caller, &id).await?;
    match known.is_invited {
        true => invite::withdraw(&hub, caller.company(), &known.id, &caller.by()).await?,
        false => change_people::remove(&hub, caller.company(), &known.id, &caller.by()).await?,
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Gives somebody another role
///
/// One of the two that this API knows. Who is only invited is invited again instead.
#[utoipa::path(post, path = "/v1/company/users/{user_id}/roles", tag = "company", operation_id = "postV1CompanyUsersUserIdRoles",
    params(("user_id" = String, Path, description = "The user's id")), request_body = NewRole,
    responses((status = 204, description = "They have it"),
        (status = "4XX", description = "Nothing is changed, and why", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn post_role(
    State(hub): State<Hub>,
    caller: Caller,
    Path(id): Path<String>,
    InJson(wanted): InJson<NewRole>,
) -> Answered<StatusCode> {
    let known = one(&hub, &caller, &id).await?;
    let role = role_named(&wanted.user_role)?;
    // Whoever may only read keeps that where `USER` is what they are called already.
    if known.role != role_name(role) {
        if known.is_invited {
            return Err(unsupported("user_role", &wanted.user_role));
        }
        change_role(&hub, caller.company(), &known.id, role, &caller.by()).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}

async fn one(hub: &Hub, caller: &Caller, id: &str) -> Answered<UserShown> {
    let found = all(hub, caller).await?.into_iter().find(|user| user.id == id);
    found.ok_or_else(|| Problem::unknown(&format!("user {id}")))
}

async fn all(hub: &Hub, caller: &Caller) -> Answered<Vec<UserShown>> {
    let (company, machine) = (&caller.company().id, hub.clock().machine_ms());
    let mut db = hub.db().read().await?;
    let members = membership::of_company(&mut db, company).await?;
    let invited = invitation::of_company(&mut db, company, machine).await?;
    let members = members.into_iter().map(|member| shown(member.person, member.email, &member.name, member.role, false));
    Ok(members.chain(invited.into_iter().map(|open| shown(open.id, open.email, &open.name, open.role, true))).collect())
}

fn shown(id: String, email: String, name: &str, role: Role, is_invited: bool) -> UserShown {
    let (first_name, last_name) = name.split_once(' ').unwrap_or((name, ""));
    UserShown {
        id,
        email,
        first_name: first_name.to_owned(),
        last_name: last_name.to_owned(),
        phone: None,
        notifications_disabled: false,
        emails_disabled: false,
        role: role_name(role),
        kvitt_role: role.name(),
        api_key: "",
        is_invited,
        invitation: None,
    }
}

fn role_name(role: Role) -> &'static str {
    match role {
        Role::Admin => "ADMIN",
        Role::Invoicing | Role::ReadOnly => "USER",
    }
}

fn role_named(name: &str) -> Answered<Role> {
    match name {
        "ADMIN" => Ok(Role::Admin),
        "USER" => Ok(Role::Invoicing),
        other => Err(Problem::value("user_role", other)),
    }
}

/// Refuses what is not kept here and would be lost without a word.
fn kept_elsewhere(phone: Option<&str>, notifications_disabled: Option<bool>, emails_disabled: Option<bool>) -> Answered<()> {
    if let Some(phone) = phone.filter(|phone| !phone.trim().is_empty()) {
        return Err(unsupported("phone", phone));
    }
    let flags = [("notifications_disabled", notifications_disabled), ("emails_disabled", emails_disabled)];
    match flags.into_iter().find(|(_, flag)| *flag == Some(true)) {
        Some((field, _)) => Err(unsupported(field, "true")),
        None => Ok(()),
    }
}

fn unsupported(field: &str, value: &str) -> Problem {
    Problem::of(Fault::fatal(codes::REQUEST_UNSUPPORTED).at(field).with("field", field).with("value", value))
}
