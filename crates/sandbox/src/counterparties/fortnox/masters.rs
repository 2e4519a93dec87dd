//! Customers, projects and suppliers: records with a number of the sender's choosing.

use serde_json::{Value, json};

use super::books::{Object, Shelf};
use super::fields::{Fields, Fits, enter, opened};
use super::lists::Listing;
use super::refusals::Refused;
use super::work::{Done, Outcome, Work, flag, text};

/// A kind of such records.
#[derive(Debug, Clone, Copy)]
pub struct Master {
    /// The path after `/3/`.
    pub path: &'static str,
    /// The envelope of one.
    pub envelope: &'static str,
    /// The field with its number.
    pub number: &'static str,
    /// The field that must be there.
    pub required: &'static str,
    /// Its fields.
    pub fields: Fields,
    /// What a new one has.
    pub defaults: fn() -> Value,
    /// What is said of one that is not there.
    pub missing: (u32, &'static str),
    /// The ledger's word for a change, where it keeps one.
    pub ledger: Option<&'static str>,
    /// How it is listed.
    pub listing: Listing,
}

/// Customers.
pub const CUSTOMERS: Master = Master {
    path: "customers",
    envelope: "Customer",
    number: "CustomerNumber",
    required: "Name",
    fields: &[
        ("@url", Fits::Read),
        ("CustomerNumber", Fits::Text(1024)),
        ("Name", Fits::Text(1024)),
        ("OrganisationNumber", Fits::Text(30)),
        ("Email", Fits::Text(1024)),
        ("EmailInvoice", Fits::Text(1024)),
        ("EmailInvoiceCC", Fits::Text(1024)),
        ("EmailInvoiceBCC", Fits::Text(1024)),
        ("Address1", Fits::Text(1024)),
        ("Address2", Fits::Text(1024)),
        ("ZipCode", Fits::Text(10)),
        ("City", Fits::Text(1024)),
        ("CountryCode", Fits::Country),
        ("Country", Fits::Read),
        ("Type", Fits::OneOf(&["PRIVATE", "COMPANY"])),
        ("VATType", Fits::OneOf(&["SEVAT", "SEREVERSEDVAT", "EUREVERSEDVAT", "EUVAT", "EXPORT"])),
        ("VATNumber", Fits::Text(30)),
        ("Currency", Fits::Currency),
        ("YourReference", Fits::Text(50)),
        ("OurReference", Fits::Text(50)),
        ("TermsOfPayment", Fits::Text(30)),
        ("Project", Fits::Text(20)),
        ("CostCenter", Fits::Text(6)),
        ("SalesAccount", Fits::Account),
        ("ExternalReference", Fits::Text(1024)),
        ("Phone1", Fits::Text(1024)),
        ("Phone2", Fits::Text(1024)),
        ("Fax", Fits::Text(1024)),
        ("WWW", Fits::Text(128)),
        ("Comments", Fits::Text(1024)),
        ("GLN", Fits::Digits(13)),
        ("GLNDelivery", Fits::Digits(13)),
        ("InvoiceRemark", Fits::Text(1024)),
        ("DeliveryName", Fits::Text(1024)),
        ("DeliveryAddress1", Fits::Text(1024)),
        ("DeliveryAddress2", Fits::Text(1024)),
        ("DeliveryZipCode", Fits::Text(10)),
        ("DeliveryCity", Fits::Text(1024)),
        ("DeliveryCountryCode", Fits::Country),
        ("VisitingAddress", Fits::Text(1024)),
        ("VisitingZipCode", Fits::Text(10)),
        ("VisitingCity", Fits::Text(1024)),
        ("VisitingCountryCode", Fits::Country),
        ("Active", Fits::Flag),
    ],
    defaults: || json!({ "Type": "COMPANY", "VATType": "SEVAT", "Active": true, "Currency": "SEK", "CountryCode": "SE" }),
    missing: (2_000_433, "Kan inte hitta kunden."),
    ledger: Some("customer"),
    listing: Listing {
        shelf: Shelf::Customers,
        name: "Customers",
        shows: &[
            "@url",
            "Address1",
            "Address2",
            "City",
            "CustomerNumber",
            "Email",
            "ExternalReference",
            "Name",
            "OrganisationNumber",
            "Phone",
            "ZipCode",
        ],
        searches: &[
            ("customernumber", "CustomerNumber"),
            ("name", "Name"),
            ("zipcode", "ZipCode"),
            ("city", "City"),
            ("email", "Email"),
            ("phone", "Phone1"),
            ("organisationnumber", "OrganisationNumber"),
            ("gln", "GLN"),
            ("glndelivery", "GLNDelivery"),
        ],
        words: &[("active", |value, _| flag(value, "Active")), ("inactive", |value, _| !flag(value, "Active"))],
        dated: None,
        texts: &[],
    },
};

/// Projects.
pub const PROJECTS: Master = Master {
    path: "projects",
    envelope: "Project",
    number: "ProjectNumber",
    required: "Description",
    fields: &[
        ("@url", Fits::Read),
        ("ProjectNumber", Fits::Text(20)),
        ("Description", Fits::Text(50)),
        ("StartDate", Fits::Date),
        ("EndDate", Fits::Date),
        ("Status", Fits::OneOf(&["NOTSTARTED", "ONGOING", "COMPLETED"])),
        ("ProjectLeader", Fits::Text(50)),
        ("ContactPerson", Fits::Text(50)),
        ("Comments", Fits::Text(512)),
    ],
    defaults: || json!({ "Status": "ONGOING", "StartDate": null, "EndDate": null }),
    missing: (2_001_161, "Kan inte hitta projektet."),
    ledger: Some("project"),
    listing: Listing {
        shelf: Shelf::Projects,
        name: "Projects",
        shows: &["@url", "Description", "EndDate", "ProjectNumber", "Status", "StartDate"],
        searches: &[("projectnumber", "ProjectNumber"), ("description", "Description")],
        words: &[],
        dated: None,
        texts: &[],
    },
};

/// Suppliers.
pub const SUPPLIERS: Master = Master {
    path: "suppliers",
    envelope: "Supplier",
    number: "SupplierNumber",
    required: "Name",
    fields: &[
        ("@url", Fits::Read),
        ("SupplierNumber", Fits::Text(50)),
        ("Name", Fits::Text(100)),
        ("OrganisationNumber", Fits::Text(30)),
        ("Email", Fits::Text(1024)),
        ("Currency", Fits::Currency),
        ("Active", Fits::Flag),
    ],
    defaults: || json!({ "Active": true }),
    missing: (2_999_001, "Kan inte hitta leverantören."),
    ledger: None,
    listing: Listing {
        shelf: Shelf::Suppliers,
        name: "Suppliers",
        shows: &["@url", "Name", "OrganisationNumber", "SupplierNumber", "Email", "Active"],
        searches: &[("suppliernumber", "SupplierNumber"), ("name", "Name")],
        words: &[],
        dated: None,
        texts: &[],
    },
};

/// Makes one.
///
/// # Errors
/// A field does not fit, the name is missing, or the number is taken: a deleted customer's is taken for ever.
pub fn create(kind: &Master, body: &[u8], work: &Work<'_>) -> Outcome {
    let sent = opened(body, kind.envelope)?;
    let mut record = (kind.defaults)().as_object().cloned().unwrap_or_default();
    enter(&mut record, &sent, kind.fields)?;
    if text(&record, kind.required).trim().is_empty() {
        return Err(Refused::bad(2_999_012, format!("Värde saknas: {}.", kind.required)));
    }
    let shelf = kind.listing.shelf;
    let number = match text(&record, kind.number) {
        "" => work.house.next(shelf),
        chosen => chosen.to_owned(),
    };
    let is_reserved = shelf == Shelf::Customers && work.house.is_gone(&number);
    if is_reserved || work.house.get(shelf, &number).is_some() {
        let code = if shelf == Shelf::Customers { 2_000_637 } else { 2_999_013 };
        return Err(Refused::bad(code, format!("{} \"{number}\" används redan.", kind.number)));
    }
    record.insert(kind.number.to_owned(), json!(number));
    record.insert("@url".to_owned(), json!(format!("/3/{}/{number}", kind.path)));
    Ok(changed(kind, &number, record, work, Done { status: 201, location: Some(kind.path), ..Done::default() }))
}

/// Changes one.
///
/// # Errors
/// There is none, or a field does not fit.
pub fn update(kind: &Master, number: &str, body: &[u8], work: &Work<'_>) -> Outcome {
    let mut record = found(kind, number, work)?.clone();
    enter(&mut record, &opened(body, kind.envelope)?, kind.fields)?;
    // The number is the record's name, and stays.
    record.insert(kind.number.to_owned(), json!(number));
    Ok(changed(kind, number, record, work, Done { status: 200, ..Done::default() }))
}

/// Shows one.
///
/// # Errors
/// There is none.
pub fn show(kind: &Master, number: &str, work: &Work<'_>) -> Outcome {
    Ok(Done::said(json!({ kind.envelope: found(kind, number, work)? })))
}

/// Takes one away.
///
/// # Errors
/// There is none.
pub fn delete(kind: &Master, number: &str, work: &Work<'_>) -> Outcome {
    found(kind, number, work)?;
    Ok(Done { gone: vec![(kind.listing.shelf, number.to_owned())], ..Done::deleted() })
}

fn found<'a>(kind: &Master, number: &str, work: &Work<'a>) -> Result<&'a Object, Refused> {
    let kept = work.house.get(kind.listing.shelf, number);
    kept.map(|kept| &kept.value).ok_or_else(|| Refused::missing(kind.missing.0, kind.missing.1))
}

fn changed(kind: &Master, number: &str, record: Object, work: &Work<'_>, done: Done) -> Done {
    let times = work.house.get(kind.listing.shelf, number).map_or(0, |kept| kept.times) + 1;
    let body = json!({ kind.envelope: record });
    let digested = body.to_string();
    let line = |word| work.line(word, &format!("{word} {number}/{times}"), None, number, digested.as_bytes());
    Done {
        lines: kind.ledger.map(line).into_iter().collect(),
        puts: vec![(kind.listing.shelf, number.to_owned(), record)],
        body: Some(body),
        ..done
    }
}
