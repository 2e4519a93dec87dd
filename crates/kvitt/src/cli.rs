//! What can be typed, and how a command begins and ends.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, Subcommand};
use kvitt_domain::Language;

use crate::commands;
use crate::desk::Place;
use crate::exit::{Failure, Outcome};
use crate::report::Said;
use crate::words::Words;

/// The exit codes, as `--help` ends with them. `docs/cli.md` says the same.
const EXIT_CODES: &str = "\
Exit codes:
  0  all was done
  1  something was refused, or is not as it should be; what, was said
  2  wrong usage
  3  it could not start, or the hub failed; nothing was half-done
  4  all was taken, and at least one delivery waits for a person's decision";

/// The data folder where none is named.
const USUAL_DATA: &str = "./kvitt-data";

/// Kvitt gets invoices to their recipients by the best route, and can always say what it did and why.
#[derive(Debug, Parser)]
#[command(name = "kvitt", version, after_help = EXIT_CODES, arg_required_else_help = true)]
pub struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Args)]
struct Global {
    /// The data folder [default: ./kvitt-data].
    #[arg(long, global = true, env = "KVITT_DATA", hide_env_values = true, value_name = "DIR")]
    data: Option<PathBuf>,
    /// The configuration file [default: kvitt.toml in the data folder, if there is one].
    #[arg(long, global = true, env = "KVITT_CONFIG", hide_env_values = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Answer with JSON on standard output: no tables, colours or bars.
    #[arg(long, global = true)]
    json: bool,
    /// The language, nb or en [default: that of the environment, else en].
    #[arg(long, global = true, value_name = "nb|en", value_parser = language)]
    lang: Option<Language>,
}

fn language(tag: &str) -> Result<Language, String> {
    Language::named(tag).ok_or_else(|| "say nb or en".to_owned())
}

#[derive(Debug, Subcommand)]
enum Command {
    /// See it all at work: sends the example invoices to a sandbox on this machine and shows what became of each.
    Demo(commands::demo::Demo),
    /// Accept documents and deliver them.
    Send(commands::send::Send),
    /// Show how documents would be delivered, and send nothing.
    Plan(commands::plan::Plan),
    /// Judge documents by EN 16931 and Peppol, and say what to mend.
    Validate(commands::validate::Validate),
    /// Judge a bundle of evidence: that nothing was changed in it, and who signed it.
    Verify(commands::verify::Verify),
    /// Show what a file from the bank says, and whether it adds up.
    BankFile(commands::bank_file::BankFile),
    /// Check KIDs, or make them.
    #[command(subcommand)]
    Kid(commands::kid::KidCommand),
    /// Tell what was done with an invoice, and why.
    Explain(commands::explain::Explain),
    /// List invoices and where they stand.
    List(commands::list::List),
    /// Decide what only a person decides: a delivery in doubt, parked, or to be called back.
    Settle(commands::settle::Settle),
    /// Take bank files in, list payments, and place those that are parked.
    #[command(subcommand)]
    Payments(commands::payments::Payments),
    /// Show a report: invoices, VAT, aged debts, what routes cost, or how much is paper and paid in time.
    Report(commands::report::ReportCommand),
    /// Write vouchers for an accounting system: SAF-T Financial, or a plain table.
    #[command(subcommand)]
    Export(commands::export::Export),
    /// List what is still to be done, the stuck first.
    Jobs(commands::jobs::Jobs),
    /// Show the events of a company, follow them, or check that none was changed.
    Events(commands::events::Events),
    /// Add webhooks, which are told of a company's events, and see what came of it.
    #[command(subcommand)]
    Webhooks(commands::webhooks::Webhooks),
    /// Post a company's events to a program on this machine, while it is being written.
    Listen(commands::listen::Listen),
    /// Add a company, list them, or set a route up.
    #[command(subcommand)]
    Company(commands::company::Company),
    /// List the mandates that payers gave for direct debit, find them, or ask the rail about one.
    #[command(subcommand)]
    Mandates(commands::mandates::Mandates),
    /// Say where everything stands.
    Status(commands::status::Status),
    /// Run the hub until it is told to stop.
    Serve(commands::serve::Serve),
    /// Run the sandbox: counterparties that are not real, over real protocols.
    Sandbox(commands::sandbox::Sandbox),
    /// Say what is missing or wrong here, and what to do about it.
    Doctor(commands::doctor::Doctor),
    /// Make a backup, also of a hub at work.
    Backup(commands::backup::Backup),
    /// Put a backup back; what the hub may have sent since is in doubt.
    Restore(commands::restore::Restore),
    /// Move to another database, from SQLite to PostgreSQL or back.
    CopyDatabase(commands::copy_database::CopyDatabase),
    /// Make, list, rotate and revoke the keys with which programs speak for a company.
    #[command(subcommand)]
    ApiKeys(commands::api_keys::ApiKeys),
    /// List the people who use the pages, invite them, or give one a link to a new password.
    #[command(subcommand)]
    Users(commands::users::Users),
    /// Change the key that seals all keys.
    #[command(subcommand)]
    Keys(commands::keys::Keys),
    /// Measure how fast this machine is.
    #[command(subcommand)]
    Bench(commands::bench::Bench),
    /// Print the completions of a shell.
    Completions(commands::completions::Completions),
}

/// What every command is told beside its own options.
#[derive(Debug)]
pub struct Session {
    /// The data folder and configuration.
    pub place: Place,
    /// Whether the data folder was named.
    pub data_named: bool,
    /// Whether to answer with JSON.
    pub json: bool,
    /// The language.
    pub words: Words,
}

impl Session {
    fn of(global: Global) -> Session {
        let words = global.lang.map_or_else(Words::of_environment, Words);
        let data_named = global.data.is_some();
        let data = global.data.unwrap_or_else(|| PathBuf::from(USUAL_DATA));
        Session { place: Place { data, config: global.config }, data_named, json: global.json, words }
    }

    /// Prints a line of JSON.
    pub fn print_json(&self, value: &impl serde::Serialize) -> Result<(), Failure> {
        let text = serde_json::to_string(value).map_err(|cause| Failure::io("writing JSON", cause.into()))?;
        self.print(&text)
    }

    /// Prints what has its ends of lines already. A reader that has gone away is no error.
    pub fn print_as_it_is(&self, text: &str) -> Result<(), Failure> {
        use std::io::Write as _;
        let mut out = std::io::stdout().lock();
        match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
            Err(cause) if cause.kind() != std::io::ErrorKind::BrokenPipe => Err(Failure::io("writing", cause)),
            _ => Ok(()),
        }
    }

    /// Prints a text and ends the line. A reader that has gone away is no error: `kvitt list | head` is fine.
    pub fn print(&self, text: &str) -> Result<(), Failure> {
        use std::io::Write as _;
        let mut out = std::io::stdout().lock();
        match writeln!(out, "{}", text.trim_end_matches('\n')).and_then(|()| out.flush()) {
            Err(cause) if cause.kind() != std::io::ErrorKind::BrokenPipe => Err(Failure::io("writing", cause)),
            _ => Ok(()),
        }
    }
}

/// What can be typed, for whoever writes a page of it.
pub fn command() -> clap::Command {
    Cli::command()
}

/// The program: reads what was typed, does it, and ends with one of the exit codes.
pub fn main() -> ExitCode {
    let Cli { global, command } = Cli::parse();
    let session = Session::of(global);
    start_log(&command, &session);
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(cause) => return fail(&session, &Failure::io("starting", cause)),
    };
    let outcome = runtime.block_on(Box::pin(run(&session, command)));
    match outcome {
        Ok(exit) => exit.code(),
        Err(failure) => fail(&session, &failure),
    }
}

async fn run(session: &Session, command: Command) -> Outcome {
    match command {
        Command::Demo(demo) => demo.run(session).await,
        Command::Send(send) => send.run(session).await,
        Command::Plan(plan) => plan.run(session).await,
        Command::Validate(validate) => validate.run(session),
        Command::Verify(verify) => verify.run(session),
        Command::BankFile(file) => file.run(session),
        Command::Kid(kid) => kid.run(session),
        Command::Explain(explain) => explain.run(session).await,
        Command::List(list) => list.run(session).await,
        Command::Settle(settle) => settle.run(session).await,
        Command::Payments(payments) => payments.run(session).await,
        Command::Report(report) => report.run(session).await,
        Command::Export(export) => export.run(session).await,
        Command::Jobs(jobs) => jobs.run(session).await,
        Command::Events(events) => events.run(session).await,
        Command::Webhooks(webhooks) => webhooks.run(session).await,
        Command::Listen(listen) => listen.run(session).await,
        Command::Company(company) => company.run(session).await,
        Command::Mandates(mandates) => mandates.run(session).await,
        Command::Status(status) => status.run(session).await,
        Command::Serve(serve) => serve.run(session).await,
        Command::Sandbox(sandbox) => sandbox.run(session).await,
        Command::Doctor(doctor) => doctor.run(session).await,
        Command::Backup(backup) => backup.run(session).await,
        Command::Restore(restore) => restore.run(session).await,
        Command::CopyDatabase(copy) => copy.run(session).await,
        Command::ApiKeys(keys) => keys.run(session).await,
        Command::Users(users) => users.run(session).await,
        Command::Keys(keys) => keys.run(session).await,
        Command::Bench(bench) => bench.run(session).await,
        Command::Completions(completions) => completions.run(session),
    }
}

/// Says why a command was not carried out: with `--json` as JSON too, so that a program reads one thing only.
fn fail(session: &Session, failure: &Failure) -> ExitCode {
    if session.json {
        let faults = match failure {
            Failure::Refused(faults) => Said::all(faults, session.words),
            _ => Vec::new(),
        };
        // Standard output is all that is left to say it on; where that is gone too, the exit code says it.
        let _ = session.print_json(&serde_json::json!({ "error": with_causes(failure), "faults": faults }));
        return failure.code();
    }
    match failure {
        Failure::Refused(faults) => {
            for fault in faults {
                eprintln!("✗ {} [{}]\n  → {}", fault.sentence(session.words.0), fault.code, fault.remedy(session.words.0));
            }
        }
        _ => eprintln!("✗ {}", with_causes(failure)),
    }
    failure.code()
}

/// An error and what caused it, each said once.
fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let said = cause.to_string();
        if !text.ends_with(&said) {
            text.push_str(": ");
            text.push_str(&said);
        }
        source = cause.source();
    }
    text
}

/// The log goes to standard error. `KVITT_LOG` chooses what is told, such as `kvitt_hub=debug`; a running hub tells more by
/// itself than a command that a person waits for.
fn start_log(command: &Command, session: &Session) {
    use kvitt_hub::config::LogFormat;
    use tracing_subscriber::EnvFilter;
    let (usual, json) = match command {
        Command::Serve(serve) => {
            // A configuration that cannot be read is the command's to refuse, in words.
            let configured = || session.place.read_config().map(|config| config.log_format).unwrap_or_default();
            ("info", serve.log_format.unwrap_or_else(configured) == LogFormat::Json)
        }
        Command::Sandbox(_) => ("info", false),
        _ => ("off", false),
    };
    let filter = EnvFilter::try_from_env("KVITT_LOG").unwrap_or_else(|_| EnvFilter::new(usual));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    if json { log.json().init() } else { log.init() }
}
