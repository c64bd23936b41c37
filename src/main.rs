//! The `vigie` binary.

use std::io;
use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(vigie::cli::main(std::env::args_os(), &mut io::stdout().lock(), &mut io::stderr()))
}
