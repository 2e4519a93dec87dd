//! Files: put into the inbox or the archive, and bound to invoices, vouchers and supplier invoices. Each kind of binding wants
//! another id of the same file: that of the archive for invoices, the file's own for the others.

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::books::{Object, Shelf};
use super::fields::{Fields, Fits, enter, legal, opened};
use super::refusals::Refused;
use super::work::{Done, Outcome, Work, text};

/// The inbox's folders that always are there.
const FOLDERS: [&str; 9] = ["inbox_s", "inbox_v", "inbox_d", "inbox_a", "inbox_b", "inbox_l", "inbox_kf", "inbox_o", "inbox_of"];

/// A file as it came, in a form's part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The part's name, which must be `file`.
    pub name: String,
    /// The file's name.
    pub file: String,
    /// Its content.
    pub content: Vec<u8>,
}

/// Which of the two places a file is put into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Waits to be bound to something.
    Inbox,
    /// Is kept.
    Archive,
}

/// Takes a file.
///
/// # Errors
/// There is no part named `file`, its name has no ending, or the folder is none.
pub fn upload(part: Option<&Part>, place: Place, work: &Work<'_>) -> Outcome {
    let part = part.filter(|part| part.name == "file" && !part.content.is_empty());
    let part = part.ok_or_else(|| Refused::bad(2_001_392, "Felaktig eller tom body."))?;
    legal("Name", &part.file)?;
    if part.file.rsplit_once('.').is_none_or(|(name, ending)| name.is_empty() || ending.is_empty()) {
        return Err(Refused::bad(2_999_022, "Filnamnet saknar filändelse."));
    }
    let folder = match place {
        Place::Inbox => work.asked("folderid").or_else(|| work.asked("folderId")).unwrap_or("inbox_s"),
        Place::Archive => "root",
    };
    if place == Place::Inbox && !FOLDERS.contains(&folder) {
        return Err(Refused::bad(2_999_023, "Kan inte hitta mappen."));
    }
    let serial = work.house.next(Shelf::Files);
    let id = |kind: &str| {
        let digest = hex::encode(Sha256::digest(format!("{kind} {} {serial}", work.house.tenant)));
        let number: u32 = serial.parse().unwrap_or_default();
        // The number stands in front, so that a file is found by its id without a search.
        format!("{number:08x}-{}-4{}-8{}-{}", &digest[8..12], &digest[12..15], &digest[15..18], &digest[18..30])
    };
    let (own, archived) = (id("file"), id("archive"));
    let record = json!({
        "@url": format!("/3/inbox/{own}"), "Id": own, "ArchiveFileId": archived, "Name": part.file, "Path": folder,
        "Size": part.content.len(), "Comments": "", "_sha256": hex::encode(Sha256::digest(&part.content)),
    });
    let record = record.as_object().cloned().unwrap_or_default();
    let body = json!({ "File": visible(&record) });
    let done = Done::made(body, if place == Place::Inbox { "inbox" } else { "archive" });
    let kept_as = format!("{}-{serial}", work.house.tenant);
    Ok(Done { file: Some((kept_as, part.content.clone())), puts: vec![(Shelf::Files, serial, record)], ..done })
}

/// Shows a file's content, by either id.
///
/// # Errors
/// There is none.
pub fn download(id: &str, work: &Work<'_>) -> Outcome {
    let (serial, _) = found(id, work).ok_or_else(|| Refused::missing(2_999_024, "Kan inte hitta filen."))?;
    Ok(Done { status: 200, shows: Some(format!("{}-{serial}", work.house.tenant)), ..Done::default() })
}

/// The files of a folder, or of all of them.
pub fn folder(work: &Work<'_>) -> Done {
    let files: Vec<Value> = work.house.all(Shelf::Files).into_iter().map(|(_, kept)| visible(&kept.value)).collect();
    Done::said(json!({ "Folder": { "Id": "root", "Name": "root", "Email": "", "Files": files, "Folders": [] } }))
}

fn visible(record: &Object) -> Value {
    Value::Object(
        record.iter().filter(|(name, _)| !name.starts_with('_')).map(|(name, value)| (name.clone(), value.clone())).collect(),
    )
}

fn found<'a>(id: &str, work: &Work<'a>) -> Option<(String, &'a Object)> {
    let serial = u32::from_str_radix(id.get(..8)?, 16).ok()?.to_string();
    let record = &work.house.get(Shelf::Files, &serial)?.value;
    (text(record, "Id") == id || text(record, "ArchiveFileId") == id).then_some((serial, record))
}

/// A refusal of attachments-v1, whose shape is its own; [`super`] writes it.
fn refused(code: u32, message: &str) -> Refused {
    Refused::bad(code, message)
}

/// Binds files to invoices: the body is a list.
///
/// # Errors
/// It is no list, a file is none by its archive's id, or the invoice is none.
pub fn attach(body: &[u8], work: &Work<'_>) -> Outcome {
    let wanted: Vec<Value> =
        serde_json::from_slice(body).map_err(|_| refused(2_002_115, "Body must be an array of attachments"))?;
    let (mut rows, mut puts, mut lines) = (Vec::new(), Vec::new(), Vec::new());
    for one in &wanted {
        let entity = one["entityId"].as_u64().ok_or_else(|| refused(2_001_392, "entityId must be a number"))?.to_string();
        let kind = one["entityType"].as_str().unwrap_or_default();
        if kind != "F" {
            return Err(refused(2_001_392, "entityType is not supported here"));
        }
        if work.house.get(Shelf::Invoices, &entity).is_none() {
            return Err(refused(2_000_434, "entityId not found"));
        }
        let id = one["fileId"].as_str().unwrap_or_default();
        let file = found(id, work).filter(|(_, file)| text(file, "ArchiveFileId") == id);
        let (_, file) = file.ok_or_else(|| refused(2_999_024, "fileId not found: it is the file's ArchiveFileId"))?;
        let earlier =
            |shelf: &[(Shelf, String, Object)]| shelf.iter().filter(|(_, key, _)| key.starts_with(&format!("{entity}-"))).count();
        let last = work.house.starting(Shelf::Attachments, &format!("{entity}-")).last().map_or(0, |(key, _)| serial_of(key));
        let number = format!("{entity}-{:04}", last + 1 + earlier(&puts));
        let row = json!({
            "id": number, "entityId": entity.parse::<u64>().unwrap_or_default(), "entityType": kind, "fileId": id,
            "includeOnSend": one["includeOnSend"].as_bool().unwrap_or(true), "name": file["Name"], "size": file["Size"],
        });
        let digest = text(file, "_sha256");
        let what = format!("attachment {entity}/{digest}");
        lines.push(work.line("attachment", &what, Some(&entity), text(file, "Name"), digest.as_bytes()));
        puts.push((Shelf::Attachments, number, row.as_object().cloned().unwrap_or_default()));
        rows.push(row);
    }
    Ok(Done { puts, lines, status: 201, body: Some(Value::Array(rows)), ..Done::default() })
}

/// The number behind the invoice's in a binding's id.
fn serial_of(key: &str) -> usize {
    key.rsplit_once('-').and_then(|(_, serial)| serial.parse().ok()).unwrap_or(0)
}

/// What is bound to one invoice.
///
/// # Errors
/// The address does not say which.
pub fn attached(work: &Work<'_>) -> Outcome {
    let (Some(entity), Some("F")) = (work.asked("entityid"), work.asked("entitytype")) else {
        return Err(refused(2_000_588, "entityid and entitytype are required"));
    };
    let prefix = format!("{entity}-");
    let theirs = work.house.starting(Shelf::Attachments, &prefix);
    let rows = theirs.map(|(_, kept)| Value::Object(kept.value.clone()));
    Ok(Done::said(Value::Array(rows.collect())))
}

/// Says whether Fortnox sends a file along.
///
/// # Errors
/// There is no such binding, or the body does not say.
pub fn include(id: &str, body: &[u8], work: &Work<'_>) -> Outcome {
    let kept = work.house.get(Shelf::Attachments, id).ok_or_else(|| Refused::missing(2_999_024, "attachment not found"))?;
    let asked: Value = serde_json::from_slice(body).map_err(|_| refused(2_002_115, "Body must be an object"))?;
    let is_included = asked["includeOnSend"].as_bool().ok_or_else(|| refused(2_001_392, "includeOnSend is required"))?;
    let mut record = kept.value.clone();
    record.insert("includeOnSend".to_owned(), json!(is_included));
    Ok(Done { puts: vec![(Shelf::Attachments, id.to_owned(), record.clone())], ..Done::said(Value::Object(record)) })
}

/// Takes a binding away.
///
/// # Errors
/// There is no such.
pub fn detach(id: &str, work: &Work<'_>) -> Outcome {
    work.house.get(Shelf::Attachments, id).ok_or_else(|| Refused::missing(2_999_024, "attachment not found"))?;
    Ok(Done { gone: vec![(Shelf::Attachments, id.to_owned())], ..Done::deleted() })
}

const OF_VOUCHER: Fields = &[
    ("@url", Fits::Read),
    ("FileId", Fits::Text(100)),
    ("VoucherSeries", Fits::Text(10)),
    ("VoucherNumber", Fits::Digits(10)),
    ("VoucherDescription", Fits::Read),
    ("VoucherYear", Fits::Read),
];

const OF_SUPPLIER_INVOICE: Fields = &[
    ("@url", Fits::Read),
    ("FileId", Fits::Text(100)),
    ("SupplierInvoiceNumber", Fits::Digits(10)),
    ("SupplierName", Fits::Read),
];

/// Binds a file to a voucher of the financial year asked for, else of today's.
///
/// # Errors
/// The file is none by its own id, or the voucher is none.
pub fn connect_voucher(body: &[u8], work: &Work<'_>) -> Outcome {
    let mut record = Object::new();
    enter(&mut record, &opened(body, "VoucherFileConnection")?, OF_VOUCHER)?;
    let today = work.house.switches.year_of(work.today()).unwrap_or_default();
    let year = work.asked("financialyear").map_or_else(|| today.to_string(), ToOwned::to_owned);
    let key = format!("{}/{}/{year}", text(&record, "VoucherSeries"), text(&record, "VoucherNumber"));
    if work.house.get(Shelf::Vouchers, &key).is_none() {
        return Err(Refused::bad(2_999_007, "Kan inte hitta verifikationen."));
    }
    connect(Shelf::VoucherFiles, "VoucherFileConnection", record, work)
}

/// Binds a file to a supplier invoice.
///
/// # Errors
/// The file is none by its own id, or the invoice is none.
pub fn connect_supplier_invoice(body: &[u8], work: &Work<'_>) -> Outcome {
    let mut record = Object::new();
    enter(&mut record, &opened(body, "SupplierInvoiceFileConnection")?, OF_SUPPLIER_INVOICE)?;
    if work.house.get(Shelf::SupplierInvoices, text(&record, "SupplierInvoiceNumber")).is_none() {
        return Err(Refused::bad(2_999_018, "Kan inte hitta leverantörsfakturan."));
    }
    connect(Shelf::SupplierFiles, "SupplierInvoiceFileConnection", record, work)
}

fn connect(shelf: Shelf, envelope: &str, record: Object, work: &Work<'_>) -> Outcome {
    let id = text(&record, "FileId").to_owned();
    if found(&id, work).is_none_or(|(_, file)| text(file, "Id") != id) {
        return Err(Refused::bad(2_999_024, "Kan inte hitta filen."));
    }
    if work.house.get(shelf, &id).is_some() {
        return Err(Refused::bad(2_999_025, "Filen är redan kopplad."));
    }
    let done = Done::made(json!({ envelope: record }), "fileconnections");
    Ok(Done { puts: vec![(shelf, id, record)], ..done })
}
