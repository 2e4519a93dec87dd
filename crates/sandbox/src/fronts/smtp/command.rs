//! The syntax of SMTP commands (RFC 5321 §4.1), one line at a time. What they do is in `smtp.rs`.

/// A command whose syntax is right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// HELO
    Hello,
    /// EHLO
    ExtendedHello,
    /// STARTTLS
    StartTls,
    /// AUTH
    Auth {
        /// In capitals.
        mechanism: String,
        /// The first answer, base64, where the client gives it at once.
        initial: Option<String>,
    },
    /// MAIL FROM
    Mail {
        /// Empty for a message that wants no bounce.
        from: String,
        /// The size that the client announces.
        size: Option<u64>,
    },
    /// RCPT TO
    Recipient {
        /// Never empty.
        to: String,
    },
    /// DATA
    Data,
    /// RSET
    Reset,
    /// NOOP
    Noop,
    /// VRFY
    Verify,
    /// HELP
    Help,
    /// QUIT
    Quit,
}

/// Longest local part and domain (RFC 5321 §4.5.3.1.1 and .2).
const LONGEST_LOCAL: usize = 64;
const LONGEST_DOMAIN: usize = 255;

/// Reads one line without its line end.
///
/// # Errors
/// The reply that tells the client what is wrong.
pub fn parse(line: &[u8]) -> Result<Command, &'static str> {
    let line = std::str::from_utf8(line).ok().filter(|line| line.bytes().all(|b| (b' '..=b'~').contains(&b)));
    let line = line.ok_or("500 5.5.2 A line of plain ASCII is wanted")?;
    let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
    let bare = |command| {
        if rest.trim().is_empty() { Ok(command) } else { Err("501 5.5.4 The command takes no argument") }
    };
    let named = |command| {
        if rest.trim().is_empty() { Err("501 5.5.4 The command wants an argument") } else { Ok(command) }
    };
    match verb.to_ascii_uppercase().as_str() {
        "HELO" => named(Command::Hello),
        "EHLO" => named(Command::ExtendedHello),
        "STARTTLS" => bare(Command::StartTls),
        "AUTH" => auth(rest),
        "MAIL" => mail(rest),
        "RCPT" => recipient(rest),
        "DATA" => bare(Command::Data),
        "RSET" => bare(Command::Reset),
        "NOOP" => Ok(Command::Noop),
        "VRFY" => named(Command::Verify),
        "HELP" => Ok(Command::Help),
        "QUIT" => bare(Command::Quit),
        "EXPN" | "TURN" | "ETRN" | "BDAT" => Err("502 5.5.1 Not spoken here"),
        _ => Err("500 5.5.2 No such command"),
    }
}

fn auth(rest: &str) -> Result<Command, &'static str> {
    let mut words = rest.split_ascii_whitespace();
    let mechanism = words.next().ok_or("501 5.5.4 AUTH wants a mechanism")?.to_ascii_uppercase();
    let initial = words.next().map(str::to_owned);
    if words.next().is_some() {
        return Err("501 5.5.4 AUTH takes a mechanism and one answer");
    }
    Ok(Command::Auth { mechanism, initial })
}

fn mail(rest: &str) -> Result<Command, &'static str> {
    let (from, parameters) = path(rest, "FROM:").ok_or("501 5.5.4 MAIL FROM:<address> is wanted")?;
    if !from.is_empty() && !is_address(from) {
        return Err("553 5.1.7 The sender's address is not well formed");
    }
    let mut size = None;
    for parameter in parameters.split_ascii_whitespace() {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        match name.to_ascii_uppercase().as_str() {
            "SIZE" => size = Some(value.parse().map_err(|_| "501 5.5.4 SIZE wants a number")?),
            "BODY" if ["7BIT", "8BITMIME"].contains(&value.to_ascii_uppercase().as_str()) => {}
            // RFC 4954 §5: whom the letter was submitted for. Known, and of no use here.
            "AUTH" => {}
            _ => return Err("555 5.5.4 A parameter that is not offered"),
        }
    }
    Ok(Command::Mail { from: from.to_owned(), size })
}

fn recipient(rest: &str) -> Result<Command, &'static str> {
    let (to, parameters) = path(rest, "TO:").ok_or("501 5.5.4 RCPT TO:<address> is wanted")?;
    if !parameters.trim().is_empty() {
        return Err("555 5.5.4 A parameter that is not offered");
    }
    if !is_address(to) {
        return Err("553 5.1.3 The recipient's address is not well formed");
    }
    Ok(Command::Recipient { to: to.to_owned() })
}

/// `FROM:<path> parameters`. No space may stand after the colon (RFC 5321 §3.3).
fn path<'a>(rest: &'a str, keyword: &str) -> Option<(&'a str, &'a str)> {
    let (head, after) = rest.split_at_checked(keyword.len())?;
    let inner = after.strip_prefix('<').filter(|_| head.eq_ignore_ascii_case(keyword))?;
    // A ">" may stand inside a quoted local part.
    let mut quoted = false;
    let mut escaped = false;
    let end = inner.find(|c| {
        let ends = c == '>' && !quoted;
        if c == '"' && !escaped {
            quoted = !quoted;
        }
        escaped = c == '\\' && !escaped;
        ends
    })?;
    let parameters = &inner[end + 1..];
    (parameters.is_empty() || parameters.starts_with(' ')).then_some((&inner[..end], parameters))
}

/// A mailbox (RFC 5321 §4.1.2): dot-string or quoted string, `@`, a domain or an address literal.
fn is_address(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else {
        return false;
    };
    if local.is_empty() || local.len() > LONGEST_LOCAL || domain.is_empty() || domain.len() > LONGEST_DOMAIN {
        return false;
    }
    is_local(local) && is_domain(domain)
}

fn is_local(local: &str) -> bool {
    if let Some(quoted) = local.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        let mut escaped = false;
        let sound = quoted.chars().all(|c| {
            let sound = escaped || c != '"';
            escaped = c == '\\' && !escaped;
            sound
        });
        return sound && !escaped && local.len() > 1;
    }
    let is_atom =
        |atom: &str| !atom.is_empty() && atom.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&b));
    local.split('.').all(is_atom)
}

fn is_domain(domain: &str) -> bool {
    if let Some(literal) = domain.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return !literal.is_empty() && literal.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.' || b == b':');
    }
    domain.split('.').all(|label| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, expected: Result<Command, &str>) {
        match (parse(line.as_bytes()), expected) {
            (Err(reply), Err(code)) => assert!(reply.starts_with(code), "{line}: {reply}"),
            (parsed, expected) => assert_eq!(parsed, expected, "{line}"),
        }
    }

    #[test]
    fn commands() {
        let mail = |from: &str, size| Ok(Command::Mail { from: from.into(), size });
        let to = |to: &str| Ok(Command::Recipient { to: to.into() });
        let auth = |mechanism: &str, initial: Option<&str>| {
            Ok(Command::Auth { mechanism: mechanism.into(), initial: initial.map(Into::into) })
        };
        check("ehlo hub.example", Ok(Command::ExtendedHello));
        check("HELO", Err("501"));
        check("QUIT now", Err("501"));
        check("DATA ", Ok(Command::Data));
        check("mail from:<a@b.example>", mail("a@b.example", None));
        check("MAIL FROM:<>", mail("", None));
        check("MAIL FROM:<a@b.example> SIZE=10 BODY=8BITMIME AUTH=<>", mail("a@b.example", Some(10)));
        check("MAIL FROM:<a@b.example> SIZE=ten", Err("501"));
        check("MAIL FROM:<a@b.example> BODY=BINARYMIME", Err("555"));
        check("MAIL FROM:<a@b.example> SMTPUTF8", Err("555"));
        check("MAIL FROM: <a@b.example>", Err("501"));
        check("MAIL FROM:<a@b.example>x", Err("501"));
        check("MAIL TO:<a@b.example>", Err("501"));
        check("MAIL", Err("501"));
        check("RCPT TO:<\"kari >\\\" n\"@b.example>", to("\"kari >\\\" n\"@b.example"));
        check("RCPT TO:<kari+1@[127.0.0.1]>", to("kari+1@[127.0.0.1]"));
        check("RCPT TO:<>", Err("553"));
        check("RCPT TO:<kari>", Err("553"));
        check("RCPT TO:<@relay.example:kari@b.example>", Err("553"));
        check("RCPT TO:<kari..n@b.example>", Err("553"));
        check("RCPT TO:<kari@-b.example>", Err("553"));
        check("RCPT TO:<\"@b.example>", Err("501"));
        check(&format!("RCPT TO:<{}@b.example>", "k".repeat(65)), Err("553"));
        check("RCPT TO:<kari@b.example> NOTIFY=NEVER", Err("555"));
        check("AUTH plain AGE=", auth("PLAIN", Some("AGE=")));
        check("AUTH LOGIN", auth("LOGIN", None));
        check("AUTH", Err("501"));
        check("AUTH PLAIN a b", Err("501"));
        check("BDAT 1", Err("502"));
        check("HEI", Err("500"));
        check("", Err("500"));
        check("RCPT TO:<k\u{e5}re@b.example>", Err("500"));
        check("NOOP \u{0}", Err("500"));
    }

    #[test]
    fn any_line_is_read_without_a_panic() {
        bolero::check!().for_each(|line: &[u8]| {
            let _ = parse(line);
            for verb in ["MAIL FROM:<", "RCPT TO:<", "AUTH "] {
                let mut framed = verb.as_bytes().to_vec();
                framed.extend_from_slice(line);
                match parse(&framed) {
                    Ok(Command::Recipient { to }) => assert!(is_address(&to)),
                    Ok(Command::Mail { from, .. }) => assert!(from.is_empty() || is_address(&from)),
                    _ => {}
                }
            }
        });
    }
}
