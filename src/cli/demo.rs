//! `vigie demo`: a fictional structure with its own PKI, made on the spot, and the daemon watching it.

mod card;
mod endpoint;
mod estate;
#[cfg(test)]
mod forecast;
mod plan;
pub mod virtual_card;

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use tokio::net::TcpListener;

use super::Session;
use super::exit::{Exit, Stop};
use super::run;
use crate::clock::{Clock as _, SystemClock};
use crate::config;
use estate::{MANIFEST, Manifest, Wanted};

/// Where the page is looked for first.
const USUAL: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 8440);
/// Any free port of this machine.
const ANY: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// Where the demonstration lives and listens.
#[derive(Debug, clap::Args)]
pub struct DemoArgs {
    /// Dossier de la démonstration, gardé à la fin et repris s'il en contient déjà une (défaut : un dossier temporaire)
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// Adresse de la page (défaut : 127.0.0.1:8440, ou un port libre si elle est prise)
    #[arg(long, value_name = "ADDR")]
    listen: Option<SocketAddr>,
    /// Lecteur virtuel (vpcd) où montrer une carte CPx (défaut : 127.0.0.1:35963, s'il y en a un)
    #[arg(long, value_name = "ADDR")]
    card_reader: Option<SocketAddr>,
    /// Écrire les fichiers sans lancer le service (aucun point d'accès n'est alors déclaré)
    #[arg(long, requires = "dir")]
    no_serve: bool,
}

pub(super) fn run(args: &DemoArgs, session: &mut Session<'_>) -> anyhow::Result<Exit> {
    let folder = Folder::open(args.dir.as_deref())?;
    if args.no_serve {
        refuse_existing(folder.path())?;
        let listen = args.listen.unwrap_or(USUAL);
        let now = SystemClock::new().now();
        let wanted = Wanted { folder: folder.path(), lang: session.lang, listen, now, endpoints: None, card: false };
        estate::make(&wanted)?;
        tell(session, folder.path(), None, false)?;
        return Ok(Exit::Done);
    }
    run::start_log("warn")?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().max_blocking_threads(16).build()?;
    let served = runtime.block_on(serve(args, session, folder.path()));
    runtime.shutdown_timeout(run::STUCK_THREADS);
    served?;
    Ok(Exit::Done)
}

async fn serve(args: &DemoArgs, session: &mut Session<'_>, folder: &Path) -> anyhow::Result<()> {
    let clock = SystemClock::shared();
    let reader = args.card_reader.unwrap_or(card::USUAL_READER);
    let has_reader = card::has_reader(reader);
    let (endpoints, card) = if folder.join("vigie.toml").exists() {
        let text = fs::read(folder.join(MANIFEST));
        let text = text.map_err(|error| not_a_demo(folder, &error.to_string()))?;
        let manifest: Manifest =
            serde_json::from_slice(&text).map_err(|error| not_a_demo(folder, &error.to_string()))?;
        let mut endpoints = Vec::new();
        for files in manifest.endpoints {
            endpoints.push((bind(files.address).await?, files));
        }
        (endpoints, manifest.card)
    } else {
        writeln!(session.err, "{}", session.texts.word("demo-making"))?;
        let (healthy, stale) = (bind(ANY).await?, bind(ANY).await?);
        let listen = match args.listen {
            Some(address) => address,
            None if TcpListener::bind(USUAL).await.is_ok() => USUAL,
            None => ANY,
        };
        let manifest = estate::make(&Wanted {
            folder,
            lang: session.lang,
            listen,
            now: clock.now(),
            endpoints: Some((healthy.local_addr()?, stale.local_addr()?)),
            card: has_reader,
        })?;
        ([healthy, stale].into_iter().zip(manifest.endpoints).collect::<Vec<_>>(), manifest.card)
    };
    let shown = match &card {
        Some(files) if has_reader => card::insert(files, reader).map(|()| true)?,
        _ => false,
    };
    for (listener, files) in endpoints {
        endpoint::serve(listener, &files)?;
    }
    let loaded = config::load(&folder.join("vigie.toml"))
        .map_err(|diagnostics| Stop::new(Exit::BadInput, diagnostics.render(session.lang)))?;
    let mut config = loaded.config;
    if let Some(listen) = args.listen {
        config.http.listen = Some(listen);
    }
    run::serve(config, clock, |address| tell(session, folder, address, shown)).await
}

/// Says what was made, what was planted and where to look.
fn tell(session: &mut Session<'_>, folder: &Path, address: Option<SocketAddr>, card: bool) -> anyhow::Result<()> {
    let shown = folder.display().to_string();
    let mut lines = vec![
        session.texts.say("demo-made", &[("name", plan::NAME.into()), ("folder", shown.clone().into())]),
        session.texts.word("demo-warning"),
        String::new(),
        session.texts.word("demo-planted"),
    ];
    for trouble in ["expired", "steps", "sign", "missing", "undeclared", "readable", "copied", "structure", "served"] {
        // Without the service nothing is served, so nothing is served that should not be.
        if trouble != "served" || address.is_some() {
            lines.push(format!("  - {}", session.texts.word(&format!("demo-planted-{trouble}"))));
        }
    }
    lines.push(String::new());
    if address.is_some() {
        lines.push(session.texts.word(if card { "demo-card" } else { "demo-card-how" }));
        lines.push(String::new());
    }
    if let Some(address) = address {
        lines.push(format!("{} http://{address}/", session.texts.word("demo-page")));
        lines.push(format!("{} vigie --config {shown}/vigie.toml list", session.texts.word("demo-commands")));
        lines.push(session.texts.word("demo-stop"));
    } else {
        lines.push(format!("{} vigie --config {shown}/vigie.toml run", session.texts.word("demo-run")));
    }
    if session.common.json {
        let page = address.map(|address| format!("http://{address}/"));
        let config = folder.join("vigie.toml");
        let made =
            serde_json::json!({ "folder": shown, "config": config.to_string_lossy(), "page": page, "card": card });
        writeln!(session.out, "{made}")?;
    } else {
        for line in lines {
            writeln!(session.out, "{line}")?;
        }
    }
    session.out.flush()?;
    Ok(())
}

async fn bind(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.map_err(|error| run::cannot_listen(&address, &error).into())
}

fn not_a_demo(folder: &Path, why: &str) -> Stop {
    let message = format!("{} holds a configuration that `vigie demo` did not make: {why}", folder.display());
    Stop::because(Exit::BadInput, "not_a_demo", [("path", &folder.display()), ("why", &why)], message)
}

fn refuse_existing(folder: &Path) -> Result<(), Stop> {
    if folder.join("vigie.toml").exists() {
        let message = format!("{} holds a configuration already", folder.display());
        return Err(Stop::because(Exit::BadInput, "demo_there", [("path", &folder.display())], message));
    }
    Ok(())
}

/// The folder of a demonstration. A temporary one goes with the process.
struct Folder {
    path: PathBuf,
    temporary: bool,
}

impl Folder {
    fn open(given: Option<&Path>) -> anyhow::Result<Self> {
        match given {
            Some(path) => {
                let path = std::path::absolute(path)?;
                if !path.is_dir() {
                    if let Some(above) = path.parent() {
                        fs::create_dir_all(above).with_context(|| format!("cannot make {}", above.display()))?;
                    }
                    estate::make_folder(&path, 0o700)?;
                }
                Ok(Self { path, temporary: false })
            }
            None => {
                let mut bytes = [0; 6];
                rustix::rand::getrandom(&mut bytes, rustix::rand::GetRandomFlags::empty()).context("no randomness")?;
                let suffix: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
                let path = std::env::temp_dir().join(format!("vigie-demo-{suffix}"));
                estate::make_folder(&path, 0o700)?;
                Ok(Self { path, temporary: true })
            }
        }
    }

    fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if self.temporary
            && let Err(error) = fs::remove_dir_all(&self.path)
        {
            tracing::warn!(folder = %self.path.display(), error = %error, "the folder of the demonstration stays");
        }
    }
}
