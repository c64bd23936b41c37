//! A channel is renamed or taken out while messages wait for it: what they say goes the other ways, once, and nothing is forgotten.

use vigie::domain::delivery::DeliveryWord;
use vigie::domain::notice::{Reach, SendOutcome};
use vigie::store::DeliveryFilter;

use super::watch::{Got, REGISTER, Running, World, caller, missing};

const WAITS: &str = "webhook:astreinte";

/// A target that does not answer, and three alerts that wait for it.
async fn waiting() -> (World, Running) {
    let world = World::new(&format!("{REGISTER}{}", missing(3)));
    let no = SendOutcome::Later { reason: "unreachable", answer: "no".to_owned(), after: None };
    world.answer(WAITS, "", Some(no));
    let daemon = world.start().await;
    assert_eq!(daemon.handle.snapshot().status.deliveries.pending, 1, "{:?}", world.lines());
    world.got.lock().expect("a lock").clear();
    (world, daemon)
}

async fn of_channel(daemon: &Running, state: DeliveryWord) -> Vec<String> {
    let filter =
        DeliveryFilter { limit: 100, state: Some(state), channel: Some(WAITS.to_owned()), ..Default::default() };
    let (listed, _) = daemon.store.deliveries(&filter).await.expect("read");
    listed.iter().filter_map(|one| Some(one.delivery.state.failure()?.reason.clone())).collect()
}

/// What was said of the certificates to whom, and how many alerts spoke in it. A scan that was under way when the clock was moved ran out
/// of its time, which is told too.
fn said(world: &World) -> Vec<(String, String, usize)> {
    let got = world.got();
    let of_certificates = |got: &Got| got.notice.items.iter().any(|item| item.finding.key.code == "missing");
    let got = got.into_iter().filter(of_certificates);
    let mut said: Vec<_> = got.map(|got| (got.channel, got.address, got.notice.items.len())).collect();
    said.sort();
    said
}

fn line(channel: &str, address: &str) -> (String, String, usize) {
    (channel.to_owned(), address.to_owned(), 3)
}

#[tokio::test]
async fn a_channel_that_is_renamed_loses_nothing() {
    let (world, daemon) = waiting().await;
    *world.channels.lock().expect("a lock") = vec![("smtp", Reach::Mail), ("webhook:garde", Reach::Target)];
    daemon.handle.reload(caller()).await.expect("reloaded");
    daemon.settle().await;
    // Who is on call had not heard of it; the administrator had.
    let wanted = vec![line("smtp", "rssi@ch.fr"), line("webhook:garde", "")];
    assert_eq!(said(&world), wanted);
    assert_eq!(of_channel(&daemon, DeliveryWord::GivenUp).await, ["channel_gone"]);
    assert_eq!(daemon.handle.snapshot().status.deliveries.pending, 0);
    daemon.stop().await;
    let daemon = world.start().await;
    assert_eq!(said(&world), wanted, "a restart hands nothing over again");
    assert_eq!(daemon.store.verify_chain(None).await.expect("walked").broken, None);
    daemon.stop().await;
}

#[tokio::test]
async fn a_channel_that_is_gone_at_the_start_loses_nothing() {
    let (world, daemon) = waiting().await;
    daemon.stop().await;
    *world.channels.lock().expect("a lock") = vec![("smtp", Reach::Mail)];
    let daemon = world.start().await;
    assert_eq!(said(&world), [line("smtp", "rssi@ch.fr")]);
    daemon.stop().await;
}

#[tokio::test]
async fn that_something_is_over_is_no_news_for_those_who_were_never_told() {
    let world = World::new(&format!("{REGISTER}{}", missing(3)));
    let daemon = world.start().await;
    // The target took what opened, and does not take what closes.
    let no = SendOutcome::Later { reason: "unreachable", answer: "no".to_owned(), after: None };
    world.answer(WAITS, "", Some(no));
    super::watch::write_config(world.folder.path(), REGISTER);
    daemon.handle.reload(caller()).await.expect("reloaded");
    daemon.settle().await;
    world.clock.pass(std::time::Duration::from_secs(65 * 60));
    daemon.quiet().await;
    assert_eq!(daemon.handle.snapshot().status.deliveries.pending, 1, "{:?}", world.lines());
    world.got.lock().expect("a lock").clear();
    *world.channels.lock().expect("a lock") = vec![("smtp", Reach::Mail), ("webhook:garde", Reach::Target)];
    daemon.handle.reload(caller()).await.expect("reloaded");
    daemon.settle().await;
    assert_eq!(world.lines(), [""; 0]);
    assert_eq!(daemon.handle.snapshot().status.deliveries.pending, 0);
    daemon.stop().await;
}

#[tokio::test]
async fn where_there_is_no_other_way_it_waits() {
    let (world, daemon) = waiting().await;
    world.channels.lock().expect("a lock").clear();
    daemon.handle.reload(caller()).await.expect("reloaded");
    daemon.settle().await;
    assert_eq!(daemon.handle.snapshot().status.deliveries.pending, 1, "it goes on waiting");
    // The channel comes back, and takes it.
    world.answer(WAITS, "", None);
    *world.channels.lock().expect("a lock") = vec![(WAITS, Reach::Target)];
    daemon.handle.reload(caller()).await.expect("reloaded");
    world.clock.pass(std::time::Duration::from_secs(3600));
    daemon.settle().await;
    assert_eq!(said(&world), [line(WAITS, "")], "{:?}", world.lines());
    assert_eq!(daemon.handle.snapshot().status.deliveries.pending, 0);
    daemon.stop().await;
}
