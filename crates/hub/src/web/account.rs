//! What is a person's own: language and colours, the password, the company that they look at.

use std::sync::Arc;

use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::http::header;
use kvitt_domain::Language;
use kvitt_domain::person::{SHORTEST_PASSWORD, Theme};

use crate::actions::sign_in::{self, NewPassword};
use crate::hub::Hub;
use crate::web::form::{Filled, Form, faults_of};
use crate::web::frame::{Frame, Here};
use crate::web::guard::Gate;
use crate::web::session::{self, Person, Visitor};
use crate::web::sign_in::ours;
use crate::web::{Page, given_back, on_to, shown};

#[derive(Template)]
#[template(path = "account.html")]
struct Account {
    frame: Frame,
    form: Filled,
    shortest: String,
    /// Company, organisation number, role.
    companies: Vec<(String, String, String)>,
}

/// The page.
pub async fn get(person: Person) -> Page {
    page(&person, Filled::empty(person.words()))
}

fn page(person: &Person, form: Filled) -> Page {
    let words = person.words();
    let uses = person.signed_in().uses.iter();
    let companies = uses.map(|one| (one.name.clone(), one.org_number.clone(), words.name("role", one.role.name()))).collect();
    let frame = Frame::of(person, "account.title", Here::Nowhere);
    shown(&Account { frame, form, shortest: SHORTEST_PASSWORD.to_string(), companies })
}

/// Changes the password.
pub async fn password(State(hub): State<Hub>, Extension(gate): Extension<Arc<Gate>>, person: Person, form: Form) -> Page {
    // Whoever has somebody's session may not guess the password there either.
    gate.knock(None, &person.signed_in().person.email)?;
    let given = NewPassword {
        now: form.raw("now").to_owned(),
        new: form.raw("password").to_owned(),
        again: form.raw("again").to_owned(),
    };
    match faults_of(sign_in::change_password(&hub, person.signed_in(), given).await)? {
        Ok(()) => {
            let mut response = on_to("/account");
            response.headers_mut().append(header::SET_COOKIE, session::flash(&hub, "password_changed"));
            Ok(response)
        }
        Err(faults) => given_back(page(&person, Filled::refused(person.words(), &form, faults))),
    }
}

/// Language and colours: a person's are kept, a visitor's are the browser's to keep.
pub async fn tastes(State(hub): State<Hub>, visitor: Visitor, form: Form) -> Page {
    let language = Language::named(form.get("language")).unwrap_or(visitor.language);
    let theme = Theme::named(form.get("theme")).unwrap_or(visitor.theme);
    let mut response = on_to(ours(form.get("back")));
    if let Some(signed_in) = &visitor.signed_in {
        sign_in::keep_tastes(&hub, &signed_in.person.id, language, theme).await?;
    }
    for cookie in session::likings(&hub, language, theme) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    Ok(response)
}

/// Turns to another company.
pub async fn company(State(hub): State<Hub>, person: Person, form: Form) -> Page {
    sign_in::choose_company(&hub, person.signed_in(), form.get("company")).await?;
    Ok(on_to("/"))
}
