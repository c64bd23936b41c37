//! CPx cards over PC/SC: what every program that reaches a card can read of it, and nothing that takes a code.
//!
//! One thread watches the readers (`watch`), one a reader reads what is in it (`worker`); both write on the `board`, and a run of the
//! source only looks at it. A card is read once, when it is put in. Every APDU passes the `gate`; every card is left as it was found
//! (`card`). What a PKCS#11 module of others shows besides comes from a process of its own (`pkcs11`). `recognition`, `transport`, `files`, `cps3`, `cps4` and `pkcs15` are what has to be known of the cards.

mod board;
mod card;
mod cps3;
mod cps4;
mod files;
pub mod gate;
pub mod pkcs11;
pub mod pkcs15;
pub mod reading;
pub mod recognition;
mod seat;
mod sighting;
pub mod tlv;
pub mod transport;
mod watch;
mod worker;

use std::ffi::CStr;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use pcsc::{Context, Error, Scope};
use tokio::sync::watch as notice;

pub use board::ReadersView;
pub use seat::ReaderView;

use crate::clock::SharedClock;
use crate::config::SmartCardConfig;
use crate::domain::observation::{Problem, SourceName};
use crate::domain::reconcile::Gathered;
use board::{Board, Service};
use gate::Forbidden;
use watch::Watch;

/// How long a run waits for a first word of pcscd: it never waits for a card.
const FIRST_WORD: Duration = Duration::from_secs(2);
/// How long the end waits for the thread that watches.
const LAST_WORD: Duration = Duration::from_secs(1);

/// Why a reader or a card gives nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SmartCardError {
    /// No answer at the socket of pcscd: not installed or not started.
    #[error("pcscd does not answer: is it installed, and pcscd.socket started")]
    NotReachable,
    /// Its socket takes connections and questions, and nothing comes back: stopped, or busy with something for ever.
    #[error("pcscd stands still: it takes questions and does not answer them")]
    Silent,
    /// polkit does not let this user talk to pcscd (actions `org.debian.pcsc-lite.access_pcsc` and `access_card`); or systemd holds the
    /// socket of a pcscd that dies at start, which looks the same from here.
    #[error(
        "pcscd refuses this user (a polkit rule for org.debian.pcsc-lite.access_pcsc and access_card is needed), or dies at start"
    )]
    Refused,
    /// Anything else PC/SC says.
    #[error("pcscd reports: {0}")]
    Failed(Error),
    /// Another program has the card for itself.
    #[error("another program is using the card")]
    InUse,
    /// The card went while it was read.
    #[error("the card was taken out while it was read")]
    Removed,
    /// An answer is due and does not come.
    #[error("the card does not answer")]
    Mute,
    /// It answers, and would take so long over all that others could not use it.
    #[error("the card answers too slowly to be read: it was let go for others to use")]
    TooSlow,
    /// A card was put in while the one before it still owes an answer.
    #[error("the reader is held up: the card that was in it before never answered")]
    Held,
    /// pcscd lists the reader and cannot talk to it.
    #[error("pcscd cannot talk to the reader: unplug it and plug it in again")]
    ReaderUnavailable,
    /// The card does not answer to power: put in the wrong way, dirty or broken.
    #[error("the card does not start: it may be the wrong way round, dirty or broken")]
    Unpowered,
    /// The card answers with another status word than it should.
    #[error("the card refuses {what}: status {sw:04x}")]
    Status {
        /// What was asked for.
        what: &'static str,
        /// Status word (ISO 7816-4).
        sw: u16,
    },
    /// What the card gives is not what it should be.
    #[error("what the card gives for {what} cannot be read")]
    Malformed {
        /// What was asked for.
        what: &'static str,
    },
    /// The card says more than any card does.
    #[error("{what} is longer than it may be")]
    TooLong {
        /// What.
        what: &'static str,
    },
    /// An APDU of ours that is not on the list: a defect to report.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
}

impl SmartCardError {
    /// Stable code.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::NotReachable => "pcscd_not_reachable",
            Self::Silent => "pcscd_silent",
            Self::Refused => "pcscd_refused",
            Self::Failed(_) => "pcscd_failed",
            Self::InUse => "card_in_use",
            Self::Removed => "card_removed",
            Self::Mute => "card_mute",
            Self::TooSlow => "card_slow",
            Self::Held => "reader_held",
            Self::ReaderUnavailable => "reader_unavailable",
            Self::Unpowered => "card_unpowered",
            Self::Status { .. } => "card_refused",
            Self::Malformed { .. } => "card_malformed",
            Self::TooLong { .. } => "card_limit",
            Self::Forbidden(_) => "apdu_forbidden",
        }
    }

    /// The same as data.
    pub fn problem(&self) -> Problem {
        Problem { reason: self.reason().into(), message: self.to_string().into() }
    }
}

impl From<Error> for SmartCardError {
    fn from(error: Error) -> Self {
        match error {
            // A connection that breaks is what is left of a pcscd that was stopped or killed.
            Error::NoService | Error::ServiceStopped | Error::CommError => Self::NotReachable,
            Error::SecurityViolation | Error::NoAccess => Self::Refused,
            Error::SharingViolation => Self::InUse,
            Error::RemovedCard | Error::NoSmartcard | Error::UnknownReader | Error::ReaderUnavailable => Self::Removed,
            // What pcscd says of an exchange that its driver could not carry out: nothing was there to take it.
            Error::NotTransacted => Self::Removed,
            Error::UnresponsiveCard | Error::UnpoweredCard => Self::Unpowered,
            other => Self::Failed(other),
        }
    }
}

/// The readers of this machine. Nothing is watched until [`SmartCardSource::start`].
#[derive(Debug)]
pub struct SmartCardSource {
    name: SourceName,
    readers: Arc<Readers>,
}

/// The board and the watch behind it: one for the life of the daemon, under whatever name and settings.
#[derive(Debug)]
struct Readers {
    board: Arc<Board>,
    watch: Mutex<Option<Watch>>,
}

impl SmartCardSource {
    /// A source named `name`.
    pub fn new(name: &str, settings: SmartCardConfig, clock: SharedClock) -> Self {
        let board = Arc::new(Board::new(clock, settings));
        Self { name: name.into(), readers: Arc::new(Readers { board, watch: Mutex::default() }) }
    }

    /// The same readers under another name and other settings. The watch goes on: a new one would read every card again.
    pub fn renewed(&self, name: &str, settings: SmartCardConfig) -> Self {
        self.readers.board.configure(settings);
        Self { name: name.into(), readers: Arc::clone(&self.readers) }
    }

    /// The name of the configuration.
    pub fn name(&self) -> &SourceName {
        &self.name
    }

    /// Begins to watch; once is enough.
    pub fn start(&self) {
        let mut watch = self.readers.watch.lock().unwrap_or_else(PoisonError::into_inner);
        if watch.is_some() {
            return;
        }
        match Watch::start(self.board()) {
            Ok(started) => *watch = Some(started),
            Err(error) => tracing::error!(error = %error, "no thread to watch the card readers"),
        }
    }

    /// Ends the watch. Returns within a second, whatever the cards do.
    pub fn stop(&self) {
        self.readers.stop();
    }

    fn board(&self) -> &Arc<Board> {
        &self.readers.board
    }

    /// Told with every change of what [`SmartCardSource::readers`] says.
    pub fn changes(&self) -> notice::Receiver<u64> {
        self.board().subscribe()
    }

    /// The readers as they stand.
    pub fn readers(&self) -> ReadersView {
        self.board().view()
    }

    /// One run: what is known now. Blocks two seconds at most, for the first word of pcscd; never for a card.
    pub fn gather(&self) -> Gathered {
        self.start();
        self.board().try_module_again();
        self.board().wait(FIRST_WORD, |view| view.service != "unknown");
        self.look()
    }

    /// The same, without waiting at all.
    pub fn look(&self) -> Gathered {
        let report = self.board().report();
        let now = self.board().now();
        let mut gathered = Gathered {
            source: Arc::clone(&self.name),
            kind: "smart_card".into(),
            finished_at: now,
            ..Gathered::default()
        };
        match &report.service {
            Service::Reached => sighting::fill(&mut gathered, report),
            Service::Lost(problem) => gathered.failure = Some(problem.clone()),
            Service::Unknown => {
                gathered.failure = Some(SmartCardError::Silent.problem());
            }
        }
        gathered
    }

    /// Waits until every card that is there was read or cannot be, and whoever has one let it go, at most `patience`, and gives the readers with what was read.
    pub fn settle(&self, patience: Duration) -> (ReadersView, Gathered) {
        self.start();
        let is_settled = |view: &ReadersView| {
            let module = view.pkcs11.as_ref().map_or("read", |module| module.state);
            view.service != "unknown"
                && view.readers.iter().all(|reader| !matches!(reader.state, "reading" | "in_use"))
                && matches!(module, "read" | "failed")
        };
        self.board().wait(FIRST_WORD, |view| view.service != "unknown");
        let view = self.board().wait(patience, is_settled);
        (view, self.look())
    }
}

impl Readers {
    fn stop(&self) {
        if let Some(watch) = self.watch.lock().unwrap_or_else(PoisonError::into_inner).take() {
            watch.end(LAST_WORD);
        }
    }
}

impl Drop for Readers {
    fn drop(&mut self) {
        self.stop();
    }
}

/// The names of the readers plugged in now, in the order of pcscd. No card is touched. Blocks as long as pcscd takes to answer.
pub fn probe() -> Result<Vec<String>, SmartCardError> {
    let context = establish()?;
    match context.list_readers_owned() {
        Ok(readers) => Ok(readers.iter().map(|name| printable(name)).collect()),
        Err(Error::NoReadersAvailable) => Ok(Vec::new()),
        Err(error) => Err(error.into()),
    }
}

/// A way to pcscd. Where polkit says no, pcscd takes the connection and closes it, and depending on its version the library calls that
/// an access denied, a broken connection or no service at all: what tells it from a pcscd that is not there is that it can be reached.
/// So can the socket systemd holds for a pcscd that dies whenever it is started.
fn establish() -> Result<Context, SmartCardError> {
    Context::establish(Scope::System).map_err(|error| match error {
        Error::NoService | Error::CommError if UnixStream::connect(socket()).is_ok() => SmartCardError::Refused,
        error => error.into(),
    })
}

/// Where the library looks for pcscd.
#[expect(clippy::disallowed_methods, reason = "the variable of pcsc-lite, read as its library does")]
fn socket() -> PathBuf {
    std::env::var_os("PCSCLITE_CSOCK_NAME").map_or_else(|| "/run/pcscd/pcscd.comm".into(), PathBuf::from)
}

/// USB devices choose their names.
fn printable(name: &CStr) -> String {
    name.to_string_lossy().chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_refusal_has_its_cure() {
        for (error, reason) in [
            (Error::NoService, "pcscd_not_reachable"),
            (Error::SecurityViolation, "pcscd_refused"),
            (Error::InternalError, "pcscd_failed"),
            (Error::SharingViolation, "card_in_use"),
            (Error::RemovedCard, "card_removed"),
            (Error::UnpoweredCard, "card_unpowered"),
        ] {
            assert_eq!(SmartCardError::from(error).reason(), reason);
        }
        assert_eq!(printable(c"A\x1b[1m 00 00"), "A\u{fffd}[1m 00 00");
    }

    /// No file but `card.rs` may talk to a card, and no file at all may name what would change one.
    #[test]
    fn one_place_talks_to_cards_and_none_resets_them() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/sources/smart_card");
        let files = |folder: &std::path::Path| std::fs::read_dir(folder).expect("the folder").flatten();
        let mut talkers = Vec::new();
        let below = [folder.join("board"), folder.join("pkcs11")];
        for path in files(&folder).chain(below.iter().flat_map(|folder| files(folder))).map(|entry| entry.path()) {
            if path.is_dir() {
                continue;
            }
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            let text = std::fs::read_to_string(&path).expect("a source");
            let code = text.split("#[cfg(test)]").next().unwrap_or_default();
            if [".transmit(", ".transmit2("].iter().any(|call| code.contains(call)) {
                talkers.push(name.clone());
            }
            for never in [
                ".control(",
                "ResetCard",
                "UnpowerCard",
                "EjectCard",
                ".reconnect(",
                "ShareMode::Exclusive",
                "ShareMode::Direct",
                ".login(",
                ".login_with",
                "AuthPin",
                "UserType",
            ] {
                let code: String = code.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
                assert!(!code.contains(never), "{name} says {never}");
            }
        }
        assert_eq!(talkers, ["card.rs"]);
    }
}
