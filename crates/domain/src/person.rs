//! People who use the pages: what they may do in a company, and how they like their pages. Who they are is the hub's to store.

use serde::{Deserialize, Serialize};

/// What a person may do in one company. Each may what those before it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Sees everything, changes nothing.
    ReadOnly,
    /// Writes invoices, follows them, places payments.
    Invoicing,
    /// Settings, agreements, keys and people too.
    Admin,
}

impl Role {
    /// All of them, the least first.
    pub const ALL: [Role; 3] = [Role::ReadOnly, Role::Invoicing, Role::Admin];

    /// The name as stored, and in the catalogue's table `role`.
    pub fn name(self) -> &'static str {
        match self {
            Role::ReadOnly => "read_only",
            Role::Invoicing => "invoicing",
            Role::Admin => "admin",
        }
    }

    /// The role of a name.
    pub fn named(name: &str) -> Option<Role> {
        Role::ALL.into_iter().find(|role| role.name() == name)
    }
}

/// In which colours a person likes their pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Theme {
    /// As the device says.
    #[default]
    Auto,
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
}

impl Theme {
    /// All of them, in the order in which pages offer them.
    pub const ALL: [Theme; 3] = [Theme::Auto, Theme::Light, Theme::Dark];

    /// The name as stored, and in the catalogue's table `theme`.
    pub fn name(self) -> &'static str {
        match self {
            Theme::Auto => "auto",
            Theme::Light => "light",
            Theme::Dark => "dark",
        }
    }

    /// The theme of a name.
    pub fn named(name: &str) -> Option<Theme> {
        Theme::ALL.into_iter().find(|theme| theme.name() == name)
    }
}

/// The fewest characters of a password. Length is what makes one hard to guess (NIST SP 800-63B-4, 3.1.1.2, which asks for 15 where
/// nothing stands beside it and for 8 at least; tries are throttled here).
pub const SHORTEST_PASSWORD: usize = 12;
/// The most characters: longer ones only cost time.
pub const LONGEST_PASSWORD: usize = 256;

/// Whether a password may be taken.
///
/// # Errors
/// `user.password_short`, `user.password_long`.
pub fn check_password(password: &str) -> Result<(), crate::Fault> {
    use crate::fault::{Fault, codes};
    match password.chars().count() {
        ..SHORTEST_PASSWORD => Err(Fault::fatal(codes::USER_PASSWORD_SHORT).with("limit", SHORTEST_PASSWORD)),
        count if count > LONGEST_PASSWORD => Err(Fault::fatal(codes::USER_PASSWORD_LONG).with("limit", LONGEST_PASSWORD)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_role_may_what_those_before_it_may() {
        assert!(Role::ReadOnly < Role::Invoicing && Role::Invoicing < Role::Admin);
        for role in Role::ALL {
            assert_eq!(Role::named(role.name()), Some(role));
        }
        for theme in Theme::ALL {
            assert_eq!(Theme::named(theme.name()), Some(theme));
        }
    }

    #[test]
    fn passwords_are_counted_in_characters() {
        let check = |password: &str, expected: Option<&str>| {
            assert_eq!(check_password(password).err().map(|fault| fault.code.name()), expected, "{password}");
        };
        check("", Some("user.password_short"));
        check("ærøskøbing1", Some("user.password_short"));
        check("ærøskøbing12", None);
        check(&"x".repeat(257), Some("user.password_long"));
    }
}
