//! Every fault code. Add a line here and its two sentences in `messages/*.toml`; never rename or reuse one.
//!
//! "Values" are the names under which a fault's sentence finds its values ([`Fault::with`](super::Fault::with)). Every sentence
//! also knows `place` and `term`, the business term at that place; a value named like a table of the catalogue (`route`,
//! `recipient_type`, `state`, `agreement`, `other_term`) is given as the key and shown in that table's words. A value whose name
//! ends in `date`, `at` (a timestamp), `amount`, `mm` or `bytes` is given as machines write it and shown as people do.

use super::{Code, Fixer};

macro_rules! codes {
    ($($(#[$doc:meta])* $constant:ident = $name:literal, $fixer:ident;)*) => {
        $($(#[$doc])* pub const $constant: Code = Code::new($name, Fixer::$fixer);)*
        /// All of them, in the order of this file.
        pub const ALL: &[Code] = &[$($constant),*];
    };
}

codes! {
    // --- the document as bytes
    /// The XML cannot be read: not well-formed, or not UTF-8. Values: `why`.
    XML_UNREADABLE = "xml.unreadable", Sender;
    /// The XML brings a DTD or an entity, which are refused unread.
    XML_DOCTYPE = "xml.doctype", Sender;
    /// The XML is over a budget: bytes, depth, elements, attributes or text. Values: `what`, `limit`.
    XML_OVER_BUDGET = "xml.over_budget", Sender;
    /// The root element is no document that Kvitt reads. Values: `root`.
    DOCUMENT_UNKNOWN = "document.unknown", Sender;
    /// The archive cannot be read, or is over a budget. Values: `why`.
    ARCHIVE_UNREADABLE = "archive.unreadable", Sender;
    /// The archive holds more bytes, files or nesting than allowed. Values: `what`, `limit`.
    ARCHIVE_OVER_BUDGET = "archive.over_budget", Sender;
    /// The archive holds no invoice document, or more than one. Values: `count`.
    ARCHIVE_DOCUMENTS = "archive.documents", Sender;
    /// The metadata beside the document cannot be read, or names an unknown field. Values: `why`.
    METADATA_UNREADABLE = "metadata.unreadable", Sender;
    /// A metadata field has a value that it cannot have. Values: `field`, `value`.
    METADATA_VALUE = "metadata.value", Sender;
    // --- the invoice
    /// A business term that an invoice must have is missing.
    TERM_MISSING = "term.missing", Sender;
    /// A business term has a value that it cannot have. Values: `value`.
    TERM_INVALID = "term.invalid", Sender;
    /// A business term stands more often than it may.
    TERM_REPEATED = "term.repeated", Sender;
    /// A sum differs from what its parts add up to. Values: `stated`, `computed`.
    SUM_MISMATCH = "sum.mismatch", Sender;
    /// The document breaks a rule of EN 16931 or Peppol. Values: `rule`, `count`, and `advice` as `nb` and `en`: what is wrong and
    /// what to do, in the words of the rules.
    RULE_BROKEN = "rule.broken", Sender;
    /// Amounts with more decimals than the currency has. Values: `value`, `decimals`.
    AMOUNT_DECIMALS = "amount.decimals", Sender;
    /// The due date is before the issue date. Values: `date`, `other_term`, `other_date`.
    DATE_ORDER = "date.order", Sender;
    /// The KID has a wrong check digit. Values: `kid`, `mod10`, `mod11`.
    KID_CHECK_DIGIT = "kid.check_digit", Sender;
    /// The KID has a wrong length or other characters than digits. Values: `kid`.
    KID_FORM = "kid.form", Sender;
    /// The organisation number has a wrong check digit or form. Values: `number`.
    ORG_NUMBER_INVALID = "org_number.invalid", Sender;
    /// The bank account number has a wrong check digit or form. Values: `account`.
    ACCOUNT_INVALID = "account.invalid", Sender;
    /// The national identity number has wrong check digits or form. The number itself is never part of the fault.
    IDENTITY_INVALID = "identity.invalid", Sender;
    /// An attachment is of a kind that no route takes. Values: `file`, `type`.
    ATTACHMENT_TYPE = "attachment.type", Sender;
    /// An attachment's content does not decode. Values: `file`.
    ATTACHMENT_UNREADABLE = "attachment.unreadable", Sender;
    // --- a PDF, for a print shop or a bank's page
    /// The PDF cannot be read, or not safely. Values: `pdf_why`.
    PDF_UNREADABLE = "pdf.unreadable", Sender;
    /// The PDF has more bytes than are taken. Values: `bytes`, `most_bytes`.
    PDF_TOO_LARGE = "pdf.too_large", Sender;
    /// The PDF is encrypted.
    PDF_ENCRYPTED = "pdf.encrypted", Sender;
    /// The PDF is of a later version than the print shop reads. Values: `version`, `highest`.
    PDF_VERSION = "pdf.version", Sender;
    /// The PDF has no page.
    PDF_NO_PAGES = "pdf.no_pages", Sender;
    /// The PDF, or all files of a letter together, have more pages than a letter may. Values: `count`, `limit`.
    PDF_TOO_MANY_PAGES = "pdf.too_many_pages", Sender;
    /// The letter has more files than the print shop takes. Values: `count`, `limit`.
    PDF_TOO_MANY_FILES = "pdf.too_many_files", Sender;
    /// The PDF has pages of another size than A4. Values: `sizes`.
    PDF_PAGE_SIZE = "pdf.page_size", Sender;
    /// The PDF uses fonts that it does not bring along. Values: `fonts`.
    PDF_FONTS_MISSING = "pdf.fonts_missing", Sender;
    /// Something stands in the left margin, which the print shop needs for itself. Values: `page`, `found_mm`, `wanted_mm`.
    PDF_MARGIN = "pdf.margin", Sender;
    /// It cannot be told whether the left margin is free. Values: `wanted_mm`.
    PDF_MARGIN_UNKNOWN = "pdf.margin_unknown", Sender;
    /// The PDF has form fields, which may come out empty on paper.
    PDF_FORM = "pdf.form", Sender;
    /// An invoice with this number was accepted before. Values: `number`, and `first` and `second`: what is known of either.
    NUMBER_DUPLICATE = "number.duplicate", Sender;
    /// The same client id or idempotency key came with other content. Values: `key`.
    KEY_REUSED = "key.reused", Sender;
    /// The recipient is called a business although the document names no organisation, or the other way round. Values: `recipient_type`.
    RECIPIENT_TYPE_DOUBTFUL = "recipient_type.doubtful", Sender;
    /// The other format has no room for a business term, or not for all of it. Values: `value`.
    CONVERSION_TERM_LOST = "conversion.term_lost", Sender;
    /// The company has no invoice with this number or id. Values: `invoice`.
    INVOICE_UNKNOWN = "invoice.unknown", Sender;
    /// An invoice and a credit note share this number. Values: `invoice`, `ids`.
    INVOICE_AMBIGUOUS = "invoice.ambiguous", Sender;
    // --- the company
    /// No company with this organisation number is set up here. Values: `number`.
    COMPANY_UNKNOWN = "company.unknown", Operator;
    /// No company is set up here yet.
    COMPANY_NONE = "company.none", Operator;
    /// Several companies are set up here, and the question named none.
    COMPANY_NOT_NAMED = "company.not_named", Sender;
    /// A company with this organisation number is set up here already. Values: `org_number`.
    COMPANY_KNOWN = "company.known", Operator;
    /// The document's seller is another company than the one it was handed in for. Values: `seller`, `company`.
    COMPANY_MISMATCH = "company.mismatch", Sender;
    /// The company keeps no order of routes for this customer. Values: `customer`.
    CUSTOMER_ORDER_UNKNOWN = "customer_order.unknown", Sender;
    // --- webhooks
    /// This is no address that a webhook can have. Values: `address`.
    WEBHOOK_ADDRESS = "webhook.address", Sender;
    /// The address is in the clear, or on a network that webhooks may not reach. Values: `address`.
    WEBHOOK_NETWORK = "webhook.network", Operator;
    /// No kind of event is called this, or there are none or too many. Values: `pattern`.
    WEBHOOK_EVENTS = "webhook.events", Sender;
    /// The company has no webhook like this. Values: `webhook`.
    WEBHOOK_UNKNOWN = "webhook.unknown", Sender;
    /// The company has as many webhooks as it may. Values: `limit`.
    WEBHOOK_TOO_MANY = "webhook.too_many", Sender;
    /// The company has no event with this number, and it is not the next one either. Values: `number`, `last`.
    WEBHOOK_EVENT = "webhook.event", Sender;
    /// The receiver said that nobody is there any more (410). No values.
    WEBHOOK_GONE = "webhook.gone", Sender;
    /// The receiver did not take an event for days. Values: `number`, of the event, `count`, of the tries, and `text`, what came of the last one.
    WEBHOOK_SILENT = "webhook.silent", Sender;
    // --- set-ups
    /// A setting that the route needs is missing.
    SETUP_MISSING = "setup.missing", Operator;
    /// No setting is called this.
    SETUP_UNKNOWN = "setup.unknown", Operator;
    /// A setting has a value that it cannot have. Values: `value`.
    SETUP_VALUE = "setup.value", Operator;
    // --- routes
    /// No route is open; a person decides.
    ROUTE_NONE_OPEN = "route.none_open", Operator;
    /// The route is not part of this version. Values: `route`.
    ROUTE_NOT_BUILT = "route.not_built", Operator;
    /// No route is called this. Values: `route`.
    ROUTE_UNKNOWN = "route.unknown", Sender;
    /// The route is not for this kind of recipient. Values: `route`, `recipient_type`.
    ROUTE_RECIPIENT_TYPE = "route.recipient_type", Sender;
    /// The company has not set the route up. Values: `route`.
    ROUTE_NOT_SET_UP = "route.not_set_up", Operator;
    /// The sender's order leaves this route out. Values: `route`.
    ROUTE_NOT_IN_ORDER = "route.not_in_order", Sender;
    /// One route alone was chosen, so that no other is tried after it. Values: `route`, `order_from`.
    ROUTE_NO_FALLBACK = "route.no_fallback", Sender;
    /// The route was tried for this document and refused it. Values: `route`.
    ROUTE_TRIED = "route.tried", Counterparty;
    /// Too late for this route: its latest send time is past. Values: `route`.
    ROUTE_TOO_LATE = "route.too_late", Sender;
    /// An agreement is needed first. Values: `agreement`.
    AGREEMENT_MISSING = "agreement.missing", Operator;
    /// The agreement is for Norwegian companies only. Values: `agreement`.
    AGREEMENT_NOT_NORWEGIAN = "agreement.not_norwegian", Operator;
    /// The AvtaleGiro agreement of an account needs the main one in force first.
    AGREEMENT_MAIN_FIRST = "agreement.main_first", Operator;
    /// The terms of an agreement must be accepted by somebody. Values: `agreement`.
    AGREEMENT_TERMS = "agreement.terms_not_accepted", Operator;
    /// An agreement must name one to three KID structures. Values: `count`, `limit`.
    AGREEMENT_STRUCTURES = "agreement.structures", Operator;
    /// A KID structure cannot be read. Values: `value`, `why`.
    KID_STRUCTURE_TEXT = "kid.structure_text", Operator;
    /// AvtaleGiro takes no KIDs that short. Values: `length`, `limit`.
    AGREEMENT_KID_LENGTH = "agreement.kid_length", Operator;
    /// Two KID structures of an agreement have the same length, so that a KID would be of both. Values: `length`.
    AGREEMENT_KID_LENGTHS_ALIKE = "agreement.kid_lengths_alike", Operator;
    /// The one who is to sign has no name.
    AGREEMENT_SIGNER_NAME = "agreement.signer_name", Operator;
    /// The operator of this Kvitt has not set what is needed to ask for agreements. The place is the setting.
    AGREEMENT_NOT_CONFIGURED = "agreement.not_configured", Operator;
    /// The company has no such agreement here. Values: `agreement`.
    AGREEMENT_UNKNOWN = "agreement.unknown", Operator;
    /// The agreement is not in a state where this can happen to it. Values: `agreement_step`, `event`.
    AGREEMENT_STATE_REFUSES = "agreement.state_refuses", Operator;
    /// The rail is being asked whether another provider has the agreement. Values: `agreement`.
    AGREEMENT_ASKING = "agreement.asking", Counterparty;
    /// Another provider has the agreement, and somebody who signs for moving it must be named. Values: `agreement`, `provider`.
    AGREEMENT_SIGNER_NEEDED = "agreement.signer_needed", Operator;
    /// A signature for moving the agreement is being asked for. Values: `agreement`, `provider`, `signer`, `email`.
    AGREEMENT_SIGNATURE_REQUESTED = "agreement.signature_requested", Counterparty;
    /// Somebody has been asked to sign for moving the agreement. Values: `agreement`, `provider`, `signer`, `email`, `address`.
    AGREEMENT_SIGNATURE_AWAITED = "agreement.signature_awaited", Operator;
    /// Whoever was to sign did not want to, or may not. Values: `signer`, `text`.
    AGREEMENT_SIGNATURE_REFUSED = "agreement.signature_refused", Operator;
    /// Nobody signed in time. Values: `signer`.
    AGREEMENT_SIGNATURE_EXPIRED = "agreement.signature_expired", Operator;
    /// The rail does not move the agreement, although somebody signed. Values: `signer`.
    AGREEMENT_CONSENT_REFUSED = "agreement.consent_refused", Operator;
    /// The rail is being told of the agreement. Values: `agreement`.
    AGREEMENT_ACTIVATING = "agreement.activating", Counterparty;
    /// The agreement is being moved from another provider. Values: `agreement`, `provider`.
    AGREEMENT_TAKING_OVER = "agreement.taking_over", Counterparty;
    /// The bank must register the AvtaleGiro agreement, naming our customer unit. Values: `account`, `customer_unit`.
    AGREEMENT_WAITING_FOR_BANK = "agreement.waiting_for_bank", Operator;
    /// The main agreement is in force, and not every bank knows of it yet. Values: `until_at`.
    AGREEMENT_SPREADING = "agreement.spreading", Counterparty;
    /// The rail refused the agreement. Values: `agreement`, `code`, `text` of the answer.
    AGREEMENT_REFUSED = "agreement.refused", Operator;
    /// The rail is being told that the agreement ends. Values: `agreement`.
    AGREEMENT_ENDING = "agreement.ending", Counterparty;
    /// The agreement is over. Values: `agreement`, `by`, who ended it.
    AGREEMENT_ENDED = "agreement.ended", Operator;
    /// The rail no longer has the agreement as ours. Values: `agreement`, `provider`, who has it now.
    AGREEMENT_LOST = "agreement.lost", Operator;
    /// The company must close its old agreement with the provider before. Values: `provider`.
    AGREEMENT_CLOSE_THE_OLD = "agreement.close_the_old", Operator;
    /// The take-over of AvtaleGiro did not stop the provider before: its deductions go on until the company ends them. Values:
    /// `provider`, `account`.
    AGREEMENT_OLD_DEDUCTIONS = "agreement.old_deductions", Operator;
    /// Claims to the account may be sent, and nobody here is its owner: what the bank tells of it is nobody's. Values: `company`, `account`,
    /// `kids`, how KIDs were agreed, as they are typed.
    AGREEMENT_ACCOUNT_NOT_SET_UP = "agreement.account_not_set_up", Operator;
    // --- mandates
    /// The account has no AvtaleGiro agreement here, so that mandates to it cannot be read. Values: `account`.
    MANDATE_NO_AGREEMENT = "mandate.no_agreement", Operator;
    /// Another provider fetches the mandates of the account. Values: `account`.
    MANDATE_ELSEWHERE = "mandate.elsewhere", Operator;
    /// No mandate of the account is known under this KID. Values: `kid`, `account`.
    MANDATE_UNKNOWN = "mandate.unknown", Recipient;
    /// The recipient has no e-mail address.
    EMAIL_MISSING = "email.missing", Sender;
    /// The e-mail address cannot be one. Values: `address`.
    EMAIL_INVALID = "email.invalid", Sender;
    /// The address bounced before and is on the suppression list. Values: `address`.
    EMAIL_SUPPRESSED = "email.suppressed", Recipient;
    /// The mail server refused the recipient. Values: `code`, `text` of the answer.
    EMAIL_REFUSED = "email.refused", Recipient;
    /// The mail server refused the letter itself. Values: `code`, `text` of the answer.
    EMAIL_CONTENT_REFUSED = "email.content_refused", Counterparty;
    /// The letter came back as undeliverable. Values: `code`, `text` of the answer.
    EMAIL_BOUNCED = "email.bounced", Recipient;
    /// The attachments go as a link because they are too large for a letter. Values: `bytes`.
    EMAIL_ATTACHMENT_LINKED = "email.attachment_linked", Sender;
    /// The mail server did not want our credentials. Values: `code`, `text` of the answer.
    EMAIL_CREDENTIALS = "email.credentials", Operator;
    // --- eFaktura
    /// The payment service does not want our user name or password. Values: `code`, `text` of the answer.
    EFAKTURA_CREDENTIALS = "efaktura.credentials", Operator;
    /// The hub has no public address at which a bank could open the bill.
    EFAKTURA_NO_BILL_HOST = "efaktura.no_bill_host", Operator;
    /// The document has no address that fits into the service's field.
    EFAKTURA_BILL_ADDRESS = "efaktura.bill_address", Operator;
    /// No eFaktura is made of this kind of document. Values: `value`, its type code.
    EFAKTURA_DOCUMENT_TYPE = "efaktura.document_type", Sender;
    /// An eFaktura is in NOK. Values: `value`, the document's currency.
    EFAKTURA_CURRENCY = "efaktura.currency", Sender;
    /// The amount to pay is below zero. Values: `amount`.
    EFAKTURA_AMOUNT_NEGATIVE = "efaktura.amount_negative", Sender;
    /// The due date is too near. Values: `date`, `other_date`, the first one that is taken.
    EFAKTURA_DUE_TOO_SOON = "efaktura.due_too_soon", Sender;
    /// The due date is too far away. Values: `date`, `other_date`, the last one that is taken.
    EFAKTURA_DUE_TOO_LATE = "efaktura.due_too_late", Sender;
    /// The account is not registered for the company with the payment service. Values: `account`.
    EFAKTURA_ACCOUNT_NOT_REGISTERED = "efaktura.account_not_registered", Operator;
    /// The invoice has no KID: the payment must be matched by hand.
    EFAKTURA_KID_MISSING = "efaktura.kid_missing", Sender;
    /// The invoice's reference is no KID that an eFaktura takes, and is left out. Values: `kid`.
    EFAKTURA_KID_LEFT_OUT = "efaktura.kid_left_out", Sender;
    /// Whether Vipps shows it too is not known. Values: `date`, until which it would.
    EFAKTURA_VIPPS_UNKNOWN = "efaktura.vipps_unknown", Recipient;
    /// Vipps shows no credit notes.
    EFAKTURA_VIPPS_NO_CREDIT_NOTES = "efaktura.vipps_no_credit_notes", Recipient;
    /// An attachment is no PDF, and the netbank shows nothing else. Values: `file`, `type`.
    EFAKTURA_ATTACHMENT_NOT_SHOWN = "efaktura.attachment_not_shown", Sender;
    /// The given eFaktura identifier is not nine digits.
    EFAKTURA_IDENTIFIER_INVALID = "efaktura.identifier_invalid", Sender;
    /// Too little is known of the recipient to look them up.
    EFAKTURA_NO_LOOKUP_KEY = "efaktura.no_lookup_key", Sender;
    /// Only the national identity number is known, and the company does not send it out for look-ups.
    EFAKTURA_IDENTITY_KEPT = "efaktura.identity_kept", Operator;
    /// The register does not know the recipient.
    EFAKTURA_NOT_FOUND = "efaktura.not_found", Recipient;
    /// Several people fit what is known of the recipient.
    EFAKTURA_SEVERAL = "efaktura.several", Sender;
    /// What is known of the recipient was too little for the register.
    EFAKTURA_TOO_LITTLE_KNOWN = "efaktura.too_little_known", Sender;
    /// The recipient has blocked this sender.
    EFAKTURA_BLOCKED = "efaktura.blocked", Recipient;
    /// The recipient takes no eFaktura from this sender.
    EFAKTURA_NOT_ACCEPTING = "efaktura.not_accepting", Recipient;
    /// The payment service found something wrong with the bill. Values: `code`, `text` of the answer.
    EFAKTURA_INVALID = "efaktura.invalid", Sender;
    /// The payment service refused a whole shipment; this bill goes into another one. Values: `code`, `text` of the answer.
    EFAKTURA_SHIPMENT_REFUSED = "efaktura.shipment_refused", Counterparty;
    /// The payment service or the recipient's bank rejected the bill. Values: `code`, `text` of the answer.
    EFAKTURA_REJECTED = "efaktura.rejected", Recipient;
    /// The bill was stopped on its way. Values: `code`, `text` of the answer.
    EFAKTURA_STOPPED = "efaktura.stopped", Counterparty;
    /// The bill was called back at the payment service, and not from here. Values: `code`, `text` of the answer.
    EFAKTURA_CANCELLED = "efaktura.cancelled", Operator;
    // --- print
    /// A letter needs a part of the recipient's address that is missing.
    PRINT_ADDRESS_INCOMPLETE = "print.address_incomplete", Sender;
    /// A Norwegian post code has four digits. Values: `value`.
    PRINT_POSTAL_CODE = "print.postal_code", Sender;
    /// The letter would go to another country, and the company sends none there. Values: `country`.
    PRINT_ABROAD = "print.abroad", Operator;
    /// A file of the letter is no PDF, so that it cannot be printed. Values: `file`, `type`.
    PRINT_ATTACHMENT = "print.attachment_not_pdf", Sender;
    /// The letter gets a cover sheet, because its PDF is the sender's own.
    PRINT_COVER_SHEET = "print.cover_sheet", Sender;
    /// The print shop cannot print the letter, or will not. Values: `code`, `text` of its receipt.
    PRINT_UNPRINTABLE = "print.unprintable", Counterparty;
    /// The letter came back from the post. Values: `code`, `text` of the receipt.
    PRINT_RETURNED = "print.returned", Recipient;
    /// The print shop refuses the whole job that the letter is in. Values: `code`, `text` of its receipt.
    PRINT_JOB_REFUSED = "print.job_refused", Counterparty;
    // --- a file from the bank, or for it
    /// The file is of no kind that is read. Values: `line`, `column`, `found` (how it begins).
    BANK_UNKNOWN_FILE = "bank.unknown_file", Operator;
    /// The file holds nothing.
    BANK_EMPTY = "bank.empty", Operator;
    /// The file cannot be read further: a disk failed, or the XML is broken. Values: `line`, `column`, `why`.
    BANK_UNREADABLE = "bank.unreadable", Counterparty;
    /// A line is in UTF-8, where ISO 8859-1 belongs. Values: `line`, `column`.
    BANK_ENCODING = "bank.encoding", Operator;
    /// A line has more or fewer characters than its record. Values: `line`, `column`, `found`.
    BANK_LINE_LENGTH = "bank.line_length", Counterparty;
    /// No record begins so. Values: `line`, `column`, `value`.
    BANK_RECORD_UNKNOWN = "bank.record_unknown", Counterparty;
    /// A record stands where it cannot stand. Values: `line`, `column`, `record`, `expected_record`.
    BANK_RECORD_MISPLACED = "bank.record_misplaced", Counterparty;
    /// A record lacks the one that must follow it. Values: `line`, `column`, `record`, `missing_record`.
    BANK_RECORD_MISSING = "bank.record_missing", Counterparty;
    /// A field holds what it cannot hold. Values: `line`, `column`, `bank_field`, `value`.
    BANK_FIELD = "bank.field", Counterparty;
    /// A record belongs to another transaction than the one before it. Values: `line`, `column`, `value`, `expected`.
    BANK_TRANSACTION_MIXED = "bank.transaction_mixed", Counterparty;
    /// Transaction numbers do not ascend. Values: `line`, `column`, `value`, `previous`.
    BANK_TRANSACTION_ORDER = "bank.transaction_order", Counterparty;
    /// A count differs from what there is. Values: `line`, `column`, `what`, `stated`, `computed`.
    BANK_COUNT = "bank.count", Counterparty;
    /// A sum differs from what its parts add up to. Values: `line`, `column`, `stated`, `computed`.
    BANK_SUM = "bank.sum", Counterparty;
    /// The first or last date of an order differs from the dates in it. Values: `line`, `column`, `bank_field`, `stated_date`,
    /// `computed_date`.
    BANK_DATE_RANGE = "bank.date_range", Counterparty;
    /// The file ends too early. Values: `line`, `column`, `expected_record`.
    BANK_CUT_SHORT = "bank.cut_short", Counterparty;
    /// Something in the file is larger than it may be. Values: `line`, `column`, `what`, `limit`.
    BANK_OVER_LIMIT = "bank.over_limit", Counterparty;
    /// The kind of payment is none that is known. Values: `line`, `column`, `value`.
    BANK_PAYMENT_TYPE = "bank.payment_type", Counterparty;
    /// The reference of a payment or mandate is no KID. Values: `line`, `column`, `kid`.
    BANK_KID_ODD = "bank.kid_odd", Counterparty;
    /// An entry is not booked, so that no money has moved. Values: `line`, `column`, `value`.
    BANK_NOT_BOOKED = "bank.not_booked", Counterparty;
    /// One payment has several KIDs and does not say how it is shared. Values: `line`, `column`, `value`.
    BANK_SEVERAL_KIDS = "bank.several_kids", Counterparty;
    /// The entries do not lead from the opening to the closing balance. Values: `line`, `column`, `stated`, `computed`.
    BANK_BALANCE = "bank.balance", Counterparty;
    /// A value cannot be written into a file for the bank. Values: `bank_field`, `value`.
    BANK_CANNOT_WRITE = "bank.cannot_write", Sender;
    /// Letters of a text have no likeness in ISO 8859-1 and were left out. Values: `bank_field`, `value`.
    BANK_TEXT_LOST = "bank.text_lost", Sender;
    // --- the journey
    /// Whether it was sent cannot be known from here.
    DELIVERY_IN_DOUBT = "delivery.in_doubt", Operator;
    /// The hub was restored from an older backup, and the hub that lived on after it may have sent the document. Values: `at`.
    DELIVERY_RESTORED = "delivery.restored", Operator;
    /// The program itself could not carry the conversation on. Values: `route`.
    DELIVERY_FAILED_HERE = "delivery.failed_here", Operator;
    /// An attempt that was given up was accepted after all: the recipient may have the document twice.
    DELIVERY_LATE_ACCEPTANCE = "delivery.late_acceptance", Operator;
    /// The counterparty does not answer; Kvitt tries again. Values: `text`.
    COUNTERPARTY_SILENT = "counterparty.silent", Counterparty;
    /// The counterparty answered something that has no meaning here. Values: `code`, `text` of the answer.
    COUNTERPARTY_GARBLED = "counterparty.garbled", Counterparty;
    /// The counterparty asks to try again later. Values: `code`, `text` of the answer.
    COUNTERPARTY_TEMPORARY = "counterparty.temporary", Counterparty;
    /// The counterparty does not want to speak with us, or not for this sender: a setting on our side or on theirs.
    /// Values: `code`, `text` of the answer.
    COUNTERPARTY_REFUSES_US = "counterparty.refuses_us", Operator;
    /// The register that knows whether the route reaches the recipient is being asked. Values: `route`.
    LOOKUP_PENDING = "lookup.pending", Counterparty;
    /// The register could not say for as long as the document could wait. Values: `route`, `text`.
    LOOKUP_UNANSWERED = "lookup.unanswered", Counterparty;
    /// What was handed over by this route cannot be called back. Values: `route`.
    CALL_BACK_IMPOSSIBLE = "call_back.impossible", Operator;
    /// What is repeated may be with its counterparty already, and can be called back there only once it was said again. Values: `route`.
    CALL_BACK_TOO_EARLY = "call_back.too_early", Operator;
    /// A warning: the counterparty does not give back what was called back. Values: `route`; `code`, `text` as it says.
    CALL_BACK_REFUSED = "call_back.refused", Operator;
    /// A warning: nobody knows whether what was called back was given back; of a claim, it had to be by a time. Values: `route`.
    CALL_BACK_UNCONFIRMED = "call_back.unconfirmed", Operator;
    /// The invoice has no notice of a claim.
    NOTICE_NONE = "notice.none", Operator;
    /// Only invoices are claimed: no credit note, no self-billed document.
    CLAIM_DOCUMENT = "claim.document", Sender;
    /// A claim needs an amount above zero. Values: `amount`.
    CLAIM_NOTHING_TO_DEBIT = "claim.nothing_to_debit", Sender;
    /// AvtaleGiro debits Norwegian kroner. Values: `value`.
    CLAIM_CURRENCY = "claim.currency", Sender;
    /// A claim needs a KID.
    CLAIM_KID_MISSING = "claim.kid_missing", Sender;
    /// The KID is of no structure of the account's agreement. Values: `kid`, `account`.
    CLAIM_KID_FOREIGN = "claim.kid_foreign", Sender;
    /// The payer has given no mandate. Values: `kid`.
    CLAIM_NO_MANDATE = "claim.no_mandate", Recipient;
    /// The payer has withdrawn the mandate.
    CLAIM_MANDATE_INACTIVE = "claim.mandate_inactive", Recipient;
    /// The due date is before the first that works. Values: `date`, `other_date`.
    CLAIM_DUE_TOO_SOON = "claim.due_too_soon", Sender;
    /// The due date is after the last that works. Values: `date`, `other_date`.
    CLAIM_DUE_TOO_LATE = "claim.due_too_late", Sender;
    /// A warning: the payer hears of the debit late. Values: `date`, `other_date`.
    CLAIM_DUE_SOON = "claim.due_soon", Sender;
    /// The rail cannot tell this claim from an open one. Values: `invoice`.
    CLAIM_INDISTINGUISHABLE = "claim.indistinguishable", Sender;
    /// The way of the agreement's claims is not configured. Values: `setting`.
    CLAIM_NO_SERVICE = "claim.no_service", Operator;
    /// The rail refuses a claim. Values: `code`, `text` as it says.
    CLAIM_REJECTED = "claim.rejected", Counterparty;
    /// The rail knows no active mandate for a claim. Values: `code`, `text` as it says.
    CLAIM_MANDATE_GONE = "claim.mandate_gone", Recipient;
    /// The rail has this claim from somebody else. Values: `code`, `text` as it says.
    CLAIM_KNOWN_ALREADY = "claim.known_already", Sender;
    /// The rail has withdrawn a claim that nobody called back here. Values: `code`, `text` as it says.
    CLAIM_WITHDRAWN = "claim.withdrawn", Counterparty;
    /// The service finds a claim invalid. Values: `code`, `text` as it says.
    CLAIM_INVALID = "claim.invalid", Sender;
    /// Claims that travelled together were refused as a whole, through no fault of this one. Values: `code`, `text`.
    CLAIM_LOT_REFUSED = "claim.lot_refused", Counterparty;
    /// The bank refuses a whole transmission. Values: `code`, `text` as it says.
    CLAIM_TRANSMISSION_REFUSED = "claim.transmission_refused", Counterparty;
    /// A receipt of the bank is about a file or claims that are not known here, or cannot be read. Values: `file`.
    CLAIM_RECEIPT_UNKNOWN = "claim.receipt_unknown", Operator;
    /// A warning: the bank has said nothing of a transmission in due time. Values: `number`.
    CLAIM_NO_RECEIPT = "claim.no_receipt", Operator;
    /// The time to call a claim back is over. Values: `at`.
    CLAIM_CALL_BACK_TOO_LATE = "claim.call_back_too_late", Sender;
    /// The claim was made by somebody else and can be called back only there.
    CLAIM_MADE_ELSEWHERE = "claim.made_elsewhere", Sender;
    /// An alarm: somebody else seems to claim for the same agreement. Values: `account`.
    CLAIM_OTHER_PROVIDER = "claim.other_provider", Sender;
    /// Money was seen, or taken off, before a claim was sent: it is not sent.
    CLAIM_STOPPED = "claim.stopped", Sender;
    /// The payer wants no notice of claims.
    NOTICE_NOT_WANTED = "notice.not_wanted", Recipient;
    /// A warning: the payer was told of a debit that will not come. Values: `route`.
    NOTICE_CLAIM_GONE = "notice.claim_gone", Sender;
    /// The bill waits until the notice of its claim has come back from the netbank.
    NOTICE_COMES_BACK = "notice.comes_back", Counterparty;
    /// A warning: a claim was made again after its notice was withdrawn.
    NOTICE_AGAIN = "notice.again", Sender;
    /// The retry policy has run out. Values: `route`.
    RETRIES_EXHAUSTED = "retries.exhausted", Counterparty;
    /// The delivery is not in a state where this can happen to it. Values: `state`.
    STATE_REFUSES = "state.refuses", Operator;
    // --- the API
    /// The request's body, query or a header cannot be read. Values: `why`.
    REQUEST_UNREADABLE = "request.unreadable", Sender;
    /// A field of the request has a value that it cannot have. Values: `field`, `value`.
    REQUEST_VALUE = "request.value", Sender;
    /// A field of the request is missing. Values: `field`.
    REQUEST_MISSING = "request.missing", Sender;
    /// The request has a field that the operation does not know. Values: `field`, `near`, the fields that it knows.
    REQUEST_UNKNOWN_FIELD = "request.unknown_field", Sender;
    /// The request asks for something that this Kvitt does not do. Values: `field`, `value`.
    REQUEST_UNSUPPORTED = "request.unsupported", Sender;
    /// The body is empty.
    REQUEST_EMPTY = "request.empty", Sender;
    /// The body is larger than any route takes. Values: `bytes`, the limit.
    REQUEST_TOO_LARGE = "request.too_large", Sender;
    /// The body did not come in time.
    REQUEST_TOO_SLOW = "request.too_slow", Sender;
    /// The body has a media type that the operation does not take. Values: `media_type`, `allowed`.
    REQUEST_MEDIA_TYPE = "request.media_type", Sender;
    /// Another request with the same key is still being answered. Values: `key`.
    REQUEST_IN_FLIGHT = "request.in_flight", Sender;
    /// No operation has this path.
    PATH_UNKNOWN = "path.unknown", Sender;
    /// The path has no operation with this method. Values: `method`.
    METHOD_UNKNOWN = "method.unknown", Sender;
    /// The company has nothing with this id. Values: `kind_of`, what was asked for.
    RESOURCE_UNKNOWN = "resource.unknown", Sender;
    /// What would be decided of the document is not what its plan says. Values: `before`, `after`, the routes that would be tried.
    PLAN_CHANGED = "plan.changed", Sender;
    /// A route stands otherwise than in the plan. Values: `route`, `other_standing`, `standing`.
    PLAN_ROUTE_CHANGED = "plan.route_changed", Sender;
    /// A route costs otherwise than in the plan. Values: `route`, `before`, `after`.
    PLAN_PRICE_CHANGED = "plan.price_changed", Sender;
    /// The id is of no plan that the company was answered.
    PLAN_UNKNOWN = "plan.unknown", Sender;
    /// The plan was answered too long ago.
    PLAN_EXPIRED = "plan.expired", Sender;
    /// The plan was made for another document, or for other details beside it.
    PLAN_OTHER_DOCUMENT = "plan.other_document", Sender;
    /// The bundle of evidence is no archive as the hub writes them, or was changed.
    EVIDENCE_ARCHIVE = "evidence.archive", Sender;
    /// The manifest of a bundle of evidence cannot be read.
    EVIDENCE_MANIFEST = "evidence.manifest", Sender;
    /// The manifest is not signed by the key that lies in the bundle.
    EVIDENCE_SIGNATURE = "evidence.signature", Sender;
    /// The bundle is signed by another key than the one that is expected. Values: `key`, the id of the one that signed.
    EVIDENCE_KEY = "evidence.key", Sender;
    /// A file of the bundle is not what the manifest says. Values: `file`.
    EVIDENCE_FILE_CHANGED = "evidence.file_changed", Sender;
    /// A file that the manifest names is not in the bundle. Values: `file`.
    EVIDENCE_FILE_MISSING = "evidence.file_missing", Sender;
    /// A file of the bundle is not in the manifest, or is there twice. Values: `file`.
    EVIDENCE_FILE_UNLISTED = "evidence.file_unlisted", Sender;
    /// An event of the bundle is not what was told. Values: `number`.
    EVIDENCE_EVENT_CHANGED = "evidence.event_changed", Sender;
    /// Before an event of the bundle at least one is missing. Values: `number`.
    EVIDENCE_EVENT_MISSING = "evidence.event_missing", Sender;
    /// The operation needs a token.
    ACCESS_TOKEN_MISSING = "access.token_missing", Sender;
    /// The token is not one of ours, has expired, or its key was revoked.
    ACCESS_TOKEN_INVALID = "access.token_invalid", Sender;
    /// Client id and secret do not fit together, or the key was revoked.
    ACCESS_CREDENTIALS = "access.credentials", Sender;
    /// The grant type is not client_credentials. Values: `value`.
    ACCESS_GRANT = "access.grant", Sender;
    /// No scope is called this. Values: `scope`.
    ACCESS_SCOPE_UNKNOWN = "access.scope_unknown", Sender;
    /// The key was not given the scope that is asked for. Values: `scope`.
    ACCESS_SCOPE_NOT_GRANTED = "access.scope_not_granted", Operator;
    /// The token has none of the scopes that the operation wants. Values: `scope`.
    ACCESS_SCOPE_MISSING = "access.scope_missing", Sender;
    /// More requests than are answered. Values: `seconds`, until the next is.
    ACCESS_TOO_OFTEN = "access.too_often", Sender;
    /// The company has no key with this id. Values: `key`.
    API_KEY_UNKNOWN = "api_key.unknown", Operator;
    /// The company has as many keys as it may have. Values: `count`.
    API_KEY_LIMIT = "api_key.limit", Operator;
    /// A fødselsnummer stands in an address, where logs keep it. What was asked is not done.
    LOOKUP_IDENTITY_IN_ADDRESS = "lookup.identity_in_address", Sender;
    /// The network is not connected here, so that nobody can be asked who is reached over it. Values: `network`.
    LOOKUP_NETWORK = "lookup.network", Operator;
    /// The program says that a person has signed, and its word does not count.
    AGREEMENT_VOUCHER = "agreement.voucher", Operator;
    /// The rail has ended what is asked for. Values: `value`.
    SERVICE_DISCONTINUED = "service.discontinued", Sender;
    /// The hub failed; its log says why.
    HUB_FAILED = "hub.failed", Operator;
    /// The hub is stopping.
    HUB_STOPPING = "hub.stopping", Operator;
    // --- the money
    /// Nothing like this can happen to the invoice's money now. Values: `collection`, its state, and `event`.
    COLLECTION_REFUSES = "collection.refuses", Operator;
    /// A direct debit is only asked for of an invoice that is open and was never claimed. Values: `collection`, its state.
    COLLECTION_NOT_CLAIMABLE = "collection.not_claimable", Operator;
    /// More was paid than the invoice asks for. Values: `amount`, how much more.
    COLLECTION_OVERPAID = "collection.overpaid", Operator;
    /// Money was taken back, so that something is owed again. Values: `amount`, what is owed.
    COLLECTION_REVERSED = "collection.reversed", Operator;
    /// The direct debit did not happen in time. Values: `date`, the due date, and `amount`, what is owed.
    COLLECTION_CLAIM_UNPAID = "collection.claim_unpaid", Operator;
    /// No file of the bank tells of the account, so that it is not known which direct debits happened. Values: `account`, `date`, the last
    /// day that a file told of, and `count`, of debits that should have been seen.
    COLLECTION_BANK_SILENT = "collection.bank_silent", Operator;
    /// The invoice was paid another way, credited or closed, in all or in part, while a direct debit is under way. Values: `date`, the due date.
    COLLECTION_PAID_WHILE_CLAIMED = "collection.paid_while_claimed", Operator;
    /// A warning: a debit is under way of an invoice whose money has changed, and Kvitt calls it back. Values: `date`.
    COLLECTION_CLAIM_CALLED_BACK = "collection.claim_called_back", Operator;
    /// A credit note points to no invoice, or to several: what it takes off is not known. Values: `number`, of the credit note.
    CREDIT_UNPLACED = "credit.unplaced", Sender;
    /// The payment has no KID.
    PAYMENT_KID_MISSING = "payment.kid_missing", Operator;
    /// No invoice uses the payment's KID. Values: `kid`.
    PAYMENT_KID_UNKNOWN = "payment.kid_unknown", Operator;
    /// No invoice uses the payment's KID, whose check digit or form is wrong. Values: `kid`.
    PAYMENT_KID_WRONG = "payment.kid_wrong", Operator;
    /// Several invoices use the payment's KID, and none asks for exactly this amount. Values: `kid`.
    PAYMENT_KID_SHARED = "payment.kid_shared", Operator;
    /// Something was taken back, and no KID says what. No values.
    PAYMENT_TAKEN_BACK_UNNAMED = "payment.taken_back_unnamed", Operator;
    /// The payment is in another currency than the invoice. Values: `amount`, `currency`, the invoice's.
    PAYMENT_CURRENCY = "payment.currency", Operator;
    /// Money went out with the KID of an invoice, or one in its text, or came back: perhaps a refund. No values.
    PAYMENT_REFUND_NAMED = "payment.refund_named", Operator;
    /// A person took the payment away from the invoice that it was placed with. Values: `by`.
    PAYMENT_TAKEN_AWAY = "payment.taken_away", Operator;
    /// The statement tells a sum of several payments and not which they are. No values.
    PAYMENT_TOTAL = "payment.total", Counterparty;
    /// Another file may tell of this payment too, and no reference says whether it is the same. No values.
    PAYMENT_PERHAPS_TOLD = "payment.perhaps_told", Counterparty;
    /// The company has no payment like this. Values: `payment`.
    PAYMENT_UNKNOWN = "payment.unknown", Operator;
    /// Nothing like this can be done with a payment in this state. Values: `payment_state`.
    PAYMENT_REFUSES = "payment.refuses", Operator;
    /// The file is one for the bank, and none from it. No values.
    BANK_OUTBOUND = "bank.outbound", Operator;
    /// Another company has this bank account here. Values: `account`.
    BANK_ACCOUNT_TAKEN = "bank_account.taken", Operator;
    /// The company has no such bank account here. Values: `account`.
    BANK_ACCOUNT_UNKNOWN = "bank_account.unknown", Operator;
    /// The KID fits none of the structures that were agreed for the bank account. Values: `kid`, `account`.
    KID_STRUCTURE = "kid.structure", Sender;
    /// Another invoice to the same bank account has this KID. Values: `kid`, `number`, of the other.
    KID_REUSED = "kid.reused", Sender;
    /// No KID can be made of these numbers. Values: `why`.
    KID_IMPOSSIBLE = "kid.impossible", Operator;
    // --- people and pages
    /// A field of a form that must be filled in is empty. No values.
    FORM_MISSING = "form.missing", Sender;
    /// A field of a form has a value that it cannot have. Values: `value`.
    FORM_VALUE = "form.value", Sender;
    /// A form came from a page of an earlier session or another company, or from elsewhere. No values.
    FORM_STALE = "form.stale", Sender;
    /// E-mail address and password do not belong together. Nothing says which of them is wrong. No values.
    SIGN_IN_REFUSED = "sign_in.refused", Sender;
    /// Too many tries to sign in, from one address or for one person. Values: `seconds`.
    SIGN_IN_TOO_OFTEN = "sign_in.too_often", Sender;
    /// The person's role in the company does not go so far. Values: `role`.
    ROLE_MISSING = "role.missing", Operator;
    /// No page is here. No values.
    PAGE_UNKNOWN = "page.unknown", Sender;
    /// Nothing was chosen that something could be done to. No values.
    BULK_EMPTY = "bulk.empty", Operator;
    /// No route is open for it. No values.
    BULK_NO_ROUTE = "bulk.no_route", Operator;
    /// The address that it should go to is not known. No values.
    BULK_ADDRESS = "bulk.address", Operator;
    /// The draft is an invoice already. No values.
    BULK_FINAL_ALREADY = "bulk.final_already", Operator;
    /// It is not there any more. No values.
    BULK_GONE = "bulk.gone", Operator;
    /// Something else would happen to it now than what was shown. No values.
    BULK_CHANGED = "bulk.changed", Operator;
    /// The counterparty has been asked to give it back already. No values.
    BULK_ASKED = "bulk.asked", Operator;
    /// The sandbox that plays the counterparties does not answer. No values.
    SANDBOX_SILENT = "sandbox.silent", Operator;
    /// The sandbox does not do what was asked of it. Values: `why`, in its own words.
    SANDBOX_REFUSED = "sandbox.refused", Operator;
    /// The code for the first visit is not the one that the hub printed. No values.
    FIRST_RUN_CODE = "first_run.code", Operator;
    /// Somebody has been here before: the first visit is over. No values.
    FIRST_RUN_OVER = "first_run.over", Operator;
    /// The password has too few characters. Values: `limit`.
    USER_PASSWORD_SHORT = "user.password_short", Sender;
    /// The password has too many characters. Values: `limit`.
    USER_PASSWORD_LONG = "user.password_long", Sender;
    /// The two passwords differ. No values.
    USER_PASSWORDS_DIFFER = "user.passwords_differ", Sender;
    /// The person uses the company already. Values: `email`.
    USER_KNOWN = "user.known", Sender;
    /// Nobody here has this e-mail address. Values: `email`.
    USER_UNKNOWN = "user.unknown", Sender;
    /// Somebody must be left who can change everything. No values.
    USER_LAST_ADMIN = "user.last_admin", Operator;
    /// The company has as many people as it can have. Values: `limit`.
    USER_TOO_MANY = "user.too_many", Operator;
    /// The link was used, is too old or was withdrawn. No values.
    USER_LINK_OVER = "user.link_over", Operator;
    // --- what people type
    /// A field that must be filled in is empty. Values: `field`.
    FIELD_MISSING = "field.missing", Sender;
    /// A field holds what it cannot hold. Values: `field`, `value`.
    FIELD_INVALID = "field.invalid", Sender;
    /// A field holds more characters than it may. Values: `field`, `limit`.
    FIELD_TOO_LONG = "field.too_long", Sender;
    /// There are more of something than there may be. Values: `field`, `limit`.
    FIELD_TOO_MANY = "field.too_many", Sender;
    /// A field holds what another row holds already. Values: `field`, `value`.
    FIELD_REPEATED = "field.repeated", Sender;
    /// A date is before the one that it should follow. Values: `field`, `other_field`.
    FIELD_BEFORE = "field.before", Sender;
    /// A fødselsnummer stands in a field for something else. Values: `field`.
    FIELD_IDENTITY = "field.identity", Sender;
    /// A number that somebody chose has a form that no number may have. Values: `number`, `limit`.
    NUMBER_FORM = "number.form", Sender;
    /// A number of a series with a range is not written in digits. Values: `number`, `from`, `to`.
    NUMBER_DIGITS = "number.digits", Sender;
    /// A number lies outside the range of its series. Values: `number`, `from`, `to`.
    NUMBER_RANGE = "number.range", Sender;
    /// A number belongs to something else already. Values: `number`, `name`.
    NUMBER_TAKEN = "number.taken", Sender;
    /// The series has no more numbers to give. Values: `from`, `to`.
    SERIES_FULL = "series.full", Operator;
    /// The series of credit notes and that of invoices have numbers in common: each would leave out what the other gives.
    SERIES_OVERLAP = "series.overlap", Operator;
    /// Somebody else changed it while it was being edited. Values: `entry`, `name`.
    ENTRY_CHANGED = "entry.changed", Sender;
    /// The company has nothing like this. Values: `entry`, `number`.
    ENTRY_UNKNOWN = "entry.unknown", Sender;
    /// A consumer with an organisation number: one of the two is wrong. Values: `value`.
    CUSTOMER_CONSUMER_ORG_NUMBER = "customer.consumer_org_number", Sender;
    /// The customer was archived, and gets no invoices. No values.
    CUSTOMER_ARCHIVED = "customer.archived", Sender;
    /// There is no such VAT code, or it has no rate on the day. Values: `code`, `date`.
    VAT_CODE_UNKNOWN = "vat_code.unknown", Sender;
    /// A company that is not in the VAT register sells with VAT. Values: `code`.
    VAT_NOT_REGISTERED = "vat.not_registered", Operator;
    /// A line outside of VAT stands beside lines that are not, which one document cannot have (EN 16931-1, BR-O-11). Values: `code`.
    VAT_OUTSIDE_MIXED = "vat.outside_mixed", Sender;
    /// The company has no such ledger account. Values: `number`.
    LEDGER_ACCOUNT_UNKNOWN = "ledger_account.unknown", Operator;
    /// The company has not said where its customers pay to. No values.
    INVOICING_ACCOUNT_MISSING = "invoicing.account_missing", Operator;
    /// The lines come to less than nothing. Values: `amount`.
    INVOICING_NEGATIVE = "invoicing.negative", Sender;
    /// The draft is an invoice already, or is being made one. Values: `number`.
    DRAFT_FINAL = "draft.final", Sender;
    /// A credit note takes off more than is left of its invoice. Values: `amount`, what it takes off, and `left_amount`.
    CREDIT_TOO_MUCH = "credit.too_much", Sender;
    /// A credit note takes VAT back that its invoice does not have: another rate, or more of it. Values: `number`, the invoice's, and `code`.
    CREDIT_OTHER_VAT = "credit.other_vat", Sender;
    /// Nothing is left of the invoice that could be credited. Values: `number`.
    CREDIT_NOTHING_LEFT = "credit.nothing_left", Sender;
    /// The invoice may not be reminded of yet. Values: `date`, the first day on which it may be.
    REMINDER_TOO_EARLY = "reminder.too_early", Sender;
}
