//! Certificates that name addresses this machine must not ask. Sinks listen where they lead; nothing may arrive there.

use std::collections::VecDeque;
use std::io;
use std::net::{IpAddr, TcpListener};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use vigie::clock::SystemClock;
use vigie::config::RevocationConfig;
use vigie::revocation::{Expected, Keeper, ListName, LookUp, Resolve, Setup, Trust, Wanted};

use super::*;
use crate::support::daemon::wait_for;

/// A listener nobody may reach.
struct Sink(TcpListener);

impl Sink {
    fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        Self(listener)
    }

    fn port(&self) -> u16 {
        self.0.local_addr().unwrap().port()
    }

    fn was_reached(&self) -> bool {
        self.0.accept().is_ok()
    }
}

#[test]
fn nothing_is_asked_of_addresses_that_are_not_allowed() {
    let estate = Estate::new();
    let sink = Sink::new();
    let port = sink.port();
    // Only the hosts are allowed, in no private network: not even the listed name may lead to this machine.
    estate.configure("hosts = [\"localhost\", \"127.0.0.1\", \"crl.example\"]\nspread = \"0s\"\n");
    let hostile = [
        format!("http://127.0.0.1:{port}/x.crl"),
        format!("http://localhost:{port}/x.crl"),
        format!("http://2130706433:{port}/x.crl"),
        format!("http://0x7f000001:{port}/x.crl"),
        format!("http://017700000001:{port}/x.crl"),
        format!("http://0.0.0.0:{port}/x.crl"),
        format!("http://[::ffff:127.0.0.1]:{port}/x.crl"),
        format!("http://[::1]:{port}/x.crl"),
        format!("http://crl.example@127.0.0.1:{port}/x.crl"),
        format!("http://user:hunter2@localhost:{port}/x.crl"),
        format!("ldap://127.0.0.1:{port}/cn=x?certificateRevocationList;binary"),
        format!("ldap://2130706433:{port}/cn=x?certificateRevocationList;binary"),
        format!("ftp://127.0.0.1:{port}/x.crl"),
        format!("gopher://127.0.0.1:{port}/x.crl"),
        "file:///etc/passwd".to_owned(),
        "\\\\server\\share\\x.crl".to_owned(),
    ];
    for (number, url) in hostile.iter().enumerate() {
        let spec = Spec::end_entity(&format!("h{number}"), 100 + number as u64).with(points(&[url]));
        estate.put(&format!("h{number}"), &spec);
    }
    let daemon = estate.run();
    daemon.vigie(&["crl", "fetch"]);
    assert!(!sink.was_reached());
    for number in 0..hostile.len() {
        assert_eq!(status(&daemon, &format!("h{number}")), "unknown", "listed all the same");
    }
    assert!(!daemon.json(&["crl", "list"]).to_string().contains("hunter2"));
    let (_, log) = daemon.stop();
    assert!(!log.contains("hunter2"), "{log}");
    assert_eq!(estate.server.requests(), 0, "the list of the root is on this machine too");
}

#[test]
fn a_certificate_nobody_vouches_for_names_nothing() {
    let estate = Estate::new();
    let stranger = Authority::root(&Spec::authority("STRANGER", 1).valid(FROM, UNTIL));
    let spec = Spec::end_entity("stranger", 9).valid(FROM, UNTIL).with(points(&[&estate.server.url("/stranger.crl")]));
    fs::write(estate.path().join("inbox/stranger.cer"), stranger.issue(&spec)).unwrap();
    fs::write(estate.path().join("inbox/stranger-ca.cer"), &stranger.der).unwrap();
    // The same name as ours and another key.
    let impostor = Authority::root(&Spec::authority("TEST AC ORGANISATIONS", 2).valid(FROM, UNTIL));
    let forged = Spec::end_entity("forged", 9).valid(FROM, UNTIL).with(points(&[&estate.server.url("/forged.crl")]));
    fs::write(estate.path().join("inbox/forged.cer"), impostor.issue(&forged)).unwrap();
    let daemon = estate.run();
    daemon.vigie(&["crl", "fetch"]);
    assert_eq!(status(&daemon, "stranger"), "unknown");
    assert!(estate.server.asked("/stranger.crl").is_empty() && estate.server.asked("/forged.crl").is_empty());
    assert!(!estate.server.asked("/root.crl").is_empty(), "those of ours are asked for");
}

#[test]
fn five_hundred_addresses_cost_three_requests() {
    let estate = Estate::new();
    let urls: Vec<String> = (0..500).map(|number| estate.server.url(&format!("/many/{number}.crl"))).collect();
    estate.put("many", &Spec::end_entity("many", 9).with(points(&urls.iter().map(String::as_str).collect::<Vec<_>>())));
    let daemon = estate.run();
    wait_for("an attempt", || followed(&daemon, "/many/0.crl")["failure"]["reason"].as_str().map(str::to_owned));
    estate.server.asked("/root.crl");
    assert_eq!(estate.server.requests(), 3);
}

/// A name that says something else at every look-up.
#[derive(Debug)]
struct Fickle(Mutex<VecDeque<IpAddr>>);

impl Resolve for Fickle {
    fn look_up(&self, _: &str) -> LookUp {
        let next = self.0.lock().unwrap().pop_front();
        Box::pin(async move { next.map(|next| vec![next]).ok_or_else(|| io::Error::other("asked once too often")) })
    }
}

#[test]
fn a_name_is_connected_to_where_it_was_allowed_to_lead() {
    // Allowed first and this machine's loopback next: what was checked is what is connected to.
    let server = CrlServer::start();
    let ask = |host: &str, answers: &[&str], networks: &[&str]| {
        let folder = tempfile::tempdir().unwrap();
        let answers = answers.iter().map(|answer| answer.parse().unwrap()).collect();
        let resolver = Arc::new(Fickle(Mutex::new(answers)));
        let (keeper, mut outcomes) =
            Keeper::start(folder.path(), SystemClock::shared(), Arc::clone(&resolver) as _).unwrap();
        let config = RevocationConfig {
            hosts: vec!["crl.example".to_owned()],
            networks: networks.iter().map(|network| network.parse().unwrap()).collect(),
            timeout: Duration::from_secs(1),
            ..RevocationConfig::default()
        };
        let setup = Arc::new(Setup { config, trust: Trust::default() });
        let address = format!("http://{host}:{}/x.crl", server.address.port()).into();
        let name = ListName::new("x").unwrap();
        keeper.fetch(
            Wanted { name, addresses: vec![address], expected: Expected::default(), last: None, late: false },
            setup,
        );
        let outcome = outcomes.blocking_recv().unwrap();
        let left = resolver.0.lock().unwrap().len();
        (outcome.result.unwrap_err()[0].reason, left)
    };
    let name = "crl.example";
    assert_eq!(ask(name, &["127.0.0.1"], &[]), ("network_not_allowed", 0));
    assert_eq!(server.requests(), 0);
    // A public address nobody answers at; the second look-up never happens.
    for name in [name, "crl.example.", "CRL.Example"] {
        let (reason, left) = ask(name, &["240.0.0.1", "127.0.0.1"], &["240.0.0.1"]);
        assert!(matches!(reason, "unreachable" | "timeout"), "{name}: {reason}");
        assert_eq!((left, server.requests()), (1, 0), "{name}");
    }
    // And allowed, it is reached, however the name is written: nobody else looks it up, for then it would not be found.
    for name in [name, "crl.example.", "CRL.Example"] {
        assert_eq!(ask(name, &["127.0.0.1", "10.0.0.1"], &["127.0.0.1"]), ("http_status", 1), "{name}");
    }
    assert_eq!(server.requests(), 3);
}
