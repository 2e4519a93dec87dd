//! `kvitt sandbox`: the simulated counterparties alone.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use clap::Args;

use crate::cli::Session;
use crate::commands::serve::told_to_stop;
use crate::demo::world::World;
use crate::exit::{Exit, Outcome};

/// Where the sandbox keeps its things when no folder is named: beside a hub's, never in it.
const USUAL_DATA: &str = "./kvitt-sandbox";

/// Plays everyone whom Kvitt speaks with, on this machine only. Nothing in it is real; docs/sandbox.md tells what it can do.
/// Here `--data` is the sandbox's own folder [default: ./kvitt-sandbox].
#[derive(Debug, Args)]
pub struct Sandbox {
    /// Where to listen for HTTP: control and evidence. Port 0 asks for a free one.
    #[arg(long, value_name = "ADDRESS", default_value_t = SocketAddr::from((Ipv4Addr::LOCALHOST, 8481)))]
    http: SocketAddr,
    /// Where the mail server listens. Port 0 asks for a free one.
    #[arg(long, value_name = "ADDRESS", default_value_t = SocketAddr::from((Ipv4Addr::LOCALHOST, 8425)))]
    smtp: SocketAddr,
    /// Decides the dice of faults that strike by chance.
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    seed: u64,
}

impl Sandbox {
    pub async fn run(self, session: &Session) -> Outcome {
        let data = if session.data_named { session.place.data.clone() } else { PathBuf::from(USUAL_DATA) };
        let told_to_stop = told_to_stop()?;
        let world = World::start(&data, self.http, self.smtp, self.seed).await?;
        match session.json {
            true => session.print_json(&world.addresses)?,
            false => {
                let values = [("http", world.http.to_string()), ("smtp", world.smtp.to_string())];
                let values: Vec<(&str, &str)> = values.iter().map(|(name, value)| (*name, value.as_str())).collect();
                session.print(&session.words.say("sandbox.ready", &values))?;
                session.print(&format!("\n{}", world.configuration()))?;
            }
        }
        told_to_stop.await;
        world.stop().await;
        Ok(Exit::Fine)
    }
}
