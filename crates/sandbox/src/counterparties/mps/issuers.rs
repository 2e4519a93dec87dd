//! Issuers: who may send eFakturas, and through which provider. Taking one over stops the provider that had it.
//!
//! An organisation number chooses a persona: `81000` and two more digits. Any other is an ordinary one, and nobody's issuer
//! until a provider makes it one. Field lists are inferred (docs/routes/efaktura.md).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::NAME;
use crate::counterparties::bank::accounts::{CUSTOMER_UNIT, OTHER_CUSTOMER_UNIT};
use crate::counterparties::calendar;
use crate::personas::Description;

/// A provider that MPS knows: the user of its UsernameToken, the password, its customer unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Provider {
    /// The user.
    pub user: &'static str,
    /// The password.
    pub password: &'static str,
    /// The customer unit, eight digits.
    pub unit: &'static str,
}

/// The hub's operator, and another one.
pub const PROVIDERS: [Provider; 2] = [
    Provider { user: super::MPS_USER, password: super::MPS_PASSWORD, unit: CUSTOMER_UNIT },
    Provider { user: "annen", password: "sandbox-annen", unit: OTHER_CUSTOMER_UNIT },
];

/// Banks fetch the list of issuers at this hour in Oslo, every day.
const BANKS_FETCH_HOUR: i8 = 6;

/// How MPS treats one organisation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nature {
    /// Nobody's issuer; made one at once.
    Ordinary,
    /// Another provider's; a signed take-over is taken at once.
    Others,
    /// Another provider's; a signed take-over is taken on the next bank day.
    OthersSlowly,
    /// Another provider's, and a take-over is refused.
    OthersForEver,
    /// Refused.
    Refused,
    /// Made an issuer on the next bank day.
    Slow,
    /// Made one at once, and ended by MPS three bank days later.
    EndedLater,
}

/// Every organisation that is not an ordinary one, by the first seven digits of its number.
pub const ORGANISATIONS: [Description<Nature>; 6] = [
    organisation("8100001", Nature::Others, "Another provider's issuer; a signed take-over is taken at once."),
    organisation(
        "8100002",
        Nature::OthersSlowly,
        "Another provider's issuer; a signed take-over is PENDING until the next bank day.",
    ),
    organisation("8100003", Nature::OthersForEver, "Another provider's issuer; a take-over is REFUSED."),
    organisation("8100004", Nature::Refused, "Nobody's issuer; REFUSED."),
    organisation("8100005", Nature::Slow, "Nobody's issuer; PENDING until nine on the next bank day."),
    organisation("8100006", Nature::EndedLater, "Nobody's issuer; ACTIVE, and ENDED by MPS at nine on the third bank day."),
];

const fn organisation(name: &'static str, persona: Nature, does: &'static str) -> Description<Nature> {
    Description { counterparty: NAME, name, does, dials: "", persona }
}

impl Nature {
    /// Of the organisation with this number.
    pub fn of(organisation: &str) -> Nature {
        ORGANISATIONS.iter().find(|line| organisation.starts_with(line.name)).map_or(Nature::Ordinary, |line| line.persona)
    }

    fn is_others(self) -> bool {
        matches!(self, Nature::Others | Nature::OthersSlowly | Nature::OthersForEver)
    }
}

/// One issuer, as its last change left it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Issuer {
    /// Nine digits.
    pub organisation: String,
    /// Its name.
    pub name: String,
    /// The provider's customer unit.
    pub provider: String,
    /// When it is, or was, made an issuer; `None` where MPS refuses.
    pub active_at: Option<Timestamp>,
    /// When it ends, or ended.
    pub ended_at: Option<Timestamp>,
    /// The provider that has it until then.
    pub former: Option<String>,
}

/// How an issuer stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// It may send.
    Active,
    /// Not yet.
    Pending,
    /// It never will.
    Refused,
    /// No more.
    Ended,
}

impl Status {
    /// The word on the wire.
    pub fn word(self) -> &'static str {
        match self {
            Status::Active => "ACTIVE",
            Status::Pending => "PENDING",
            Status::Refused => "REFUSED",
            Status::Ended => "ENDED",
        }
    }

    /// What a person is told of it.
    pub fn text(self) -> Option<&'static str> {
        match self {
            Status::Active => None,
            Status::Pending => Some("The agreement is being processed"),
            Status::Refused => Some("MPS has refused the issuer"),
            Status::Ended => Some("The agreement has ended"),
        }
    }
}

impl Issuer {
    /// How it stands.
    pub fn status(&self, now: Timestamp) -> Status {
        match (self.ended_at, self.active_at) {
            (Some(at), _) if at <= now => Status::Ended,
            (_, None) => Status::Refused,
            (_, Some(at)) if at <= now => Status::Active,
            _ => Status::Pending,
        }
    }

    /// Have the banks fetched it?
    pub fn is_in_banks(&self, now: Timestamp) -> bool {
        let fetched = self.active_at.map(|at| {
            let same_day = calendar::at_hour(calendar::day_of(at), BANKS_FETCH_HOUR);
            let next_day =
                || calendar::day_of(at).tomorrow().map_or(Timestamp::MAX, |day| calendar::at_hour(day, BANKS_FETCH_HOUR));
            if at <= same_day { same_day } else { next_day() }
        });
        self.status(now) == Status::Active && fetched.is_some_and(|fetched| fetched <= now)
    }

    /// The provider that may send for it now: until a take-over is through, the one that had it.
    fn sender(&self, now: Timestamp) -> Option<&str> {
        match self.status(now) {
            Status::Active => Some(&self.provider),
            Status::Pending | Status::Refused => self.former.as_deref(),
            Status::Ended => None,
        }
    }

    /// The issuer of another provider, as it has been from the beginning.
    fn others(organisation: &str) -> Issuer {
        Issuer {
            organisation: organisation.to_owned(),
            name: "Sandbox".to_owned(),
            provider: OTHER_CUSTOMER_UNIT.to_owned(),
            active_at: Some(Timestamp::UNIX_EPOCH),
            ended_at: None,
            former: None,
        }
    }
}

/// Why an issuer was not made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotMade {
    /// Another provider has it, and no take-over was asked for.
    OthersHaveIt,
    /// The take-over is not signed for this organisation; or MPS refuses it.
    TakeOverRefused(&'static str),
}

/// All issuers, each as it was after every change.
#[derive(Debug, Default)]
pub struct Issuers(std::collections::HashMap<String, Vec<Issuer>>);

impl Issuers {
    /// Enters a change.
    pub fn remember(&mut self, issuer: Issuer) {
        self.0.entry(issuer.organisation.clone()).or_default().push(issuer);
    }

    /// Takes back a change that could not be written down.
    pub fn forget(&mut self, issuer: &Issuer) {
        if let Some(changes) = self.0.get_mut(&issuer.organisation)
            && let Some(at) = changes.iter().rposition(|change| change == issuer)
        {
            changes.remove(at);
        }
    }

    /// The issuer of this number, whoever's it is.
    pub fn get(&self, organisation: &str) -> Option<Issuer> {
        let known = self.0.get(organisation).and_then(|changes| changes.last()).cloned();
        known.or_else(|| Nature::of(organisation).is_others().then(|| Issuer::others(organisation)))
    }

    /// May this provider send eFakturas for this issuer? Issuers whom nobody has registered are taken for old ones of the
    /// hub's operator.
    pub fn may_send(&self, provider: &str, organisation: &str, now: Timestamp) -> bool {
        match self.get(organisation) {
            Some(issuer) => issuer.sender(now) == Some(provider),
            None => provider == CUSTOMER_UNIT,
        }
    }

    /// Is it an active issuer of this provider's?
    pub fn is_active(&self, provider: &str, organisation: &str, now: Timestamp) -> bool {
        self.get(organisation).is_some_and(|issuer| issuer.provider == provider && issuer.status(now) == Status::Active)
    }

    /// What making an issuer comes to: as it is now, and whether that is a change to write down.
    ///
    /// # Errors
    /// Another provider has it.
    pub fn make(
        &self,
        provider: &str,
        organisation: &str,
        name: &str,
        signed: Option<bool>,
        now: Timestamp,
    ) -> Result<(Issuer, bool), NotMade> {
        let there = self.get(organisation);
        let ours = there.clone().filter(|there| there.provider == provider && there.status(now) != Status::Ended);
        if let Some(there) = ours {
            let renamed = Issuer { name: name.to_owned(), ..there.clone() };
            let is_change = renamed != there;
            return Ok((renamed, is_change));
        }
        let former = there.filter(|there| there.status(now) != Status::Ended).map(|there| there.provider);
        match (&former, signed) {
            (Some(_), None) => return Err(NotMade::OthersHaveIt),
            (Some(_), Some(false)) => {
                return Err(NotMade::TakeOverRefused("The signing is not known, or not for this organisation"));
            }
            (Some(_), Some(true)) if Nature::of(organisation) == Nature::OthersForEver => {
                return Err(NotMade::TakeOverRefused("The other provider has objected to the take-over"));
            }
            (Some(_), Some(true)) | (None, _) => {}
        }
        let on_bank_day = |days| calendar::at_hour(calendar::working_days_after(calendar::day_of(now), days), 9);
        let nature = Nature::of(organisation);
        let active_at = match nature {
            Nature::Refused => None,
            Nature::Slow | Nature::OthersSlowly => Some(on_bank_day(1)),
            Nature::Ordinary | Nature::Others | Nature::OthersForEver | Nature::EndedLater => Some(now),
        };
        let ended_at = (nature == Nature::EndedLater).then(|| on_bank_day(3));
        let (organisation, name, provider) = (organisation.to_owned(), name.to_owned(), provider.to_owned());
        Ok((Issuer { organisation, name, provider, active_at, ended_at, former }, true))
    }

    /// What ending an issuer comes to; `None` where it is not this provider's.
    pub fn end(&self, provider: &str, organisation: &str, now: Timestamp) -> Option<Issuer> {
        let there = self.get(organisation).filter(|there| there.provider == provider)?;
        let ended_at = Some(there.ended_at.filter(|at| *at <= now).unwrap_or(now));
        Some(Issuer { ended_at, ..there })
    }
}
