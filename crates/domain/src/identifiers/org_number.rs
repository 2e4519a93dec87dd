//! The Norwegian organisation number, and the VAT number made of it.

use super::check_digits::mod11;
use super::{Dots, digits, shown, ungrouped, written_as_text};
use crate::fault::{Fault, codes};

/// A Norwegian organisation number: nine digits, the last a MOD11 check digit with weights 3, 2, 7, 6, 5, 4, 3, 2
/// (enhetsregisterforskriften § 7 and the register's own description). The number alone; no `NO`, no `MVA`.
///
/// Numbers handed out so far start with 8 or 9. That is not checked: it is practice, not rule, and the official EHF examples
/// use others.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OrgNumber(String);

impl OrgNumber {
    /// Takes `988077917` or `988 077 917`. Anything else is `org_number.invalid`.
    pub fn parse(text: &str) -> Result<OrgNumber, Fault> {
        let refused = || Fault::fatal(codes::ORG_NUMBER_INVALID).with("number", shown(text));
        let plain = ungrouped(text, &[3, 3, 3], Dots::Refused).ok_or_else(refused)?;
        let number: [u8; 9] = digits(&plain).ok_or_else(refused)?;
        // The standard's weights are those of MOD11 2..7 from the right over eight digits; a result of 10 is not handed out.
        match mod11(&number[..8]) {
            Some(check) if check == number[8] => Ok(OrgNumber(plain)),
            _ => Err(refused()),
        }
    }

    /// As people print it: `988 077 917`.
    pub fn printed(&self) -> String {
        format!("{} {} {}", &self.0[..3], &self.0[3..6], &self.0[6..])
    }
}

/// The VAT number of a Norwegian company in the register of VAT payers: `NO` + organisation number + `MVA`
/// (the form that Peppol BIS Billing 3, rule NO-R-001, wants in BT-31).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct VatNumber(String);

impl VatNumber {
    /// Takes `NO988077917MVA`, `988077917MVA` and both as printed with spaces (`NO 988 077 917 MVA`).
    /// Anything else is `org_number.invalid`.
    pub fn parse(text: &str) -> Result<VatNumber, Fault> {
        let refused = || Fault::fatal(codes::ORG_NUMBER_INVALID).with("number", shown(text));
        let text = text.trim();
        let number = text.strip_prefix("NO").unwrap_or(text).strip_suffix("MVA").ok_or_else(refused)?;
        let number = OrgNumber::parse(number).map_err(|_| refused())?;
        Ok(VatNumber::of(&number))
    }

    /// The VAT number of this company, registered or not: only the register knows.
    pub fn of(company: &OrgNumber) -> VatNumber {
        VatNumber(format!("NO{company}MVA"))
    }

    /// The organisation number inside.
    pub fn org_number(&self) -> OrgNumber {
        OrgNumber(self.0[2..11].to_owned())
    }

    /// As Norwegian law wants it on a sales document (bokføringsforskriften § 5-1-2): `988 077 917 MVA`.
    pub fn printed(&self) -> String {
        format!("{} MVA", self.org_number().printed())
    }
}

written_as_text!(OrgNumber, VatNumber);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn organisation_numbers() {
        for good in ["988077917", "988 077 917", " 988077917 ", "123456785", "999999999"] {
            assert!(OrgNumber::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "988077918", "98807791", "9880779177", "98 8077 917", "NO988077917", "９８８０７７９１７", "988.077.917"]
        {
            let fault = OrgNumber::parse(bad).unwrap_err();
            assert_eq!(fault.code, codes::ORG_NUMBER_INVALID, "{bad}");
        }
        assert_eq!(OrgNumber::parse("988077917").unwrap().printed(), "988 077 917");
    }

    #[test]
    fn vat_numbers() {
        for good in ["NO995525828MVA", "995525828MVA", "NO 995 525 828 MVA", "995 525 828 MVA"] {
            let number = VatNumber::parse(good).unwrap();
            assert_eq!((number.as_str(), number.org_number().as_str()), ("NO995525828MVA", "995525828"), "{good}");
            assert_eq!(number.printed(), "995 525 828 MVA");
        }
        for bad in ["NO995525828", "995525828", "SE995525828MVA", "NO995525829MVA", "MVA", "NOMVA", "NONO995525828MVA"] {
            assert!(VatNumber::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn text_form_and_json_are_the_same() {
        let number: OrgNumber = serde_json::from_str("\"988 077 917\"").unwrap();
        assert_eq!(serde_json::to_string(&number).unwrap(), "\"988077917\"");
        assert!(serde_json::from_str::<OrgNumber>("\"988077918\"").is_err());
    }
}
