//! The `vigie` binary.

use std::io::{self, Write as _};
use std::process::ExitCode;

fn main() -> ExitCode {
    // Whole blocks: standard output alone writes every line of a long list by itself.
    let mut out = io::BufWriter::with_capacity(64 << 10, io::stdout().lock());
    let code = vigie::cli::main(std::env::args_os(), &mut out, &mut io::stderr());
    match out.flush() {
        // A reader that went away (`vigie list | head`) has what it wanted.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => ExitCode::from(74),
        Ok(()) | Err(_) => ExitCode::from(code),
    }
}
