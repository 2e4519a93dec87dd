//! `kvitt serve`: the hub, until it is told to stop.

use clap::Args;
use kvitt_hub::Hub;
use kvitt_hub::config::LogFormat;

use crate::cli::Session;
use crate::exit::{Exit, Failure, Outcome};

/// Runs the hub: takes documents from the watched folder and from `kvitt send`, delivers them, reads what comes back. Ctrl-C or
/// SIGTERM finishes what is in hand and stops.
#[derive(Debug, Args)]
pub struct Serve {
    /// How the log is written: text, or JSON with one event a line [default: log_format of the configuration, else text].
    #[arg(long, value_name = "text|json", value_parser = log_format)]
    pub log_format: Option<LogFormat>,
}

fn log_format(text: &str) -> Result<LogFormat, String> {
    match text {
        "text" => Ok(LogFormat::Text),
        "json" => Ok(LogFormat::Json),
        _ => Err("say text or json".to_owned()),
    }
}

impl Serve {
    pub async fn run(self, session: &Session) -> Outcome {
        let hub = Hub::open(&session.place.data, session.place.read_config()?).await?;
        let told_to_stop = told_to_stop()?;
        let running = hub.start().await?;
        let http = running.http().to_string();
        let code = kvitt_hub::actions::begin::code(&hub).await?;
        match session.json {
            true => {
                session.print_json(&serde_json::json!({ "http": http, "data": session.place.data, "first_run_code": code }))?;
            }
            false => {
                let data = session.place.data.display().to_string();
                session.print(&session.words.say("serve.ready", &[("http", &http), ("data", &data)]))?;
                if let Some(code) = &code {
                    session.print(&session.words.say("serve.first_run", &[("http", &http), ("code", code)]))?;
                }
            }
        }
        told_to_stop.await;
        if !session.json {
            session.print(&session.words.say("serve.stopping", &[]))?;
        }
        running.stop().await;
        hub.close().await;
        Ok(Exit::Fine)
    }
}

/// Listens for Ctrl-C and SIGTERM from now on; the future ends when one has come. Whoever says that it is ready listens before, so that
/// whoever reads it can stop it at once.
pub fn told_to_stop() -> Result<impl Future<Output = ()>, Failure> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate()).map_err(|cause| Failure::io("listening for SIGTERM", cause))?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(|cause| Failure::io("listening for Ctrl-C", cause))?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
