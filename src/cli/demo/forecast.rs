//! Three years of the demonstration by a clock that is held: what the daemon sends is what it foretold, message by message.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::watch;

use super::estate::{self, Wanted};
use crate::clock::Clock;
use crate::config;
use crate::domain::audit_event::{Actor, Origin};
use crate::domain::inventory::Inventory;
use crate::domain::lang::Lang;
use crate::domain::lived::Lived;
use crate::domain::notice::{Channel, Notice, NoticeKind, Reach, SendOutcome, Sending};
use crate::domain::time::Timestamp;
use crate::engine::lifecycle::Supervisor;
use crate::engine::snapshot::AuditHead;
use crate::engine::{Caller, Engine, Jitter, Leaving, ListWay, Parts, forecast_of};
use crate::revocation::{Keeper, SystemResolver};
use crate::store::{Opening, Store};

/// 2027-01-15T09:00:00Z.
const NOW: Timestamp = Timestamp::from_unix(1_800_003_600);
const YEARS: i64 = 3 * 366;

#[derive(Debug)]
struct Held(AtomicI64);

impl Clock for Held {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix(self.0.load(Ordering::Relaxed))
    }

    fn monotonic(&self) -> Duration {
        Duration::from_secs(self.0.load(Ordering::Relaxed).unsigned_abs())
    }
}

/// Day, channel, address, and what is said.
type Line = (String, String, String, Vec<String>);

#[derive(Debug)]
struct Written {
    name: &'static str,
    reach: Reach,
    clock: Arc<Held>,
    got: Arc<Mutex<Vec<Line>>>,
}

impl Channel for Written {
    fn name(&self) -> &str {
        self.name
    }

    fn reach(&self) -> Reach {
        self.reach
    }

    fn send<'a>(&'a self, address: &'a str, notice: &'a Notice) -> Sending<'a> {
        let items = notice.items.iter();
        let said = items.map(|item| format!("{} {} {}", item.moment, item.severity, item.finding.key.code));
        let said = match notice.kind {
            NoticeKind::Digest(_) => vec!["digest".to_owned()],
            _ => said.collect(),
        };
        self.got.lock().expect("a lock").push((day(self.clock.now()), self.name.to_owned(), address.to_owned(), said));
        Box::pin(async { SendOutcome::Delivered { answer: String::new() } })
    }
}

fn day(at: Timestamp) -> String {
    use chrono::TimeZone as _;
    let utc = at.to_chrono().expect("a date").naive_utc();
    chrono_tz::Europe::Paris.from_utc_datetime(&utc).format("%Y-%m-%d").to_string()
}

fn line(leaving: &Leaving) -> Line {
    let said = leaving.items.iter().map(|item| format!("{} {} {}", item.moment, item.severity, item.key.code));
    let said = if leaving.items.is_empty() { vec!["digest".to_owned()] } else { said.collect() };
    let (channel, address) = leaving.route.clone();
    (day(leaving.at), channel, address, said)
}

/// The forecast as a person reads it: one line a day and audience, in the words of the demonstration's plan.
fn table(forecast: &[Leaving], folder: &Path) -> String {
    let mut text = String::new();
    for leaving in forecast.iter().filter(|leaving| leaving.route.0 == "smtp") {
        let digest = if leaving.items.is_empty() { ": digest" } else { "" };
        text.push_str(&format!("{} {}{digest}\n", day(leaving.at), leaving.route.1));
        for item in &leaving.items {
            let subject = item.key.subject.replace(&*folder.to_string_lossy(), "");
            // What is drawn by chance in each demonstration has no name here.
            let subject = if subject.contains(':') && !subject.starts_with("certificate:") {
                subject.split(':').next().unwrap_or_default().to_owned()
            } else {
                subject
            };
            let end = item.end.map(|end| format!(", ends {}", day(end))).unwrap_or_default();
            text.push_str(&format!("    {} {}: {} {subject}{end}\n", item.moment, item.severity, item.key.code));
        }
    }
    text
}

async fn engine(folder: &Path, clock: &Arc<Held>, got: &Arc<Mutex<Vec<Line>>>) -> Parts {
    let config = config::load(&folder.join("vigie.toml")).expect("a configuration").config;
    let opening =
        Opening { state_dir: config.state_dir.clone(), node: "n".into(), boot_id: "b".into(), now: clock.now() };
    let store = Store::open(&config.store, opening).await.expect("opened");
    let loaded = store.load().await.expect("loaded");
    let channel = |name, reach| -> Arc<dyn Channel> {
        Arc::new(Written { name, reach, clock: Arc::clone(clock), got: Arc::clone(got) })
    };
    let (keeper, outcomes) =
        Keeper::start(&config.state_dir.join("crls"), Arc::clone(clock) as _, Arc::new(SystemResolver))
            .expect("a folder");
    let channels = [channel("smtp", Reach::Mail), channel("webhook:astreinte", Reach::Target)];
    Parts {
        store,
        clock: Arc::clone(clock) as _,
        jitter: Jitter::default(),
        anchors: crate::sources::anchors::load(&config.trust.anchors),
        inventory: Inventory::default(),
        findings: loaded.findings,
        alerts: loaded.alerts,
        next_alert: loaded.next_alert,
        outbox: loaded.outbox,
        lived: Lived::default(),
        make_channels: Arc::new(move |_| channels.to_vec()),
        lists: ListWay { keeper, outcomes },
        audit: AuditHead { seq: loaded.head.seq, head: loaded.head.hash },
        supervisor: Supervisor::of_this_process(Arc::clone(clock) as _),
        config,
    }
}

#[tokio::test]
async fn three_years_of_it_are_as_foretold() {
    // In memory: thousands of commits, none of which has to outlive anything.
    let memory = Path::new("/dev/shm");
    let parent = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.expect("a folder");
    let folder = parent.path().join("demo");
    estate::make_folder(&folder, 0o700).expect("a folder");
    let listen = SocketAddr::from(([127, 0, 0, 1], 0));
    let wanted = Wanted { folder: &folder, lang: Lang::Fr, listen, now: NOW, endpoints: None, card: false };
    estate::make(&wanted).expect("made");
    // Nothing on the disk changes: it is judged at the hour of the messages.
    let quiet = "[schedule]\nscan = \"0 0 0 1 1 * 2099\"\nevaluate = \"0 0 0 1 1 * 2099\"\n[alerts]\nper_hour = 100\n";
    std::fs::write(folder.join("conf.d/99-test.toml"), quiet).expect("written");

    let clock = Arc::new(Held(AtomicI64::new(NOW.unix())));
    let got = Arc::new(Mutex::new(Vec::new()));
    let parts = engine(&folder, &clock, &got).await;
    let (running, handle, commands) = Engine::new(parts);
    let (stop, stopped) = watch::channel(false);
    let task = tokio::spawn(running.run(commands, stopped));
    handle.scan(Caller { actor: Actor::Daemon, origin: Origin::Internal }).await.expect("scanned");
    let rest = async || {
        loop {
            handle.look().await.expect("looked");
            if handle.snapshot().status.deliveries.pending == 0 {
                break;
            }
            tokio::task::yield_now().await;
        }
    };
    rest().await;
    let opening = got.lock().expect("a lock").len();
    assert!(opening >= 2, "the opening of the demonstration: {opening}");

    let foretold = forecast_of(&handle.snapshot(), NOW, NOW.plus_days(YEARS));
    while let Some(next) = handle.snapshot().next_runs.iter().map(|(_, at)| *at).min() {
        if next > NOW.plus_days(YEARS) {
            break;
        }
        clock.0.store(next.unix(), Ordering::Relaxed);
        rest().await;
    }
    stop.send_replace(true);
    task.await.expect("ended");

    let mut sent: Vec<Line> = got.lock().expect("a lock").split_off(opening);
    let mut expected: Vec<Line> = foretold.iter().map(line).collect();
    sent.sort();
    expected.sort();
    let differing = sent.iter().zip(&expected).find(|(sent, expected)| sent != expected);
    assert_eq!(differing, None, "sent, and foretold");
    assert_eq!(sent.len(), expected.len());
    // Most of it repeats week after week: the first months show every kind of word.
    let first: Vec<Leaving> = foretold.into_iter().filter(|leaving| leaving.at < NOW.plus_days(70)).collect();
    insta::assert_snapshot!(table(&first, &folder));
}
