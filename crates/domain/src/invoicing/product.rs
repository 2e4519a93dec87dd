//! A product of the price list: what a line of a draft is filled in with.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::sheet::{Reader, Sheet};
use crate::fault::Fault;

/// The unit of a product that says nothing else: piece (UN/ECE Recommendation 20, as Peppol lists it).
pub const PIECE: &str = "EA";
/// The units that forms offer: piece, hour, day, month, metre, square metre, cubic metre, kilogram, tonne, litre, kilometre,
/// kilowatt hour, and "as a whole" (UN/ECE Recommendation 20). Others can be typed.
pub const UNITS: [&str; 13] = ["EA", "HUR", "DAY", "MON", "MTR", "MTK", "MTQ", "KGM", "TNE", "LTR", "KMT", "KWH", "C62"];
/// Decimals of a price at most: more than the currency has, because a kilowatt hour is cheap.
const MOST_DECIMALS: u32 = 6;

/// A product. Its number stands beside it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Product {
    /// Its name: the text of the line.
    pub name: String,
    /// More text for the line.
    pub description: Option<String>,
    /// UN/ECE Recommendation 20.
    pub unit: String,
    /// Price of one unit without VAT, in major units of the company's currency.
    pub price: Decimal,
    /// The VAT code.
    pub vat_code: String,
    /// The ledger account of the sale; the VAT code's own where it says none.
    pub ledger_account: Option<String>,
    /// Not offered any more.
    #[serde(default)]
    pub archived: bool,
}

/// Reads a product's form. Whether VAT code and ledger account are the company's is for the caller to ask.
///
/// # Errors
/// Every fault, each at its field.
pub fn read(sheet: &Sheet) -> Result<Product, Vec<Fault>> {
    let mut reader = Reader::new(sheet);
    reader.demand("name");
    let product = Product {
        name: reader.text("name").unwrap_or_default(),
        description: reader.lines("description"),
        unit: reader.parsed("unit", unit).unwrap_or_else(|| PIECE.to_owned()),
        price: price(&mut reader, "price").unwrap_or_default(),
        vat_code: reader.required("vat_code"),
        ledger_account: reader.text("ledger_account"),
        archived: reader.ticked("archived"),
    };
    reader.finish(product)
}

/// A unit code: two or three letters or digits.
pub(super) fn unit(text: &str) -> Option<String> {
    let upper = text.to_ascii_uppercase();
    ((2..=3).contains(&upper.len()) && upper.bytes().all(|byte| byte.is_ascii_alphanumeric())).then_some(upper)
}

/// A price, which may have more decimals than the currency.
pub(super) fn price(reader: &mut Reader<'_>, field: &str) -> Option<Decimal> {
    reader.parsed(field, |text| super::sheet::decimal(text).filter(|price| price.normalize().scale() <= MOST_DECIMALS))
}

impl Product {
    /// The form, filled in.
    pub fn sheet(&self) -> Sheet {
        let mut sheet = Sheet::default();
        sheet.set("name", &self.name);
        sheet.set_some("description", self.description.as_ref());
        sheet.set("unit", &self.unit);
        sheet.set("price", self.price);
        sheet.set("vat_code", &self.vat_code);
        sheet.set_some("ledger_account", self.ledger_account.as_ref());
        if self.archived {
            sheet.set("archived", "1");
        }
        sheet
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_read_and_filled_again() {
        let sheet = Sheet::of([("name", "Kraft"), ("unit", "kwh"), ("price", "0,485125"), ("vat_code", "3")]);
        let product = read(&sheet).unwrap();
        assert_eq!((product.unit.as_str(), product.price.to_string()), ("KWH", "0.485125".to_owned()));
        assert_eq!(read(&product.sheet()).unwrap(), product);
        let wrong = Sheet::of([("unit", "stykk"), ("price", "0,1234567")]);
        let told: Vec<String> = read(&wrong).unwrap_err().iter().map(|fault| format!("{} {}", fault.code, fault.place)).collect();
        assert_eq!(told, ["field.missing name", "field.invalid unit", "field.invalid price", "field.missing vat_code"]);
    }
}
