//! Who lives in the sandbox, as far as a newcomer needs to know them: whom to write to so that something happens. `docs/sandbox.md` has all.

use crate::actions::play::{Persona, Ready};
use crate::web::words::Words;

/// What somebody shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// eFaktura, and what comes after it.
    Efaktura,
    /// Direct debit.
    Avtalegiro,
    /// E-mail.
    Email,
    /// A letter on paper.
    Print,
}

impl Way {
    const ALL: [Way; 4] = [Way::Efaktura, Way::Avtalegiro, Way::Email, Way::Print];

    fn route(self) -> &'static str {
        match self {
            Way::Efaktura => "efaktura",
            Way::Avtalegiro => "avtalegiro",
            Way::Email => "email",
            Way::Print => "print",
        }
    }
}

/// Somebody who lives there.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known {
    pub(super) persona: Persona,
    way: Way,
}

impl Known {
    /// Whether they pay by direct debit.
    pub(super) fn has_mandate(&self) -> bool {
        self.way == Way::Avtalegiro
    }
}

const fn known(way: Way, id: &'static str, name: &'static str, email: &'static str, number: &'static str) -> Known {
    Known { persona: Persona { id, name, email, number }, way }
}

/// Everybody. What becomes of an invoice to them is the catalogue's `web.sandbox.who.<id>`.
pub(super) const PEOPLE: &[Known] = &[
    known(Way::Efaktura, "yestoall", "Kari Nordmann", "yestoall@kunde.example", ""),
    known(Way::Efaktura, "off", "Ola Nordmann", "off@kunde.example", ""),
    known(Way::Efaktura, "rejectedlater", "Nora Nølende", "rejectedlater@kunde.example", ""),
    known(Way::Efaktura, "latebank", "Sigrid Senbank", "latebank@kunde.example", ""),
    known(Way::Avtalegiro, "debited", "Per Punktlig", "per@kunde.example", "199000"),
    known(Way::Avtalegiro, "nocover", "Tom Konto", "tom@kunde.example", "199001"),
    known(Way::Avtalegiro, "reversed", "Anne Angrer", "anne@kunde.example", "199010"),
    known(Way::Email, "ordinary", "Eva Epost", "eva@kunde.example", ""),
    known(Way::Email, "hardbounce", "Ugo Ukjent", "hardbounce@kunde.example", ""),
    known(Way::Email, "bounceslater", "Rita Retur", "bounceslater+after=2h@kunde.example", ""),
    known(Way::Email, "mailboxfull", "Fredrik Full", "mailboxfull@kunde.example", ""),
    known(Way::Email, "dropsafterdot", "Tvil Tveit", "dropsafterdot@kunde.example", ""),
    known(Way::Print, "paper", "Brit Brevik", "", ""),
    known(Way::Print, "returned", "Returned Hansen", "", ""),
    known(Way::Print, "unprintable", "Unprintable Olsen", "", ""),
];

/// People of one way.
pub(super) struct Group {
    pub(super) title: String,
    pub(super) lead: String,
    pub(super) people: Vec<Shown>,
    /// Whether they can be written to now.
    pub(super) is_open: bool,
}

/// One of them.
pub(super) struct Shown {
    pub(super) id: &'static str,
    pub(super) name: &'static str,
    pub(super) address: &'static str,
    pub(super) does: String,
}

/// Everybody, by what they show.
pub(super) fn groups(ready: &Ready, words: Words) -> Vec<Group> {
    let of = |way: Way| {
        let shown = |known: &Known| Shown {
            id: known.persona.id,
            name: known.persona.name,
            address: if known.persona.email.is_empty() { "Storgata 1, 0155 Oslo" } else { known.persona.email },
            does: words.t(&format!("sandbox.who.{}", known.persona.id)),
        };
        Group {
            title: words.title("route", way.route()),
            lead: words.t(&format!("sandbox.way.{}", way.route())),
            people: PEOPLE.iter().filter(|known| known.way == way).map(shown).collect(),
            is_open: match way {
                Way::Avtalegiro => ready.has_debits,
                _ => ready.account.is_some(),
            },
        }
    };
    Way::ALL.into_iter().map(of).collect()
}

#[cfg(test)]
mod tests {
    use kvitt_domain::Language;

    use super::*;

    #[test]
    fn everybody_is_known_by_one_name_and_described() {
        for language in Language::ALL {
            for known in PEOPLE {
                assert!(Words(language).has(&format!("sandbox.who.{}", known.persona.id)), "{}", known.persona.id);
            }
        }
        let mut ids: Vec<&str> = PEOPLE.iter().map(|known| known.persona.id).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), PEOPLE.len());
    }
}
