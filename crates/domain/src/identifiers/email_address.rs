//! The form of an e-mail address. Whether somebody reads it, only the mail server can say.

use super::{shown, written_as_text};
use crate::fault::{Fault, codes};

/// An e-mail address that a mail server can be given: the mailbox of RFC 5321 § 4.1.2 in the part of it that people use.
///
/// Taken: an ASCII dot-atom before the `@`, a domain name of at least two labels after it. Refused although the RFC has them:
/// quoted local parts, address literals (`[10.0.0.1]`) and comments, because they are mistakes or attacks on an invoice;
/// and non-ASCII (RFC 6531), because not every server on the way takes it. A name with the address (`Kari <kari@…>`) is refused
/// as well: it is another field. The domain is kept in small letters, the local part as written.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EmailAddress(String);

/// RFC 5321 § 4.5.3.1.1.
const LOCAL_PART_OCTETS: usize = 64;
/// RFC 5321 § 4.5.3.1.3: a path has 256 octets with its angle brackets.
const ADDRESS_OCTETS: usize = 254;
/// RFC 1035 § 2.3.4.
const LABEL_OCTETS: usize = 63;

impl EmailAddress {
    /// Takes an address such as `kari.nordmann+strom@example.no`. Anything else is `email.invalid`.
    pub fn parse(text: &str) -> Result<EmailAddress, Fault> {
        let refused = || Fault::fatal(codes::EMAIL_INVALID).with("address", shown(text));
        let text = text.trim();
        let (local, domain) = text.rsplit_once('@').ok_or_else(refused)?;
        if text.len() <= ADDRESS_OCTETS && is_local_part(local) && is_domain(domain) {
            Ok(EmailAddress(format!("{local}@{}", domain.to_ascii_lowercase())))
        } else {
            Err(refused())
        }
    }

    /// The part after the `@`, in small letters.
    pub fn domain(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(_, domain)| domain)
    }
}

fn is_local_part(local: &str) -> bool {
    // RFC 5322 § 3.2.3, atext.
    let is_atom =
        |atom: &str| !atom.is_empty() && atom.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&b));
    local.len() <= LOCAL_PART_OCTETS && local.split('.').all(is_atom)
}

fn is_domain(domain: &str) -> bool {
    let is_label = |label: &str| {
        (1..=LABEL_OCTETS).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let Some((_, top)) = domain.rsplit_once('.') else {
        return false;
    };
    // A top level of digits only is an IP address without its brackets.
    domain.split('.').all(is_label) && !top.bytes().all(|byte| byte.is_ascii_digit())
}

written_as_text!(EmailAddress);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        for (good, canonical) in [
            ("kari@example.no", "kari@example.no"),
            (" Kari.Nordmann+strom@Example.NO ", "Kari.Nordmann+strom@example.no"),
            ("o'brien@xn--blbr-qoa9a.example", "o'brien@xn--blbr-qoa9a.example"),
            ("1@2.example", "1@2.example"),
        ] {
            assert_eq!(EmailAddress::parse(good).unwrap().as_str(), canonical);
        }
        let long_local = format!("{}@example.no", "a".repeat(65));
        let long_label = format!("a@{}.no", "b".repeat(64));
        let long = format!("a@{}no", "b.".repeat(130));
        for bad in [
            "",
            "@",
            "kari",
            "kari@",
            "@example.no",
            "kari@localhost",
            "kari@example",
            "kari@@example.no",
            "ka ri@example.no",
            ".kari@example.no",
            "kari.@example.no",
            "ka..ri@example.no",
            "kari@example..no",
            "kari@.no",
            "kari@-example.no",
            "kari@example-.no",
            "kari@[10.0.0.1]",
            "kari@10.0.0.1",
            "\"kari\"@example.no",
            "Kari <kari@example.no>",
            "kari@example.no\r\nBcc: x@example.no",
            "kåre@example.no",
            "kari@blåbær.no",
            "a@b.no,c@d.no",
            "kari@example.no.",
            &long_local,
            &long_label,
            &long,
        ] {
            assert_eq!(EmailAddress::parse(bad).unwrap_err().code, codes::EMAIL_INVALID, "{bad}");
        }
        assert_eq!(EmailAddress::parse("kari@Example.no").unwrap().domain(), "example.no");
    }
}
