//! Ten thousand alerts at once: what the turn that opens them costs, and how they leave.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::sync::watch;
use vigie::clock::{Clock as _, SharedClock, SystemClock};
use vigie::config;
use vigie::domain::audit_event::{Actor, Origin};
use vigie::domain::inventory::Inventory;
use vigie::domain::lived::Lived;
use vigie::domain::notice::{Channel, Notice, Reach, SendOutcome, Sending};
use vigie::engine::lifecycle::Supervisor;
use vigie::engine::snapshot::AuditHead;
use vigie::engine::{Caller, Engine, Handle, Jitter, ListWay, Parts, forecast_of};
use vigie::notify::render::Renderer;
use vigie::revocation::{Keeper, SystemResolver};
use vigie::sources::anchors;
use vigie::store::{Opening, Store};

use super::report::{at_most, heading, told};

use crate::made_pki::{Authority, Spec};

/// Alerts opened in one turn.
const ALERTS: usize = 10_000;
/// Longest wait for what should take a second or two.
const PATIENCE: Duration = Duration::from_secs(60);

/// Takes what it gets.
#[derive(Debug)]
struct Taker {
    name: &'static str,
    reach: Reach,
    got: Arc<Mutex<Vec<Notice>>>,
}

impl Channel for Taker {
    fn name(&self) -> &str {
        self.name
    }

    fn reach(&self) -> Reach {
        self.reach
    }

    fn send<'a>(&'a self, _: &'a str, notice: &'a Notice) -> Sending<'a> {
        self.got.lock().expect("a lock").push(notice.clone());
        Box::pin(async { SendOutcome::Delivered { answer: String::new() } })
    }
}

/// A structure with `count` certificates that are nowhere, and an authority to trust.
fn declaration(folder: &Path, count: usize) -> String {
    let mut text = format!(
        "node = \"bench\"\nstate_dir = \"state\"\n[schedule]\njitter = \"0s\"\n[trust]\nanchors = [{:?}]\n[alerts]\nhour = 0\n\
         [notify.smtp]\nhost = \"localhost\"\nfrom = \"vigie@x.fr\"\n\
         [[structure]]\nid = \"chex\"\nname = \"CH\"\nkind = \"public_hospital\"\nenvironment = \"test\"\n\
         [[person]]\nid = \"at-1\"\nmails = [\"at-1@x.fr\"]\n\
         [[mandate]]\nperson = \"at-1\"\nstructure = \"chex\"\nrole = \"administrateur_technique\"\n",
        folder.join("ca.der")
    );
    for number in 0..count {
        text.push_str(&format!(
            "[[certificate]]\nid = \"c{number}\"\nstructure = \"chex\"\noffer = \"ORG\"\nusage = \"AUTH_CLI\"\nenvironment = \"test\"\ncert = \"none/{number}.pem\"\nkey = \"none/{number}.pem\"\n"
        ));
    }
    text
}

async fn engine(
    folder: &Path,
    got: &Arc<Mutex<Vec<Notice>>>,
) -> (Engine, Handle, tokio::sync::mpsc::Receiver<vigie::engine::Command>) {
    let config = config::load(&folder.join("vigie.toml")).expect("a configuration").config;
    let clock: SharedClock = SystemClock::shared();
    let now = clock.now();
    let opening = Opening { state_dir: config.state_dir.clone(), node: "bench".into(), boot_id: "bench".into(), now };
    let store = Store::open(&config.store, opening).await.expect("opened");
    let loaded = store.load().await.expect("loaded");
    let lists = config.state_dir.join("crls");
    let (keeper, outcomes) = Keeper::start(&lists, Arc::clone(&clock), Arc::new(SystemResolver)).expect("a folder");
    let taker = |name, reach| -> Arc<dyn Channel> { Arc::new(Taker { name, reach, got: Arc::clone(got) }) };
    let channels = [taker("smtp", Reach::Mail), taker("webhook:x", Reach::Target)];
    Engine::new(Parts {
        store,
        clock: Arc::clone(&clock),
        jitter: Jitter::default(),
        anchors: anchors::load(&config.trust.anchors),
        inventory: Inventory::default(),
        findings: loaded.findings,
        alerts: loaded.alerts,
        next_alert: loaded.next_alert,
        outbox: loaded.outbox,
        lived: Lived::default(),
        make_channels: Arc::new(move |_| channels.to_vec()),
        lists: ListWay { keeper, outcomes },
        audit: AuditHead { seq: loaded.head.seq, head: loaded.head.hash },
        supervisor: Supervisor::of_this_process(clock),
        config,
    })
}

/// The figures of the section.
pub fn figures(folder: &Path) {
    heading(&format!("{ALERTS} alerts opened in one turn"));
    let folder = folder.join("alerts");
    std::fs::create_dir_all(folder.join("state")).expect("a folder");
    let authority = Authority::root(&Spec::authority("TEST AC", 1));
    std::fs::write(folder.join("ca.der"), authority.der).expect("written");
    std::fs::write(folder.join("vigie.toml"), declaration(&folder, 0)).expect("written");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let got = Arc::new(Mutex::new(Vec::new()));
    runtime.block_on(async {
        let (engine, handle, commands) = engine(&folder, &got).await;
        let (stop, stopped) = watch::channel(false);
        let task = tokio::spawn(engine.run(commands, stopped));
        let caller = || Caller { actor: Actor::Daemon, origin: Origin::Internal };
        handle.scan(caller()).await.expect("scanned");
        std::fs::write(folder.join("vigie.toml"), declaration(&folder, ALERTS)).expect("written");
        handle.reload(caller()).await.expect("reloaded");
        let start = Instant::now();
        handle.wait_until(|snapshot| snapshot.status.alerts.open >= ALERTS as u64).await;
        let opened = start.elapsed();
        tokio::time::timeout(PATIENCE, handle.wait_until(|snapshot| snapshot.status.deliveries.pending == 0))
            .await
            .expect("the messages leave");
        let left = start.elapsed();
        // The commit of the turn that opens them, with the look for the files, the judgement and the grouping.
        at_most("", "looked for, judged, grouped, committed", opened.as_secs_f64(), 2.0, "s");
        told("and every message of it taken", &format!("{:.2} s", left.as_secs_f64()));
        let messages: Vec<usize> = got.lock().expect("a lock").iter().map(|notice| notice.items.len()).collect();
        at_most("", "messages they leave as, one for each way", messages.len() as f64, 2.0, "");
        assert_eq!(messages.iter().sum::<usize>(), 2 * ALERTS, "nothing is left out");
        let snapshot = handle.snapshot();
        let start = Instant::now();
        let now = SystemClock::new().now();
        let foretold = tokio::task::spawn_blocking(move || forecast_of(&snapshot, now, now.plus_days(31)).len());
        let foretold = foretold.await.expect("a forecast");
        told(&format!("forecast of a month, {foretold} messages"), &format!("{:.2} s", start.elapsed().as_secs_f64()));
        stop.send_replace(true);
        task.await.expect("ended");
    });
    let notices = got.lock().expect("a lock");
    let renderer = Renderer::new(vigie::domain::lang::Lang::Fr, chrono_tz::Europe::Paris);
    let start = Instant::now();
    let message = renderer.message(notices.first().expect("a message"));
    let (took, size) = (start.elapsed().as_secs_f64(), message.text.len() as f64 / 1e6);
    told("the mail in words, all of them in it", &format!("{took:.2} s, {size:.1} MB"));
}
