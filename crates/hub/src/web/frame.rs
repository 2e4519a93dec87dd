//! What stands around every page: the way to the other pages, the company, the switches, the ribbon of a test, what is said first.

use std::fmt::{Display, Formatter};

use askama::filters::HtmlSafe;
use kvitt_domain::Language;
use kvitt_domain::person::{Role, Theme};

use crate::store::membership::Use;
use crate::web::assets;
use crate::web::session::{Person, Visitor};
use crate::web::words::Words;

/// Where in the menu a page stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Here {
    /// In no menu.
    Nowhere,
    /// The dashboard.
    Dashboard,
    /// The invoices.
    Invoices,
    /// The money that came.
    Payments,
    /// Mandates for direct debit.
    Mandates,
    /// Agreements with the rail.
    Agreements,
    /// Reports.
    Reports,
    /// What happened.
    Events,
    /// What is to be done by itself.
    Jobs,
    /// Programs that are told.
    Hooks,
    /// Keys of programs.
    Keys,
    /// What the company decides for itself.
    Settings,
    /// The people of the company.
    Users,
    /// Drafts.
    Drafts,
    /// What comes again.
    Recurring,
    /// Customers.
    Customers,
    /// Projects.
    Projects,
    /// The price list.
    Products,
    /// Settings of invoicing.
    Invoicing,
    /// The sandbox that plays the counterparties.
    Sandbox,
}

/// A link of the menu: where it stands, its path, the key of its text below `web.nav.`, its picture, and to whom it is shown.
struct Link(Here, &'static str, &'static str, &'static str, Role);

/// The menu: groups with the key of their heading below `web.nav.`.
const MENU: &[(&str, &[Link])] = &[
    (
        "follow",
        &[
            Link(Here::Dashboard, "/", "dashboard", "home", Role::ReadOnly),
            Link(Here::Invoices, "/invoices", "invoices", "invoice", Role::ReadOnly),
            Link(Here::Payments, "/payments", "payments", "money", Role::ReadOnly),
            Link(Here::Reports, "/reports", "reports", "report", Role::ReadOnly),
            Link(Here::Events, "/events", "events", "event", Role::ReadOnly),
        ],
    ),
    (
        "invoicing",
        &[
            Link(Here::Drafts, "/drafts", "drafts", "draft", Role::ReadOnly),
            Link(Here::Recurring, "/recurring", "recurring", "mandate", Role::ReadOnly),
            Link(Here::Customers, "/customers", "customers", "customer", Role::ReadOnly),
            Link(Here::Projects, "/projects", "projects", "project", Role::ReadOnly),
            Link(Here::Products, "/products", "products", "product", Role::ReadOnly),
        ],
    ),
    (
        "rails",
        &[
            Link(Here::Agreements, "/agreements", "agreements", "agreement", Role::ReadOnly),
            Link(Here::Mandates, "/mandates", "mandates", "mandate", Role::ReadOnly),
        ],
    ),
    (
        "set_up",
        &[
            Link(Here::Settings, "/settings", "settings", "settings", Role::ReadOnly),
            Link(Here::Invoicing, "/settings/invoicing", "invoicing_settings", "draft", Role::Admin),
            Link(Here::Users, "/users", "users", "people", Role::Admin),
            Link(Here::Keys, "/api-keys", "keys", "key", Role::Admin),
            Link(Here::Hooks, "/webhooks", "hooks", "webhook", Role::Admin),
            Link(Here::Jobs, "/jobs", "jobs", "job", Role::ReadOnly),
        ],
    ),
    ("practice", &[Link(Here::Sandbox, "/sandbox", "sandbox", "play", Role::ReadOnly)]),
];

/// A group of the menu as it is shown.
#[derive(Debug)]
pub struct Group {
    /// Its heading.
    pub heading: String,
    /// Its links.
    pub links: Vec<Shown>,
}

/// A link as it is shown.
#[derive(Debug)]
pub struct Shown {
    /// Where it leads.
    pub path: &'static str,
    /// What it says.
    pub text: String,
    /// Its picture.
    pub icon: Html,
    /// Whether the page that is shown is there.
    pub is_here: bool,
}

/// HTML that is ours: no template escapes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Html(pub String);

impl Display for Html {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl HtmlSafe for Html {}

/// The frame of a page.
#[derive(Debug)]
pub struct Frame {
    /// The page's heading, and the window's title.
    pub title: String,
    /// How things are said.
    pub words: Words,
    /// What the next form is to bring.
    pub token: String,
    /// Who is signed in: name and address.
    pub person: Option<(String, String)>,
    /// The company whose page it is: id and name.
    pub company: Option<(String, String)>,
    /// All companies of the person.
    pub uses: Vec<Use>,
    /// What is said first.
    pub flash: Option<String>,
    /// Whether nothing here is real.
    pub is_test: bool,
    /// Whether a sandbox plays the counterparties.
    has_sandbox: bool,
    /// Path and query, to come back to.
    pub path: String,
    theme: Theme,
    here: Here,
    role: Option<Role>,
}

impl Frame {
    /// The frame of somebody's page; `title` is a key below `web.`.
    pub fn of(person: &Person, title: &str, here: Here) -> Frame {
        Frame::titled(person.visitor(), person.words().t(title), here)
    }

    /// The frame of anybody's page.
    pub fn titled(visitor: &Visitor, title: String, here: Here) -> Frame {
        let words = visitor.words();
        let signed_in = visitor.signed_in.as_ref();
        Frame {
            title,
            words,
            token: visitor.token(),
            person: signed_in.map(|of| (of.person.name.clone(), of.person.email.clone())),
            company: signed_in.map(|of| (of.company.id.clone(), of.company.name.clone())),
            uses: signed_in.map(|of| of.uses.clone()).unwrap_or_default(),
            flash: visitor.flash.as_ref().map(|key| words.t(&format!("flash.{key}"))),
            is_test: visitor.is_test,
            has_sandbox: visitor.has_sandbox,
            path: visitor.path.clone(),
            theme: visitor.theme,
            here,
            role: signed_in.map(|of| of.role),
        }
    }

    /// The text under `web.<key>`.
    pub fn t(&self, key: &str) -> String {
        self.words.t(key)
    }

    /// The text under `web.<key>` with one value.
    pub fn with(&self, key: &str, name: &str, value: &str) -> String {
        self.words.with(key, &[(name, value)])
    }

    /// The text under `web.<key>` with two values: each its name, then what it is.
    pub fn with_two(&self, key: &str, one: &str, its: &str, two: &str, of_it: &str) -> String {
        self.words.with(key, &[(one, its), (two, of_it)])
    }

    /// The tag of the page's language.
    pub fn lang(&self) -> &'static str {
        self.words.0.tag()
    }

    /// The page's colours.
    pub fn theme(&self) -> &'static str {
        self.theme.name()
    }

    /// The address of an asset.
    pub fn asset(&self, name: &str) -> String {
        assets::address(name)
    }

    /// A picture beside a text that says the same.
    pub fn icon(&self, name: &str) -> Html {
        icon(name)
    }

    /// The token of the next form, as a hidden field.
    pub fn hidden(&self) -> Html {
        // The token is of letters, digits, - and _.
        Html(format!("<input type=\"hidden\" name=\"token\" value=\"{}\">", self.token))
    }

    /// The languages: tag, name, whether it is the page's.
    pub fn languages(&self) -> Vec<(&'static str, &'static str, bool)> {
        let name = |language: Language| match language {
            Language::Bokmal => "Norsk",
            Language::English => "English",
        };
        Language::ALL.into_iter().map(|one| (one.tag(), name(one), one == self.words.0)).collect()
    }

    /// The colours: name, word, whether they are the page's.
    pub fn themes(&self) -> Vec<(&'static str, String, bool)> {
        Theme::ALL.into_iter().map(|one| (one.name(), self.words.name("theme", one.name()), one == self.theme)).collect()
    }

    /// The menu, as far as the person may go.
    pub fn menu(&self) -> Vec<Group> {
        let Some(role) = self.role else { return Vec::new() };
        let shown = |link: &Link| Shown {
            path: link.1,
            text: self.t(&format!("nav.{}", link.2)),
            icon: icon(link.3),
            is_here: link.0 == self.here,
        };
        let is_there = |link: &Link| role >= link.4 && (self.has_sandbox || link.0 != Here::Sandbox);
        let group = |(heading, links): &(&str, &[Link])| Group {
            heading: self.t(&format!("nav.{heading}")),
            links: links.iter().filter(|link| is_there(link)).map(shown).collect(),
        };
        MENU.iter().map(group).filter(|group| !group.links.is_empty()).collect()
    }

    /// Whether the person may do what a role may, by its name.
    pub fn may(&self, role: &str) -> bool {
        Role::named(role).is_some_and(|wanted| self.role.is_some_and(|role| role >= wanted))
    }
}

/// A picture of `part/icons.html`, which says nothing by itself.
pub fn icon(name: &str) -> Html {
    debug_assert!(name.chars().all(|c| c.is_ascii_lowercase() || c == '-'), "{name} is no name of a picture");
    Html(format!("<svg class=\"icon\" aria-hidden=\"true\" focusable=\"false\"><use href=\"#i-{name}\"/></svg>"))
}

/// How something stands, as a colour that also has a shape and a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    /// All is well and done.
    Good,
    /// On its way.
    Going,
    /// A person is needed.
    Needed,
    /// It went wrong.
    Bad,
    /// Over, or without meaning.
    Quiet,
}

impl Mood {
    /// The end of its classes' names.
    pub fn class(self) -> &'static str {
        self.look().0
    }

    /// The class and the picture.
    fn look(self) -> (&'static str, &'static str) {
        match self {
            Mood::Good => ("good", "check"),
            Mood::Going => ("going", "clock"),
            Mood::Needed => ("needed", "hand"),
            Mood::Bad => ("bad", "cross"),
            Mood::Quiet => ("quiet", "dash"),
        }
    }
}

/// A state: a word with its colour and shape.
#[derive(Debug, Clone)]
pub struct Badge {
    /// How it stands.
    pub mood: Mood,
    /// The word.
    pub text: String,
}

impl Badge {
    /// A state.
    pub fn new(mood: Mood, text: impl Into<String>) -> Badge {
        Badge { mood, text: text.into() }
    }
}

impl Display for Badge {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        let (class, picture) = self.mood.look();
        let text = askama::filters::escape(&self.text, askama::filters::Html).map_err(|_| std::fmt::Error)?;
        write!(f, "<span class=\"badge badge--{class}\">{}<span>{text}</span></span>", icon(picture))
    }
}

impl HtmlSafe for Badge {}
