//! The wall clock is set while the daemon runs and between two runs: nothing is said twice and nothing is lost.

use std::time::Duration;

use super::watch::{REGISTER, World, missing, times};

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
        daemon.store.audit(vigie::store::AuditFilter { limit: 5000, ..Default::default() }).await.expect("read");
    let jumps = events.iter().filter(|(event, _)| event.event.action.as_str() == "clock_jump").count();
    assert!(jumps >= 5, "{jumps} jumps written down");
    assert_eq!(daemon.store.verify_chain(None).await.expect("walked").broken, None);
    daemon.stop().await;
}
