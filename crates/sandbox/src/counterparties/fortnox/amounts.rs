//! Money and quantities: hundredths, because the service rounds everything to two decimals.

use serde_json::{Number, Value};

/// Hundredths of a number, or of a text that is one; the third decimal is rounded half away from zero.
pub fn hundredths(value: &Value) -> Option<i64> {
    let text = match value {
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.trim().to_owned(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
    };
    let (is_negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.as_str()),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || whole.len() > 13 || !is_number(whole) || !is_number(fraction) {
        return None;
    }
    let decimals: String = fraction.chars().chain("000".chars()).take(3).collect();
    let thousandths = whole.parse::<i64>().ok()? * 1000 + decimals.parse::<i64>().ok()?;
    let rounded = (thousandths + 5) / 10;
    Some(if is_negative { -rounded } else { rounded })
}

/// The product of two numbers of hundredths, in hundredths.
pub fn product(one: i64, other: i64) -> i64 {
    divided(i128::from(one) * i128::from(other), 100)
}

/// So many per cent of hundredths; `percent` is whole.
pub fn percent_of(amount: i64, percent: i64) -> i64 {
    divided(i128::from(amount) * i128::from(percent), 100)
}

/// A quotient, rounded half away from zero.
pub fn divided(amount: i128, by: i128) -> i64 {
    let half = if amount < 0 { -(by / 2) } else { by / 2 };
    i64::try_from((amount + half) / by).unwrap_or(i64::MAX)
}

/// As a number of the wire.
pub fn number(hundredths: i64) -> Value {
    if hundredths % 100 == 0 {
        return Value::Number(Number::from(hundredths / 100));
    }
    // Two decimals of an amount that anybody owes are exact enough in a double to be written as they are.
    text(hundredths).parse::<f64>().ok().and_then(Number::from_f64).map_or(Value::Null, Value::Number)
}

/// As a text with two decimals.
pub fn text(hundredths: i64) -> String {
    let sign = if hundredths < 0 { "-" } else { "" };
    format!("{sign}{}.{:02}", hundredths.abs() / 100, hundredths.abs() % 100)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn two_decimals() {
        let table = [
            (json!(1), Some(100)),
            (json!("1240.505"), Some(124_051)),
            (json!(-0.125), Some(-13)),
            (json!("12.3449"), Some(1_234)),
            (json!("1,5"), None),
            (json!(""), None),
            (json!(1e30), None),
            (json!(null), None),
        ];
        for (value, expected) in table {
            assert_eq!(hundredths(&value), expected, "{value}");
        }
        assert_eq!((product(150, 333), percent_of(3333, 25), percent_of(-3333, 25)), (500, 833, -833));
        assert_eq!((number(-5), number(100), text(-5)), (json!(-0.05), json!(1), "-0.05".to_owned()));
    }
}
