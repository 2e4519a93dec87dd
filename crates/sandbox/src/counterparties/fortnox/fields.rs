//! The fields of each kind of record: what fits, and how it is kept. A name that is not in the table is refused.

use jiff::civil::Date;
use serde_json::{Value, json};

use super::amounts::{self, hundredths};
use super::books::Object;
use super::refusals::Refused;

/// What may stand in a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fits {
    /// A text of at most so many characters, all of them printable here.
    Text(usize),
    /// A text of digits, also given as a number.
    Digits(usize),
    /// One of these.
    OneOf(&'static [&'static str]),
    /// A number, kept with two decimals.
    Money,
    /// The same, kept as a text.
    Quantity,
    /// A whole number of per cent.
    Percent,
    /// True or false.
    Flag,
    /// YYYY-MM-DD.
    Date,
    /// 1000 to 9999.
    Account,
    /// Two capital letters.
    Country,
    /// Three capital letters.
    Currency,
    /// Only ever read; what is sent is passed over.
    Read,
    /// A list, which its owner reads.
    List,
}

/// A table of fields.
pub type Fields = &'static [(&'static str, Fits)];

/// The object in an envelope.
///
/// # Errors
/// 2002115 where the body is no JSON, 2001392 where it is another envelope or none.
pub fn opened(body: &[u8], envelope: &str) -> Result<Object, Refused> {
    if body.is_empty() {
        return Err(Refused::bad(2_001_392, "Felaktig eller tom body."));
    }
    let value: Value = serde_json::from_slice(body).map_err(|_| Refused::bad(2_002_115, "Kunde inte tolka JSON."))?;
    let inside = value.get(envelope).and_then(Value::as_object).cloned();
    inside.ok_or_else(|| Refused::bad(2_001_392, "Felaktig eller tom body."))
}

/// Enters what was sent into a record. What is null or empty changes nothing: a text cannot be cleared.
///
/// # Errors
/// 2001399 for a name that is no field; else what does not fit.
pub fn enter(record: &mut Object, sent: &Object, fields: Fields) -> Result<(), Refused> {
    for (name, value) in sent {
        let known = fields.iter().find(|(known, _)| known == name);
        let Some((_, fits)) = known else {
            return Err(Refused::bad(2_001_399, format!("Ogiltigt fältnamn: {name}.")));
        };
        let is_empty = value.is_null() || value.as_str() == Some("");
        if is_empty || matches!(fits, Fits::Read | Fits::List) {
            continue;
        }
        record.insert(name.clone(), kept(name, value, *fits)?);
    }
    Ok(())
}

fn kept(name: &str, value: &Value, fits: Fits) -> Result<Value, Refused> {
    let text = match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    };
    let numeric = || Refused::bad(2_000_108, format!("Värdet måste vara numeriskt: {name}."));
    let wrong = || Refused::bad(2_999_011, format!("Ogiltigt värde: {name}."));
    match fits {
        Fits::Text(longest) => {
            let text = text.ok_or_else(|| Refused::bad(2_000_106, format!("Värdet måste vara alfanumeriskt: {name}.")))?;
            legal(name, &text)?;
            if text.chars().count() > longest {
                return Err(Refused::bad(2_000_107, format!("Värdet är för långt: {name}.")));
            }
            Ok(json!(text))
        }
        Fits::Digits(longest) => {
            let text = text.filter(|text| text.bytes().all(|byte| byte.is_ascii_digit())).ok_or_else(numeric)?;
            if text.len() > longest {
                return Err(Refused::bad(2_000_107, format!("Värdet är för långt: {name}.")));
            }
            Ok(json!(text))
        }
        Fits::OneOf(words) => text.filter(|text| words.contains(&text.as_str())).map(Value::String).ok_or_else(wrong),
        Fits::Money => hundredths(value).map(amounts::number).ok_or_else(numeric),
        Fits::Quantity => hundredths(value).map(|amount| json!(amounts::text(amount))).ok_or_else(numeric),
        Fits::Percent => hundredths(value).filter(|amount| amount % 100 == 0).map(amounts::number).ok_or_else(numeric),
        Fits::Flag => match (value.as_bool(), value.as_str()) {
            (Some(flag), _) => Ok(json!(flag)),
            (None, Some("true")) => Ok(json!(true)),
            (None, Some("false")) => Ok(json!(false)),
            (None, _) => Err(Refused::bad(2_000_134, format!("Värdet måste vara booleskt: {name}."))),
        },
        Fits::Date => text.filter(|text| text.len() == 10 && text.parse::<Date>().is_ok()).map(Value::String).ok_or_else(wrong),
        Fits::Account => {
            let account = text.and_then(|text| text.parse::<u16>().ok()).filter(|account| (1000..=9999).contains(account));
            account.map(|account| json!(account)).ok_or_else(numeric)
        }
        Fits::Country => letters(text, 2).ok_or_else(wrong),
        Fits::Currency => letters(text, 3).ok_or_else(|| Refused::bad(2_000_427, "Kan inte hitta valutan.")),
        Fits::Read | Fits::List => Ok(Value::Null),
    }
}

fn letters(text: Option<String>, count: usize) -> Option<Value> {
    text.filter(|text| text.len() == count && text.bytes().all(|byte| byte.is_ascii_uppercase())).map(Value::String)
}

/// Refuses characters that Fortnox does not print: the published list has letters of all alphabets and these signs.
///
/// # Errors
/// 2000359.
pub fn legal(name: &str, text: &str) -> Result<(), Refused> {
    const SIGNS: &str = " \n\r\t!#$%&'()*+,-./:;=?@\\^_`´’–§£€¢¥©™°²³®½¤\u{a0}\u{30a}·×«»";
    let is_legal = |letter: char| letter.is_alphanumeric() || SIGNS.contains(letter);
    if text.chars().all(is_legal) {
        return Ok(());
    }
    Err(Refused::bad(2_000_359, format!("Otillåtna tecken i fältet: {name}.")))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: Fields = &[
        ("Name", Fits::Text(10)),
        ("Price", Fits::Money),
        ("Quantity", Fits::Quantity),
        ("Active", Fits::Flag),
        ("Account", Fits::Account),
        ("Day", Fits::Date),
        ("Total", Fits::Read),
    ];

    #[test]
    fn what_is_kept_and_what_is_refused() {
        let table = [
            (json!({"Name": "Åse & Co"}), Ok(json!({"Name": "Åse & Co"}))),
            (json!({"Name": ""}), Ok(json!({}))),
            (json!({"Name": null, "Total": 5}), Ok(json!({}))),
            (json!({"Price": 10.555, "Quantity": 1}), Ok(json!({"Price": 10.56, "Quantity": "1.00"}))),
            (json!({"Active": "true", "Account": "3000"}), Ok(json!({"Active": true, "Account": 3000}))),
            (json!({"Day": "2026-11-22"}), Ok(json!({"Day": "2026-11-22"}))),
            (json!({"Nmae": "x"}), Err(2_001_399)),
            (json!({"Name": "for lang tekst"}), Err(2_000_107)),
            (json!({"Name": "a<b"}), Err(2_000_359)),
            (json!({"Name": "🙂"}), Err(2_000_359)),
            (json!({"Price": "ti"}), Err(2_000_108)),
            (json!({"Active": "ja"}), Err(2_000_134)),
            (json!({"Account": 999}), Err(2_000_108)),
            (json!({"Day": "22.11.2026"}), Err(2_999_011)),
        ];
        for (sent, expected) in table {
            let mut record = Object::new();
            let outcome = enter(&mut record, sent.as_object().unwrap(), TABLE).map(|()| Value::Object(record));
            assert_eq!(outcome.map_err(|refused| refused.code), expected, "{sent}");
        }
    }
}
