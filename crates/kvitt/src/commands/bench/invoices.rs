//! Invoices of any length that break no rule of EN 16931 and Peppol BIS Billing: three VAT rates, and an allowance on every
//! fifth line.

use std::fmt::Write as _;

/// Rates of Norwegian VAT in percent.
const RATES: [u64; 3] = [25, 12, 6];

/// One line, in øre.
struct Line {
    number: usize,
    quantity: u64,
    price: u64,
    allowance: u64,
    rate: u64,
}

impl Line {
    fn new(number: usize) -> Line {
        let seed = number as u64;
        let (quantity, price) = (1 + seed % 7, 1_000 + 37 * (seed % 251));
        let allowance = if number.is_multiple_of(5) { quantity * price / 10 } else { 0 };
        Line { number, quantity, price, allowance, rate: RATES[number % RATES.len()] }
    }

    fn net(&self) -> u64 {
        self.quantity * self.price - self.allowance
    }
}

/// An invoice of so many lines.
pub fn invoice(lines: usize) -> String {
    let lines: Vec<Line> = (1..=lines).map(Line::new).collect();
    let taxable = |rate: u64| lines.iter().filter(|line| line.rate == rate).map(Line::net).sum::<u64>();
    let subtotals: Vec<(u64, u64, u64)> = RATES
        .into_iter()
        .filter(|rate| lines.iter().any(|line| line.rate == *rate))
        // Half an øre and more is rounded up.
        .map(|rate| (rate, taxable(rate), (taxable(rate) * rate + 50) / 100))
        .collect();
    let net: u64 = lines.iter().map(Line::net).sum();
    let tax: u64 = subtotals.iter().map(|(_, _, tax)| tax).sum();

    // A line takes about 1,100 bytes.
    let mut xml = String::with_capacity(8_000 + 1_200 * lines.len());
    xml.push_str(HEAD);
    let _ = writeln!(xml, "  <cac:TaxTotal>\n    <cbc:TaxAmount currencyID=\"NOK\">{}</cbc:TaxAmount>", kroner(tax));
    for (rate, taxable, tax) in subtotals {
        subtotal(&mut xml, rate, taxable, tax);
    }
    xml.push_str("  </cac:TaxTotal>\n  <cac:LegalMonetaryTotal>\n");
    let totals = [("LineExtension", net), ("TaxExclusive", net), ("TaxInclusive", net + tax), ("Payable", net + tax)];
    for (name, amount) in totals {
        let _ = writeln!(xml, "    <cbc:{name}Amount currencyID=\"NOK\">{}</cbc:{name}Amount>", kroner(amount));
    }
    xml.push_str("  </cac:LegalMonetaryTotal>\n");
    for line in &lines {
        write_line(&mut xml, line);
    }
    xml.push_str("</Invoice>\n");
    xml
}

/// Øre as kroner with two decimals.
fn kroner(amount: u64) -> String {
    format!("{}.{:02}", amount / 100, amount % 100)
}

fn subtotal(xml: &mut String, rate: u64, taxable: u64, tax: u64) {
    let _ = write!(
        xml,
        "    <cac:TaxSubtotal>
      <cbc:TaxableAmount currencyID=\"NOK\">{}</cbc:TaxableAmount>
      <cbc:TaxAmount currencyID=\"NOK\">{}</cbc:TaxAmount>
      <cac:TaxCategory>
        <cbc:ID>S</cbc:ID>
        <cbc:Percent>{rate}</cbc:Percent>
        <cac:TaxScheme>
          <cbc:ID>VAT</cbc:ID>
        </cac:TaxScheme>
      </cac:TaxCategory>
    </cac:TaxSubtotal>\n",
        kroner(taxable),
        kroner(tax),
    );
}

fn write_line(xml: &mut String, line: &Line) {
    let Line { number, quantity, price, allowance, rate } = *line;
    let _ = write!(
        xml,
        "  <cac:InvoiceLine>
    <cbc:ID>{number}</cbc:ID>
    <cbc:Note>Levert etter avtale, parti {number}</cbc:Note>
    <cbc:InvoicedQuantity unitCode=\"EA\">{quantity}</cbc:InvoicedQuantity>
    <cbc:LineExtensionAmount currencyID=\"NOK\">{}</cbc:LineExtensionAmount>
    <cac:OrderLineReference>
      <cbc:LineID>{number}</cbc:LineID>
    </cac:OrderLineReference>\n",
        kroner(line.net()),
    );
    if allowance > 0 {
        let _ = write!(
            xml,
            "    <cac:AllowanceCharge>
      <cbc:ChargeIndicator>false</cbc:ChargeIndicator>
      <cbc:AllowanceChargeReason>Rabatt</cbc:AllowanceChargeReason>
      <cbc:Amount currencyID=\"NOK\">{}</cbc:Amount>
    </cac:AllowanceCharge>\n",
            kroner(allowance),
        );
    }
    let _ = write!(
        xml,
        "    <cac:Item>
      <cbc:Description>Vare nummer {number} i samsvar med bestillingen</cbc:Description>
      <cbc:Name>Vare {number}</cbc:Name>
      <cac:SellersItemIdentification>
        <cbc:ID>A-{number:06}</cbc:ID>
      </cac:SellersItemIdentification>
      <cac:ClassifiedTaxCategory>
        <cbc:ID>S</cbc:ID>
        <cbc:Percent>{rate}</cbc:Percent>
        <cac:TaxScheme>
          <cbc:ID>VAT</cbc:ID>
        </cac:TaxScheme>
      </cac:ClassifiedTaxCategory>
    </cac:Item>
    <cac:Price>
      <cbc:PriceAmount currencyID=\"NOK\">{}</cbc:PriceAmount>
    </cac:Price>
  </cac:InvoiceLine>\n",
        kroner(price),
    );
}

/// Everything before the sums: two invented Norwegian companies.
const HEAD: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<Invoice xmlns="urn:oasis:names:specification:ubl:schema:xsd:Invoice-2" xmlns:cac="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2" xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2">
  <cbc:CustomizationID>urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0</cbc:CustomizationID>
  <cbc:ProfileID>urn:fdc:peppol.eu:2017:poacc:billing:01:1.0</cbc:ProfileID>
  <cbc:ID>2026-1</cbc:ID>
  <cbc:IssueDate>2026-11-02</cbc:IssueDate>
  <cbc:DueDate>2026-11-30</cbc:DueDate>
  <cbc:InvoiceTypeCode>380</cbc:InvoiceTypeCode>
  <cbc:DocumentCurrencyCode>NOK</cbc:DocumentCurrencyCode>
  <cbc:BuyerReference>Kari Nordmann</cbc:BuyerReference>
  <cac:OrderReference>
    <cbc:ID>B-2026-77</cbc:ID>
  </cac:OrderReference>
  <cac:AccountingSupplierParty>
    <cac:Party>
      <cbc:EndpointID schemeID="0192">123456785</cbc:EndpointID>
      <cac:PartyName>
        <cbc:Name>Varehuset Eksempel</cbc:Name>
      </cac:PartyName>
      <cac:PostalAddress>
        <cbc:StreetName>Storgata 1</cbc:StreetName>
        <cbc:CityName>Brønnøysund</cbc:CityName>
        <cbc:PostalZone>8900</cbc:PostalZone>
        <cac:Country>
          <cbc:IdentificationCode>NO</cbc:IdentificationCode>
        </cac:Country>
      </cac:PostalAddress>
      <cac:PartyTaxScheme>
        <cbc:CompanyID>NO123456785MVA</cbc:CompanyID>
        <cac:TaxScheme>
          <cbc:ID>VAT</cbc:ID>
        </cac:TaxScheme>
      </cac:PartyTaxScheme>
      <cac:PartyTaxScheme>
        <cbc:CompanyID>Foretaksregisteret</cbc:CompanyID>
        <cac:TaxScheme>
          <cbc:ID>TAX</cbc:ID>
        </cac:TaxScheme>
      </cac:PartyTaxScheme>
      <cac:PartyLegalEntity>
        <cbc:RegistrationName>Varehuset Eksempel AS</cbc:RegistrationName>
        <cbc:CompanyID schemeID="0192">123456785</cbc:CompanyID>
      </cac:PartyLegalEntity>
    </cac:Party>
  </cac:AccountingSupplierParty>
  <cac:AccountingCustomerParty>
    <cac:Party>
      <cbc:EndpointID schemeID="0192">987654325</cbc:EndpointID>
      <cac:PostalAddress>
        <cbc:StreetName>Havnegata 7</cbc:StreetName>
        <cbc:CityName>Stavanger</cbc:CityName>
        <cbc:PostalZone>4035</cbc:PostalZone>
        <cac:Country>
          <cbc:IdentificationCode>NO</cbc:IdentificationCode>
        </cac:Country>
      </cac:PostalAddress>
      <cac:PartyLegalEntity>
        <cbc:RegistrationName>Kjøper Eksempel AS</cbc:RegistrationName>
      </cac:PartyLegalEntity>
    </cac:Party>
  </cac:AccountingCustomerParty>
  <cac:PaymentMeans>
    <cbc:PaymentMeansCode>30</cbc:PaymentMeansCode>
    <cbc:PaymentID>0000104</cbc:PaymentID>
    <cac:PayeeFinancialAccount>
      <cbc:ID>12345678903</cbc:ID>
    </cac:PayeeFinancialAccount>
  </cac:PaymentMeans>
"#;
