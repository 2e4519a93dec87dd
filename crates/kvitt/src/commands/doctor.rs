//! `kvitt doctor`: what is missing or wrong here, and what to do about it.

use std::io::{BufReader, Read as _, Write as _};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use clap::Args;
use comfy_table::{Cell, Color};
use jiff::Timestamp;
use kvitt_domain::fault::{Fault, codes};
use kvitt_hub::Config;
use kvitt_hub::config::{MailConfig, TlsConfig};
use serde::Serialize;

use crate::cli::Session;
use crate::commands::status::stopped_webhook;
use crate::desk::Desk;
use crate::exit::{Exit, Failure, Outcome};
use crate::show::table::table;
use crate::words::Words;

mod agreements;

/// A mail server that takes longer to greet is as good as away.
const GREETING: Duration = Duration::from_secs(5);
/// Bytes of a mail server's greeting that are read at most.
const LONGEST_GREETING: u64 = 64 << 10;
/// Below this much free space the hub may soon be unable to accept: room for some ten thousand invoices.
const LEAST_SPACE: u64 = 1 << 30;
/// A clock before this is not set: the program is younger.
const EARLIEST: i64 = 1_767_225_600_000; // 2026-01-01T00:00:00Z

/// Looks at the data folder, the keys, the database, the mail servers, the services, the drops, the price book, the clock, the disk, the companies and their agreements.
#[derive(Debug, Args)]
pub struct Doctor {}

/// How one thing is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Health {
    Good,
    /// Something that some can live with.
    Doubtful,
    Wrong,
}

/// One thing that was looked at.
#[derive(Debug, Serialize)]
struct Check {
    what: &'static str,
    health: Health,
    /// What was found.
    found: String,
    /// What to do, where there is something to do.
    remedy: Option<String>,
}

impl Check {
    fn good(what: &'static str, found: impl Into<String>) -> Check {
        Check { what, health: Health::Good, found: found.into(), remedy: None }
    }

    fn doubtful(what: &'static str, found: impl Into<String>, remedy: String) -> Check {
        Check { what, health: Health::Doubtful, found: found.into(), remedy: Some(remedy) }
    }

    fn wrong(what: &'static str, found: impl Into<String>, remedy: String) -> Check {
        Check { what, health: Health::Wrong, found: found.into(), remedy: Some(remedy) }
    }
}

impl Doctor {
    pub async fn run(self, session: &Session) -> Outcome {
        let (words, data) = (session.words, session.place.data.as_path());
        let mut checks = vec![folder(data, words), space(data, words), clock(words)];
        match session.place.read_config() {
            Err(failure) => {
                checks.push(Check::wrong("configuration", failure.to_string(), words.say("doctor.mend_configuration", &[])))
            }
            Ok(config) => {
                checks.push(Check::good("configuration", words.say("doctor.configuration", &[])));
                checks.extend(mail_servers(data, &config, words));
                checks.extend(services(data, &config, words).await);
                checks.extend(drops(data, &config, words).await);
                checks.extend(followed_clock(&config, words).await);
                checks.extend(agreements::configured(&config, words));
            }
        }
        // Only a folder that is there is opened: looking must not make one.
        if data.is_dir() {
            checks.extend(hub(session).await);
            checks.extend(keys(data, words));
        }
        show(&checks, session)?;
        let is_wrong = checks.iter().any(|check| check.health == Health::Wrong);
        Ok(if is_wrong { Exit::Refused } else { Exit::Fine })
    }
}

fn show(checks: &[Check], session: &Session) -> Result<(), Failure> {
    if session.json {
        return session.print_json(&checks);
    }
    let words = session.words;
    let mut shown = table(&["", "check", "found", "remedy"].map(|name| words.name("cli", &format!("column.{name}"))));
    for check in checks {
        let (mark, colour) = match check.health {
            Health::Good => ("✓", Color::Green),
            Health::Doubtful => ("!", Color::Yellow),
            Health::Wrong => ("✗", Color::Red),
        };
        shown.add_row(vec![
            Cell::new(mark).fg(colour),
            Cell::new(words.name("cli", &format!("doctor.check.{}", check.what))),
            Cell::new(&check.found),
            Cell::new(check.remedy.as_deref().unwrap_or_default()),
        ]);
    }
    session.print(&shown.to_string())
}

fn folder(data: &Path, words: Words) -> Check {
    let shown = data.display().to_string();
    if !data.exists() {
        return Check::wrong("folder", words.say("doctor.no_folder", &[("data", &shown)]), words.say("doctor.make_folder", &[]));
    }
    let probe = data.join(".kvitt-doctor");
    match std::fs::write(&probe, b"").and_then(|()| std::fs::remove_file(&probe)) {
        Ok(()) => Check::good("folder", shown),
        Err(cause) => Check::wrong("folder", format!("{shown}: {cause}"), words.say("doctor.may_not_write", &[])),
    }
}

/// Where the folder is missing, the space of what will hold it.
fn space(data: &Path, words: Words) -> Check {
    let Some(there) =
        std::path::absolute(data).ok().and_then(|data| data.ancestors().find(|part| part.exists()).map(Path::to_owned))
    else {
        return Check::doubtful("space", "?", words.say("doctor.free_space", &[]));
    };
    match rustix::fs::statvfs(&there) {
        Ok(space) => {
            let free = space.f_bavail.saturating_mul(space.f_frsize);
            let found = words.say("doctor.space", &[("free", &words.number(&(free / 1_000_000).to_string()))]);
            if free >= LEAST_SPACE {
                Check::good("space", found)
            } else {
                Check::wrong("space", found, words.say("doctor.free_space", &[]))
            }
        }
        Err(cause) => Check::doubtful("space", cause.to_string(), words.say("doctor.free_space", &[])),
    }
}

fn clock(words: Words) -> Check {
    let now = Timestamp::now();
    match now.as_millisecond() >= EARLIEST {
        true => Check::good("clock", words.time(now)),
        false => Check::wrong("clock", words.time(now), words.say("doctor.set_clock", &[])),
    }
}

async fn followed_clock(config: &Config, words: Words) -> Option<Check> {
    let follow = &config.clock.as_ref()?.follow;
    let answer = tokio::time::timeout(GREETING, async { reqwest::get(follow).await?.error_for_status() }).await;
    Some(match answer {
        Ok(Ok(_)) => Check::doubtful("followed_clock", follow, words.say("doctor.only_to_try", &[])),
        Ok(Err(cause)) => Check::wrong("followed_clock", cause.to_string(), words.say("doctor.start_clock", &[])),
        Err(_) => Check::wrong("followed_clock", follow, words.say("doctor.start_clock", &[])),
    })
}

/// Opening refuses a database that is not durable, keys that do not fit, and a price book that cannot be read.
async fn hub(session: &Session) -> Vec<Check> {
    let words = session.words;
    let desk = match Desk::open(&session.place).await {
        Ok(desk) => desk,
        Err(failure) => return vec![Check::wrong("database", failure.to_string(), words.say("doctor.mend_database", &[]))],
    };
    let mut checks = Vec::new();
    match (desk.status().await, desk.hub()) {
        (Err(failure), _) => checks.push(Check::wrong("database", failure.to_string(), words.say("doctor.mend_database", &[]))),
        (Ok(status), opened) => {
            checks.push(Check::good("database", words.say("doctor.database", &[])));
            if let Some(opened) = opened {
                checks.push(Check::good("price_book", opened.prices().name()));
            }
            if status.stuck > 0 {
                let found = words.say("doctor.stuck", &[("count", &status.stuck.to_string())]);
                checks.push(Check::wrong("jobs", found, words.say("doctor.look_at_jobs", &[])));
            }
            if status.strays > 0 {
                let found = words.say("status.strays", &[("count", &status.strays.to_string())]);
                checks.push(Check::doubtful("strays", found, words.say("doctor.look_at_strays", &[])));
            }
            for other in &status.other_providers {
                let alarm = Fault::warning(codes::CLAIM_OTHER_PROVIDER).with("account", &other.account);
                let found = format!("{}: {}", other.company, alarm.sentence(words.0));
                checks.push(Check::wrong("claims", found, alarm.remedy(words.0)));
            }
            for stopped in &status.stopped_webhooks {
                let found = stopped_webhook(stopped, words);
                checks.push(Check::wrong("webhooks", found, words.say("doctor.enable_webhook", &[("webhook", &stopped.id)])));
            }
            for (address, until) in &status.spared {
                let found = words.say("status.spared", &[("address", address), ("until", &words.time_ms(*until))]);
                checks.push(Check::doubtful("counterparty", found, words.say("doctor.call_them", &[])));
            }
        }
    }
    checks.extend(companies(&desk, words).await);
    checks.extend(agreements::standing(&desk, words).await);
    desk.close().await;
    checks
}

async fn companies(desk: &Desk, words: Words) -> Vec<Check> {
    let companies = match desk.companies().await {
        Ok(companies) => companies,
        Err(failure) => return vec![Check::wrong("companies", failure.to_string(), words.say("doctor.mend_database", &[]))],
    };
    if companies.is_empty() {
        return vec![Check::doubtful("companies", words.say("company.none", &[]), words.say("doctor.add_company", &[]))];
    }
    let check = |company: &kvitt_hub::desk::CompanyShown| {
        let name = format!("{} {}", company.org_number, company.name);
        match company.routes.is_empty() {
            true => Check::wrong(
                "companies",
                words.say("doctor.no_routes", &[("company", &name)]),
                words.say("doctor.set_route", &[("org_number", &company.org_number)]),
            ),
            false => {
                let routes: Vec<String> = company.routes.iter().map(|route| words.name("route", route)).collect();
                Check::good("companies", format!("{name}: {}", routes.join(", ")))
            }
        }
    };
    companies.iter().map(check).collect()
}

/// Keys are for their owner alone.
fn keys(data: &Path, words: Words) -> Vec<Check> {
    let folder = data.join("keys");
    let Ok(entries) = std::fs::read_dir(&folder) else { return Vec::new() };
    let mut open = Vec::new();
    for path in entries.filter_map(Result::ok).map(|entry| entry.path()) {
        match std::fs::metadata(&path) {
            Ok(metadata) if metadata.permissions().mode() & 0o077 == 0 => {}
            Ok(_) | Err(_) => open.push(path.display().to_string()),
        }
    }
    match open.is_empty() {
        true => vec![Check::good("keys", folder.display().to_string())],
        false => vec![Check::wrong(
            "keys",
            words.say("doctor.open_keys", &[("files", &open.join(", "))]),
            words.say("doctor.close_keys", &[]),
        )],
    }
}

fn mail_servers(data: &Path, config: &Config, words: Words) -> Vec<Check> {
    if config.mail.is_empty() {
        return vec![Check::doubtful("mail", words.say("doctor.no_mail", &[]), words.say("doctor.add_mail", &[]))];
    }
    if let Err(error) = config.mail_servers(data) {
        return vec![Check::wrong("mail", error.to_string(), words.say("doctor.mend_configuration", &[]))];
    }
    let check = |(name, mail): (&String, &MailConfig)| {
        let address = format!("{name}: {}:{}", mail.host, mail.port);
        match greet(mail) {
            Err(cause) => Check::wrong("mail", format!("{address}: {cause}"), words.say("doctor.reach_mail", &[])),
            Ok(capabilities) => {
                let offers = capabilities
                    .lines()
                    .any(|line| line.get(4..).is_some_and(|word| word.trim().eq_ignore_ascii_case("STARTTLS")));
                match mail.tls == TlsConfig::StartTls && !offers {
                    true => Check::wrong("mail", address, words.say("doctor.no_starttls", &[])),
                    false => Check::good("mail", address),
                }
            }
        }
    };
    config.mail.iter().map(check).collect()
}

/// Reaches each service, with its certificate, and asks nothing of it.
async fn services(data: &Path, config: &Config, words: Words) -> Vec<Check> {
    let services = match config.services(data) {
        Ok(services) => services,
        Err(error) => return vec![Check::wrong("http", error.to_string(), words.say("doctor.mend_configuration", &[]))],
    };
    let mut checks = Vec::new();
    for (name, service) in &services {
        checks.push(match service.reach().await {
            Ok(address) => Check::good("http", format!("{name}: {address}")),
            Err(why) => Check::wrong("http", format!("{name}: {why}"), words.say("doctor.reach_http", &[("name", name)])),
        });
    }
    checks
}

/// Logs in at each drop, or tries its folder, and hands nothing over.
async fn drops(data: &Path, config: &Config, words: Words) -> Vec<Check> {
    let drops = match config.drops(data) {
        Ok(drops) => drops,
        Err(error) => return vec![Check::wrong("drop", error.to_string(), words.say("doctor.mend_configuration", &[]))],
    };
    let mut checks = Vec::new();
    for (name, site) in &drops {
        checks.push(match site.reach().await {
            Ok(()) => Check::good("drop", name),
            Err(why) => Check::wrong("drop", format!("{name}: {why}"), words.say("doctor.reach_drop", &[("name", name)])),
        });
    }
    checks
}

/// Greets a mail server and answers what it says that it can (RFC 5321 §4.1.1.1). One with TLS from the first byte is only
/// connected to: whether its certificate is good, the first letter shows.
fn greet(mail: &MailConfig) -> std::io::Result<String> {
    let mut failed = std::io::Error::other("the name has no address");
    for address in (mail.host.as_str(), mail.port).to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, GREETING) {
            Ok(stream) if mail.tls == TlsConfig::Implicit => {
                drop(stream);
                return Ok(String::new());
            }
            Ok(stream) => return say_hello(&stream, mail.hello.as_deref().unwrap_or("localhost")),
            Err(cause) => failed = cause,
        }
    }
    Err(failed)
}

fn say_hello(stream: &TcpStream, name: &str) -> std::io::Result<String> {
    stream.set_read_timeout(Some(GREETING))?;
    stream.set_write_timeout(Some(GREETING))?;
    let mut reader = BufReader::new(stream.take(LONGEST_GREETING));
    reply(&mut reader)?;
    let mut writer = stream;
    writer.write_all(format!("EHLO {name}\r\n").as_bytes())?;
    let capabilities = reply(&mut reader)?;
    writer.write_all(b"QUIT\r\n")?;
    Ok(capabilities)
}

/// One reply, all its lines. Its last line has a space after the code (RFC 5321 §4.2.1).
fn reply(reader: &mut impl std::io::BufRead) -> std::io::Result<String> {
    let mut all = String::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Err(std::io::Error::new(std::io::ErrorKind::UnexpectedEof, "it hung up"));
        }
        let is_last = line.as_bytes().get(3) != Some(&b'-');
        all.push_str(&line);
        if is_last {
            return if all.starts_with('2') { Ok(all) } else { Err(std::io::Error::other(line.trim().to_owned())) };
        }
    }
}
