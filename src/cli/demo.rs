//! `vigie demo`.
use super::Session;
use super::exit::Exit;
/// Demo.
#[derive(Debug, clap::Args)]
pub struct DemoArgs {}
pub(super) fn run(_: &DemoArgs, _: &mut Session<'_>) -> anyhow::Result<Exit> {
    anyhow::bail!("not built")
}
