//! The cards of a company's registers: customers, projects, products. One table, for all are kept, numbered and found alike; what a
//! card says is sealed, its number and name stand open for lists.
//!
//! What is looked for is folded into words ([`kvitt_domain::invoicing::words`]), and found by how they begin.

use kvitt_domain::invoicing::numbering::Numbered;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use crate::error::{Error, Result};
use crate::store::writer::Tx;
use crate::vault::{CompanyKey, Purpose};

const INSERT: &str = "INSERT INTO card (company_id, kind, card_id, number, name, sort_key, belongs_to, state, body, made_at, changed_at, version) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 1)";
const SAVE: &str = "UPDATE card SET name = $1, sort_key = $2, belongs_to = $3, state = $4, body = $5, changed_at = $6, version = version + 1 \
    WHERE company_id = $7 AND kind = $8 AND card_id = $9 AND version = $10";
const BY_ID: &str = "SELECT card_id, number, name, belongs_to, state, body, made_at, changed_at, version FROM card \
    WHERE company_id = $1 AND kind = $2 AND card_id = $3";
const BY_NUMBER: &str = "SELECT card_id, number, name, belongs_to, state, body, made_at, changed_at, version FROM card \
    WHERE company_id = $1 AND kind = $2 AND number = $3";
const PAGE: &str = "SELECT card_id, number, name, belongs_to, state, body, made_at, changed_at, version FROM card \
    WHERE company_id = $1 AND kind = $2 AND (sort_key, card_id) > ($3, $4) ORDER BY sort_key, card_id LIMIT $5";
// Words that begin alike lie side by side. They hold `a` to `z` and `0` to `9`, which every database sorts alike.
const SEARCH: &str = "SELECT c.card_id, c.number, c.name, c.belongs_to, c.state, c.body, c.made_at, c.changed_at, c.version FROM card c \
    WHERE c.company_id = $1 AND c.kind = $2 \
    AND c.card_id IN (SELECT w.card_id FROM card_word w WHERE w.company_id = $1 AND w.kind = $2 AND w.word >= $3 AND w.word < $4) \
    AND EXISTS (SELECT 1 FROM card_word v WHERE v.company_id = $1 AND v.kind = $2 AND v.card_id = c.card_id AND v.word >= $5 AND v.word < $6) \
    AND EXISTS (SELECT 1 FROM card_word u WHERE u.company_id = $1 AND u.kind = $2 AND u.card_id = c.card_id AND u.word >= $7 AND u.word < $8) \
    ORDER BY c.sort_key, c.card_id LIMIT $9";
const OF_CUSTOMER: &str = "SELECT card_id, number, name, belongs_to, state, body, made_at, changed_at, version FROM card \
    WHERE company_id = $1 AND kind = $2 AND belongs_to = $3 ORDER BY sort_key LIMIT $4";
const FORGET_WORDS: &str = "DELETE FROM card_word WHERE company_id = $1 AND kind = $2 AND card_id = $3";
const ADD_WORD: &str = "INSERT INTO card_word (company_id, kind, word, card_id) VALUES ($1, $2, $3, $4) \
    ON CONFLICT (company_id, kind, word, card_id) DO NOTHING";

/// Words that one question looks for; more would find no less.
const MOST_WORDS: usize = 3;
/// Projects of one customer that one list shows at most.
const LISTED: i64 = 1_000;

/// A card as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Card<T> {
    /// UUIDv7 text.
    pub id: String,
    /// Its number, which never changes.
    pub number: String,
    /// Its name.
    pub name: String,
    /// Of a project: its customer's id; else empty.
    pub belongs_to: String,
    /// `active` or `archived`; of a project `planned`, `ongoing` or `completed`.
    pub state: String,
    /// All that is known of it.
    pub body: T,
    /// Business time, Unix milliseconds.
    pub made_at: i64,
    /// Business time, Unix milliseconds.
    pub changed_at: i64,
    /// Goes up with every change.
    pub version: i64,
}

/// The words that a card is found by, and its place in lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Findable {
    /// The name, folded.
    pub sort_key: String,
    /// Folded words.
    pub words: Vec<String>,
}

/// Stores a new card. Its number must be free: a number that is taken is a unique key's fault, and the action runs again.
pub async fn insert<T: Serialize>(
    tx: &mut Tx<'_>,
    company: &str,
    key: &CompanyKey,
    kind: Numbered,
    card: &Card<T>,
    findable: &Findable,
) -> Result<()> {
    sqlx::query(INSERT)
        .bind(company)
        .bind(kind.name())
        .bind(&card.id)
        .bind(&card.number)
        .bind(&card.name)
        .bind(&findable.sort_key)
        .bind(&card.belongs_to)
        .bind(&card.state)
        .bind(key.seal_json(Purpose::Card, row(kind, &card.id), &card.body)?)
        .bind(card.made_at)
        .bind(card.changed_at)
        .execute(tx.db())
        .await?;
    add_words(tx, company, kind, &card.id, &findable.words).await
}

/// Saves a card in place of the one with this version; the number stays.
///
/// # Errors
/// [`Error::Conflict`] where somebody else saved it first.
pub async fn save<T: Serialize>(
    tx: &mut Tx<'_>,
    company: &str,
    key: &CompanyKey,
    kind: Numbered,
    card: &Card<T>,
    findable: &Findable,
) -> Result<()> {
    let saved = sqlx::query(SAVE)
        .bind(&card.name)
        .bind(&findable.sort_key)
        .bind(&card.belongs_to)
        .bind(&card.state)
        .bind(key.seal_json(Purpose::Card, row(kind, &card.id), &card.body)?)
        .bind(card.changed_at)
        .bind(company)
        .bind(kind.name())
        .bind(&card.id)
        .bind(card.version)
        .execute(tx.db())
        .await?;
    if saved.rows_affected() != 1 {
        return Err(Error::Conflict);
    }
    sqlx::query(FORGET_WORDS).bind(company).bind(kind.name()).bind(&card.id).execute(tx.db()).await?;
    add_words(tx, company, kind, &card.id, &findable.words).await
}

async fn add_words(tx: &mut Tx<'_>, company: &str, kind: Numbered, id: &str, words: &[String]) -> Result<()> {
    for word in words {
        sqlx::query(ADD_WORD).bind(company).bind(kind.name()).bind(word).bind(id).execute(tx.db()).await?;
    }
    Ok(())
}

/// The card with an id.
pub async fn by_id<T: DeserializeOwned>(
    db: &mut AnyConnection,
    company: &str,
    key: &CompanyKey,
    kind: Numbered,
    id: &str,
) -> Result<Option<Card<T>>> {
    let found = sqlx::query(BY_ID).bind(company).bind(kind.name()).bind(id).fetch_optional(db).await?;
    found.map(|found| read(&found, key, kind)).transpose()
}

/// The card with a number.
pub async fn by_number<T: DeserializeOwned>(
    db: &mut AnyConnection,
    company: &str,
    key: &CompanyKey,
    kind: Numbered,
    number: &str,
) -> Result<Option<Card<T>>> {
    let found = sqlx::query(BY_NUMBER).bind(company).bind(kind.name()).bind(number).fetch_optional(db).await?;
    found.map(|found| read(&found, key, kind)).transpose()
}

/// At most `limit` cards by their names, after a cursor (sort key, id).
pub async fn page<T: DeserializeOwned>(
    db: &mut AnyConnection,
    company: &str,
    key: &CompanyKey,
    kind: Numbered,
    after: (&str, &str),
    limit: i64,
) -> Result<Vec<Card<T>>> {
    let found = sqlx::query(PAGE).bind(company).bind(kind.name()).bind(after.0).bind(after.1).bind(limit);
    found.fetch_all(db).await?.iter().map(|found| read(found, key, kind)).collect()
}

/// At most `limit` cards in which every one of these folded words (the first three count) is the beginning of a word, by their names.
pub async fn search<T: DeserializeOwned>(
    db: &mut AnyConnection,
    company: &str,
    key: &CompanyKey,
    kind: Numbered,
    words: &[String],
    limit: i64,
) -> Result<Vec<Card<T>>> {
    // The longest word leaves the fewest cards to look at.
    let mut words: Vec<&str> = words.iter().map(String::as_str).collect();
    words.sort_by_key(|word| std::cmp::Reverse(word.len()));
    let Some(first) = words.first().copied() else { return Ok(Vec::new()) };
    words.resize(MOST_WORDS, first);
    let mut query = sqlx::query(SEARCH).bind(company).bind(kind.name());
    for word in words {
        query = query.bind(word.to_owned()).bind(behind(word));
    }
    query.bind(limit).fetch_all(db).await?.iter().map(|found| read(found, key, kind)).collect()
}

/// The projects of a customer.
pub async fn of_customer<T: DeserializeOwned>(
    db: &mut AnyConnection,
    company: &str,
    key: &CompanyKey,
    kind: Numbered,
    customer: &str,
) -> Result<Vec<Card<T>>> {
    let found = sqlx::query(OF_CUSTOMER).bind(company).bind(kind.name()).bind(customer).bind(LISTED);
    found.fetch_all(db).await?.iter().map(|found| read(found, key, kind)).collect()
}

/// The first word that does not begin with this one: the last character's successor. `9` is followed by `a`, `z` by nothing that a
/// word could hold, so that more of `z` stands behind.
fn behind(word: &str) -> String {
    match word.as_bytes().last() {
        Some(b'9') => format!("{}a", &word[..word.len() - 1]),
        Some(last) if *last != b'z' => format!("{}{}", &word[..word.len() - 1], char::from(last + 1)),
        _ => format!("{word}{}", "z".repeat(8)),
    }
}

fn row(kind: Numbered, id: &str) -> String {
    format!("{} {id}", kind.name())
}

fn read<T: DeserializeOwned>(found: &AnyRow, key: &CompanyKey, kind: Numbered) -> Result<Card<T>> {
    let id: String = found.try_get("card_id")?;
    let body: Vec<u8> = found.try_get("body")?;
    Ok(Card {
        number: found.try_get("number")?,
        name: found.try_get("name")?,
        belongs_to: found.try_get("belongs_to")?,
        state: found.try_get("state")?,
        body: key.open_json(Purpose::Card, row(kind, &id), &body)?,
        made_at: found.try_get("made_at")?,
        changed_at: found.try_get("changed_at")?,
        version: found.try_get("version")?,
        id,
    })
}

#[cfg(test)]
mod tests {
    use super::behind;

    #[test]
    fn what_begins_so_lies_before_what_stands_behind() {
        for word in ["a", "kari", "10", "19", "zz", "oz"] {
            for longer in [word.to_owned(), format!("{word}0"), format!("{word}zz")] {
                assert!(longer.as_str() >= word && longer < behind(word), "{word} {longer}");
            }
        }
        assert!("kb" >= behind("ka").as_str());
    }
}
