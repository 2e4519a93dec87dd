//! The first visit: while nobody has a user here, whoever has the code that the hub printed makes the first one, who is administrator
//! of the company that they add, or of those that were added at the command line. Without the code any stranger could take the hub.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use futures_util::FutureExt;
use kvitt_domain::Language;
use kvitt_domain::fault::{Fault, codes};
use kvitt_domain::identifiers::{EmailAddress, OrgNumber};
use kvitt_domain::person::{Role, Theme};

use crate::actions::add_company::add_company;
use crate::actions::sign_in::{begin_session, faults_of_new};
use crate::error::{Error, Result};
use crate::hub::Hub;
use crate::password;
use crate::store::company::{self, Company, CompanySettings};
use crate::store::event::NewEvent;
use crate::store::house::{self, Note};
use crate::store::membership;
use crate::store::person::{self, Person};

/// Letters of a code that nobody takes for each other, after Crockford.
const LETTERS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// 60 bits, in three groups that are easy to copy by hand.
const GROUPS: usize = 3;
const GROUP: usize = 4;

/// What whoever begins writes.
#[derive(Clone)]
pub struct Beginning {
    /// The code that the hub printed.
    pub code: String,
    /// Nine digits; unread where there is a company already.
    pub org_number: String,
    /// The company's name; the same.
    pub company_name: String,
    /// What the person is called.
    pub name: String,
    /// What they sign in with.
    pub email: String,
    /// Their password.
    pub password: String,
    /// The password once more.
    pub again: String,
    /// The language of their pages.
    pub language: Language,
}

/// The code of the first visit, where that is still to come. Another hub on the same database prints the same one.
pub async fn code(hub: &Hub) -> Result<Option<String>> {
    if person::is_anybody(&mut *hub.db().read().await?).await? {
        return Ok(None);
    }
    let (vault, first) = (hub.vault_handle(), new_code());
    let code: String = hub
        .write(move |tx| {
            let (vault, first) = (vault.clone(), first.clone());
            async move { house::note_first(tx, &vault, Note::FirstRunCode, &first).await }.boxed()
        })
        .await?;
    Ok(Some(code))
}

/// Makes the first person, administrator of every company that there is, and signs them in: the session's token. Every fault at once,
/// at the names of the fields.
pub async fn begin(hub: &Hub, given: Beginning) -> Result<String> {
    let Some(code) = code(hub).await? else {
        return Err(Error::refused(Fault::fatal(codes::FIRST_RUN_OVER)));
    };
    let known = company::all(&mut *hub.db().read().await?, hub.vault()).await?;
    let faults = faults_of(&given, &code, known.is_empty());
    if !faults.is_empty() {
        return Err(Error::Refused(faults));
    }
    let hashed = password::hash(given.password.clone()).await?;
    let companies: Vec<Company> = match known.is_empty() {
        false => known,
        true => {
            let settings = CompanySettings { language: given.language, ..CompanySettings::default() };
            vec![add_company(hub, &given.org_number, &given.company_name, settings).await?]
        }
    };
    let person = Person {
        id: crate::ids::new_id().to_string(),
        email: given.email.trim().to_lowercase(),
        name: given.name.trim().to_owned(),
        language: given.language,
        theme: Theme::default(),
    };
    let (id, now) = (person.id.clone(), hub.clock().business_ms());
    let first = companies[0].id.clone();
    hub.write(move |tx| {
        let (person, hashed, companies) = (person.clone(), hashed.clone(), companies.clone());
        async move {
            // Asked again: somebody else may have begun since.
            if person::is_anybody(tx.db()).await? {
                return Err(Error::refused(Fault::fatal(codes::FIRST_RUN_OVER)));
            }
            person::insert(tx, &person, &hashed, now).await?;
            for company in &companies {
                membership::insert(tx, &company.id, &person.id, Role::Admin, now).await?;
                let told =
                    serde_json::json!({ "name": person.name, "email": person.email, "role": Role::Admin, "by": person.name });
                tx.tell(NewEvent::new(&company.id, &company.key, now, "user.joined", &person.id, &told)?);
            }
            Ok(())
        }
        .boxed()
    })
    .await?;
    begin_session(hub, &id, &first).await
}

fn faults_of(given: &Beginning, code: &str, wants_company: bool) -> Vec<Fault> {
    let mut faults = Vec::new();
    if verify_slices_are_equal(plain(&given.code).as_bytes(), plain(code).as_bytes()).is_err() {
        faults.push(Fault::fatal(codes::FIRST_RUN_CODE).at("code"));
    }
    if wants_company {
        faults.extend(OrgNumber::parse(&given.org_number).err().map(|fault| fault.at("org_number")));
        faults.extend(missing("company_name", &given.company_name));
    }
    faults.extend(missing("name", &given.name));
    faults.extend(EmailAddress::parse(&given.email).err().map(|fault| fault.at("email")));
    faults.extend(faults_of_new(&given.password, &given.again));
    faults
}

/// The fault of a field that is empty.
pub(crate) fn missing(field: &str, value: &str) -> Option<Fault> {
    value.trim().is_empty().then(|| Fault::fatal(codes::FORM_MISSING).at(field))
}

/// A code as it is compared: people leave out dashes, write small letters, and take O for 0.
fn plain(code: &str) -> String {
    let letter = |c: char| match c.to_ascii_uppercase() {
        'O' => '0',
        'I' | 'L' => '1',
        c => c,
    };
    code.chars().filter(char::is_ascii_alphanumeric).map(letter).collect()
}

fn new_code() -> String {
    let mut bytes = [0; GROUPS * GROUP];
    aws_lc_rs::rand::fill(&mut bytes).expect("the operating system gives random bytes");
    // 256 is a multiple of 32: every letter is as likely.
    let letters: Vec<char> = bytes.iter().map(|byte| char::from(LETTERS[usize::from(byte % 32)])).collect();
    let groups: Vec<String> = letters.chunks(GROUP).map(|group| group.iter().collect()).collect();
    groups.join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_as_people_write_it() {
        let code = new_code();
        assert_eq!(code.len(), 14, "{code}");
        assert_ne!(code, new_code());
        assert_eq!(plain("0A1B-2C3D-4E5F"), plain(" oaib 2c3d4e5f "));
        assert_ne!(plain("0A1B-2C3D-4E5F"), plain("0A1B-2C3D-4E5G"));
    }
}
