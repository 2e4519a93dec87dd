//! Supporting documents (BG-24), both ways, and which of them is the picture of the invoice itself.

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use kvitt_domain::fault::codes;
use kvitt_domain::invoice::{Attachment, DocumentKind, File, Invoice};
use kvitt_rules::arena::Node;

use super::read::has_type;
use crate::element::Element;
use crate::files;
use crate::terms::{Terms, all, attribute_of};

/// The most bytes that one embedded attachment may decode to: what the largest route, print, takes as one file.
pub const MAX_ATTACHMENT_BYTES: usize = 50 * 1024 * 1024;

/// Base64 with or without padding; the white space around lines is taken out before.
const BASE64: GeneralPurpose =
    GeneralPurpose::new(&STANDARD, GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent));

/// How a document says "this PDF is what the invoice looks like": descriptions that mean it, compared without case.
/// `Commercial invoice` and `Commercial credit note` are EHF's own words; the others are what senders write.
const IMAGE_MARKS: [&str; 12] = [
    "commercial invoice",
    "commercial credit note",
    "invoice",
    "credit note",
    "invoice image",
    "faktura",
    "fakturabilde",
    "fakturakopi",
    "fakturavisning",
    "kreditnota",
    "visual presentation",
    "visual representation",
];

/// The description (BT-123) that marks a PDF as the picture of the invoice, as EHF has it. [`super::write()`] sets it on an
/// attachment that is the picture and would not be read as such.
///
/// Read the other way: of the embedded PDFs, the first whose description means it (`Commercial invoice`, `Faktura`…) is the
/// picture; else the first whose file name without `.pdf` is the invoice number, compared by letters and digits only. A
/// PDF is one by media type or by name. There is at most one picture.
pub fn image_mark(kind: DocumentKind) -> &'static str {
    match kind {
        DocumentKind::Invoice => "Commercial invoice",
        DocumentKind::CreditNote => "Commercial credit note",
    }
}

/// BG-24: every additional document reference but the invoiced object (type 130) and a credit note's project (type 50).
pub(super) fn read<'d>(terms: &mut Terms<'d>, root: Node<'d>, kind: DocumentKind, number: &str) -> Vec<Attachment> {
    let mut read: Vec<Attachment> = all(root, "cac:AdditionalDocumentReference")
        .filter(|node| {
            let is_project = kind == DocumentKind::CreditNote && has_type(*node, "50");
            !is_project && !has_type(*node, "130")
        })
        .map(|node| read_one(terms, node))
        .collect();
    if let Some(image) = find_image(&read, number) {
        read[image].is_image_of_invoice = true;
    }
    read
}

fn read_one<'d>(terms: &mut Terms<'d>, node: Node<'d>) -> Attachment {
    let id = terms.required_text(node, "cbc:ID", "BT-122");
    // EHF 2 described a document in its type.
    let description = terms.free_text(node, "cbc:DocumentDescription").or_else(|| terms.free_text(node, "cbc:DocumentType"));
    let embedded = terms.one(node, "cac:Attachment/cbc:EmbeddedDocumentBinaryObject", "BT-125");
    Attachment {
        location: terms.text(node, "cac:Attachment/cac:ExternalReference/cbc:URI", "BT-124"),
        file: embedded.and_then(|embedded| read_file(terms, embedded, &id)),
        id,
        description,
        is_image_of_invoice: false,
    }
}

/// BT-125. A missing file name (EHF 2 had none) becomes the document's id, with the ending of its media type.
fn read_file<'d>(terms: &mut Terms<'d>, node: Node<'d>, id: &str) -> Option<File> {
    let media_type = terms.required_attribute(node, "mimeCode", "BT-125").unwrap_or_default().to_owned();
    let given = attribute_of(node, "filename").and_then(|name| files::bare_name(&name));
    let name = given.or_else(|| files::named_after(id, &media_type)).unwrap_or_else(|| "attachment".to_owned());
    let text = node.text();
    // Four characters of base64 are three bytes: counted before anything is decoded.
    if text.len() / 4 * 3 > MAX_ATTACHMENT_BYTES {
        terms.fault_at(codes::ATTACHMENT_UNREADABLE, node, "BT-125", &[("file", &name)]);
        return None;
    }
    let compact: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    match BASE64.decode(compact) {
        Ok(bytes) if !bytes.is_empty() => {
            let file = File { name, media_type, bytes };
            if !files::is_taken(&file) {
                let kind = files::ending(&file.name).unwrap_or_else(|| file.media_type.clone());
                terms.fault_at(codes::ATTACHMENT_TYPE, node, "BT-125", &[("file", &file.name), ("type", &kind)]);
            }
            Some(file)
        }
        _ => {
            terms.fault_at(codes::ATTACHMENT_UNREADABLE, node, "BT-125", &[("file", &name)]);
            None
        }
    }
}

fn find_image(attachments: &[Attachment], number: &str) -> Option<usize> {
    let pdf = |attachment: &Attachment| attachment.file.as_ref().filter(|file| files::is_pdf(file)).is_some();
    let by_mark = attachments.iter().position(|attachment| pdf(attachment) && is_marked(attachment));
    by_mark.or_else(|| attachments.iter().position(|attachment| pdf(attachment) && is_named_after(attachment, number)))
}

fn is_marked(attachment: &Attachment) -> bool {
    let description = attachment.description.as_deref().unwrap_or_default().to_lowercase();
    IMAGE_MARKS.contains(&description.trim())
}

fn is_named_after(attachment: &Attachment, number: &str) -> bool {
    let folded = |text: &str| -> String { text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect() };
    let number = folded(number);
    let stem = attachment.file.as_ref().map(|file| folded(files::stem(&file.name))).unwrap_or_default();
    !number.is_empty() && stem == number
}

/// The attachments as additional document references.
pub(super) fn write(invoice: &Invoice) -> impl Iterator<Item = Element> {
    let found = find_image(&invoice.attachments, &invoice.number);
    invoice.attachments.iter().enumerate().map(move |(at, attachment)| {
        // Without this the picture that the sender chose would come back as an ordinary enclosure.
        let mark = (attachment.is_image_of_invoice && found != Some(at)).then(|| image_mark(invoice.kind));
        write_one(attachment, mark.or(attachment.description.as_deref()))
    })
}

fn write_one(attachment: &Attachment, description: Option<&str>) -> Element {
    let embedded = attachment.file.as_ref().map(|file| {
        Element::leaf("cbc:EmbeddedDocumentBinaryObject", base64::engine::general_purpose::STANDARD.encode(&file.bytes))
            .attribute("mimeCode", Some(&file.media_type))
            .attribute("filename", Some(&file.name))
    });
    Element::group("cac:AdditionalDocumentReference")
        .value("cbc:ID", &attachment.id)
        .optional("cbc:DocumentDescription", description)
        .child(
            Element::group("cac:Attachment")
                .children(embedded)
                .child(Element::group("cac:ExternalReference").optional("cbc:URI", attachment.location.as_deref())),
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pdf(name: &str, description: Option<&str>) -> Attachment {
        let file = File { name: name.to_owned(), media_type: "application/pdf".to_owned(), bytes: b"%PDF-1.7".to_vec() };
        Attachment {
            id: name.to_owned(),
            description: description.map(str::to_owned),
            location: None,
            file: Some(file),
            is_image_of_invoice: false,
        }
    }

    #[test]
    fn the_picture_is_the_marked_pdf_else_the_one_named_after_the_invoice() {
        let check = |attachments: &[Attachment], expected: Option<usize>| {
            assert_eq!(find_image(attachments, "2025/117"), expected, "{attachments:?}");
        };
        check(&[pdf("a.pdf", None), pdf("b.pdf", Some("FAKTURA"))], Some(1));
        check(&[pdf("2025-117.PDF", None), pdf("b.pdf", Some("Commercial invoice"))], Some(1));
        check(&[pdf("a.pdf", Some("Timeliste")), pdf("2025-117.pdf", None)], Some(1));
        check(&[pdf("2025-1170.pdf", None)], None);
        check(&[Attachment { file: None, ..pdf("2025-117.pdf", Some("Faktura")) }], None);
        let picture = File { name: "2025-117.png".to_owned(), media_type: "image/png".to_owned(), bytes: vec![1] };
        check(&[Attachment { file: Some(picture), ..pdf("a", Some("Faktura")) }], None);
    }
}
