//! The records of NETS files as tables: reader and writer use the same rows, and `docs/bank-files.md` is written from them.
//!
//! AvtaleGiro system specification 3.3 and OCR giro system specification 2.0. Positions count from 1, as there. What the rows
//! mean in order is `nets`; how a value gets in is `avtalegiro`, how it gets out `record`.

/// How many characters every record has.
pub const WIDTH: usize = 80;

/// What a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Always the same: the first eight characters say which record it is.
    Prefix,
    /// A number, filled with zeros from the left.
    Number,
    /// Digits that are a name and not a number, such as an account.
    Digits,
    /// `DDMMYY`; zeros mean none.
    Date,
    /// Digits, the last may be `-`; blanks from the left.
    Kid,
    /// Text in ISO 8859-1, blanks from the right.
    Text,
    /// One character.
    Letter,
    /// Unused: written as zeros, read whatever it holds.
    Zeros,
    /// Unused: written as blanks, read whatever it holds.
    Blanks,
}

/// One field of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    /// Its name, as in the catalogue's table `[bank_field]`.
    pub name: &'static str,
    /// Its first position, from 1.
    pub from: usize,
    /// How many positions it has.
    pub length: usize,
    /// What it holds.
    pub kind: Kind,
}

impl Field {
    /// Where it stands in a record of [`WIDTH`] bytes.
    pub const fn range(&self) -> std::ops::Range<usize> {
        self.from - 1..self.from - 1 + self.length
    }

    /// Its last position.
    pub const fn to(&self) -> usize {
        self.from + self.length - 1
    }
}

/// One record.
#[derive(Debug, Clone, Copy)]
pub struct Record {
    /// Its name, as in the catalogue's table `[record]`, where there is one for it.
    pub name: &'static str,
    /// What it is, in a few words.
    pub title: &'static str,
    /// How it begins; `tt` stands for the type of transaction.
    pub prefixes: &'static [&'static str],
    /// Its fields, from left to right, without a gap.
    pub fields: &'static [Field],
}

/// One table becomes a module with a constant for each field and `RECORD` for all of them.
macro_rules! records {
    ($($module:ident = $title:literal, $prefixes:expr, {
        $($field:ident = $name:literal, $from:literal, $length:literal, $kind:ident;)*
    })*) => {
        $(
            #[doc = $title]
            pub mod $module {
                use super::{Field, Kind, Record};
                /// The first eight characters.
                pub const PREFIX: Field = Field { name: "record", from: 1, length: 8, kind: Kind::Prefix };
                $(
                    #[doc = concat!("Positions from ", $from, ", ", $length, " of them: `", $name, "`.")]
                    pub const $field: Field = Field { name: $name, from: $from, length: $length, kind: Kind::$kind };
                )*
                #[doc = $title]
                pub const RECORD: Record =
                    Record { name: stringify!($module), title: $title, prefixes: $prefixes, fields: &[PREFIX, $($field),*] };
            }
        )*
        /// Every record, in the order in which they stand in a file.
        pub const ALL: &[Record] = &[$($module::RECORD),*];
    };
}

records! {
    transmission_start = "Start of a transmission", &["NY000010"], {
        SENDER = "sender", 9, 8, Digits;
        NUMBER = "number", 17, 7, Digits;
        RECIPIENT = "recipient", 24, 8, Digits;
        REST = "unused", 32, 49, Zeros;
    }
    order_start = "Start of an order of AvtaleGiro: claims, cancellations, mandates", &["NY210020", "NY213620", "NY212420"], {
        UNUSED = "unused", 9, 9, Zeros;
        NUMBER = "number", 18, 7, Digits;
        ACCOUNT = "account", 25, 11, Digits;
        REST = "unused", 36, 45, Zeros;
    }
    claim_1 = "Amount item 1 of a claim (02 without, 21 with a notice by the bank) or cancellation (93)",
        &["NY210230", "NY212130", "NY219330"], {
        TRANSACTION = "transaction", 9, 7, Number;
        DUE_DATE = "due_date", 16, 6, Date;
        UNUSED = "unused", 22, 11, Blanks;
        AMOUNT = "amount", 33, 17, Number;
        KID = "kid", 50, 25, Kid;
        REST = "unused", 75, 6, Zeros;
    }
    claim_2 = "Amount item 2 of a claim or cancellation", &["NY210231", "NY212131", "NY219331"], {
        TRANSACTION = "transaction", 9, 7, Number;
        PAYER = "payer", 16, 10, Text;
        UNUSED = "unused", 26, 25, Blanks;
        REFERENCE = "reference", 51, 25, Text;
        REST = "unused", 76, 5, Zeros;
    }
    specification = "Specification of a claim of type 21", &["NY212149"], {
        TRANSACTION = "transaction", 9, 7, Number;
        NOTICE = "notice", 16, 1, Letter;
        LINE = "line", 17, 3, Number;
        COLUMN = "column", 20, 1, Number;
        TEXT = "text", 21, 40, Text;
        REST = "unused", 61, 20, Zeros;
    }
    order_end = "End of an order of claims or cancellations", &["NY210088", "NY213688"], {
        TRANSACTIONS = "transactions", 9, 8, Number;
        RECORDS = "records", 17, 8, Number;
        SUM = "sum", 25, 17, Number;
        FIRST_DATE = "first_date", 42, 6, Date;
        LAST_DATE = "last_date", 48, 6, Date;
        REST = "unused", 54, 27, Zeros;
    }
    mandate = "Mandate", &["NY219470"], {
        TRANSACTION = "transaction", 9, 7, Number;
        REGISTRATION = "registration", 16, 1, Letter;
        KID = "kid", 17, 25, Kid;
        NOTICE = "notice", 42, 1, Letter;
        REST = "unused", 43, 38, Zeros;
    }
    mandates_end = "End of a list of mandates", &["NY212488"], {
        TRANSACTIONS = "transactions", 9, 8, Number;
        RECORDS = "records", 17, 8, Number;
        REST = "unused", 25, 56, Zeros;
    }
    assignment_start = "Start of an OCR giro assignment", &["NY090020"], {
        AGREEMENT = "agreement", 9, 9, Digits;
        NUMBER = "number", 18, 7, Digits;
        ACCOUNT = "account", 25, 11, Digits;
        REST = "unused", 36, 45, Zeros;
    }
    payment_1 = "Amount item 1 of a payment", &["NY09tt30"], {
        TRANSACTION = "transaction", 9, 7, Number;
        NETS_DATE = "nets_date", 16, 6, Date;
        CENTRE = "unused", 22, 2, Zeros;
        DAY = "unused", 24, 2, Zeros;
        PART = "unused", 26, 1, Zeros;
        STATEMENT_LINE = "statement_line", 27, 5, Digits;
        SIGN = "sign", 32, 1, Letter;
        AMOUNT = "amount", 33, 17, Number;
        KID = "kid", 50, 25, Kid;
        REST = "unused", 75, 6, Zeros;
    }
    payment_2 = "Amount item 2 of a payment", &["NY09tt31"], {
        TRANSACTION = "transaction", 9, 7, Number;
        FORM = "form", 16, 10, Digits;
        ARCHIVE = "archive", 26, 9, Digits;
        UNUSED = "unused", 35, 7, Zeros;
        BANK_DATE = "bank_date", 42, 6, Date;
        DEBIT_ACCOUNT = "debit_account", 48, 11, Digits;
        REST = "unused", 59, 22, Zeros;
    }
    payment_3 = "Amount item 3 of a payment with text (20, 21)", &["NY09tt32"], {
        TRANSACTION = "transaction", 9, 7, Number;
        TEXT = "text", 16, 40, Text;
        REST = "unused", 56, 25, Zeros;
    }
    assignment_end = "End of an OCR giro assignment", &["NY090088"], {
        TRANSACTIONS = "transactions", 9, 8, Number;
        RECORDS = "records", 17, 8, Number;
        SUM = "sum", 25, 17, Number;
        NETS_DATE = "nets_date", 42, 6, Date;
        FIRST_DATE = "first_date", 48, 6, Date;
        LAST_DATE = "last_date", 54, 6, Date;
        REST = "unused", 60, 21, Zeros;
    }
    transmission_end = "End of a transmission", &["NY000089"], {
        TRANSACTIONS = "transactions", 9, 8, Number;
        RECORDS = "records", 17, 8, Number;
        SUM = "sum", 25, 17, Number;
        FIRST_DATE = "first_date", 42, 6, Date;
        REST = "unused", 48, 33, Zeros;
    }
}

/// The day of `DDMMYY`, the century as every reader of these files takes it: 69 to 99 are of the last one. `None` where it is no
/// day.
pub fn date_of(digits: [u8; 6]) -> Option<jiff::civil::Date> {
    if !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let two = |at: usize| i16::from(digits[at] - b'0') * 10 + i16::from(digits[at + 1] - b'0');
    let (day, month, year) = (i8::try_from(two(0)).ok()?, i8::try_from(two(2)).ok()?, two(4));
    jiff::civil::Date::new(if year < FIRST_OF_LAST_CENTURY { 2000 + year } else { 1900 + year }, month, day).ok()
}

/// The year without century from which on it is 19xx.
const FIRST_OF_LAST_CENTURY: i16 = 69;

#[cfg(test)]
mod tests {
    use super::*;

    /// Every position of every record belongs to exactly one field.
    #[test]
    fn the_tables_have_no_gap() {
        for record in ALL {
            let mut next = 1;
            for field in record.fields {
                assert_eq!(field.from, next, "{}/{}", record.name, field.name);
                next = field.to() + 1;
            }
            assert_eq!(next, WIDTH + 1, "{}", record.name);
        }
    }

    #[test]
    fn no_two_records_begin_alike() {
        let mut prefixes: Vec<&str> = ALL.iter().flat_map(|record| record.prefixes).copied().collect();
        let count = prefixes.len();
        prefixes.sort_unstable();
        prefixes.dedup();
        assert_eq!(prefixes.len(), count);
        assert!(prefixes.iter().all(|prefix| prefix.len() == 8));
    }

    #[test]
    fn days() {
        let check = |digits: &[u8; 6], expected: Option<&str>| {
            assert_eq!(date_of(*digits).map(|date| date.to_string()).as_deref(), expected);
        };
        check(b"151226", Some("2026-12-15"));
        check(b"290228", Some("2028-02-29"));
        check(b"290227", None);
        check(b"200192", Some("1992-01-20"));
        check(b"010168", Some("2068-01-01"));
        check(b"010169", Some("1969-01-01"));
        check(b"000000", None);
        check(b" 50126", None);
    }
}
