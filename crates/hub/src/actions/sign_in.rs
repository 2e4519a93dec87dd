//! People sign in and out. A session is a token of 256 random bits in the browser's cookie; the hub keeps its digest. It ends when the
//! person signs out, is idle, has been signed in for long, changes the password, or may no longer use the company.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_util::FutureExt;
use kvitt_domain::Language;
use kvitt_domain::fault::{Fault, codes};
use kvitt_domain::person::{Role, Theme, check_password};

use crate::error::{Error, Result};
use crate::hub::Hub;
use crate::password;
use crate::store::Tx;
use crate::store::company::{self, Company};
use crate::store::membership::{self, Use};
use crate::store::person::{self, Person};
use crate::store::session::{self, Session};
use crate::vault::sha256;

/// So long after a person was last seen the session lasts: a working day.
pub const IDLE: Duration = Duration::from_secs(10 * 3600);
/// So long it lasts at most.
pub const LONGEST: Duration = Duration::from_secs(7 * 24 * 3600);
/// Being seen is written down so often at most: a page should not cost a write.
const SEEN_EVERY: Duration = Duration::from_secs(300);

/// Who is signed in, and where.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// The digest of the session's token.
    pub session: String,
    /// Who.
    pub person: Person,
    /// The company whose pages they look at.
    pub company: Company,
    /// What they may do there.
    pub role: Role,
    /// All companies that they may use.
    pub uses: Vec<Use>,
}

/// Begins a session for whoever knows a person's password: its token. Whether the address or the password is wrong is not said, and
/// takes as long.
///
/// # Errors
/// `sign_in.refused`.
pub async fn sign_in(hub: &Hub, email: &str, password: String) -> Result<String> {
    let refused = || Error::refused(Fault::fatal(codes::SIGN_IN_REFUSED));
    let email = email.trim().to_lowercase();
    let found = person::by_email(&mut *hub.db().read().await?, &email).await?;
    if !password::is_right(found.as_ref().map(|found| found.password.as_str()), password).await? {
        return Err(refused());
    }
    let found = found.ok_or_else(refused)?;
    let uses = membership::of_person(&mut *hub.db().read().await?, &found.person.id).await?;
    let first = uses.first().ok_or_else(refused)?;
    begin(hub, &found.person.id, &first.company, Some(found.password)).await
}

/// Begins a session for a person whom the caller knows: its token.
pub async fn begin_session(hub: &Hub, person: &str, company: &str) -> Result<String> {
    begin(hub, person, company, None).await
}

/// Refuses where the password that was right a moment ago is another now: what it opened is closed by the change.
async fn still(tx: &mut Tx<'_>, person: &str, password: &str) -> Result<()> {
    match person::by_id(tx.db(), person).await? {
        Some(stored) if stored.password == password => Ok(()),
        Some(_) | None => Err(Error::refused(Fault::fatal(codes::SIGN_IN_REFUSED))),
    }
}

async fn begin(hub: &Hub, person: &str, company: &str, password: Option<String>) -> Result<String> {
    let token = new_token();
    let now = hub.clock().machine_ms();
    let session = Session {
        digest: sha256(token.as_bytes()),
        person: person.to_owned(),
        company: company.to_owned(),
        begun_at: now,
        seen_at: now,
    };
    hub.write(move |tx| {
        let (session, password) = (session.clone(), password.clone());
        async move {
            if let Some(password) = &password {
                still(tx, &session.person, password).await?;
            }
            session::insert(tx, &session).await
        }
        .boxed()
    })
    .await?;
    Ok(token)
}

/// Who is signed in with a token.
pub async fn who(hub: &Hub, token: &str) -> Result<Option<SignedIn>> {
    let digest = sha256(token.as_bytes());
    let now = hub.clock().machine_ms();
    let mut db = hub.db().read().await?;
    let Some(session) = session::by_token(&mut db, &digest).await? else { return Ok(None) };
    if now - session.seen_at > millis(IDLE) || now - session.begun_at > millis(LONGEST) {
        return Ok(None);
    }
    let Some(stored) = person::by_id(&mut db, &session.person).await? else { return Ok(None) };
    let uses = membership::of_person(&mut db, &session.person).await?;
    // Whoever lost the company that they looked at looks at another of theirs.
    let Some(chosen) = uses.iter().find(|one| one.company == session.company).or(uses.first()) else { return Ok(None) };
    let (company, role) = (company::by_id(&mut db, hub.vault(), &chosen.company).await?, chosen.role);
    drop(db);
    if now - session.seen_at > millis(SEEN_EVERY) {
        let digest = digest.clone();
        hub.write(move |tx| {
            let digest = digest.clone();
            async move { session::see(tx, &digest, now).await }.boxed()
        })
        .await?;
    }
    Ok(Some(SignedIn { session: digest, person: stored.person, company, role, uses }))
}

/// Ends the session of a token.
pub async fn sign_out(hub: &Hub, signed_in: &SignedIn) -> Result<()> {
    let digest = signed_in.session.clone();
    hub.write(move |tx| {
        let digest = digest.clone();
        async move { session::end(tx, &digest).await }.boxed()
    })
    .await
}

/// Turns a session to another company of the person's.
///
/// # Errors
/// Not found, where they may not use it.
pub async fn choose_company(hub: &Hub, signed_in: &SignedIn, company: &str) -> Result<()> {
    if !signed_in.uses.iter().any(|one| one.company == company) {
        return Err(Error::NotFound("the company".into()));
    }
    let (digest, company) = (signed_in.session.clone(), company.to_owned());
    hub.write(move |tx| {
        let (digest, company) = (digest.clone(), company.clone());
        async move { session::choose(tx, &digest, &company).await }.boxed()
    })
    .await
}

/// Keeps how a person likes the pages.
pub async fn keep_tastes(hub: &Hub, person: &str, language: Language, theme: Theme) -> Result<()> {
    let person = person.to_owned();
    hub.write(move |tx| {
        let person = person.clone();
        async move { person::save_tastes(tx, &person, language, theme).await }.boxed()
    })
    .await
}

/// What a person writes to change the password.
#[derive(Clone)]
pub struct NewPassword {
    /// The one of now.
    pub now: String,
    /// The new one.
    pub new: String,
    /// The new one once more.
    pub again: String,
}

/// Changes a person's own password; every fault at once, at the names of the fields. All their other sessions end.
///
/// # Errors
/// `sign_in.refused`, `user.password_short`, `user.password_long`, `user.passwords_differ`.
pub async fn change_password(hub: &Hub, signed_in: &SignedIn, given: NewPassword) -> Result<()> {
    let mut faults = faults_of_new(&given.new, &given.again);
    let stored = person::by_id(&mut *hub.db().read().await?, &signed_in.person.id).await?;
    if !password::is_right(stored.as_ref().map(|stored| stored.password.as_str()), given.now).await? {
        faults.insert(0, Fault::fatal(codes::SIGN_IN_REFUSED).at("now"));
    }
    if !faults.is_empty() {
        return Err(Error::Refused(faults));
    }
    let known = stored.map(|stored| stored.password).unwrap_or_default();
    let (hashed, person, session) = (password::hash(given.new).await?, signed_in.person.id.clone(), signed_in.session.clone());
    hub.write(move |tx| {
        let (hashed, person, session, known) = (hashed.clone(), person.clone(), session.clone(), known.clone());
        async move {
            still(tx, &person, &known).await?;
            person::save_password(tx, &person, &hashed).await?;
            session::end_others(tx, &person, &session).await.map(|_| ())
        }
        .boxed()
    })
    .await
}

/// What is wrong with a new password that was written twice, at the fields `password` and `again`.
pub(crate) fn faults_of_new(new: &str, again: &str) -> Vec<Fault> {
    let mut faults: Vec<Fault> = check_password(new).err().map(|fault| fault.at("password")).into_iter().collect();
    if new != again {
        faults.push(Fault::fatal(codes::USER_PASSWORDS_DIFFER).at("again"));
    }
    faults
}

/// 256 random bits.
pub(crate) fn new_token() -> String {
    let mut bytes = [0; 32];
    aws_lc_rs::rand::fill(&mut bytes).expect("the operating system gives random bytes");
    URL_SAFE_NO_PAD.encode(bytes)
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
