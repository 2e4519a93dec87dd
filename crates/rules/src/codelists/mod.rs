//! Code lists as data, each with the edition that it was taken from.
//!
//! Here: the lists and how to ask them. The codes are in `data/*.txt`, one file a list, sorted, with a `#` heading
//! that says which list and edition it is. A new edition is a new file beside the old one; `sets` says which is in
//! force when.

use std::sync::LazyLock;

/// One list of codes.
pub(crate) struct CodeList {
    codes: LazyLock<Vec<&'static str>>,
}

impl CodeList {
    /// Is this exactly one of the codes? No trimming, case matters.
    pub(crate) fn has(&self, code: &str) -> bool {
        self.codes.binary_search(&code).is_ok()
    }

    /// The codes, sorted.
    pub(crate) fn codes(&self) -> &[&'static str] {
        &self.codes
    }
}

fn read(text: &'static str) -> Vec<&'static str> {
    text.lines().filter(|line| !line.starts_with('#')).flat_map(str::split_ascii_whitespace).collect()
}

macro_rules! code_lists {
    ($($name:ident = $file:literal)*) => {
        $(
            pub(crate) static $name: CodeList =
                CodeList { codes: LazyLock::new(|| read(include_str!(concat!("data/", $file, ".txt")))) };
        )*

        #[cfg(test)]
        const ALL: &[(&str, &CodeList)] = &[$(($file, &$name)),*];
    };
}

code_lists! {
    ALLOWANCE_REASONS = "allowance_reasons"
    CHARGE_REASONS = "charge_reasons"
    COUNTRIES = "countries"
    CURRENCIES = "currencies"
    DOCUMENT_TYPES_CREDIT_NOTE = "document_types_credit_note"
    DOCUMENT_TYPES_INVOICE = "document_types_invoice"
    ENDPOINT_SCHEMES = "endpoint_schemes"
    EXEMPTION_REASONS = "exemption_reasons"
    IDENTIFIER_SCHEMES = "identifier_schemes"
    ITEM_CLASSIFICATIONS = "item_classifications"
    NOTE_SUBJECTS = "note_subjects"
    PAYMENT_MEANS = "payment_means"
    PEPPOL_CURRENCIES = "peppol_currencies"
    PEPPOL_ENDPOINT_SCHEMES = "peppol_endpoint_schemes"
    REFERENCE_QUALIFIERS = "reference_qualifiers"
    TAX_POINT_DATES = "tax_point_dates"
    UNITS = "units"
    VAT_CATEGORIES = "vat_categories"
}

/// The kinds of attachment that EN 16931 (BT-125-1) and Peppol allow.
pub(crate) const MIME_TYPES: [&str; 6] = [
    "application/pdf",
    "image/png",
    "image/jpeg",
    "text/csv",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/vnd.oasis.opendocument.spreadsheet",
];

#[cfg(test)]
mod tests {
    #[test]
    fn every_list_is_sorted_and_has_no_code_twice() {
        for (file, list) in super::ALL {
            assert!(list.codes().is_sorted_by(|left, right| left < right), "{file}");
            assert!(list.codes().len() > 2, "{file}");
        }
    }
}
