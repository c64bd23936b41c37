//! Executables of a folder, one channel each, in the manner of certspotter: what we do not ship, an administrator writes.
//!
//! A hook gets its facts in the environment and in two files, and says by its exit code whether it took them. It runs in a process
//! group of its own, with nothing of our environment, and never longer than the setting allows. Who may write it may act as us, so
//! it has to belong to root or to us and to be writable by nobody else.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::{Child, Command};

use super::outcome::{delivered, later};
use super::payload::Payload;
use super::render::{Renderer, clean};
use super::{Target, aside};
use crate::config::{FolderFault, runnable};
use crate::domain::notice::{Notice, NoticeFiles, SendOutcome};

/// Most bytes of what a hook prints that are kept.
const MAX_OUTPUT: usize = 4096;
/// What a hook printed may come so much later than its end.
const LAST_WORDS: Duration = Duration::from_secs(1);
/// Most hooks of a folder.
const MAX_HOOKS: usize = 100;
/// Where a hook finds the programs it calls.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// One executable.
#[derive(Debug)]
pub struct Hook {
    name: String,
    path: PathBuf,
    timeout: Duration,
    /// Where the files of a run are put.
    scratch: PathBuf,
    renderer: Arc<Renderer>,
}

/// A file of the hooks folder that is not run, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {why}", path.display())]
pub struct Unfit {
    /// The file, or the folder.
    pub path: PathBuf,
    /// One line.
    pub why: String,
}

/// The executables of `folder` by name, and what in it is not run although it looks as if it should. Files that are not
/// executable, hidden ones and backups of editors are passed over in silence, as run-parts does.
pub fn executables(folder: &Path) -> (Vec<PathBuf>, Vec<Unfit>) {
    let unfit = |path: &Path, why: &dyn std::fmt::Display| Unfit { path: path.to_owned(), why: why.to_string() };
    if let Err(why) = fs::metadata(folder).map_err(|error| error.to_string()).and_then(|found| trusted(&found)) {
        return (Vec::new(), vec![unfit(folder, &why)]);
    }
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => return (Vec::new(), vec![unfit(folder, &error)]),
    };
    let (mut good, mut bad) = (Vec::new(), Vec::new());
    for entry in entries.flatten() {
        let path = entry.path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
        if name.starts_with('.') || name.ends_with('~') || !name.chars().all(plain) || name.len() > 64 {
            continue;
        }
        match fitness(&path) {
            Ok(true) => good.push(path),
            Ok(false) => {}
            Err(why) => bad.push(unfit(&path, &why)),
        }
    }
    good.sort();
    if good.len() > MAX_HOOKS {
        bad.push(unfit(folder, &format!("more than {MAX_HOOKS} hooks: the rest is not run")));
        good.truncate(MAX_HOOKS);
    }
    (good, bad)
}

/// As run-parts and more: the name goes into rows and metrics.
fn plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')
}

/// `false` for what nobody meant to be run.
fn fitness(path: &Path) -> Result<bool, String> {
    let found = fs::metadata(path).map_err(|error| error.to_string())?;
    if !found.is_file() || found.mode() & 0o111 == 0 {
        return Ok(false);
    }
    trusted(&found).map(|()| true)
}

fn trusted(found: &fs::Metadata) -> Result<(), String> {
    runnable(found).map_err(|fault| match fault {
        FolderFault::Unreadable(error) => error,
        FolderFault::Foreign(uid) => format!("belongs to uid {uid}: it must belong to root or to vigie"),
        FolderFault::Open(mode) => format!("others may write it (mode {mode:o}): chmod go-w"),
    })
}

impl Hook {
    /// A channel to one executable. Its files are put into folders of their own under `scratch`.
    pub fn new(path: PathBuf, timeout: Duration, scratch: PathBuf, renderer: Arc<Renderer>) -> Self {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        Self { name: format!("hook:{name}"), path, timeout, scratch, renderer }
    }

    async fn run(&self, environment: Vec<(&'static str, String)>) -> SendOutcome {
        let spawned = Command::new(&self.path)
            .env_clear()
            .envs(environment)
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true)
            .spawn();
        let mut child = match spawned {
            Ok(child) => child,
            Err(error) => return later("hook_not_run", &format!("{}: {error}", self.path.display())),
        };
        // Whoever drops this future ends the hook and what it started.
        let mut group = Group(child.id().and_then(|pid| Pid::from_raw(i32::try_from(pid).ok()?)));
        let ended = tokio::time::timeout(self.timeout, watch(&mut child)).await;
        let Ok((status, said)) = ended else {
            drop(group);
            return later("timeout", &format!("killed after {:?}", self.timeout));
        };
        // Reaped: the number may soon be somebody else's.
        group.0 = None;
        match status {
            Ok(status) if status.success() => delivered(&said),
            Ok(status) => later("hook_failed", &format!("{status}: {said}")),
            Err(error) => later("hook_failed", &error.to_string()),
        }
    }
}

impl Target for Hook {
    fn name(&self) -> &str {
        &self.name
    }

    async fn attempt(&self, notice: &Notice) -> SendOutcome {
        match fitness(&self.path) {
            Ok(true) => {}
            Ok(false) => return later("hook_gone", &format!("{} is no executable file", self.path.display())),
            Err(why) => return later("hook_unsafe", &format!("{} {why}", self.path.display())),
        }
        let folder = self.scratch.join(format!("{}-{}", notice.id, self.name.trim_start_matches("hook:")));
        let (said, renderer, into) = (notice.clone(), Arc::clone(&self.renderer), folder.clone());
        let prepared = aside(move || {
            let payload = Payload::of(&said, &renderer);
            write_files(&into, &payload).map(|()| environment(&payload, &said, &into))
        });
        let outcome = match prepared.await {
            Ok(Ok(environment)) => self.run(environment).await,
            Ok(Err(error)) => later("hook_files", &format!("{}: {error}", folder.display())),
            Err(outcome) => outcome,
        };
        if let Err(error) = fs::remove_dir_all(&folder) {
            tracing::debug!(folder = %folder.display(), error = %error, "the files of a hook stay");
        }
        outcome
    }
}

/// The process group of a hook that has not ended.
struct Group(Option<Pid>);

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(Err(error)) = self.0.map(|pid| kill_process_group(pid, Signal::KILL)) {
            tracing::debug!(error = %error, "a hook could not be killed");
        }
    }
}

/// Waits for the end, reading all the while so that a talkative hook does not hang, and keeps the first words.
async fn watch(child: &mut Child) -> (io::Result<ExitStatus>, String) {
    let (out, err) = (child.stdout.take(), child.stderr.take());
    let mut said = (Vec::new(), Vec::new());
    let status = {
        let reading = async {
            tokio::join!(keep(out, &mut said.0), keep(err, &mut said.1));
        };
        tokio::pin!(reading);
        let mut read = false;
        let status = loop {
            tokio::select! {
                status = child.wait() => break status,
                () = &mut reading, if !read => read = true,
            }
        };
        // Something the hook left behind may hold its pipes: it is not waited for.
        if !read && tokio::time::timeout(LAST_WORDS, reading).await.is_err() {
            tracing::debug!("a hook left something behind that holds its output");
        }
        status
    };
    let (out, err) = said;
    (status, format!("{} {}", String::from_utf8_lossy(&out), String::from_utf8_lossy(&err)))
}

async fn keep(from: Option<impl AsyncRead + Unpin>, into: &mut Vec<u8>) {
    let Some(mut from) = from else { return };
    let mut buffer = [0; 1024];
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        let room = MAX_OUTPUT.saturating_sub(into.len()).min(read);
        into.extend_from_slice(buffer.get(..room).unwrap_or_default());
    }
}

/// `message.json` and `message.txt` in a folder nobody else reads. A run that was cut short left the same names.
fn write_files(folder: &Path, payload: &Payload<'_>) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let write = |name: &str, bytes: &[u8]| {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(0o600).open(folder.join(name))?.write_all(bytes)
    };
    write("message.json", &serde_json::to_vec_pretty(payload)?)?;
    write("message.txt", payload.text.as_bytes())
}

/// What a hook may look at. New names may come; an event a hook does not know is to be taken with exit code 0.
fn environment(payload: &Payload<'_>, notice: &Notice, folder: &Path) -> Vec<(&'static str, String)> {
    let shown = |text: &str| clean(text, 4096);
    let file = |name: &str| folder.join(name).display().to_string();
    let mut all = vec![
        ("PATH", PATH.to_owned()),
        ("LANG", "C.UTF-8".to_owned()),
        ("VIGIE_EVENT", payload.event.clone()),
        ("VIGIE_EVENT_ID", payload.id.clone()),
        ("VIGIE_TIME_RFC3339", payload.time.to_string()),
        ("VIGIE_NODE", shown(payload.node)),
        ("VIGIE_SEVERITY", payload.severity.as_str().to_owned()),
        ("VIGIE_SUMMARY", payload.summary.clone()),
        ("VIGIE_COUNT", payload.items.len().to_string()),
        ("VIGIE_JSON_FILENAME", file("message.json")),
        ("VIGIE_TEXT_FILENAME", file("message.txt")),
    ];
    // Facts of one certificate have no meaning for several: those are in the file.
    let [item] = notice.items.as_slice() else { return all };
    let finding = &item.finding;
    all.push(("VIGIE_RULE", shown(&finding.key.code)));
    all.push(("VIGIE_SUBJECT", shown(&finding.key.subject)));
    all.push(("VIGIE_ID", shown(item.certificate.as_ref().map_or(&*finding.key.subject, |known| &known.id))));
    if let Some(certificate) = &item.certificate {
        all.push(("VIGIE_PROFILE", format!("{}/{}", certificate.offer, certificate.usage)));
        all.push(("VIGIE_STRUCTURE", shown(&certificate.structure)));
        all.push(("VIGIE_IMPACTS", shown(&certificate.impacts.join(", "))));
    }
    let fact = |name| finding.get(name).map(str::to_owned);
    // Of a certificate that is not declared the place it was found at is all there is.
    let strange = NoticeFiles { cert: fact("path").filter(|_| fact("sha256").is_some()), ..NoticeFiles::default() };
    let files = item.certificate.as_ref().map_or(&strange, |certificate| &certificate.files);
    let old = fact("path").filter(|_| finding.key.code == "superseded_in_use");
    let files = [
        ("VIGIE_CERT_PATH", &files.cert),
        ("VIGIE_KEY_PATH", &files.key),
        ("VIGIE_CHAIN_PATH", &files.chain),
        ("VIGIE_FULLCHAIN_PATH", &files.fullchain),
        ("VIGIE_OLD_CERT_PATH", &old),
    ];
    all.extend(files.iter().filter_map(|(name, path)| Some((*name, shown(path.as_deref()?)))));
    if let Some(end) = item.end {
        all.push(("VIGIE_NOT_AFTER_RFC3339", end.to_string()));
        all.push(("VIGIE_NOT_AFTER_UNIXTIME", end.unix().to_string()));
    }
    let facts = [("VIGIE_CERT_SHA256", "sha256"), ("VIGIE_SPKI_SHA256", "spki"), ("VIGIE_SUBJECT_DN", "subject")];
    all.extend(facts.iter().filter_map(|(name, fact)| Some((*name, shown(finding.get(fact)?)))));
    all
}
