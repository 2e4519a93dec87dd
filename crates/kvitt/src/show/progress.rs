//! Progress bars: on a terminal only, and never beside JSON.

use std::borrow::Cow;
use std::io::IsTerminal as _;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use kvitt_hub::desk::Status;

/// A bar of so many steps, on standard error.
pub fn bar(steps: usize, message: impl Into<Cow<'static, str>>, json: bool) -> ProgressBar {
    let target = match !json && std::io::stderr().is_terminal() {
        true => ProgressDrawTarget::stderr(),
        false => ProgressDrawTarget::hidden(),
    };
    let style = ProgressStyle::with_template("{msg:28} {bar:40} {pos}/{len} {elapsed}")
        .expect("the template is right: a test of the demo draws it");
    ProgressBar::with_draw_target(Some(u64::try_from(steps).unwrap_or(u64::MAX)), target).with_style(style).with_message(message)
}

/// A sign of life while something takes as long as it takes.
pub fn spinner(message: impl Into<Cow<'static, str>>, json: bool) -> ProgressBar {
    let spinner = bar(0, message, json);
    spinner.set_style(ProgressStyle::with_template("{spinner} {msg} {elapsed}").expect("the template is right"));
    spinner.enable_steady_tick(std::time::Duration::from_millis(100));
    spinner
}

/// States in which a delivery goes on by itself.
const ON_THEIR_WAY: [&str; 4] = ["choosing", "waiting", "queued", "sending"];

/// Moves a bar of so many deliveries to those that wait for nothing but a person or their recipient.
pub fn follow(bar: &ProgressBar, status: &Status) {
    let on_their_way = ON_THEIR_WAY.iter().filter_map(|state| status.states.get(*state)).sum::<i64>();
    let all = bar.length().unwrap_or_default();
    bar.set_position(all.saturating_sub(u64::try_from(on_their_way).unwrap_or_default()));
}
