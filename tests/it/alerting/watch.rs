//! An engine over a folder, with everything around it in the hands of the test.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;
use vigie::clock::SharedClock;
use vigie::config::{self, Config};
use vigie::domain::audit_event::{Actor, Origin};
use vigie::domain::delivery::DeliveryWord;
use vigie::domain::inventory::Inventory;
use vigie::domain::lived::Lived;
use vigie::domain::notice::{Channel, Notice, NoticeKind, Reach, SendOutcome, Sending};
use vigie::domain::time::Timestamp;
use vigie::engine::lifecycle::Supervisor;
use vigie::engine::snapshot::AuditHead;
use vigie::engine::{Caller, Engine, Handle, Jitter, LIVED, ListWay, Parts};
use vigie::revocation::{Keeper, SystemResolver};
use vigie::store::{DeliveryFilter, Opening, Store};

use crate::support::clock::HeldClock;
use crate::support::made_certificate::trusted;

/// 2027-01-15T09:00:00Z, a morning.
pub const NOW: i64 = 1_800_003_600;

/// A message as a channel got it.
#[derive(Debug, Clone)]
pub struct Got {
    pub channel: String,
    pub address: String,
    pub notice: Notice,
}

/// What a channel answers, by channel and address; delivered unless told otherwise.
pub type Answers = Arc<Mutex<HashMap<(String, String), SendOutcome>>>;

/// A channel that writes down what it gets.
#[derive(Debug, Clone)]
pub struct Fake {
    pub name: &'static str,
    pub reach: Reach,
    pub takes: Duration,
    pub got: Arc<Mutex<Vec<Got>>>,
    pub answers: Answers,
}

impl Channel for Fake {
    fn name(&self) -> &str {
        self.name
    }

    fn reach(&self) -> Reach {
        self.reach
    }

    fn send<'a>(&'a self, address: &'a str, notice: &'a Notice) -> Sending<'a> {
        Box::pin(async move {
            tokio::time::sleep(self.takes).await;
            let got = Got { channel: self.name.to_owned(), address: address.to_owned(), notice: notice.clone() };
            self.got.lock().expect("a lock").push(got);
            let key = (self.name.to_owned(), address.to_owned());
            let told = self.answers.lock().expect("a lock").get(&key).cloned();
            told.unwrap_or(SendOutcome::Delivered { answer: "250 ok".to_owned() })
        })
    }
}

/// What stays over restarts.
pub struct World {
    pub folder: tempfile::TempDir,
    pub clock: Arc<HeldClock>,
    pub got: Arc<Mutex<Vec<Got>>>,
    pub answers: Answers,
    pub takes: HashMap<&'static str, Duration>,
    /// The ways out: those the configuration would name, taken anew at each start and reload.
    pub channels: Arc<Mutex<Vec<(&'static str, Reach)>>>,
}

impl World {
    /// A folder whose configuration says `rest` after the state.
    pub fn new(rest: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        write_config(folder.path(), rest);
        Self {
            folder,
            clock: Arc::new(HeldClock::at(NOW)),
            got: Arc::default(),
            answers: Answers::default(),
            takes: HashMap::new(),
            channels: Arc::new(Mutex::new(vec![("smtp", Reach::Mail), ("webhook:astreinte", Reach::Target)])),
        }
    }

    pub fn now(&self) -> Timestamp {
        vigie::clock::Clock::now(&*self.clock)
    }

    /// Every message so far.
    pub fn got(&self) -> Vec<Got> {
        self.got.lock().expect("a lock").clone()
    }

    /// Every message as a line `channel address: moment code subject; …`.
    pub fn lines(&self) -> Vec<String> {
        self.got().iter().map(line).collect()
    }

    pub fn answer(&self, channel: &str, address: &str, outcome: Option<SendOutcome>) {
        let mut answers = self.answers.lock().expect("a lock");
        let key = (channel.to_owned(), address.to_owned());
        match outcome {
            Some(outcome) => drop(answers.insert(key, outcome)),
            None => drop(answers.remove(&key)),
        }
    }

    /// Starts an engine on the folder and waits for its first scan.
    pub async fn start(&self) -> Running {
        let running = self.start_unscanned().await;
        running.settle().await;
        running
    }

    pub async fn start_unscanned(&self) -> Running {
        let config: Config = config::load(&self.folder.path().join("vigie.toml")).expect("a configuration").config;
        let clock: SharedClock = Arc::clone(&self.clock) as SharedClock;
        let opening =
            Opening { state_dir: config.state_dir.clone(), node: "n".into(), boot_id: "b".into(), now: self.now() };
        let store = Store::open(&config.store, opening).await.expect("opened");
        let loaded = store.load().await.expect("loaded");
        let lists = config.state_dir.join("crls");
        let (keeper, outcomes) = Keeper::start(&lists, Arc::clone(&clock), Arc::new(SystemResolver)).expect("a folder");
        let (ways, takes) = (Arc::clone(&self.channels), self.takes.clone());
        let (got, answers) = (Arc::clone(&self.got), Arc::clone(&self.answers));
        let channel = move |(name, reach): &(&'static str, Reach)| -> Arc<dyn Channel> {
            let takes = takes.get(name).copied().unwrap_or_default();
            Arc::new(Fake { name, reach: *reach, takes, got: Arc::clone(&got), answers: Arc::clone(&answers) })
        };
        let parts = Parts {
            store: store.clone(),
            clock: Arc::clone(&clock),
            jitter: Jitter::default(),
            anchors: vigie::sources::anchors::load(&config.trust.anchors),
            inventory: Inventory {
                certificates: Arc::new(loaded.certificates),
                observations: Arc::new(loaded.observations),
                sources: loaded.sources,
                ..Inventory::default()
            },
            findings: loaded.findings,
            alerts: loaded.alerts,
            next_alert: loaded.next_alert,
            outbox: loaded.outbox,
            lived: loaded.settings.get(LIVED).map(|text| Lived::from_text(text)).unwrap_or_default(),
            make_channels: Arc::new(move |_| ways.lock().expect("a lock").iter().map(&channel).collect()),
            lists: ListWay { keeper, outcomes },
            audit: AuditHead { seq: loaded.head.seq, head: loaded.head.hash },
            supervisor: Supervisor::of_this_process(clock),
            config,
        };
        let (engine, handle, commands) = Engine::new(parts);
        let (stop, stopped) = watch::channel(false);
        let task = tokio::spawn(engine.run(commands, stopped));
        Running { handle, store, stop, task }
    }
}

/// A running engine.
pub struct Running {
    pub handle: Handle,
    pub store: Store,
    stop: watch::Sender<bool>,
    pub task: JoinHandle<()>,
}

impl Running {
    /// Reads everything, judges, and waits until no message waits that is due.
    pub async fn settle(&self) {
        self.handle.scan(caller()).await.expect("scanned");
        self.quiet().await;
    }

    /// Waits until no message is on its way. Between the end of one and the beginning of the next none is, so it looks several
    /// times; one that waits for a channel that rests is not on its way.
    pub async fn quiet(&self) {
        let mut idle = 0;
        for _ in 0..5000 {
            self.handle.look().await.expect("looked");
            if self.handle.snapshot().status.deliveries.pending == 0 {
                return;
            }
            let sending = DeliveryFilter { limit: 1, state: Some(DeliveryWord::Sending), ..DeliveryFilter::default() };
            idle = if self.store.deliveries(&sending).await.expect("read").1 > 0 { 0 } else { idle + 1 };
            if idle == 5 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        panic!("messages never came to rest");
    }

    pub async fn stop(self) {
        self.stop.send_replace(true);
        self.task.await.expect("ended");
    }
}

pub fn caller() -> Caller {
    Caller { actor: Actor::Daemon, origin: Origin::Internal }
}

pub fn line(got: &Got) -> String {
    let what = match &got.notice.kind {
        NoticeKind::Alerts => {
            let items = got.notice.items.iter();
            let items =
                items.map(|item| format!("{} {} {}", item.moment, item.finding.key.code, item.finding.key.subject));
            items.collect::<Vec<_>>().join("; ")
        }
        NoticeKind::Digest(_) => "digest".to_owned(),
        NoticeKind::ChannelFailed { channel, reason, .. } => format!("{channel} failed {reason}"),
        NoticeKind::Test => "test".to_owned(),
    };
    format!("{} {}: {what}", got.channel, got.address)
}

pub fn write_config(folder: &Path, rest: &str) {
    std::fs::create_dir_all(folder.join("state")).expect("a folder");
    let (state, trust) = (folder.join("state"), trusted(folder));
    let text = format!("node = \"n\"\nstate_dir = \"{}\"\n{rest}\n{trust}", state.display());
    std::fs::write(folder.join("vigie.toml"), text).expect("written");
}

/// Two administrators, a mandataire, somebody on call, and a schedule that leaves the test alone.
pub const REGISTER: &str = r#"
[schedule]
scan = "0 0 0 1 1 *"
evaluate = "0 5 * * * *"
jitter = "0s"

[alerts]
on_call = ["rssi"]

[[structure]]
id = "chex"
name = "CH"
kind = "public_hospital"
environment = "test"

[[person]]
id = "at-1"
mails = ["at-1@ch.fr"]
[[person]]
id = "mandataire"
mails = ["mandataire@ch.fr"]
[[person]]
id = "rssi"
mails = ["rssi@ch.fr"]
[[mandate]]
person = "at-1"
structure = "chex"
role = "administrateur_technique"
[[mandate]]
person = "mandataire"
structure = "chex"
role = "mandataire"
"#;

/// Declares `count` certificates that are nowhere.
pub fn missing(count: usize) -> String {
    (0..count)
        .map(|number| {
            format!(
                "[[certificate]]\nid = \"c{number}\"\nstructure = \"chex\"\noffer = \"ORG\"\nusage = \"AUTH_CLI\"\nenvironment = \"test\"\ncert = \"none/{number}.pem\"\nkey = \"none/{number}.pem\"\n"
            )
        })
        .collect()
}

/// How many times each message was got: channel, address, id.
pub fn times(got: &[Got]) -> BTreeMap<(String, String, String), usize> {
    let mut times = BTreeMap::new();
    for got in got {
        *times.entry((got.channel.clone(), got.address.clone(), got.notice.id.to_string())).or_default() += 1;
    }
    times
}
