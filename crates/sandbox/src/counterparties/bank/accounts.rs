//! Bank accounts that claims are paid to: whose AvtaleGiro agreement each has, and what the bank does with a new one.
//!
//! An account's own digits choose a persona: `9998` and two more. Any other account is an ordinary one.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::claims::Claim;
use super::kid::Structure;
use super::{Bank, NAME, Record};
use crate::counterparties::calendar;
use crate::personas::Description;

/// The customer unit of the hub's operator, as the sandbox's bank and MPS know it.
pub const CUSTOMER_UNIT: &str = "00229221";

/// The customer unit of another provider.
pub const OTHER_CUSTOMER_UNIT: &str = "00111111";

/// How the bank treats one account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nature {
    /// Nobody has an agreement; a new one is registered at once.
    Ordinary,
    /// Another provider has it, and goes on sending claims after a take-over.
    OthersGoesOn,
    /// Another provider has it, and stops when it is taken over.
    OthersStops,
    /// Registered one bank day later.
    NextDay,
    /// Registered three bank days later.
    ThreeDays,
    /// Registered by nobody until a person does.
    Never,
    /// Refused by the bank.
    Refused,
    /// Payments are told in camt.054 instead of OCR giro.
    Camt054,
    /// Payments are told in camt.053 instead of OCR giro.
    Camt053,
}

/// Every account that is not an ordinary one, by its first six digits.
pub const ACCOUNTS: [Description<Nature>; 8] = [
    account("999801", Nature::OthersGoesOn, "Another provider has the agreement, and goes on claiming after a take-over."),
    account("999802", Nature::OthersStops, "Another provider has the agreement, and stops when it is taken over."),
    account("999803", Nature::NextDay, "The bank registers a new agreement at nine on the next bank day."),
    account("999804", Nature::ThreeDays, "The bank registers a new agreement at nine on the third bank day."),
    account("999805", Nature::Never, "The bank registers a new agreement when POST /bank/register says so, never by itself."),
    account("999806", Nature::Refused, "The bank refuses the agreement."),
    account("999807", Nature::Camt054, "Payments are told in camt.054 instead of OCR giro."),
    account("999808", Nature::Camt053, "Payments are told in camt.053 instead of OCR giro."),
];

const fn account(name: &'static str, persona: Nature, does: &'static str) -> Description<Nature> {
    Description { counterparty: NAME, name, does, dials: "", persona }
}

impl Nature {
    /// Of the account with this number.
    pub fn of(account: &str) -> Nature {
        ACCOUNTS.iter().find(|line| account.starts_with(line.name)).map_or(Nature::Ordinary, |line| line.persona)
    }

    fn is_others(self) -> bool {
        matches!(self, Nature::OthersGoesOn | Nature::OthersStops)
    }

    /// When the bank registers an agreement that is asked for now; `None` where it does not.
    fn registered_at(self, now: Timestamp) -> Option<Timestamp> {
        let after = |days| calendar::at_hour(calendar::working_days_after(calendar::day_of(now), days), 9);
        match self {
            Nature::NextDay => Some(after(1)),
            Nature::ThreeDays => Some(after(3)),
            Nature::Never | Nature::Refused => None,
            Nature::Ordinary | Nature::OthersGoesOn | Nature::OthersStops | Nature::Camt054 | Nature::Camt053 => Some(now),
        }
    }
}

/// The AvtaleGiro agreement of one account, as its last change left it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agreement {
    /// Eleven digits.
    pub account: String,
    /// Whose account it is: nine digits.
    pub organisation: String,
    /// The provider that it names: a customer unit.
    pub provider: String,
    /// The provider that had it before.
    pub former: Option<String>,
    /// One to three.
    pub structures: Vec<Structure>,
    /// When it was asked for.
    pub asked_at: Timestamp,
    /// When the bank registers it, or has; `None` where a person has to.
    pub registered_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
}

/// How an agreement stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// The bank has not registered it.
    WaitingForBank,
    /// Claims may be sent.
    Active,
    /// The bank has said no.
    Refused,
    /// It was ended.
    Ended,
}

impl Status {
    /// The word on the wire.
    pub fn word(self) -> &'static str {
        match self {
            Status::WaitingForBank => "WAITING_FOR_BANK",
            Status::Active => "ACTIVE",
            Status::Refused => "REFUSED",
            Status::Ended => "ENDED",
        }
    }

    /// What a person is told of it.
    pub fn text(self) -> Option<&'static str> {
        match self {
            Status::WaitingForBank => Some("The bank has not registered the agreement yet"),
            Status::Refused => Some("The bank has refused the agreement"),
            Status::Ended => Some("The agreement has ended"),
            Status::Active => None,
        }
    }
}

impl Agreement {
    /// How it stands.
    pub fn status(&self, now: Timestamp) -> Status {
        match (self.ended_at, self.registered_at) {
            (Some(_), _) => Status::Ended,
            _ if Nature::of(&self.account) == Nature::Refused => Status::Refused,
            (None, Some(at)) if at <= now => Status::Active,
            (None, _) => Status::WaitingForBank,
        }
    }

    /// The customer part of a KID of this account; `None` where the KID does not hold or fits no structure.
    pub fn customer_part<'a>(&self, kid: &'a str) -> Option<&'a str> {
        self.structures.iter().find_map(|structure| structure.customer_part(kid))
    }
}

/// Why an agreement was not made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotMade {
    /// Another provider has it, and no take-over was asked for.
    OthersHaveIt,
    /// Another company has an agreement on the account.
    OtherCompany,
}

/// What is asked for with a new agreement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted<'a> {
    /// The provider that asks.
    pub provider: &'a str,
    /// Whose account it is.
    pub organisation: &'a str,
    /// Eleven digits.
    pub account: &'a str,
    /// One to three.
    pub structures: Vec<Structure>,
    /// May it be taken from another provider?
    pub takes_over: bool,
}

impl Bank {
    /// The agreement of an account as this organisation's bank knows it, with how it stands. Where another provider has had
    /// it from the beginning, nothing of it is known but that.
    pub fn agreement(&self, account: &str, now: Timestamp) -> Option<(&Agreement, Status)> {
        self.agreements.get(account).map(|found| (found, found.status(now)))
    }

    /// Every agreement, in no order.
    pub fn agreements(&self) -> impl Iterator<Item = &Agreement> {
        self.agreements.values()
    }

    /// The provider that has an account's agreement.
    pub fn provider_of(&self, account: &str) -> Option<&str> {
        match self.agreements.get(account) {
            Some(agreement) => agreement.ended_at.is_none().then_some(agreement.provider.as_str()),
            None => Nature::of(account).is_others().then_some(OTHER_CUSTOMER_UNIT),
        }
    }

    /// Makes an agreement, or answers with the one that is there.
    ///
    /// # Errors
    /// Another provider or another company has one.
    pub fn make_agreement(&mut self, wanted: Wanted<'_>, now: Timestamp, records: &mut Vec<Record>) -> Result<Status, NotMade> {
        let Wanted { provider, organisation, account, structures, takes_over } = wanted;
        let there = self.agreements.get(account).filter(|there| there.ended_at.is_none());
        if there.is_some_and(|there| there.organisation != organisation) {
            return Err(NotMade::OtherCompany);
        }
        let former = self.provider_of(account).filter(|holder| *holder != provider).map(str::to_owned);
        if former.is_some() && !takes_over {
            return Err(NotMade::OthersHaveIt);
        }
        let is_same = there.is_some_and(|there| there.provider == provider && there.structures == structures);
        if let (true, Some(there)) = (is_same, there) {
            return Ok(there.status(now));
        }
        // What the bank has registered stays registered when its KIDs are described anew.
        let registered_at = there.filter(|there| there.provider == provider).and_then(|there| there.registered_at);
        let agreement = Agreement {
            account: account.to_owned(),
            organisation: organisation.to_owned(),
            provider: provider.to_owned(),
            former: former.or_else(|| there.and_then(|there| there.former.clone())),
            structures,
            asked_at: now,
            registered_at: registered_at.or_else(|| Nature::of(account).registered_at(now)),
            ended_at: None,
        };
        let status = agreement.status(now);
        self.enter(Record::Agreement(agreement), records);
        Ok(status)
    }

    /// The bank registers an agreement that waits; false where none does.
    pub fn register(&mut self, account: &str, now: Timestamp, records: &mut Vec<Record>) -> bool {
        let Some((agreement, Status::WaitingForBank)) = self.agreement(account, now) else {
            return false;
        };
        let registered = Agreement { registered_at: Some(now), ..agreement.clone() };
        self.enter(Record::Agreement(registered), records);
        true
    }

    /// Ends every agreement of an organisation with a provider.
    pub fn end_agreements(&mut self, provider: &str, organisation: &str, now: Timestamp, records: &mut Vec<Record>) {
        let is_theirs = |one: &&Agreement| one.organisation == organisation && one.provider == provider && one.ended_at.is_none();
        let ended: Vec<Agreement> = self.agreements.values().filter(is_theirs).cloned().collect();
        for agreement in ended {
            self.enter(Record::Agreement(Agreement { ended_at: Some(now), ..agreement }), records);
        }
    }

    /// May this provider send claims to this account? The one with the agreement may; the one before it too where nobody
    /// has told it to stop: taking over an AvtaleGiro agreement stops no claims.
    pub fn may_claim(&self, provider: &str, account: &str, now: Timestamp) -> bool {
        let Some((agreement, status)) = self.agreement(account, now) else {
            return self.provider_of(account) == Some(provider);
        };
        let is_former = agreement.former.as_deref() == Some(provider) && Nature::of(account) != Nature::OthersStops;
        is_former || (agreement.provider == provider && status == Status::Active)
    }

    /// Does the provider that had the agreement debit, too, what the one that has it now claims?
    pub(super) fn former_goes_on(&self, claim: &Claim) -> bool {
        let account = &claim.identity.account;
        self.agreements.get(account).is_some_and(|agreement| {
            agreement.former.as_deref() == Some(OTHER_CUSTOMER_UNIT)
                && agreement.provider == claim.provider
                && Nature::of(account) == Nature::OthersGoesOn
        })
    }
}
