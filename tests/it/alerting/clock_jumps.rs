//! The wall clock is set while the daemon runs and between two runs: nothing is said twice and nothing is lost.

use std::collections::BTreeSet;
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use vigie::domain::time::Timestamp;
use vigie::store::DeliveryFilter;

use super::watch::{REGISTER, World, caller, missing, times};

const HOUR: Duration = Duration::from_secs(3600);

#[tokio::test]
async fn a_clock_that_is_set_neither_repeats_nor_silences() {
    let world = World::new(&format!("{REGISTER}{}", missing(2)));
    let mut daemon = world.start().await;
    assert_eq!(world.lines().len(), 2);
    let truth = world.now();
    // Ten years ahead, a year back, an hour each way, 2038: each for two hours, then the truth again; every second time the daemon
    // is started anew in between.
    let jumps = [3650 * 24, -365 * 24, 1, -1, 24 * 365 * 11 + 96];
    let mut passed = 0;
    for (round, jump) in jumps.into_iter().enumerate() {
        world.clock.set(truth.plus_seconds((passed + jump) * 3600));
        if round % 2 == 1 {
            daemon.stop().await;
            daemon = world.start().await;
        }
        for _ in 0..2 {
            daemon.quiet().await;
            world.clock.pass(HOUR);
            passed += 1;
        }
        world.clock.set(truth.plus_seconds(passed * 3600));
        daemon.quiet().await;
    }
    let said_before: usize = world.lines().len();
    // A true week after the opening what is still critical is repeated: that word was not used up under a wrong clock.
    for _ in 0..8 {
        world.clock.pass(24 * HOUR);
        daemon.quiet().await;
    }
    let said: Vec<String> = world.lines();
    let repeats: Vec<&String> = said[said_before..].iter().filter(|line| line.contains("repeated missing")).collect();
    assert_eq!(repeats.len(), 3, "two persons and the target: {said:#?}");
    let opened = said.iter().filter(|line| line.contains("opened missing")).count();
    assert_eq!(opened, 2, "{said:#?}");
    assert!(times(&world.got()).values().all(|times| *times == 1));
    let events =
        daemon.store.audit(&vigie::store::AuditFilter { limit: 5000, ..Default::default() }).await.expect("read");
    let jumps = events.iter().filter(|(event, _)| event.event.action.as_str() == "clock_jump").count();
    assert!(jumps >= 5, "{jumps} jumps written down");
    assert_eq!(daemon.store.verify_chain(None).await.expect("walked").broken, None);
    daemon.stop().await;
}

#[tokio::test]
async fn what_a_wrong_clock_said_takes_nothing_from_what_is_said_in_its_time() {
    let world = World::new(&format!("{REGISTER}{}", missing(1)));
    let daemon = world.start().await;
    let (truth, monday) = (world.now(), "2027-01-18T09:00:00Z".parse::<Timestamp>().expect("an instant"));
    // The clock is three days ahead, twice, and each time says what is for that Monday.
    for hours in 0..2 {
        world.clock.set(monday.plus_seconds(hours * 3600));
        daemon.quiet().await;
        world.clock.set(truth.plus_seconds((hours + 1) * 3600));
        daemon.quiet().await;
    }
    let ahead: Vec<String> = world.lines();
    assert_eq!(ahead.iter().filter(|line| line.contains("repeated missing")).count(), 6, "{ahead:#?}");
    world.got.lock().expect("a lock").clear();
    // The truth comes to that Monday, by the very second.
    while world.now() < monday {
        world.clock.pass(HOUR);
        daemon.quiet().await;
    }
    let said = world.lines();
    let repeated: BTreeSet<&String> = said.iter().filter(|line| line.contains("repeated missing")).collect();
    assert_eq!(repeated.len(), 3, "two persons and the target: {said:#?}");
    // Each was a message of its own, and none was sent twice.
    let all = DeliveryFilter { limit: 1000, ..DeliveryFilter::default() };
    let (deliveries, _) = daemon.store.deliveries(&all).await.expect("read");
    assert!(deliveries.iter().all(|one| one.delivery.attempts == 1), "{deliveries:#?}");
    assert_eq!(deliveries.len(), 2 + 6 + 3);
    daemon.stop().await;
}

#[tokio::test]
async fn a_clock_that_is_set_in_the_middle_of_a_scan_loses_and_repeats_nothing() {
    // A server that hangs up at once, until it is told to keep whoever calls.
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let kept: Arc<Mutex<Option<Vec<TcpStream>>>> = Arc::default();
    let keep = Arc::clone(&kept);
    std::thread::spawn(move || {
        for caller in listener.incoming().flatten() {
            if let Some(kept) = keep.lock().expect("a lock").as_mut() {
                kept.push(caller);
            }
        }
    });
    let served = format!(
        "[[certificate]]\nid = \"web\"\nstructure = \"chex\"\noffer = \"SERV\"\nusage = \"SSL_SERV\"\nfqdn = \"localhost\"\n\
         environment = \"test\"\ncert = \"none/web.pem\"\nkey = \"none/web.pem\"\nendpoints = [\"tls://localhost:{port}\"]\n"
    );
    let world = World::new(&format!("{REGISTER}{}{served}", missing(1)));
    let daemon = world.start().await;
    let truth = world.now();
    let opened = world.lines();
    for (round, jump) in [3650 * 24, -365 * 24, 1, -1].into_iter().enumerate() {
        *kept.lock().expect("a lock") = Some(Vec::new());
        let handle = daemon.handle.clone();
        let scan = tokio::spawn(async move { handle.scan(caller()).await });
        while kept.lock().expect("a lock").as_ref().is_none_or(Vec::is_empty) {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        world.clock.set(truth.plus_seconds(jump * 3600));
        daemon.handle.look().await.expect("looked");
        // Every second time the scan ends under the wrong clock.
        if round % 2 == 0 {
            world.clock.set(truth);
            daemon.handle.look().await.expect("looked");
        }
        *kept.lock().expect("a lock") = None;
        scan.await.expect("ended").expect("scanned");
        daemon.quiet().await;
        world.clock.set(truth);
        daemon.quiet().await;
        daemon.settle().await;
    }
    let said = world.lines();
    let again = said.iter().skip(opened.len()).filter(|line| line.contains("opened")).count();
    assert_eq!(again, 0, "{said:#?}");
    assert!(times(&world.got()).values().all(|times| *times == 1));
    // The schedule is alive: what is for next Monday is said then.
    let before = said.len();
    for _ in 0..4 {
        world.clock.pass(24 * HOUR);
        daemon.quiet().await;
    }
    let repeated =
        world.lines().into_iter().skip(before).filter(|line| line.contains("repeated missing certificate:c0"));
    assert_eq!(repeated.count(), 3, "{:#?}", world.lines());
    assert_eq!(daemon.store.verify_chain(None).await.expect("walked").broken, None);
    daemon.stop().await;
}
