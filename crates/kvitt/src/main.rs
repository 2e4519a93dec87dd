//! The program `kvitt`. Everything is in the library beside it, so that the tests can use its parts; begin at `cli.rs`.

use std::process::ExitCode;

fn main() -> ExitCode {
    kvitt_cli::main()
}
