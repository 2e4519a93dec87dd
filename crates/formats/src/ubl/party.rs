//! Seller, buyer, tax representative and payee: BG-4 to BG-12, both ways, and postal addresses.

use kvitt_domain::invoice::{Address, Contact, Identifier, Invoice, Party, Payee};
use kvitt_rules::arena::Node;

use super::payment;
use super::write::identifier;
use crate::element::Element;
use crate::terms::{Terms, all, identifier_of};

/// The scheme that marks a direct debit creditor (BT-90) among the identifiers of a seller or payee.
pub(super) const SEPA: &str = "SEPA";

/// The business terms of one role.
struct Role {
    path: &'static str,
    group: &'static str,
    name: &'static str,
    trading_name: &'static str,
    identifier: &'static str,
    registration: &'static str,
    vat_number: &'static str,
    tax_registration: &'static str,
    legal_information: &'static str,
    electronic_address: &'static str,
    address: [&'static str; 7],
    contact: [&'static str; 3],
}

const SELLER: Role = Role {
    path: "cac:AccountingSupplierParty/cac:Party",
    group: "BG-4",
    name: "BT-27",
    trading_name: "BT-28",
    identifier: "BT-29",
    registration: "BT-30",
    vat_number: "BT-31",
    tax_registration: "BT-32",
    legal_information: "BT-33",
    electronic_address: "BT-34",
    address: ["BT-35", "BT-36", "BT-162", "BT-37", "BT-38", "BT-39", "BT-40"],
    contact: ["BT-41", "BT-42", "BT-43"],
};

const BUYER: Role = Role {
    path: "cac:AccountingCustomerParty/cac:Party",
    group: "BG-7",
    name: "BT-44",
    trading_name: "BT-45",
    identifier: "BT-46",
    registration: "BT-47",
    vat_number: "BT-48",
    // EN 16931 has neither for buyers; a document that gives them is read all the same.
    tax_registration: "BG-7",
    legal_information: "BG-7",
    electronic_address: "BT-49",
    address: ["BT-50", "BT-51", "BT-163", "BT-52", "BT-53", "BT-54", "BT-55"],
    contact: ["BT-56", "BT-57", "BT-58"],
};

/// EN 16931 knows a tax representative's name, VAT number and address, and no more is read or written.
const TAX_REPRESENTATIVE: &str = "cac:TaxRepresentativeParty";

/// BG-15 and its terms.
pub(super) const DELIVERED_TO: [&str; 7] = ["BT-75", "BT-76", "BT-165", "BT-77", "BT-78", "BT-79", "BT-80"];

/// BG-4.
pub(super) fn read_seller<'d>(terms: &mut Terms<'d>, root: Node<'d>) -> Party {
    read(terms, root, &SELLER)
}

/// BG-7.
pub(super) fn read_buyer<'d>(terms: &mut Terms<'d>, root: Node<'d>) -> Party {
    read(terms, root, &BUYER)
}

fn read<'d>(terms: &mut Terms<'d>, root: Node<'d>, role: &Role) -> Party {
    let Some(group) = terms.one(root, role.path, role.group) else {
        terms.missing_text(root, role.path, role.group);
        return Party::default();
    };
    let registered = terms.text(group, "cac:PartyLegalEntity/cbc:RegistrationName", role.name);
    let trading = terms.text(group, "cac:PartyName/cbc:Name", role.trading_name);
    // EHF 2 and other UBL before EN 16931 name a party only by its party name.
    let (name, trading_name) = match registered {
        Some(name) => (name, trading),
        None => (trading.unwrap_or_default(), None),
    };
    if name.is_empty() {
        terms.missing_text(group, "cac:PartyLegalEntity/cbc:RegistrationName", role.name);
    }
    let schemes: Vec<_> = all(group, "cac:PartyTaxScheme").collect();
    Party {
        name,
        trading_name,
        identifiers: all(group, "cac:PartyIdentification")
            .flat_map(|identification| all(identification, "cbc:ID"))
            .filter_map(|node| terms.party_identifier(node, role.identifier))
            .collect(),
        legal_registration: terms
            .one(group, "cac:PartyLegalEntity/cbc:CompanyID", role.registration)
            .and_then(|node| terms.party_identifier(node, role.registration)),
        vat_number: read_tax_number(terms, schemes.iter().copied().filter(|scheme| is_vat(*scheme)), role.vat_number),
        tax_registration: read_tax_number(
            terms,
            schemes.iter().copied().filter(|scheme| !is_vat(*scheme)),
            role.tax_registration,
        ),
        legal_information: terms.text(group, "cac:PartyLegalEntity/cbc:CompanyLegalForm", role.legal_information),
        electronic_address: terms
            .one(group, "cbc:EndpointID", role.electronic_address)
            .and_then(|node| terms.party_identifier(node, role.electronic_address)),
        address: read_address(terms, group, "cac:PostalAddress", &role.address).unwrap_or_default(),
        contact: Contact {
            name: terms.text(group, "cac:Contact/cbc:Name", role.contact[0]),
            phone: terms.text(group, "cac:Contact/cbc:Telephone", role.contact[1]),
            email: terms.text(group, "cac:Contact/cbc:ElectronicMail", role.contact[2]),
        },
    }
}

/// EN 16931-3-2: the tax scheme `VAT` holds the VAT number, any other the tax registration (in Norway `Foretaksregisteret`).
fn is_vat(scheme: Node<'_>) -> bool {
    all(scheme, "cac:TaxScheme").flat_map(|scheme| all(scheme, "cbc:ID")).any(|id| id.trimmed().eq_ignore_ascii_case("VAT"))
}

fn read_tax_number<'d>(terms: &mut Terms<'d>, mut schemes: impl Iterator<Item = Node<'d>>, term: &str) -> Option<String> {
    let number = terms.text(schemes.next()?, "cbc:CompanyID", term);
    if let Some(second) = schemes.next() {
        terms.repeated(second, term);
    }
    number
}

/// BG-11, BG-12.
pub(super) fn read_tax_representative<'d>(terms: &mut Terms<'d>, root: Node<'d>) -> Option<Party> {
    let group = terms.one(root, TAX_REPRESENTATIVE, "BG-11")?;
    let address = ["BT-64", "BT-65", "BT-164", "BT-66", "BT-67", "BT-68", "BT-69"];
    let vat = all(group, "cac:PartyTaxScheme").filter(|scheme| is_vat(*scheme));
    Some(Party {
        name: terms.required_text(group, "cac:PartyName/cbc:Name", "BT-62"),
        vat_number: read_tax_number(terms, vat, "BT-63"),
        address: read_address(terms, group, "cac:PostalAddress", &address).unwrap_or_default(),
        ..Party::default()
    })
}

/// BG-10. Its SEPA identifier is the creditor's (BT-90), not the payee's own.
pub(super) fn read_payee<'d>(terms: &mut Terms<'d>, root: Node<'d>) -> Option<Payee> {
    let group = terms.one(root, "cac:PayeeParty", "BG-10")?;
    let mut own = all(group, "cac:PartyIdentification")
        .flat_map(|identification| all(identification, "cbc:ID"))
        .filter(|id| id.attribute("schemeID") != Some(SEPA));
    let identifier = own.next();
    if let Some(second) = own.next() {
        terms.repeated(second, "BT-60");
    }
    Some(Payee {
        name: terms.required_text(group, "cac:PartyName/cbc:Name", "BT-59"),
        identifier: identifier.and_then(|node| terms.party_identifier(node, "BT-60")),
        legal_registration: terms
            .one(group, "cac:PartyLegalEntity/cbc:CompanyID", "BT-61")
            .and_then(|node| terms.party_identifier(node, "BT-61")),
    })
}

/// The direct debit creditor among the payee's identifiers (BT-90).
pub(super) fn read_payee_creditor(root: Node<'_>) -> Option<Identifier> {
    all(root, "cac:PayeeParty")
        .flat_map(|payee| all(payee, "cac:PartyIdentification"))
        .flat_map(|identification| all(identification, "cbc:ID"))
        .find(|id| id.attribute("schemeID") == Some(SEPA))
        .and_then(|id| identifier_of(id, "schemeID"))
}

/// A postal address; none where the group is missing or says nothing.
pub(super) fn read_address<'d>(terms: &mut Terms<'d>, parent: Node<'d>, path: &'static str, bt: &[&str; 7]) -> Option<Address> {
    let group = terms.one(parent, path, bt[0])?;
    let street = terms.text(group, "cbc:StreetName", bt[0]);
    // Not part of EN 16931, but a letter without the house number does not arrive.
    let number = terms.text(group, "cbc:BuildingNumber", bt[0]);
    let line1 = match (street, number) {
        (Some(street), Some(number)) => Some(format!("{street} {number}")),
        (street, number) => street.or(number),
    };
    let address = Address {
        line1,
        line2: terms.text(group, "cbc:AdditionalStreetName", bt[1]),
        line3: terms.text(group, "cac:AddressLine/cbc:Line", bt[2]),
        city: terms.text(group, "cbc:CityName", bt[3]),
        postal_code: terms.text(group, "cbc:PostalZone", bt[4]),
        subdivision: terms.text(group, "cbc:CountrySubentity", bt[5]),
        country: terms.text(group, "cac:Country/cbc:IdentificationCode", bt[6]),
    };
    (address != Address::default()).then_some(address)
}

/// The parties in the schema's order.
pub(super) fn write_parties(invoice: &Invoice) -> Vec<Element> {
    let creditor = payment::creditor(invoice);
    let supplier = Element::group("cac:AccountingSupplierParty").child(write(&invoice.seller, creditor));
    let customer = Element::group("cac:AccountingCustomerParty").child(write(&invoice.buyer, None));
    let payee = invoice.payee.as_ref().map(write_payee);
    let representative = invoice.tax_representative.as_ref().map(write_tax_representative);
    [supplier, customer].into_iter().chain(payee).chain(representative).collect()
}

fn write(party: &Party, creditor: Option<&Identifier>) -> Element {
    let identifications = party
        .identifiers
        .iter()
        .chain(creditor)
        .map(|id| Element::group("cac:PartyIdentification").child(identifier("cbc:ID", id)));
    Element::group("cac:Party")
        .children(party.electronic_address.as_ref().map(|address| identifier("cbc:EndpointID", address)))
        .children(identifications)
        .child(Element::group("cac:PartyName").optional("cbc:Name", party.trading_name.as_deref()))
        .child(write_address("cac:PostalAddress", &party.address))
        .children(party.vat_number.as_deref().map(|number| write_tax_scheme(number, "VAT")))
        .children(party.tax_registration.as_deref().map(|number| write_tax_scheme(number, "TAX")))
        .child(
            Element::group("cac:PartyLegalEntity")
                .value("cbc:RegistrationName", &party.name)
                .children(party.legal_registration.as_ref().map(|id| identifier("cbc:CompanyID", id)))
                .optional("cbc:CompanyLegalForm", party.legal_information.as_deref()),
        )
        .child(
            Element::group("cac:Contact")
                .optional("cbc:Name", party.contact.name.as_deref())
                .optional("cbc:Telephone", party.contact.phone.as_deref())
                .optional("cbc:ElectronicMail", party.contact.email.as_deref()),
        )
}

fn write_tax_scheme(number: &str, scheme: &str) -> Element {
    Element::group("cac:PartyTaxScheme")
        .value("cbc:CompanyID", number)
        .child(Element::group("cac:TaxScheme").value("cbc:ID", scheme))
}

fn write_tax_representative(party: &Party) -> Element {
    Element::group(TAX_REPRESENTATIVE)
        .child(Element::group("cac:PartyName").value("cbc:Name", &party.name))
        .child(write_address("cac:PostalAddress", &party.address))
        .children(party.vat_number.as_deref().map(|number| write_tax_scheme(number, "VAT")))
}

fn write_payee(payee: &Payee) -> Element {
    Element::group("cac:PayeeParty")
        .child(Element::group("cac:PartyIdentification").children(payee.identifier.as_ref().map(|id| identifier("cbc:ID", id))))
        .child(Element::group("cac:PartyName").value("cbc:Name", &payee.name))
        .child(
            Element::group("cac:PartyLegalEntity")
                .children(payee.legal_registration.as_ref().map(|id| identifier("cbc:CompanyID", id))),
        )
}

/// A postal address, empty where it says nothing.
pub(super) fn write_address(group: &'static str, address: &Address) -> Element {
    Element::group(group)
        .optional("cbc:StreetName", address.line1.as_deref())
        .optional("cbc:AdditionalStreetName", address.line2.as_deref())
        .optional("cbc:CityName", address.city.as_deref())
        .optional("cbc:PostalZone", address.postal_code.as_deref())
        .optional("cbc:CountrySubentity", address.subdivision.as_deref())
        .child(Element::group("cac:AddressLine").optional("cbc:Line", address.line3.as_deref()))
        .child(Element::group("cac:Country").optional("cbc:IdentificationCode", address.country.as_deref()))
}
