//! Words under which invoices are found. They are folded here: small letters, no accents that people leave out, no marks.

use std::collections::BTreeSet;

use kvitt_domain::identifiers::without_identity_numbers;
use kvitt_domain::invoice::Invoice;
use sqlx::{AnyConnection, AssertSqlSafe};

use crate::error::Result;
use crate::store::writer::Tx;

const BEGINNING: &str =
    "SELECT invoice_id FROM search WHERE company_id = $1 AND token >= $2 AND token < $3 ORDER BY token, invoice_id LIMIT $4";

/// Words of one invoice: a name with more is found by its first.
const MOST_WORDS: usize = 12;
/// Letters of a word that count.
const LONGEST: usize = 40;

/// The words of an invoice.
pub fn words_of(invoice: &Invoice) -> BTreeSet<String> {
    let buyer = &invoice.buyer;
    let mut words: BTreeSet<String> = folded(&invoice.number).collect();
    words.extend(invoice.remittance().map(plain));
    words.extend(buyer.legal_registration.iter().map(|number| plain(&number.value)));
    words.extend(buyer.identifiers.iter().map(|number| plain(&number.value)));
    words.extend(folded(&buyer.name));
    // What might be a fødselsnummer stands in no row.
    words.retain(|word| !word.is_empty() && without_identity_numbers(word) == *word);
    words.into_iter().take(MOST_WORDS).collect()
}

/// The words of a text as they are compared.
pub fn folded(text: &str) -> impl Iterator<Item = String> {
    text.split(|c: char| !c.is_alphanumeric()).map(plain).filter(|word| !word.is_empty())
}

/// A reference or number as one word, as it is compared.
pub fn word_of(text: &str) -> String {
    plain(text)
}

/// Letters and digits alone, as they are compared.
fn plain(text: &str) -> String {
    let letters = text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase);
    letters
        .map(|c| match c {
            'é' | 'è' | 'ê' | 'ë' => 'e',
            'á' | 'à' | 'â' => 'a',
            'ó' | 'ò' | 'ô' => 'o',
            'ü' | 'ú' => 'u',
            'ä' => 'æ',
            'ö' => 'ø',
            c => c,
        })
        .take(LONGEST)
        .collect()
}

/// Stores the words of an invoice.
pub async fn insert(tx: &mut Tx<'_>, company: &str, invoice: &str, words: &BTreeSet<String>) -> Result<()> {
    if words.is_empty() {
        return Ok(());
    }
    // One statement for all of them: on a server each would be a journey of its own.
    let rows: Vec<String> = (0..words.len()).map(|row| format!("($1, ${}, $2)", row + 3)).collect();
    let sql = ["INSERT", "INTO search (company_id, token, invoice_id) VALUES", &rows.join(", ")].join(" ");
    let mut query = sqlx::query(AssertSqlSafe(sql)).bind(company).bind(invoice);
    for word in words {
        query = query.bind(hex::encode(word));
    }
    query.execute(tx.db()).await?;
    Ok(())
}

/// Ids of invoices that have a word with this beginning, which is folded already: at most so many.
pub async fn beginning(db: &mut AnyConnection, company: &str, beginning: &str, limit: i64) -> Result<Vec<String>> {
    let from = hex::encode(beginning);
    // After every digit of a hexadecimal number.
    let to = format!("{from}g");
    Ok(sqlx::query_scalar(BEGINNING).bind(company).bind(from).bind(to).bind(limit).fetch_all(db).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_compared_as_people_write_them() {
        let check = |text: &str, expected: &[&str]| assert_eq!(folded(text).collect::<Vec<_>>(), expected, "{text}");
        check("Kari  Nordmann-Økland", &["kari", "nordmann", "økland"]);
        check("André Ödegård AS", &["andre", "ødegård", "as"]);
        check("F-2026/17", &["f", "2026", "17"]);
        check(" – ", &[]);
    }
}
