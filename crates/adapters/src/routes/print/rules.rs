//! Whether a document can go as a letter, why not (all reasons at once), what it costs, and until when.

use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::{Date, Time};
use kvitt_domain::calendar::{self, BankCalendar};
use kvitt_domain::fault::{Fault, codes};
use kvitt_domain::invoice::Address;
use kvitt_domain::money::Amount;
use kvitt_domain::pdf_facts::{self, LeftEdge, PageSize, PdfFacts, PdfVersion};
use kvitt_domain::plan::{RouteName, Verdict};
use kvitt_domain::price_book::PriceBook;
use kvitt_domain::recipient::Recipient;

use super::{NAME, setup, setup::PrintSetup};
use crate::route::{ArtefactRole, Document, Facts, FileFacts, RouteSetup};

/// However near or far past its due date, a document may wait for a print shop for so long after its job was closed.
const HELD_AT_LEAST: Duration = Duration::from_secs(24 * 3600);

/// What our own documents leave free at the left edge, in tenths of a millimetre (`kvitt-render`).
const OUR_LEFT_MARGIN: u32 = 200;

/// Can this document go as a letter?
pub fn consider(document: &Document<'_>, facts: &Facts<'_>, now: Timestamp) -> Verdict {
    let setup = match facts.setup {
        None => Err(vec![Fault::fatal(codes::ROUTE_NOT_SET_UP).with("route", NAME)]),
        Some(row) => read_setup(row),
    };
    let (limits, abroad) = match &setup {
        Ok(setup) => (setup.limits.clone(), setup.abroad),
        // Without settings the letter is judged by the usual limits, so that all reasons are told at once.
        Err(_) => (pdf_facts::PrintLimits::default(), true),
    };
    let mut reasons = address_faults(document.recipient, abroad);
    let mut warnings = Vec::new();
    for fault in file_faults(document, &limits) {
        if fault.is_fatal() { reasons.push(fault) } else { warnings.push(fault) }
    }
    match setup {
        Err(faults) => {
            reasons.extend(faults);
            Verdict::Closed { reasons }
        }
        Ok(_) if !reasons.is_empty() => Verdict::Closed { reasons },
        Ok(setup) => {
            if document.invoice.own_image().is_some() {
                warnings.push(Fault::warning(codes::PRINT_COVER_SHEET));
            }
            Verdict::Open {
                price: price(document, &setup, facts.prices, calendar::today(now)),
                latest_send_at: latest_send_at(document.invoice.due_on, &setup, now),
                warnings,
            }
        }
    }
}

fn read_setup(row: &RouteSetup) -> Result<PrintSetup, Vec<Fault>> {
    let faults = setup::check(row);
    if !faults.is_empty() {
        return Err(faults);
    }
    row.read().map_err(|_| vec![Fault::fatal(codes::ROUTE_NOT_SET_UP).with("route", NAME)])
}

/// What the recipient's address lacks. Every part that the post needs must be there; nothing is guessed, the country neither.
fn address_faults(recipient: &Recipient, abroad: bool) -> Vec<Fault> {
    let Address { line1, line2, line3, city, postal_code, country, .. } = &recipient.address;
    let given = |part: &Option<String>| part.as_deref().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
    let lacks = |term: &str| Fault::fatal(codes::PRINT_ADDRESS_INCOMPLETE).at(term);
    let mut faults = Vec::new();
    if recipient.name.trim().is_empty() {
        faults.push(lacks("BT-44"));
    }
    if [line1, line2, line3, city, postal_code].into_iter().all(|part| given(part).is_none()) {
        // No address at all is one thing to mend, not four.
        faults.push(lacks("BG-8"));
        return faults;
    }
    if [line1, line2, line3].into_iter().all(|line| given(line).is_none()) {
        faults.push(lacks("BT-50"));
    }
    if given(city).is_none() {
        faults.push(lacks("BT-52"));
    }
    let inland = given(country).is_some_and(|code| code == "NO");
    match given(postal_code) {
        // Some countries have none.
        None if !inland && given(country).is_some() => {}
        None => faults.push(lacks("BT-53")),
        Some(code) if inland && !(code.len() == 4 && code.bytes().all(|byte| byte.is_ascii_digit())) => {
            faults.push(Fault::fatal(codes::PRINT_POSTAL_CODE).at("BT-53").with("value", code));
        }
        Some(_) => {}
    }
    match given(country) {
        None => faults.push(lacks("BT-55")),
        Some(code) if !(code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_uppercase())) => {
            faults.push(Fault::fatal(codes::TERM_INVALID).at("BT-55").with("value", code));
        }
        Some(code) if !inland && !abroad => faults.push(Fault::fatal(codes::PRINT_ABROAD).with("country", code)),
        Some(_) => {}
    }
    faults
}

/// The files of the letter: the sender's own PDF where there is one, then what is attached.
fn files<'a>(document: &Document<'a>) -> impl Iterator<Item = &'a FileFacts> {
    let has_own = document.invoice.own_image().is_some();
    document.files.iter().filter(move |file| match file.role {
        // A PDF of ours is never judged by what was found in it: we know how we make it.
        ArtefactRole::Pdf => has_own,
        ArtefactRole::Attachment => true,
        ArtefactRole::Xml => false,
    })
}

/// What we know of a document of ours before it is drawn. Neither its size nor its pages, which are few.
fn our_document() -> PdfFacts {
    PdfFacts {
        bytes: 0,
        version: PdfVersion::V1_7,
        is_encrypted: false,
        pages: None,
        page_sizes: vec![PageSize::A4],
        fonts_not_embedded: Vec::new(),
        has_javascript: false,
        has_forms: false,
        has_embedded_files: true,
        left_edge: Some(LeftEdge { clear_tenths_mm: OUR_LEFT_MARGIN, mark: None }),
        texts_in_window: None,
    }
}

/// Why the files cannot be printed, and what is doubtful, each with the name of its file. A file is never left out: one that cannot
/// be printed closes the route.
fn file_faults(document: &Document<'_>, limits: &pdf_facts::PrintLimits) -> Vec<Fault> {
    let ours = (document.invoice.own_image().is_none()).then(our_document);
    let mut faults: Vec<Fault> = ours.iter().flat_map(|facts| pdf_facts::printability(facts, limits)).collect();
    let mut printed: Vec<&PdfFacts> = ours.iter().collect();
    for file in files(document) {
        match &file.pdf {
            None => {
                let fault = Fault::fatal(codes::PRINT_ATTACHMENT).with("file", &file.name).with("type", &file.media_type);
                faults.push(fault.at(&file.name));
            }
            Some(Err(why)) => faults.push(Fault::fatal(codes::PDF_UNREADABLE).at(&file.name).with("pdf_why", why)),
            Some(Ok(facts)) => {
                printed.push(facts);
                faults.extend(pdf_facts::printability(facts, limits).into_iter().map(|fault| fault.at(&file.name)));
            }
        }
    }
    faults.extend(pdf_facts::letter(printed, limits));
    faults
}

/// The first sheet with its postage, each sheet more, and the cover sheet, as far as the pages are known: a document of ours counts
/// as one sheet until it is drawn. Where the book has no price for sheets, the letter's is for all of them.
fn price(document: &Document<'_>, setup: &PrintSetup, prices: &PriceBook, on: Date) -> Option<Amount> {
    let route = RouteName::new(NAME);
    let first = prices.price(&route, on)?;
    let sheet = prices.price_of(&route, "sheet", on).unwrap_or(Amount::zero(first.currency()));
    let is_own = document.invoice.own_image().is_some();
    let cover = setup.covers(document.purpose, is_own).then(|| prices.price_of(&route, "cover", on).unwrap_or(sheet));
    let of_pages = |pages: u32| if setup.duplex { pages.div_ceil(2) } else { pages };
    let known = files(document).map(|file| match &file.pdf {
        Some(Ok(facts)) => u64::from(of_pages(facts.pages.unwrap_or(1).max(1))),
        Some(Err(_)) | None => 1,
    });
    let sheets = known.sum::<u64>() + u64::from(!is_own);
    let more = i64::try_from(sheets.saturating_sub(1)).ok()?;
    let more = Amount::new(sheet.minor().checked_mul(more)?, sheet.currency());
    cover.into_iter().chain([more]).try_fold(first, Amount::checked_add)
}

/// Until when an outage may hold a letter: the end of the day some bank days before the due date, so that it arrives while the payer
/// still has time. It is never a reason to refuse: what is late goes with the next job, and its shop may be silent for a day.
fn latest_send_at(due_on: Option<Date>, setup: &PrintSetup, now: Timestamp) -> Option<Timestamp> {
    let closed = setup.lot().closes_at(now);
    let at_least = closed.checked_add(HELD_AT_LEAST).unwrap_or(Timestamp::MAX);
    let last_day = BankCalendar::default().sub_bank_days(due_on?, setup.bank_days_before_due);
    let budget = last_day.tomorrow().map_or(Timestamp::MAX, |day| calendar::at(day, Time::midnight()));
    Some(budget.max(at_least))
}
