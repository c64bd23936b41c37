//! `vigie pkcs11-objects MODULE`: the process of a PKCS#11 module. Started by the watch of the card readers; its last line is what the module
//! shows.

use std::path::{Path, PathBuf};

use super::Session;
use super::exit::Exit;
use crate::sources::smart_card::pkcs11::module;

/// Which module.
#[derive(Debug, clap::Args)]
pub struct Pkcs11Args {
    /// Le module
    #[arg(value_name = "MODULE")]
    module: PathBuf,
}

pub(super) fn run(args: &Pkcs11Args, session: &mut Session<'_>) -> anyhow::Result<Exit> {
    module::confine()?;
    let said = module::read(Path::new(&args.module));
    // On a line of its own, whatever the module printed.
    writeln!(session.out, "\n{}", serde_json::to_string(&said)?)?;
    session.out.flush()?;
    Ok(Exit::Done)
}
