//! Money: whole minor units with their currency, and nothing that bends.

use iso_currency::Currency as Iso;
use rust_decimal::{Decimal, RoundingStrategy};
use serde::{Deserialize, Serialize};

/// An ISO 4217 currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Currency(Iso);

impl Currency {
    /// Norwegian kroner.
    pub const NOK: Currency = Currency(Iso::NOK);

    /// The currency with this three-letter code in capitals.
    pub fn parse(code: &str) -> Option<Currency> {
        Iso::from_code(code).map(Currency)
    }

    /// Its three-letter code.
    pub fn code(self) -> &'static str {
        self.0.code()
    }

    /// How many decimals its minor unit has: 2 for NOK, 0 for JPY. Currencies without a minor unit count as 0.
    pub fn decimals(self) -> u32 {
        self.0.exponent().map_or(0, u32::from)
    }
}

impl From<Currency> for String {
    fn from(currency: Currency) -> String {
        currency.code().to_owned()
    }
}

impl TryFrom<String> for Currency {
    type Error = String;
    fn try_from(code: String) -> Result<Currency, String> {
        Currency::parse(&code).ok_or_else(|| format!("{code} is no ISO 4217 currency"))
    }
}

/// An amount of money in whole minor units (øre) of one currency.
///
/// Arithmetic answers `None` where it would have to bend: another currency, or overflow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Amount {
    minor: i64,
    currency: Currency,
}

impl Amount {
    /// `minor` whole minor units.
    pub fn new(minor: i64, currency: Currency) -> Amount {
        Amount { minor, currency }
    }

    /// Nothing, in a currency.
    pub fn zero(currency: Currency) -> Amount {
        Amount { minor: 0, currency }
    }

    /// The amount as whole minor units.
    pub fn minor(self) -> i64 {
        self.minor
    }

    /// Its currency.
    pub fn currency(self) -> Currency {
        self.currency
    }

    /// The sum, or `None` for two currencies or overflow.
    pub fn checked_add(self, other: Amount) -> Option<Amount> {
        (self.currency == other.currency).then_some(())?;
        Some(Amount { minor: self.minor.checked_add(other.minor)?, ..self })
    }

    /// The difference, or `None` for two currencies or overflow.
    pub fn checked_sub(self, other: Amount) -> Option<Amount> {
        (self.currency == other.currency).then_some(())?;
        Some(Amount { minor: self.minor.checked_sub(other.minor)?, ..self })
    }

    /// Exactly this decimal number of major units, or `None` where the currency has not enough decimals for it.
    pub fn from_decimal(value: Decimal, currency: Currency) -> Option<Amount> {
        let scaled = value.checked_mul(Decimal::from(10_i64.checked_pow(currency.decimals())?))?;
        let minor = i64::try_from(scaled.trunc()).ok()?;
        (scaled.fract().is_zero()).then_some(Amount { minor, currency })
    }

    /// This decimal number of major units, rounded half away from zero as invoices are (12.345 is 12.35).
    pub fn rounded(value: Decimal, currency: Currency) -> Option<Amount> {
        let rounded = value.round_dp_with_strategy(currency.decimals(), RoundingStrategy::MidpointAwayFromZero);
        Amount::from_decimal(rounded, currency)
    }

    /// The amount in major units with all decimals of the currency: 1250 øre is `12.50`.
    pub fn to_decimal(self) -> Decimal {
        Decimal::new(self.minor, self.currency.decimals())
    }

    /// Whether it is below zero.
    pub fn is_negative(self) -> bool {
        self.minor < 0
    }
}

impl std::fmt::Display for Amount {
    /// `1234.50 NOK`: a dot and no grouping, for logs and machines. Pages and PDFs write it after their language.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.to_decimal(), self.currency.code())
    }
}
