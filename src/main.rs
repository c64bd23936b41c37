//! The `vigie` binary.

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use vigie::cli::inspect::{self, InspectArgs};
use vigie::domain::lang::Lang;

#[derive(Debug, Parser)]
#[command(name = "vigie", version, about)]
struct Cli {
    /// One JSON document on standard output
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Read files and folders
    Inspect(InspectArgs),
}

fn main() -> anyhow::Result<ExitCode> {
    let cli = Cli::parse();
    let Command::Inspect(args) = cli.command;
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let code = inspect::run(&args, cli.json, Lang::Fr, &mut out)?;
    out.flush()?;
    Ok(ExitCode::from(code))
}
