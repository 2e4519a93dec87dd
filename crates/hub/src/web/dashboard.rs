//! The first page: where everything stands.

use askama::Template;

use crate::web::frame::{Frame, Here};
use crate::web::session::Person;
use crate::web::{Page, shown};

#[derive(Template)]
#[template(path = "dashboard.html")]
struct Dashboard {
    frame: Frame,
}

/// The page.
pub async fn get(person: Person) -> Page {
    shown(&Dashboard { frame: Frame::of(&person, "dashboard.title", Here::Dashboard) })
}
