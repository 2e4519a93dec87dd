//! Progress bars: on a terminal only, and never beside JSON.

use std::borrow::Cow;
use std::io::IsTerminal as _;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

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
