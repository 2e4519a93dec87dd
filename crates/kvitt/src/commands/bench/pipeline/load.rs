//! The invoices of the pipeline: two of the examples, with other numbers, KIDs and recipients.

use kvitt_domain::identifiers::Modulus;
use kvitt_hub::desk::HandedIn;
use kvitt_hub::store::job::Urgency;

/// An ordinary invoice, whose PDF is ours to make.
pub const PLAIN: Example = Example {
    xml: include_str!("../../../../../../examples/invoices/nordlys-500101.xml"),
    number: "500101",
    kid: "0010001005001017",
    email: "yestoall@kari-nordmann.example",
};
/// One that brings its own PDF.
pub const WITH_PDF: Example = Example {
    xml: include_str!("../../../../../../examples/invoices/nordlys-500109.xml"),
    number: "500109",
    kid: "0010008005001095",
    email: "astrid.haakonsen@post.example",
};

/// An example, and what of it is different in every invoice that is made of it.
#[derive(Debug, Clone, Copy)]
pub struct Example {
    xml: &'static str,
    number: &'static str,
    kid: &'static str,
    email: &'static str,
}

impl Example {
    /// The same with another number, KID and address.
    pub fn with(&self, number: &str, kid: &str, email: &str) -> String {
        self.xml
            .replace(&format!("<cbc:ID>{}</cbc:ID>", self.number), &format!("<cbc:ID>{number}</cbc:ID>"))
            .replace(&format!(">{}<", self.kid), &format!(">{kid}<"))
            .replace(&format!(">{}<", self.email), &format!(">{email}<"))
    }
}

/// How an invoice goes, and whether its PDF must be made: of ten, in this order.
const MIX: [(Goes, Brings); 10] = [
    (Goes::Email, Brings::NoPdf),
    (Goes::Efaktura, Brings::ItsPdf),
    (Goes::Efaktura, Brings::NoPdf),
    (Goes::Email, Brings::ItsPdf),
    (Goes::Efaktura, Brings::ItsPdf),
    (Goes::Email, Brings::NoPdf),
    (Goes::Efaktura, Brings::ItsPdf),
    // The example's own PDF has no fonts in it, which a print shop refuses.
    (Goes::Print, Brings::NoPdf),
    (Goes::Efaktura, Brings::ItsPdf),
    (Goes::Email, Brings::ItsPdf),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Goes {
    Email,
    Efaktura,
    Print,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Brings {
    ItsPdf,
    NoPdf,
}

/// The invoice of an index, different from every other.
pub fn invoice(index: usize) -> HandedIn {
    let (goes, brings) = MIX[index % MIX.len()];
    let example = match brings {
        Brings::NoPdf => PLAIN,
        Brings::ItsPdf => WITH_PDF,
    };
    let new_number = format!("B{index:07}");
    let (route, email, beside) = match goes {
        Goes::Email => ("email", format!("kunde{index}@post.example"), String::new()),
        // The sandbox's banks know this one by both; every name and address agrees.
        Goes::Efaktura => {
            ("efaktura", "yestoall@kunde.example".to_owned(), ", \"recipient_phone_number\": \"+4790100000\"".to_owned())
        }
        Goes::Print => ("print", format!("kunde{index}@post.example"), String::new()),
    };
    let xml = example.with(&new_number, &kid_of(index), &email);
    let metadata = format!(
        "{{\"version\": \"1.1\", \"recipient_type\": \"consumer\", \"routing\": {{\"route_order\": [\"{route}\"]}}{beside}}}"
    );
    let fresh = crate::demo::examples::fresh(xml.as_bytes());
    HandedIn { metadata: Some(metadata), urgency: Urgency::Bulk, ..HandedIn::file(&format!("{new_number}.xml"), fresh) }
}

/// A KID of its own for every index, with its check digit.
pub fn kid_of(index: usize) -> String {
    let body = format!("77{index:010}");
    let digit = Modulus::Mod10.check_digit(&body).expect("twelve digits have a check digit");
    format!("{body}{digit}")
}
