//! What people write into forms: read with its token by the guard, given back with each fault beside its field.

use askama::Template;
use askama::filters::HtmlSafe;
use axum::body::Body;
use axum::extract::{FromRequest, FromRequestParts, Multipart, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use kvitt_domain::fault::{Fault, codes};

use crate::api::problem::Problem;
use crate::error::{Error, Result};
use crate::web::guard::MOST_BYTES;
use crate::web::words::Words;

/// How long a body may take to come: files over a slow line, and no more.
const WAIT: std::time::Duration = std::time::Duration::from_secs(120);
/// Bytes of a form without files. A draft of a thousand lines has less.
const MOST_TEXT: usize = 2 << 20;
/// Fields and files of one form.
const MOST_FIELDS: usize = 20_000;

/// A form that was sent.
#[derive(Debug, Clone, Default)]
pub struct Form {
    fields: Vec<(String, String)>,
    files: Vec<Upload>,
}

/// A file that was sent with a form.
#[derive(Debug, Clone)]
pub struct Upload {
    /// The field that it came in.
    pub field: String,
    /// Its name, as the browser says.
    pub name: String,
    /// Its media type, as the browser says.
    pub media_type: String,
    /// Its bytes.
    pub bytes: axum::body::Bytes,
}

impl Form {
    /// Reads the body of a request: urlencoded, or multipart where there are files. It has to come in time: strangers send forms too.
    pub(super) async fn read(headers: &HeaderMap, body: Body) -> std::result::Result<Form, Problem> {
        let read = tokio::time::timeout(WAIT, Form::of_body(headers, body)).await;
        read.unwrap_or_else(|_| Err(Problem::of(Fault::fatal(codes::REQUEST_TOO_SLOW))))
    }

    async fn of_body(headers: &HeaderMap, body: Body) -> std::result::Result<Form, Problem> {
        let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        if kind.starts_with("multipart/form-data") {
            return Form::multipart(headers, body).await;
        }
        let too_large = |_| Problem::of(Fault::fatal(codes::REQUEST_TOO_LARGE).with("bytes", MOST_TEXT));
        let bytes = axum::body::to_bytes(body, MOST_TEXT).await.map_err(too_large)?;
        let fields: Vec<(String, String)> = form_urlencoded::parse(&bytes)
            .take(MOST_FIELDS)
            .map(|(name, value)| (name.into_owned(), value.into_owned()))
            .collect();
        Ok(Form { fields, files: Vec::new() })
    }

    async fn multipart(headers: &HeaderMap, body: Body) -> std::result::Result<Form, Problem> {
        let mut request = Request::new(body);
        *request.headers_mut() = headers.clone();
        let unreadable = |why: String| Problem::unreadable(why);
        let mut parts = Multipart::from_request(request, &()).await.map_err(|cause| unreadable(cause.body_text()))?;
        let (mut form, mut left) = (Form::default(), MOST_BYTES);
        while let Some(part) = parts.next_field().await.map_err(|cause| unreadable(cause.body_text()))? {
            let field = part.name().unwrap_or_default().to_owned();
            let file = part.file_name().map(str::to_owned);
            let media_type = part.content_type().unwrap_or("application/octet-stream").to_owned();
            let bytes = part.bytes().await.map_err(|cause| unreadable(cause.body_text()))?;
            left = left
                .checked_sub(bytes.len())
                .ok_or_else(|| Problem::of(Fault::fatal(codes::REQUEST_TOO_LARGE).with("bytes", MOST_BYTES)))?;
            match file {
                // A field for a file that was left empty comes as a file without a name.
                Some(name) if name.is_empty() && bytes.is_empty() => {}
                Some(name) => form.files.push(Upload { field, name, media_type, bytes }),
                None => form.fields.push((field, String::from_utf8_lossy(&bytes).into_owned())),
            }
            if form.fields.len() + form.files.len() > MOST_FIELDS {
                return Err(unreadable("too many fields".to_owned()));
            }
        }
        Ok(form)
    }

    /// What was written into a field, without white space around it; empty where there is no such field.
    pub fn get(&self, name: &str) -> &str {
        self.raw(name).trim()
    }

    /// What was written into a field, as it was written: passwords may begin with a space.
    pub fn raw(&self, name: &str) -> &str {
        self.fields.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value.as_str())
    }

    /// Every value of a field that may stand several times.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.fields.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.trim())
    }

    /// Whether there is such a field, as of a box that was ticked or a button that was pressed.
    pub fn has(&self, name: &str) -> bool {
        self.fields.iter().any(|(known, _)| known == name)
    }

    /// All fields in order.
    pub fn fields(&self) -> &[(String, String)] {
        &self.fields
    }

    /// The files.
    pub fn files(&self) -> &[Upload] {
        &self.files
    }
}

impl<S: Sync> FromRequestParts<S> for Form {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> std::result::Result<Form, Problem> {
        parts.extensions.remove::<Form>().ok_or_else(|| Problem::of(Fault::fatal(codes::FORM_STALE)))
    }
}

/// The faults of a refusal, to show beside the form; whatever else went wrong is the request's.
pub fn faults_of<T>(done: Result<T>) -> std::result::Result<std::result::Result<T, Vec<Fault>>, Problem> {
    match done {
        Ok(done) => Ok(Ok(done)),
        Err(Error::Refused(faults)) => Ok(Err(faults)),
        Err(error) => Err(error.into()),
    }
}

/// A form as it is shown: its values, and what is wrong with them.
#[derive(Debug, Clone)]
pub struct Filled {
    words: Words,
    fields: Vec<(String, String)>,
    faults: Vec<Fault>,
}

impl Filled {
    /// An empty form.
    pub fn empty(words: Words) -> Filled {
        Filled { words, fields: Vec::new(), faults: Vec::new() }
    }

    /// A form that was sent, with what is wrong. Passwords are written anew.
    pub fn refused(words: Words, form: &Form, faults: Vec<Fault>) -> Filled {
        Filled { words, fields: form.fields.clone(), faults }
    }

    /// The same with a value in a field.
    pub fn with(mut self, name: &str, value: impl ToString) -> Filled {
        self.fields.push((name.to_owned(), value.to_string()));
        self
    }

    /// The value of a field.
    pub fn value(&self, name: &str) -> &str {
        self.fields.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value.as_str())
    }

    /// What is wrong, to show above the form: the field, or nothing where it is the whole; what; and what to do.
    pub fn summary(&self) -> Vec<Said> {
        let said = |fault: &Fault| {
            let (sentence, remedy) = self.words.fault(fault);
            let field = self.fields.iter().any(|(name, _)| *name == fault.place).then(|| fault.place.clone());
            Said { field, sentence, remedy }
        };
        self.faults.iter().map(said).collect()
    }

    /// How many things are wrong, in words.
    pub fn count(&self) -> String {
        match self.faults.len() {
            1 => self.words.t("frame.faults.one"),
            many => self.words.with("frame.faults", &[("count", &many.to_string())]),
        }
    }

    /// A line of text; `label` is a key below `web.`.
    pub fn text(&self, name: &'static str, label: &str) -> Field {
        let faults = self.faults.iter().filter(|fault| fault.place == name);
        Field {
            name,
            label: self.words.t(label),
            hint: String::new(),
            value: self.value(name).to_owned(),
            faults: faults.map(|fault| self.words.fault(fault).0).collect(),
            kind: "text",
            autocomplete: "off",
            required: false,
            rows: 0,
            options: Vec::new(),
            focus: false,
            width: "",
        }
    }

    /// An e-mail address.
    pub fn email(&self, name: &'static str, label: &str) -> Field {
        Field { kind: "email", ..self.text(name, label) }
    }

    /// A password: never given back.
    pub fn password(&self, name: &'static str, label: &str) -> Field {
        Field { kind: "password", value: String::new(), ..self.text(name, label) }
    }

    /// One of several: values and words.
    pub fn choice(&self, name: &'static str, label: &str, options: &[(String, String)]) -> Field {
        Field { kind: "choice", options: options.to_vec(), ..self.text(name, label) }
    }
}

/// Something that is wrong with a form.
#[derive(Debug, Clone)]
pub struct Said {
    /// The field that it is about, where there is one.
    pub field: Option<String>,
    /// What is wrong.
    pub sentence: String,
    /// What to do.
    pub remedy: String,
}

/// A field with its label, hint and faults.
#[derive(Debug, Clone, Template)]
#[template(path = "part/field.html")]
pub struct Field {
    name: &'static str,
    label: String,
    hint: String,
    value: String,
    faults: Vec<String>,
    kind: &'static str,
    autocomplete: &'static str,
    required: bool,
    rows: u32,
    options: Vec<(String, String)>,
    focus: bool,
    width: &'static str,
}

/// The template escapes what people wrote.
impl HtmlSafe for Field {}

impl Field {
    /// What belongs in it.
    pub fn hint(mut self, hint: String) -> Field {
        self.hint = hint;
        self
    }

    /// It must be filled in.
    pub fn required(mut self) -> Field {
        self.required = true;
        self
    }

    /// What browsers fill in (HTML's `autocomplete`).
    pub fn autocomplete(mut self, what: &'static str) -> Field {
        self.autocomplete = what;
        self
    }

    /// Another kind of HTML's input, such as `date`.
    pub fn kind(mut self, kind: &'static str) -> Field {
        self.kind = kind;
        self
    }

    /// Several lines.
    pub fn rows(mut self, rows: u32) -> Field {
        self.rows = rows;
        self
    }

    /// Where the page begins for whoever writes.
    pub fn focus(mut self) -> Field {
        self.focus = true;
        self
    }

    /// For a few characters.
    pub fn short(mut self) -> Field {
        self.width = "field--short";
        self
    }

    fn described(&self) -> String {
        let mut ids = Vec::new();
        if !self.hint.is_empty() {
            ids.push(format!("{}-hint", self.name));
        }
        if !self.faults.is_empty() {
            ids.push(format!("{}-fault", self.name));
        }
        ids.join(" ")
    }
}
