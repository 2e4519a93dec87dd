//! A job for the print shop: a folder of PDFs with a manifest that says what each letter consists of.
//!
//! The layout is told in `docs/routes/print.md`, for print shops. A job is made once, from the closed consignment alone; what is
//! said again later is the stored one. A letter that travelled before keeps its sheets and its line of the manifest.

use kvitt_domain::cover_sheet::{CoverContents, CoverPayment, CoverSheet};
use kvitt_domain::delivery::{AttemptId, Purpose};
use kvitt_domain::fault::{Fault, codes};
use kvitt_domain::identifiers::without_identity_numbers;
use kvitt_domain::invoice::DocumentKind;
use serde_json::{Value, json};
use uuid::Uuid;

use super::setup::PrintSetup;
use crate::route::{AdapterError, Artefact, ArtefactRole, Consignment, Content, Member, Package, Packed, Request, Sender, Shape};

/// The name that says what a manifest is.
const FORMAT: &str = "kvitt-print-job";

/// The layout described on the route's page. It changes when a print shop would have to change its program.
const VERSION: u32 = 1;

/// The manifest's name in the job. It is put last.
const MANIFEST: &str = "manifest.json";

/// The names of our jobs begin so.
const PREFIX: &str = "kvitt";

/// What is put, and the members that cannot be.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// The package; `None` where no member can be printed.
    pub package: Option<Package>,
    /// Members that are not in it, each with the reason.
    pub left_out: Vec<(AttemptId, Fault)>,
}

/// The name of a consignment's job: `kvitt-<organisation number>-<its number, six digits>`.
pub fn name(company: &Sender, number: u64) -> String {
    format!("{PREFIX}-{}-{number:06}", company.org_number)
}

/// The organisation number and the consignment's number in a job's name.
pub fn named(job: &str) -> Option<(String, u64)> {
    let [prefix, org_number, number] = job.split('-').collect::<Vec<_>>().try_into().ok()?;
    let are_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let whole = prefix == PREFIX && org_number.len() == 9 && number.len() >= 6 && are_digits(org_number) && are_digits(number);
    whole.then(|| Some((org_number.to_owned(), number.parse().ok()?)))?
}

/// The job of a consignment.
pub fn of(consignment: &Consignment) -> Result<Job, AdapterError> {
    let setup: PrintSetup = consignment.setup.read()?;
    let (mut files, mut letters, mut left_out) = (Vec::new(), Vec::new(), Vec::new());
    for member in &consignment.members {
        let letter = match member.said.as_ref().and_then(|said| letter_in(said, member.attempt)) {
            Some(before) => Ok(before),
            None => letter(&setup, &consignment.company, member),
        };
        match letter {
            Ok(letter) => letters.push(letter.packed(letters.len() + 1, &mut files)),
            Err(why) => left_out.push((member.attempt, why)),
        }
    }
    if letters.is_empty() {
        return Ok(Job { package: None, left_out });
    }
    let name = name(&consignment.company, consignment.number);
    let manifest = json!({
        "format": FORMAT,
        "version": VERSION,
        "job": name,
        "made_at": consignment.closed_at.to_string(),
        "sender": {
            "name": consignment.company.name,
            "org_number": consignment.company.org_number,
            "return_address": setup.return_address,
        },
        "letters": letters,
    });
    files.push(Packed { path: MANIFEST.to_owned(), content: Content::Index(manifest) });
    Ok(Job { package: Some(Package { drop: setup.drop, name, shape: Shape::Folder, files }), left_out })
}

/// The attempts whose letters are in a package.
pub fn letters_of(package: &Package) -> Vec<AttemptId> {
    entries(package).filter_map(attempt_of).collect()
}

/// What a letter consists of, before it has its number in a job.
struct Letter {
    /// Its line of the manifest; the sheets have no files yet.
    entry: Value,
    sheets: Vec<(Role, Content)>,
}

/// What a sheet is of its letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Cover,
    Document,
    Attachment,
}

impl Role {
    const ALL: [Role; 3] = [Role::Cover, Role::Document, Role::Attachment];

    fn name(self) -> &'static str {
        match self {
            Role::Cover => "cover",
            Role::Document => "document",
            Role::Attachment => "attachment",
        }
    }
}

impl Letter {
    /// Its line of the manifest as the `number`-th letter of a job, whose files it joins.
    fn packed(mut self, number: usize, files: &mut Vec<Packed>) -> Value {
        let sheets = (1..).zip(self.sheets).map(|(position, (role, content))| {
            let path = format!("letters/{number:04}-{position}-{}.pdf", role.name());
            // Ours have one page; those of other files are not counted here.
            let pages = (role == Role::Cover).then_some(1);
            let sheet = json!({ "file": path, "role": role.name(), "pages": pages });
            files.push(Packed { path, content });
            sheet
        });
        self.entry["sheets"] = sheets.collect();
        self.entry
    }
}

/// The letter of one attempt. Everything in it comes from the attempt, so that it is the same letter every time.
fn letter(setup: &PrintSetup, company: &Sender, member: &Member) -> Result<Letter, Fault> {
    let not_printable =
        |file: &Artefact| Fault::fatal(codes::PRINT_ATTACHMENT).with("file", &file.name).with("type", &file.media_type);
    let mut sheets = Vec::new();
    if setup.covers(member.purpose, member.invoice.own_image().is_some()) {
        sheets.push((Role::Cover, Content::CoverSheet(Box::new(cover(setup, company, member)))));
    }
    for file in &member.artefacts {
        let role = match file.role {
            ArtefactRole::Xml => continue,
            ArtefactRole::Pdf => Role::Document,
            ArtefactRole::Attachment => Role::Attachment,
        };
        // The plan closes the route for such a file; were one here nevertheless, it must not be left out in silence.
        if file.media_type != "application/pdf" {
            return Err(not_printable(file));
        }
        sheets.push((role, Content::Stored { digest: file.digest.clone(), bytes: file.bytes }));
    }
    if !sheets.iter().any(|(role, _)| *role == Role::Document) {
        return Err(Fault::fatal(codes::PDF_NO_PAGES));
    }
    let address = &member.recipient.address;
    let entry = json!({
        "letter": member.attempt.0,
        "invoice": member.invoice.number,
        "language": member.recipient.language.tag(),
        "recipient": {
            "name": shown(&member.recipient.name),
            "lines": address_lines(member),
            "postal_code": address.postal_code.as_deref().map(shown),
            "city": address.city.as_deref().map(shown),
            "country": address.country.as_deref().map(shown),
        },
        "duplex": setup.duplex,
        "colour": setup.colour,
    });
    Ok(Letter { entry, sheets })
}

fn address_lines(member: &Member) -> Vec<String> {
    let address = &member.recipient.address;
    let lines = [&address.line1, &address.line2, &address.line3].into_iter().filter_map(|line| line.as_deref());
    lines.map(shown).filter(|line| !line.is_empty()).collect()
}

fn cover(setup: &PrintSetup, company: &Sender, member: &Member) -> CoverSheet {
    let invoice = &member.invoice;
    let address = &member.recipient.address;
    let place = [address.postal_code.as_deref(), address.city.as_deref()].into_iter().flatten().map(shown);
    let place = place.filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ");
    let abroad = address.country.as_deref().map(shown).filter(|country| country != "NO");
    let is_invoice = invoice.kind == DocumentKind::Invoice;
    let payable = invoice.totals.payable;
    CoverSheet {
        language: member.recipient.language,
        made_at: member.opened_at,
        sender: company.name.clone(),
        return_address: setup.return_address.clone(),
        recipient: [shown(&member.recipient.name)]
            .into_iter()
            .chain(address_lines(member))
            .chain([place])
            .chain(abroad)
            .collect(),
        window: setup.window,
        contents: if is_invoice { CoverContents::Invoice } else { CoverContents::CreditNote },
        number: shown(&invoice.number),
        amount: is_invoice.then_some(payable),
        due_on: invoice.due_on.filter(|_| is_invoice),
        payment: match member.purpose {
            Purpose::Notice => CoverPayment::DirectDebit,
            Purpose::Bill if is_invoice && payable.minor() > 0 => CoverPayment::AsOnDocument,
            Purpose::Bill => CoverPayment::Nothing,
        },
    }
}

/// One line, and no fødselsnummer, whatever a sender wrote into a name or an address.
fn shown(text: &str) -> String {
    let spaced: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    without_identity_numbers(&spaced.split_whitespace().collect::<Vec<_>>().join(" ")).into_owned()
}

/// The letter of an attempt as it was put in an earlier job: the same sheets, to the byte.
fn letter_in(said: &Request, attempt: AttemptId) -> Option<Letter> {
    let Request::Put(package) = said else { return None };
    let mut entry = entries(package).find(|entry| attempt_of(entry) == Some(attempt))?.clone();
    let sheets = entry.get("sheets")?.as_array()?.iter().map(|sheet| {
        let role = Role::ALL.into_iter().find(|role| sheet["role"] == role.name())?;
        let file = package.files.iter().find(|file| sheet["file"] == file.path.as_str())?;
        Some((role, file.content.clone()))
    });
    let sheets = sheets.collect::<Option<Vec<_>>>()?;
    entry.as_object_mut()?.remove("sheets");
    Some(Letter { entry, sheets })
}

fn entries(package: &Package) -> impl Iterator<Item = &Value> {
    let manifests = package.files.iter().filter_map(|file| match &file.content {
        Content::Index(manifest) => manifest["letters"].as_array(),
        Content::Stored { .. } | Content::CoverSheet(_) | Content::Text(_) | Content::Latin1(_) => None,
    });
    manifests.flatten()
}

fn attempt_of(entry: &Value) -> Option<AttemptId> {
    Some(AttemptId(Uuid::try_parse(entry["letter"].as_str()?).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_jobs_name_is_read_back() {
        let company = Sender { name: "Nordlys Kraft AS".to_owned(), org_number: "988077917".to_owned() };
        for number in [0, 42, 999_999, 1_000_000] {
            assert_eq!(named(&name(&company, number)), Some(("988077917".to_owned(), number)));
        }
        for other in [
            "kvitt-988077917-42",
            "kvitt-98807791-000042",
            "other-988077917-000042",
            "kvitt-988077917-00004x",
            "",
            "--",
            "kvitt-988077917-000042-1",
            "kvitt-988077917-99999999999999999999999",
            "kvitt-988077917-+00042",
        ] {
            assert_eq!(named(other), None, "{other:?}");
        }
    }
}
