//! Seller, buyer, payee, tax representative and the place of delivery: BG-4 to BG-13, both ways, and postal addresses.

use kvitt_domain::invoice::{Address, Contact, DeliveryInformation, Identifier, Invoice, Party, Payee};
use kvitt_rules::arena::Node;

use super::values::{self, BLANK, from_two, icd_identifier, optional, party_code, wrapped};
use crate::element::Element;
use crate::terms::{Terms, all, attribute_of, identifier_of, text_of};

/// The element names of a postal address, and its business terms.
struct AddressNames {
    group: &'static str,
    street: &'static str,
    town: &'static str,
    post_code: &'static str,
    subdivision: &'static str,
    post_box: &'static str,
    terms: [&'static str; 7],
}

/// The element names of a seller or buyer, and their business terms.
struct Role {
    details: &'static str,
    group: &'static str,
    registration: (&'static str, &'static str),
    name: (&'static str, &'static str),
    trading_name: (&'static str, &'static str),
    vat_number: (&'static str, &'static str),
    code: (&'static str, &'static str),
    address: AddressNames,
    contact_name: (&'static str, &'static str),
    communication: &'static str,
    phone: (&'static str, &'static str),
    email: (&'static str, &'static str),
    electronic_address: (&'static str, &'static str),
}

macro_rules! address_names {
    ($group:literal, $prefix:literal, $post_box:literal, $terms:expr) => {
        AddressNames {
            group: $group,
            street: concat!($prefix, "StreetName"),
            town: concat!($prefix, "TownName"),
            post_code: concat!($prefix, "PostCodeIdentifier"),
            subdivision: concat!($prefix, "CountrySubdivision"),
            post_box: $post_box,
            terms: $terms,
        }
    };
}

const SELLER: Role = Role {
    details: "SellerPartyDetails",
    group: "BG-4",
    registration: ("SellerPartyIdentifier", "BT-30"),
    name: ("SellerOrganisationName", "BT-27"),
    trading_name: ("SellerOrganisationTradingName", "BT-28"),
    vat_number: ("SellerOrganisationTaxCode", "BT-31"),
    code: ("SellerCode", "BT-29"),
    address: address_names!(
        "SellerPostalAddressDetails",
        "Seller",
        "SellerPostOfficeBoxIdentifier",
        ["BT-35", "BT-36", "BT-162", "BT-37", "BT-38", "BT-39", "BT-40"]
    ),
    contact_name: ("SellerContactPersonName", "BT-41"),
    communication: "SellerCommunicationDetails",
    phone: ("SellerPhoneNumberIdentifier", "BT-42"),
    email: ("SellerEmailaddressIdentifier", "BT-43"),
    electronic_address: ("MessageTransmissionDetails/MessageSenderDetails/FromIdentifier", "BT-34"),
};

const BUYER: Role = Role {
    details: "BuyerPartyDetails",
    group: "BG-7",
    registration: ("BuyerPartyIdentifier", "BT-47"),
    name: ("BuyerOrganisationName", "BT-44"),
    trading_name: ("BuyerOrganisationTradingName", "BT-45"),
    vat_number: ("BuyerOrganisationTaxCode", "BT-48"),
    code: ("BuyerCode", "BT-46"),
    address: address_names!(
        "BuyerPostalAddressDetails",
        "Buyer",
        "BuyerPostOfficeBoxIdentifier",
        ["BT-50", "BT-51", "BT-163", "BT-52", "BT-53", "BT-54", "BT-55"]
    ),
    contact_name: ("BuyerContactPersonName", "BT-56"),
    communication: "BuyerCommunicationDetails",
    phone: ("BuyerPhoneNumberIdentifier", "BT-57"),
    email: ("BuyerEmailaddressIdentifier", "BT-58"),
    electronic_address: ("MessageTransmissionDetails/MessageReceiverDetails/ToIdentifier", "BT-49"),
};

const DELIVERY: AddressNames = address_names!(
    "DeliveryPostalAddressDetails",
    "Delivery",
    "DeliveryPostofficeBoxIdentifier",
    ["BT-75", "BT-76", "BT-165", "BT-77", "BT-78", "BT-79", "BT-80"]
);

const ANY_PARTY: AddressNames = address_names!(
    "AnyPartyPostalAddressDetails",
    "AnyParty",
    "AnyPartyPostOfficeBoxIdentifier",
    ["BT-64", "BT-65", "BT-164", "BT-66", "BT-67", "BT-68", "BT-69"]
);

/// UNTDID 3035: the payee.
const PAYEE: &str = "PE";
/// UNTDID 3035: the party that declares the VAT.
const TAX_REPRESENTATIVE: &str = "LC";

/// The seller with everything that the schema puts beside it, up to the bank accounts.
pub(super) fn write_seller(invoice: &Invoice) -> Vec<Element> {
    let party = &invoice.seller;
    let information = Element::group("SellerInformationDetails")
        .children(optional("SellerTaxRegistrationText", party.tax_registration.as_deref(), 35))
        .children(optional("SellerAdditionalLegalInfo", party.legal_information.as_deref(), 512))
        .children(super::payment::write_accounts(invoice));
    let mut written = write(party, &SELLER, usize::MAX);
    written.push(information);
    written
}

/// The buyer.
pub(super) fn write_buyer(invoice: &Invoice) -> Vec<Element> {
    write(&invoice.buyer, &BUYER, 1)
}

fn write(party: &Party, role: &Role, most_codes: usize) -> Vec<Element> {
    let details = Element::group(role.details)
        .children(party.legal_registration.as_ref().map(|id| icd_identifier(role.registration.0, id, 35)))
        .children(wrapped(&party.name, 70).into_iter().map(|piece| Element::leaf(role.name.0, piece)))
        .children(party.trading_name.as_deref().map(|name| Element::leaf(role.trading_name.0, from_two(name, 70))))
        .children(optional(role.vat_number.0, party.vat_number.as_deref(), 35))
        .children(party.identifiers.iter().take(most_codes).map(|id| party_code(role.code.0, id)))
        .children(write_address(&party.address, &role.address));
    let contact = &party.contact;
    let communication = Element::group(role.communication)
        .children(optional(role.phone.0, contact.phone.as_deref(), 35))
        .children(optional(role.email.0, contact.email.as_deref(), 70));
    let person = optional(role.contact_name.0, contact.name.as_deref(), 70);
    std::iter::once(details).chain(person).chain([communication]).collect()
}

/// A postal address. The schema wants street, town and post code in each: what is missing is blank.
fn write_address(address: &Address, names: &AddressNames) -> Option<Element> {
    if *address == Address::default() {
        return None;
    }
    let or_blank = |text: Option<&str>| text.map_or(BLANK.to_owned(), |text| from_two(text, 35));
    let lines = [&address.line1, &address.line2, &address.line3].map(Option::as_deref);
    let last = lines.iter().rposition(Option::is_some).unwrap_or_default();
    let country = address.country.as_deref().filter(|code| values::is_country(code));
    let written = Element::group(names.group)
        .children(lines[..=last].iter().map(|line| Element::leaf(names.street, or_blank(*line))))
        .value(names.town, &or_blank(address.city.as_deref()))
        .value(names.post_code, &or_blank(address.postal_code.as_deref()))
        .children(address.subdivision.as_deref().map(|text| Element::leaf(names.subdivision, from_two(text, 35))))
        .optional("CountryCode", country);
    Some(written)
}

/// BG-13 but for its date, and BG-10 and BG-11, in the schema's order: delivery party, delivery details, other parties.
pub(super) fn write_others(invoice: &Invoice) -> Vec<Element> {
    let delivery = invoice.delivery.as_ref();
    let despatch = invoice.references.despatch_advice.as_deref();
    let details = Element::group("DeliveryDetails")
        .children(delivery.and_then(|delivery| delivery.delivered_on).map(|date| values::date("DeliveryDate", date)))
        .children(optional("DeliveryNoteIdentifier", despatch, 70));
    let payee = invoice.payee.as_ref().map(write_payee);
    let representative = invoice.tax_representative.as_ref().map(write_tax_representative);
    delivery.and_then(write_delivery).into_iter().chain([details]).chain(payee).chain(representative).collect()
}

fn write_delivery(delivery: &DeliveryInformation) -> Option<Element> {
    if delivery.name.is_none() && delivery.location.is_none() && delivery.address.is_none() {
        return None;
    }
    // The schema wants an address in each delivery party.
    let blank = || {
        Element::group(DELIVERY.group).value(DELIVERY.street, BLANK).value(DELIVERY.town, BLANK).value(DELIVERY.post_code, BLANK)
    };
    let address = delivery.address.as_ref().and_then(|address| write_address(address, &DELIVERY));
    let name = wrapped(delivery.name.as_deref().unwrap_or_default(), 35);
    let written = Element::group("DeliveryPartyDetails")
        .children(name.into_iter().map(|piece| Element::leaf("DeliveryOrganisationName", piece)))
        .children(delivery.location.as_ref().map(|id| party_code("DeliveryCode", id)))
        .child(address.unwrap_or_else(blank));
    Some(written)
}

fn any_party(code: &str, words: &str, name: &str, registration: Option<&Identifier>) -> Element {
    Element::group("AnyPartyDetails")
        .child(Element::leaf("AnyPartyText", words).attribute("AnyPartyCode", Some(code)))
        .children(registration.map(|id| icd_identifier("AnyPartyIdentifier", id, 35)))
        .children(wrapped(name, 35).into_iter().take(2).map(|piece| Element::leaf("AnyPartyOrganisationName", piece)))
}

fn write_payee(payee: &Payee) -> Element {
    any_party(PAYEE, "Payee", &payee.name, payee.legal_registration.as_ref())
        .children(payee.identifier.as_ref().map(|id| party_code("AnyPartyCode", id)))
}

fn write_tax_representative(party: &Party) -> Element {
    any_party(TAX_REPRESENTATIVE, "Tax representative", &party.name, None)
        .children(optional("AnyPartyOrganisationTaxCode", party.vat_number.as_deref(), 35))
        .children(write_address(&party.address, &ANY_PARTY))
}

/// BG-4.
pub(super) fn read_seller<'d>(terms: &mut Terms<'d>, root: Node<'d>) -> Party {
    let read = read(terms, root, &SELLER);
    Party {
        tax_registration: terms.text(root, "SellerInformationDetails/SellerTaxRegistrationText", "BT-32"),
        legal_information: terms.text(root, "SellerInformationDetails/SellerAdditionalLegalInfo", "BT-33"),
        ..read
    }
}

/// BG-7.
pub(super) fn read_buyer<'d>(terms: &mut Terms<'d>, root: Node<'d>) -> Party {
    read(terms, root, &BUYER)
}

fn read<'d>(terms: &mut Terms<'d>, root: Node<'d>, role: &Role) -> Party {
    let Some(group) = terms.one(root, role.details, role.group) else {
        terms.missing_text(root, role.details, role.group);
        return Party::default();
    };
    let communication = terms.one(root, role.communication, role.group);
    let mut said = |names: (&'static str, &str)| communication.and_then(|group| terms.text(group, names.0, names.1));
    let (phone, email) = (said(role.phone), said(role.email));
    let electronic_address = terms.one(root, role.electronic_address.0, role.electronic_address.1);
    Party {
        name: read_name(terms, group, role.name.0, role.name.1),
        trading_name: terms.text(group, role.trading_name.0, role.trading_name.1),
        identifiers: all(group, role.code.0).filter_map(|node| read_code(terms, node, role.code.1)).collect(),
        legal_registration: terms
            .one(group, role.registration.0, role.registration.1)
            .and_then(|node| terms.party_identifier(node, role.registration.1)),
        vat_number: terms.text(group, role.vat_number.0, role.vat_number.1),
        tax_registration: None,
        legal_information: None,
        electronic_address: electronic_address.and_then(|node| terms.party_identifier(node, role.electronic_address.1)),
        address: read_address(terms, group, &role.address).unwrap_or_default(),
        contact: Contact { name: terms.text(root, role.contact_name.0, role.contact_name.1), phone, email },
    }
}

/// A name may go on in the next element of the same name.
fn read_name<'d>(terms: &mut Terms<'d>, group: Node<'d>, element: &'static str, term: &str) -> String {
    let name = joined(group, element);
    if name.is_empty() {
        terms.missing_text(group, element, term);
    }
    name
}

fn joined(group: Node<'_>, element: &'static str) -> String {
    all(group, element).filter_map(text_of).collect::<Vec<_>>().join(" ")
}

/// An identifier whose scheme may stand as its type.
fn read_code<'d>(terms: &mut Terms<'d>, node: Node<'d>, term: &str) -> Option<Identifier> {
    let mut identifier = identifier_of(node, "SchemeID")?;
    identifier.scheme = identifier.scheme.or_else(|| attribute_of(node, "IdentifierType"));
    Some(terms.judged(identifier, node, term))
}

fn read_address<'d>(terms: &mut Terms<'d>, parent: Node<'d>, names: &AddressNames) -> Option<Address> {
    let group = terms.one(parent, names.group, names.terms[0])?;
    let mut streets = all(group, names.street);
    let mut lines = [0; 3].map(|_| streets.next().and_then(text_of));
    if let Some(fourth) = streets.next() {
        terms.repeated(fourth, names.terms[2]);
    }
    // A letter to a post office box needs its number.
    if let Some(post_box) = terms.text(group, names.post_box, names.terms[0])
        && let Some(free) = lines.iter_mut().find(|line| line.is_none())
    {
        *free = Some(post_box);
    }
    let [line1, line2, line3] = lines;
    let address = Address {
        line1,
        line2,
        line3,
        city: terms.text(group, names.town, names.terms[3]),
        postal_code: terms.text(group, names.post_code, names.terms[4]),
        subdivision: terms.text(group, names.subdivision, names.terms[5]),
        country: terms.text(group, "CountryCode", names.terms[6]),
    };
    (address != Address::default()).then_some(address)
}

/// BG-13 with BG-15; none where it says nothing.
pub(super) fn read_delivery<'d>(terms: &mut Terms<'d>, root: Node<'d>) -> Option<DeliveryInformation> {
    let mut delivery = DeliveryInformation {
        delivered_on: terms.date(root, "DeliveryDetails/DeliveryDate", "BT-72"),
        ..DeliveryInformation::default()
    };
    if let Some(group) = terms.one(root, "DeliveryPartyDetails", "BG-13") {
        delivery.name = Some(joined(group, "DeliveryOrganisationName")).filter(|name| !name.is_empty());
        delivery.location = terms.one(group, "DeliveryCode", "BT-71").and_then(|node| {
            let identifier = identifier_of(node, "SchemeID")?;
            Some(Identifier { scheme: identifier.scheme.or_else(|| attribute_of(node, "IdentifierType")), ..identifier })
        });
        delivery.address = read_address(terms, group, &DELIVERY);
    }
    (delivery != DeliveryInformation::default()).then_some(delivery)
}

fn other<'d>(terms: &mut Terms<'d>, root: Node<'d>, code: &str, term: &str) -> Option<Node<'d>> {
    let mut alike = all(root, "AnyPartyDetails")
        .filter(|party| all(*party, "AnyPartyText").any(|text| text.attribute("AnyPartyCode").map(str::trim) == Some(code)));
    let first = alike.next()?;
    if let Some(second) = alike.next() {
        terms.repeated(second, term);
    }
    Some(first)
}

/// BG-10.
pub(super) fn read_payee<'d>(terms: &mut Terms<'d>, root: Node<'d>) -> Option<Payee> {
    let group = other(terms, root, PAYEE, "BG-10")?;
    Some(Payee {
        name: read_name(terms, group, "AnyPartyOrganisationName", "BT-59"),
        identifier: terms.one(group, "AnyPartyCode", "BT-60").and_then(|node| read_code(terms, node, "BT-60")),
        legal_registration: terms
            .one(group, "AnyPartyIdentifier", "BT-61")
            .and_then(|node| terms.party_identifier(node, "BT-61")),
    })
}

/// BG-11, BG-12.
pub(super) fn read_tax_representative<'d>(terms: &mut Terms<'d>, root: Node<'d>) -> Option<Party> {
    let group = other(terms, root, TAX_REPRESENTATIVE, "BG-11")?;
    Some(Party {
        name: read_name(terms, group, "AnyPartyOrganisationName", "BT-62"),
        vat_number: terms.text(group, "AnyPartyOrganisationTaxCode", "BT-63"),
        address: read_address(terms, group, &ANY_PARTY).unwrap_or_default(),
        ..Party::default()
    })
}
