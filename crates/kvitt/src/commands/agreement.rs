//! `kvitt company agreement`: a company's agreements with the rail, and what must be done about them.

use clap::{Args, Subcommand, ValueEnum};
use kvitt_domain::Fault;
use kvitt_domain::agreement::advice::{BankCustomer, text_for_the_bank};
use kvitt_domain::agreement::course::{Found, State, Subject};
use kvitt_domain::agreement::{AgreementKind, ClaimWay, DirectDebit, NoticePolicy};
use kvitt_domain::identifiers::KidStructure;
use kvitt_hub::desk::{AgreementAsk, AgreementShown, Answer, Ask, Which};

use crate::cli::Session;
use crate::desk::{Desk, unexpected};
use crate::exit::{Exit, Failure, Outcome};

/// A company needs the main agreement for eFaktura and AvtaleGiro, and one more for each account that direct debits go to.
/// docs/agreements.md tells the whole way.
#[derive(Debug, Subcommand)]
pub enum Agreement {
    /// Show where all agreements stand, what to do next, and what to write to the bank.
    List {
        /// The company's organisation number.
        #[arg(value_name = "ORG")]
        company: String,
    },
    /// Order an agreement. Where another provider has it, somebody with signing rights signs for moving it.
    Order {
        #[command(flatten)]
        about: About,
        /// Say that you have read and accept the terms (docs/agreements.md).
        #[arg(long)]
        accept_terms: bool,
        /// Your name, for the record of who accepted the terms.
        #[arg(long, value_name = "NAME")]
        by: String,
        #[command(flatten)]
        signer: Option<Signer>,
    },
    /// Name who signs for moving an agreement, or somebody else than the one who was asked.
    Signer {
        #[command(flatten)]
        which: One,
        /// The name of a person with signing rights for the company.
        #[arg(long, value_name = "NAME")]
        signer_name: String,
        /// That person's e-mail address.
        #[arg(long, value_name = "ADDRESS")]
        signer_email: String,
    },
    /// Record that an agreement is in force or over, as you found out elsewhere; Kvitt asks nobody about it then.
    Record {
        #[command(flatten)]
        about: About,
        /// Where it stands.
        #[arg(long, value_enum, default_value_t = Standing::Active)]
        state: Standing,
        /// Who found that out.
        #[arg(long, value_name = "NAME")]
        by: String,
    },
    /// Change when payers are told and how claims travel; the KID structures too where the agreement was recorded by hand.
    Change {
        /// The company's organisation number.
        #[arg(value_name = "ORG")]
        company: String,
        /// The bank account.
        #[arg(long, value_name = "ACCOUNT")]
        account: String,
        #[command(flatten)]
        debit: Debit,
        /// Who wants that.
        #[arg(long, value_name = "NAME")]
        by: String,
    },
    /// Ask the payment service, or the signing service, for news now.
    Ask {
        #[command(flatten)]
        which: One,
    },
    /// Say that your agreement and deductions with the provider before are closed: the warning about them goes.
    OldClosed {
        #[command(flatten)]
        which: One,
        /// Who says so.
        #[arg(long, value_name = "NAME")]
        by: String,
    },
    /// End an agreement.
    End {
        #[command(flatten)]
        which: One,
        /// Who wants that.
        #[arg(long, value_name = "NAME")]
        by: String,
    },
}

/// Which agreement, with what an AvtaleGiro agreement goes by.
#[derive(Debug, Args)]
pub struct About {
    #[command(flatten)]
    which: One,
    #[command(flatten)]
    debit: Debit,
}

/// Which agreement.
#[derive(Debug, Args)]
pub struct One {
    /// The company's organisation number.
    #[arg(value_name = "ORG")]
    company: String,
    /// Which agreement: the main one for eFaktura and AvtaleGiro, or that of one bank account for AvtaleGiro.
    #[arg(value_enum)]
    kind: Kind,
    /// The bank account, eleven digits; for AvtaleGiro only.
    #[arg(long, value_name = "ACCOUNT", required_if_eq("kind", "avtalegiro"))]
    account: Option<String>,
}

/// What direct debit goes by.
#[derive(Debug, Args)]
pub struct Debit {
    /// How the account's KIDs are made: the length and the positions of the customer part, such as 16:1-6; also
    /// 20:1-8,type=9-9=7,invoice=10-19,mod11. Up to three times.
    #[arg(long = "kid", value_name = "STRUCTURE")]
    kids: Vec<String>,
    /// When payers are told of a claim.
    #[arg(long, value_enum, default_value_t = Notice::AlwaysWhenAsked)]
    notice: Notice,
    /// How claims reach the bank.
    #[arg(long, value_enum, default_value_t = Claims::Service)]
    claims: Claims,
}

/// Who signs.
#[derive(Debug, Args)]
#[group(requires_all = ["signer_name", "signer_email"])]
pub struct Signer {
    /// The name of a person with signing rights for the company.
    #[arg(long, value_name = "NAME", required = false)]
    signer_name: String,
    /// That person's e-mail address.
    #[arg(long, value_name = "ADDRESS", required = false)]
    signer_email: String,
}

/// The agreements, as they are typed.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Kind {
    /// The main vendor agreement.
    MainVendor,
    /// The AvtaleGiro agreement of a bank account.
    Avtalegiro,
}

/// Where an agreement stands, as it is typed.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Standing {
    /// In force.
    Active,
    /// Over.
    Ended,
}

/// When payers are told, as it is typed.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Notice {
    /// A payer on eFaktura always; anyone else where the mandate asks for it.
    AlwaysWhenAsked,
    /// Only where the mandate asks for it.
    OnlyWhenAsked,
    /// Never from here.
    Never,
}

/// How claims travel, as it is typed.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Claims {
    /// With the bill, by the payment service.
    Service,
    /// By file to the bank.
    File,
    /// Made elsewhere; only the notice is sent from here.
    Elsewhere,
}

impl One {
    fn which(&self) -> Which {
        let kind = match self.kind {
            Kind::MainVendor => AgreementKind::MainVendor,
            Kind::Avtalegiro => AgreementKind::Avtalegiro,
        };
        Which { kind, account: self.account.clone() }
    }
}

impl About {
    /// What the agreement is about, with every structure that cannot be read.
    fn subject(&self) -> Result<Subject, Failure> {
        match (self.which.kind, &self.which.account) {
            (Kind::MainVendor, _) => Ok(Subject::MainVendor),
            (Kind::Avtalegiro, account) => {
                Ok(Subject::Avtalegiro { account: account.clone().unwrap_or_default(), debit: self.debit.read()? })
            }
        }
    }
}

impl Debit {
    fn read(&self) -> Result<DirectDebit, Failure> {
        let (mut structures, mut faults): (Vec<KidStructure>, Vec<Fault>) = (vec![], vec![]);
        for text in &self.kids {
            match text.parse() {
                Ok(structure) => structures.push(structure),
                Err(fault) => faults.push(fault),
            }
        }
        if !faults.is_empty() {
            return Err(Failure::Refused(faults));
        }
        let notice = match self.notice {
            Notice::AlwaysWhenAsked => NoticePolicy::AlwaysWhenAsked,
            Notice::OnlyWhenAsked => NoticePolicy::OnlyWhenAsked,
            Notice::Never => NoticePolicy::Never,
        };
        let claims = match self.claims {
            Claims::Service => ClaimWay::Service,
            Claims::File => ClaimWay::File,
            Claims::Elsewhere => ClaimWay::Elsewhere,
        };
        Ok(DirectDebit { structures, notice, claims })
    }
}

impl Agreement {
    pub async fn run(self, session: &Session) -> Outcome {
        let (company, ask) = match self {
            Agreement::List { company } => return list(session, &company).await,
            Agreement::Order { about, accept_terms, by, signer } => {
                let signer = signer.map(|signer| (signer.signer_name, signer.signer_email));
                let subject = about.subject()?;
                (
                    about.which.company,
                    AgreementAsk::Order { subject, accepted_by: accept_terms.then_some(by), signer, vouched_by: None },
                )
            }
            Agreement::Signer { which, signer_name, signer_email } => {
                let ask = AgreementAsk::NameSigner { which: which.which(), signer: (signer_name, signer_email) };
                (which.company, ask)
            }
            Agreement::Record { about, state, by } => {
                let found = match state {
                    Standing::Active => Found::Active,
                    Standing::Ended => Found::Ended,
                };
                let subject = about.subject()?;
                (about.which.company, AgreementAsk::Record { subject, found, by })
            }
            Agreement::Change { company, account, debit, by } => {
                (company, AgreementAsk::Change { account, debit: debit.read()?, by })
            }
            Agreement::Ask { which } => (which.company.clone(), AgreementAsk::AskNow { which: which.which() }),
            Agreement::OldClosed { which, by } => {
                (which.company.clone(), AgreementAsk::OldProviderClosed { which: which.which(), by })
            }
            Agreement::End { which, by } => (which.company.clone(), AgreementAsk::End { which: which.which(), by }),
        };
        let desk = Desk::open_known(&session.place).await?;
        desk.tell(Ask::Agreements { company: Some(company.clone()), what: ask }).await?;
        show(session, &desk, &company).await?;
        desk.close().await;
        Ok(Exit::Fine)
    }
}

async fn list(session: &Session, company: &str) -> Outcome {
    let desk = Desk::open_known(&session.place).await?;
    show(session, &desk, company).await?;
    desk.close().await;
    Ok(Exit::Fine)
}

/// Where all agreements of a company stand: after a change, what it led to is part of the answer.
async fn show(session: &Session, desk: &Desk, company: &str) -> Result<(), Failure> {
    let ask = Ask::Agreements { company: Some(company.to_owned()), what: AgreementAsk::List };
    let agreements = match desk.ask(ask).await? {
        Answer::Agreements { agreements } => agreements,
        other => return Err(unexpected(&other)),
    };
    if session.json {
        return session.print_json(&agreements);
    }
    if agreements.is_empty() {
        return session.print(&session.words.say("agreement.none", &[("company", company)]));
    }
    let known = desk.companies().await?;
    let name = known.iter().find(|known| known.org_number == company).map_or("", |known| known.name.as_str());
    let customer = BankCustomer { name, org_number: company };
    let texts: Vec<String> = agreements.iter().map(|agreement| describe(session, agreement, customer)).collect();
    session.print(&texts.join("\n\n"))
}

fn describe(session: &Session, agreement: &AgreementShown, customer: BankCustomer<'_>) -> String {
    let words = session.words;
    let course = &agreement.course;
    let named = words.name("agreement", course.kind().name());
    let stands = words.name("agreement_step", course.state.name());
    let title = match course.subject.account() {
        Some(account) => format!("{named} {account}: {stands}"),
        None => format!("{named}: {stands}"),
    };
    let mut lines = vec![title];
    if let Subject::Avtalegiro { debit, .. } = &course.subject {
        let kids: Vec<String> = debit.structures.iter().map(ToString::to_string).collect();
        let values = [
            ("kids", kids.join("; ")),
            ("notice", words.name("notice_policy", debit.notice.name())),
            ("claims", words.name("claim_way", debit.claims.name())),
        ];
        let values: Vec<(&str, &str)> = values.iter().map(|(name, value)| (*name, value.as_str())).collect();
        lines.push(format!("  {}", words.say("agreement.debit", &values)));
    }
    for fault in &agreement.advice {
        let mark = if fault.is_fatal() { "✗" } else { "!" };
        lines.push(format!("  {mark} {} [{}]", fault.sentence(words.0), fault.code));
        lines.push(format!("    → {}", fault.remedy(words.0)));
    }
    if let Some(why) = &agreement.failing {
        lines.push(format!("  {}", words.say("agreement.failing", &[("why", why)])));
    }
    if let Some(next_at) = agreement.next_at {
        lines.push(format!("  {}", words.say("agreement.next", &[("next", &words.time_ms(next_at))])));
    }
    if course.state == State::WaitingForBank
        && let Some(text) = text_for_the_bank(&course.subject, customer, &agreement.customer_unit, words.0)
    {
        lines.push(format!("  {}", words.say("agreement.to_the_bank", &[])));
        lines.extend(text.lines().map(|line| format!("    {line}")));
    }
    lines.join("\n")
}
