//! The process of a module, from outside: started, listened to for a while, ended whatever it does.

use std::fs;
use std::io::Read as _;
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};

use super::{COMMAND, ModuleError, Said, Token};

/// Between two looks at whether the daemon ends.
const STEP: Duration = Duration::from_millis(50);
/// Most a process may say: eight certificates of sixty-four readers, and room for a module that talks.
const MAX_SAID: u64 = 4 << 20;
/// What the process is: this very program, whatever lies under its name by now.
const OURSELVES: &str = "/proc/self/exe";
/// Variables that are nobody's business but the daemon's.
const OURS: [&str; 6] =
    ["NOTIFY_SOCKET", "CREDENTIALS_DIRECTORY", "WATCHDOG_PID", "WATCHDOG_USEC", "JOURNAL_STREAM", "LISTEN_FDS"];

/// What a module shows, read in a process of its own that is given `patience`. Gives up as soon as `is_over` says so.
pub(in super::super) fn read(
    module: &Path,
    patience: Duration,
    is_over: &dyn Fn() -> bool,
) -> Result<Vec<Token>, ModuleError> {
    trusted(module)?;
    let mut command = Command::new(OURSELVES);
    command.arg(COMMAND).arg(module).current_dir("/").process_group(0);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    for name in OURS {
        command.env_remove(name);
    }
    let mut child = command.spawn().map_err(|error| ModuleError::NotStarted(error.to_string()))?;
    let said = listen(&mut child, patience, is_over);
    end(&mut child);
    match said? {
        Said::Tokens(tokens) => Ok(tokens),
        Said::Failed { loaded: false, message } => Err(ModuleError::NotLoaded(message)),
        Said::Failed { loaded: true, message } => Err(ModuleError::Failed(message)),
    }
}

/// A module is code that runs as us.
fn trusted(module: &Path) -> Result<(), ModuleError> {
    let found = fs::metadata(module).map_err(|error| ModuleError::NotLoaded(error.to_string()))?;
    let own = rustix::process::geteuid().as_raw();
    if found.uid() != 0 && found.uid() != own {
        return Err(ModuleError::Unsafe(format!("it belongs to uid {}: it must be root's or ours", found.uid())));
    }
    if found.mode() & 0o022 != 0 {
        return Err(ModuleError::Unsafe(format!("others may write it (mode {:o})", found.mode() & 0o7777)));
    }
    Ok(())
}

fn listen(child: &mut Child, patience: Duration, is_over: &dyn Fn() -> bool) -> Result<Said, ModuleError> {
    let late = || ModuleError::TimedOut(patience.as_secs());
    let output = child.stdout.take().ok_or_else(|| ModuleError::NotStarted("no pipe".to_owned()))?;
    let (sender, receiver) = channel();
    let reading = std::thread::Builder::new().name("pkcs11".to_owned()).spawn(move || {
        let mut said = Vec::new();
        // The end of the pipe comes with the end of the process, or of its group at the latest.
        let read = output.take(MAX_SAID + 1).read_to_end(&mut said);
        sender.send(read.map(|_| said)).is_ok()
    });
    reading.map_err(|error| ModuleError::NotStarted(error.to_string()))?;
    let mut left = patience;
    let said = heard(&receiver, &mut left, is_over).ok_or_else(late)?;
    let said = said.map_err(|error| ModuleError::Failed(error.to_string()))?;
    if said.len() as u64 > MAX_SAID {
        return Err(ModuleError::TooLong);
    }
    // A module may hang or crash in its last cleaning up, when all is said: it is then killed, and what it said counts.
    let line = said.split(|octet| *octet == b'\n').rev().find(|line| !line.is_empty());
    match line.and_then(|line| serde_json::from_slice(line).ok()) {
        Some(said) => Ok(said),
        None => match ended(child, &mut left, is_over) {
            None => Err(late()),
            Some(status) if !status.success() => Err(ModuleError::Crashed(status.to_string())),
            Some(_) => Err(ModuleError::Malformed),
        },
    }
}

fn heard<T>(receiver: &Receiver<T>, left: &mut Duration, is_over: &dyn Fn() -> bool) -> Option<T> {
    while !left.is_zero() && !is_over() {
        match receiver.recv_timeout(STEP) {
            Ok(said) => return Some(said),
            Err(RecvTimeoutError::Timeout) => *left = left.saturating_sub(STEP),
            Err(RecvTimeoutError::Disconnected) => return None,
        }
    }
    None
}

fn ended(child: &mut Child, left: &mut Duration, is_over: &dyn Fn() -> bool) -> Option<ExitStatus> {
    while !left.is_zero() && !is_over() {
        if let Ok(Some(status)) = child.try_wait() {
            return Some(status);
        }
        std::thread::sleep(STEP);
        *left = left.saturating_sub(STEP);
    }
    None
}

/// The whole group, so that nothing the module started stays behind.
fn end(child: &mut Child) {
    if let Some(pid) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
        // Already gone is as good.
        kill_process_group(pid, Signal::KILL).ok();
    }
    if let Err(error) = child.wait() {
        tracing::warn!(error = %error, "the process of a PKCS#11 module could not be waited for");
    }
}
