//! `vigie run`: the composition root of the daemon.

use std::fs;
use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::os::unix::fs::{FileTypeExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::Session;
use super::exit::{Exit, Stop};
use crate::clock::{SharedClock, SystemClock};
use crate::config::{self, Config};
use crate::domain::audit_event::{Action, Actor, AuditEvent, AuditOutcome, Origin};
use crate::domain::inventory::Inventory;
use crate::domain::lived::Lived;
use crate::engine::lifecycle::{Supervisor, obey_signals};
use crate::engine::snapshot::AuditHead;
use crate::engine::{Engine, Jitter, LIVED, ListWay, Parts};
use crate::http::access::Token;
use crate::http::mirror::mirror;
use crate::http::{Shared, router, server};
use crate::notify;
use crate::pki::digest::sha256;
use crate::revocation::{Keeper, SystemResolver};
use crate::sources::anchors;
use crate::store::{Commit, Opening, Store};
use crate::telemetry::{self, LogTo};

/// Open requests and the last commit may take so long after a signal; the service is down in less than ten seconds.
const LAST_WORDS: Duration = Duration::from_secs(7);
/// A daemon that was killed holds a PostgreSQL database until the server notices.
const PREDECESSOR: Duration = Duration::from_secs(5);
/// A source that hangs in the kernel must not hold the process: what it was reading is not state.
pub(super) const STUCK_THREADS: Duration = Duration::from_millis(500);

pub(super) fn run(session: &mut Session<'_>) -> anyhow::Result<Exit> {
    let loaded = config::load(&session.common.config)
        .map_err(|diagnostics| Stop::new(Exit::BadInput, diagnostics.render(session.lang)))?;
    start_log("info")?;
    for odd in &loaded.warnings.0 {
        tracing::warn!(place = %odd.place, key = odd.key, reason = odd.reason(), "{}", odd.message(session.lang));
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().max_blocking_threads(16).build()?;
    let served = runtime.block_on(serve(loaded.config, SystemClock::shared(), |_| Ok(())));
    runtime.shutdown_timeout(STUCK_THREADS);
    served?;
    Ok(Exit::Done)
}

/// Runs the daemon until a signal ends it. `ready` is called once the doors are open, with the address of the TCP listener.
pub(super) async fn serve(
    config: Config,
    clock: SharedClock,
    ready: impl FnOnce(Option<SocketAddr>) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    raise_descriptor_limit();
    no_core_dumps();
    make_folder(&config.state_dir)?;
    let store = open_store(&config, &clock).await?;
    store.claim(PREDECESSOR).await.map_err(refused_store)?;
    let loaded = store.load().await.map_err(refused_store)?;
    let jitter = draw_jitter(&store, &config, &clock, &loaded.settings).await?;
    let found = anchors::load(&config.trust.anchors);
    for error in &found.errors {
        tracing::warn!(place = %error.place, reason = %error.problem.reason, "a trust anchor was left out: {}", error.problem.message);
    }
    let token = token(&config)?;
    let socket = bind_socket(&config.http.socket)?;
    let tcp = match config.http.listen {
        Some(address) => {
            let bound = TcpListener::bind(address).await;
            Some(bound.map_err(|error| cannot_listen(&address, &error))?)
        }
        None => None,
    };
    let address = tcp.as_ref().map(TcpListener::local_addr).transpose()?;
    if let Some(address) = address {
        tracing::info!(%address, "listening");
    }
    let revocation = store.revocations().await.map_err(refused_store)?;
    let lists = config.state_dir.join("crls");
    let (keeper, outcomes) = Keeper::start(&lists, Arc::clone(&clock), Arc::new(SystemResolver)).map_err(|error| {
        let message = format!("cannot keep revocation lists in {}: {error}", lists.display());
        Stop::because(Exit::Io, "lists_folder", [("path", &lists.display()), ("why", &error)], message)
    })?;
    let (stop_sender, stop) = watch::channel(false);
    let parts = Parts {
        store: store.clone(),
        clock: Arc::clone(&clock),
        jitter,
        anchors: found,
        inventory: Inventory {
            certificates: Arc::new(loaded.certificates),
            observations: Arc::new(loaded.observations),
            cards: Arc::new(loaded.cards),
            sources: loaded.sources,
            revocation: Arc::new(revocation),
            ..Inventory::default()
        },
        findings: loaded.findings,
        alerts: loaded.alerts,
        next_alert: loaded.next_alert,
        outbox: loaded.outbox,
        lived: loaded.settings.get(LIVED).map(|text| Lived::from_text(text)).unwrap_or_default(),
        make_channels: {
            let clock = Arc::clone(&clock);
            Arc::new(move |config| notify::channels(config, &clock))
        },
        lists: ListWay { keeper, outcomes },
        audit: AuditHead { seq: loaded.head.seq, head: loaded.head.hash },
        supervisor: Supervisor::of_this_process(Arc::clone(&clock)),
        config,
    };
    let mirrored = match parts.config.revocation.mirror {
        Some(address) => {
            let bound = TcpListener::bind(address).await;
            let bound = bound.map_err(|error| cannot_listen(&address, &error))?;
            tracing::info!(mirror = %bound.local_addr()?, "revocation lists are served again");
            Some(bound)
        }
        None => None,
    };
    let (engine, handle, commands) = Engine::new(parts);
    let own_uid = rustix::process::geteuid().as_raw();
    let routes = router(Shared::new(handle.clone(), store, clock, token, own_uid));
    let mut doors: Vec<JoinHandle<()>> = vec![tokio::spawn(server::serve_unix(socket, routes.clone(), stop.clone()))];
    if let Some(listener) = tcp {
        doors.push(tokio::spawn(server::serve_tcp(listener, routes, stop.clone())));
    }
    if let Some(listener) = mirrored {
        doors.push(tokio::spawn(server::serve_tcp(listener, mirror(handle.clone()), stop.clone())));
    }
    let mut signals = tokio::spawn(obey_signals(handle, stop_sender));
    let mut engine = tokio::spawn(engine.run(commands, stop.clone()));
    ready(address)?;
    let mut ended = None;
    tokio::select! {
        biased;
        told = &mut signals => told.context("the signal task ended early")??,
        // Told to stop, an engine with nothing to do is done before whoever told it.
        done = &mut engine => ended = Some(done),
    }
    if let Some(done) = ended.as_ref().filter(|_| !*stop.borrow()) {
        // Doors that show a state nobody keeps up any more are worse than none: the service manager starts it again.
        anyhow::bail!("the engine ended by itself: {done:?}");
    }
    let last_words = async {
        let done = match ended {
            Some(done) => done,
            None => engine.await,
        };
        if let Err(error) = done {
            tracing::error!(error = %error, "the engine ended early");
        }
        for door in doors {
            if let Err(error) = door.await {
                tracing::error!(error = %error, "a listener ended early");
            }
        }
    };
    if tokio::time::timeout(LAST_WORDS, last_words).await.is_err() {
        tracing::warn!("requests still open were cut off");
    }
    Ok(())
}

async fn open_store(config: &Config, clock: &SharedClock) -> anyhow::Result<Store> {
    let boot_id = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default().trim().to_owned();
    let opening = Opening { state_dir: config.state_dir.clone(), node: config.node.clone(), boot_id, now: clock.now() };
    Store::open(&config.store, opening).await.map_err(refused_store)
}

fn refused_store(error: crate::store::StoreError) -> anyhow::Error {
    let exit = match error.reason() {
        "store_unreachable" => Exit::Unreachable,
        "store_url"
        | "store_missing"
        | "store_replaced"
        | "store_not_a_database"
        | "store_foreign"
        | "store_newer"
        | "store_altered"
        | "store_damaged" => Exit::BadInput,
        _ => Exit::Io,
    };
    Stop::because(exit, error.reason(), [("place", &error.place())], error.to_string()).into()
}

/// A listener that could not be had.
pub(super) fn cannot_listen(address: &dyn std::fmt::Display, error: &io::Error) -> Stop {
    let message = format!("cannot listen on {address}: {error}");
    Stop::because(Exit::Io, "cannot_listen", [("address", address), ("why", error)], message)
}

/// The delays of the jobs: drawn once, at the first start with this database, and kept in it.
async fn draw_jitter(
    store: &Store,
    config: &Config,
    clock: &SharedClock,
    settings: &std::collections::BTreeMap<String, String>,
) -> anyhow::Result<Jitter> {
    let bound = config.schedule.jitter.as_secs();
    let kept =
        |name: &str| settings.get(name).and_then(|text| text.parse::<u64>().ok()).filter(|delay| *delay <= bound);
    if let (Some(scan), Some(evaluate)) = (kept("jitter.scan"), kept("jitter.evaluate")) {
        return Ok(Jitter { scan: Duration::from_secs(scan), evaluate: Duration::from_secs(evaluate) });
    }
    let draw = || -> anyhow::Result<u64> {
        let mut bytes = [0; 8];
        rustix::rand::getrandom(&mut bytes, rustix::rand::GetRandomFlags::empty()).context("no randomness")?;
        Ok(u64::from_le_bytes(bytes) % (bound + 1))
    };
    let (scan, evaluate) = (draw()?, draw()?);
    let event = AuditEvent {
        at: clock.now(),
        actor: Actor::Daemon,
        origin: Origin::Internal,
        action: Action::Start,
        object: "schedule".to_owned(),
        outcome: AuditOutcome::Done,
        reason: Some(format!("delays drawn: scan {scan} s, evaluate {evaluate} s")),
    };
    let commit =
        Commit::new(event).setting("jitter.scan", scan.to_string()).setting("jitter.evaluate", evaluate.to_string());
    store.commit(commit, clock.now()).await.map_err(refused_store)?;
    Ok(Jitter { scan: Duration::from_secs(scan), evaluate: Duration::from_secs(evaluate) })
}

/// The API token: made 0600 at the first start, read afterwards.
fn token(config: &Config) -> anyhow::Result<Token> {
    let path = &config.http.token_file;
    let secret = match read_token(path) {
        Ok((_, mode)) if mode & 0o077 != 0 => {
            let path = path.display();
            let message =
                format!("{path} is open to others than its owner (mode {:o}): chmod 600 {path}", mode & 0o777);
            let mode = format!("{:o}", mode & 0o777);
            return Err(Stop::because(Exit::BadInput, "token_open", [("path", &path), ("mode", &mode)], message).into());
        }
        Ok((text, _)) => text.trim().to_owned(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => make_token(path)?,
        Err(error) => {
            let message = format!("cannot read {}: {error}", path.display());
            let values: [(_, &dyn std::fmt::Display); 2] = [("path", &path.display()), ("why", &error)];
            return Err(Stop::because(Exit::Io, "cannot_read", values, message).into());
        }
    };
    if secret.len() < 32 {
        let message =
            format!("{} holds no token of 32 characters or more: delete it and a new one is made", path.display());
        return Err(Stop::because(Exit::BadInput, "token_short", [("path", &path.display())], message).into());
    }
    let id: String = sha256(secret.as_bytes()).to_string().chars().take(12).collect();
    Ok(Token::new(&secret, &id))
}

/// What the file holds and its mode, of one and the same file.
fn read_token(path: &Path) -> io::Result<(String, u32)> {
    let file = fs::File::open(path)?;
    let mode = file.metadata()?.permissions().mode();
    Ok((io::read_to_string(file)?, mode))
}

fn make_token(path: &Path) -> anyhow::Result<String> {
    let mut bytes = [0; 32];
    rustix::rand::getrandom(&mut bytes, rustix::rand::GetRandomFlags::empty()).context("no randomness")?;
    let secret: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    if let Some(folder) = path.parent() {
        make_folder(folder)?;
    }
    let failed = |error: io::Error| {
        let message = format!("cannot make {}: {error}", path.display());
        Stop::because(Exit::Io, "cannot_make", [("path", &path.display()), ("why", &error)], message)
    };
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(failed)?;
    writeln!(file, "{secret}").map_err(failed)?;
    file.sync_all().map_err(failed)?;
    Ok(secret)
}

/// Binds the socket. One left behind by a daemon that is gone is replaced; one that answers is not, nor anything else.
/// [`server::serve_unix`] removes it when it stops.
fn bind_socket(path: &Path) -> anyhow::Result<UnixListener> {
    if let Some(folder) = path.parent() {
        make_folder(folder)?;
    }
    let failed = |error: io::Error| cannot_listen(&path.display(), &error);
    if let Ok(found) = fs::symlink_metadata(path) {
        if !found.file_type().is_socket() {
            let message = format!("{} is not a socket: name another path in http.socket, or remove it", path.display());
            return Err(Stop::because(Exit::BadInput, "not_a_socket", [("path", &path.display())], message).into());
        }
        if std::os::unix::net::UnixStream::connect(path).is_ok() {
            let message = format!("another daemon answers on {}", path.display());
            return Err(Stop::because(Exit::Io, "another_daemon", [("path", &path.display())], message).into());
        }
        fs::remove_file(path).map_err(failed)?;
    }
    let listener = UnixListener::bind(path).map_err(failed)?;
    // Who may ask at all: the owner and the group of the socket. Who may change is decided by uid.
    fs::set_permissions(path, fs::Permissions::from_mode(0o660)).map_err(failed)?;
    Ok(listener)
}

fn make_folder(path: &Path) -> anyhow::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    if path.as_os_str().is_empty() || path.is_dir() {
        return Ok(());
    }
    fs::DirBuilder::new().recursive(true).mode(0o750).create(path).map_err(|error| {
        let message = format!("cannot make the folder {}: {error}", path.display());
        Stop::because(Exit::Io, "cannot_make", [("path", &path.display()), ("why", &error)], message).into()
    })
}

/// Every connection and every folder of a walk is a descriptor; the soft limit of a shell is too low for a flood.
fn raise_descriptor_limit() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let wanted = limit.maximum.map_or(8192, |hard| hard.min(8192));
    if limit.current.is_some_and(|soft| soft < wanted) {
        let raised = setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum: limit.maximum });
        if let Err(error) = raised {
            tracing::warn!(error = %error, "the limit of open files stays low");
        }
    }
}

/// Keys and passwords pass through this memory: no core file, no debugger of the same user.
fn no_core_dumps() {
    if let Err(error) = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable) {
        tracing::warn!(error = %error, "core dumps stay possible");
    }
}

/// The journal when the service manager listens, standard error otherwise.
#[expect(clippy::disallowed_methods, reason = "the command line is where the environment is read")]
pub(super) fn start_log(usual: &str) -> anyhow::Result<()> {
    let filter = std::env::var("VIGIE_LOG").unwrap_or_else(|_| usual.to_owned());
    let to = if std::env::var_os("JOURNAL_STREAM").is_some() { LogTo::Journal } else { LogTo::Stderr };
    telemetry::install(to, &filter).map_err(|error| Stop::new(Exit::Usage, format!("VIGIE_LOG: {error}")).into())
}
