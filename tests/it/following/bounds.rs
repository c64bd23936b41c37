//! What certificates and servers may cost: addresses, lists, places and the disk are bounded, and whoever reaches a bound takes nothing from the others.

use super::*;
use crate::support::daemon::wait_for;
use crate::support::made_pki::{crl_issuer, name, reason_flags};

fn finding(daemon: &Daemon, code: &str) -> Option<Value> {
    let findings = daemon.json(&["findings"]);
    findings["items"].as_array().unwrap().iter().find(|finding| finding["code"] == code).cloned()
}

/// Each of these addresses stands for some of the reasons, so that none replaces another.
fn partial(urls: &[String]) -> Vec<u8> {
    let reasons = |number: usize| reason_flags(0x81, &[1 + (number % 2) as u8]);
    let points = urls.iter().enumerate();
    let points: Vec<Vec<u8>> = points.map(|(at, url)| point(&[&full(&[&uri(url)]), &reasons(at)])).collect();
    crl_points(&points.iter().map(Vec::as_slice).collect::<Vec<_>>())
}

#[test]
fn three_addresses_of_a_certificate_are_asked_however_many_it_names() {
    let estate = Estate::new();
    estate.install(&[&estate.server.url("/ca.crl")]);
    let urls: Vec<String> = (0..60).map(|at| estate.server.url(&format!("/partial-{at}.crl"))).collect();
    estate.put("many", &Spec::end_entity("many", 7).with(partial(&urls)));
    estate.server.on("/ca.crl", Does::serve(&estate.ca.list(&list(5))));
    let daemon = estate.run();
    daemon.vigie(&["crl", "fetch"]);
    assert_eq!(statuses(&daemon), words("good", "revoked"));
    let asked = (0..60).filter(|at| !estate.server.asked(&format!("/partial-{at}.crl")).is_empty()).count();
    assert_eq!(asked, 3);
    let told = wait_for("the finding", || finding(&daemon, "crl_not_followed"));
    assert_eq!(
        (&told["facts"]["count"], told["subject"].as_str().unwrap().starts_with("crl:CN=")),
        (&"57".into(), true)
    );
    // Named by nobody any more: the finding ends.
    fs::remove_file(estate.path().join("inbox/many.cer")).unwrap();
    daemon.vigie(&["scan", "--now"]);
    wait_for("its end", || finding(&daemon, "crl_not_followed").is_none().then_some(()));
    daemon.stop();
}

#[test]
fn a_certificate_that_names_hundreds_of_lists_takes_no_place_of_another() {
    let estate = Estate::new();
    estate.install(&[&estate.server.url("/ca.crl")]);
    let refused = (0..300).map(|at| format!("http://host-{at}.evil.example/x.crl"));
    let allowed = (0..300).map(|at| estate.server.url(&format!("/indirect-{at}.crl")));
    let issuer = crl_issuer(&name("TEST AC ORGANISATIONS"));
    let points: Vec<Vec<u8>> = refused.chain(allowed).map(|url| point(&[&full(&[&uri(&url)]), &issuer])).collect();
    let points = crl_points(&points.iter().map(Vec::as_slice).collect::<Vec<_>>());
    estate.put("many", &Spec::end_entity("many", 7).with(points));
    estate.server.on("/ca.crl", Does::serve(&estate.ca.list(&list(5))));
    let daemon = estate.run();
    daemon.vigie(&["crl", "fetch"]);
    assert_eq!(statuses(&daemon), words("good", "revoked"));
    let lists = daemon.json(&["crl", "list"]);
    // Those of the two authorities, three that may be asked, and three that may not.
    assert_eq!(lists["total"], 8, "{lists}");
    let told = wait_for("the finding", || finding(&daemon, "crl_not_followed"));
    assert_eq!(told["facts"]["count"], "594");
    daemon.stop();
}

#[test]
fn a_delta_that_only_the_complete_list_names_is_followed() {
    let estate = Estate::new();
    estate.install(&[&estate.server.url("/ca.crl")]);
    let complete = list(10).with(freshest(&estate.server.url("/delta.crl")));
    let delta = ListSpec::delta(11, 10).dated("2021-01-01", Some(UNTIL)).revoke(GOOD, Some(1));
    estate.server.on("/delta.crl", Does::serve(&estate.ca.list(&delta)));
    // Of whoever made a list nobody vouches for nothing is asked.
    let impostor = Authority::root(&Spec::authority("TEST AC ORGANISATIONS", 2).valid(FROM, UNTIL));
    estate.server.on("/ca.crl", Does::serve(&impostor.list(&complete)));
    let daemon = estate.run();
    daemon.vigie(&["crl", "fetch"]);
    assert_eq!(followed(&daemon, "/ca.crl")["failure"]["reason"], "bad_signature");
    assert!(estate.server.asked("/delta.crl").is_empty());

    estate.server.on("/ca.crl", Does::serve(&estate.ca.list(&complete)));
    daemon.vigie(&["crl", "fetch"]);
    wait_for("the delta", || (statuses(&daemon) == words("revoked", "revoked")).then_some(()));
    assert_eq!(followed(&daemon, "/delta.crl")["delta"], true);
    assert_eq!(estate.server.asked("/delta.crl").len(), 1);
    daemon.stop();
}

#[test]
fn a_delta_a_list_names_elsewhere_is_not_asked_for() {
    let estate = Estate::new();
    estate.install(&[&estate.server.url("/ca.crl")]);
    let elsewhere = CrlServer::start();
    let url = elsewhere.url("/delta.crl").replace("127.0.0.1", "127.0.0.2");
    estate.server.on("/ca.crl", Does::serve(&estate.ca.list(&list(10).with(freshest(&url)))));
    let daemon = estate.run();
    daemon.vigie(&["crl", "fetch"]);
    assert_eq!(statuses(&daemon), words("good", "revoked"));
    daemon.vigie(&["crl", "fetch"]);
    assert_eq!(elsewhere.requests(), 0);
    assert_eq!(finding(&daemon, "crl_refused"), None);
    daemon.stop();
}

#[test]
fn a_host_that_is_allowed_no_more_gives_no_list_that_is_on_its_way() {
    let estate = Estate::new();
    estate.install(&[&estate.server.url("/ca.crl")]);
    let allowed = |host: &str| {
        let settings =
            format!("hosts = [\"{host}\"]\nnetworks = [\"127.0.0.0/8\"]\nspread = \"0s\"\ntimeout = \"30s\"\n");
        estate.configure(&settings);
    };
    allowed("127.0.0.1");
    estate.server.on("/ca.crl", Does::Waits);
    let daemon = estate.run();
    wait_for("the request", || (!estate.server.asked("/ca.crl").is_empty()).then_some(()));
    allowed("other.example");
    assert_eq!(daemon.vigie(&["reload"]).code, 0);
    estate.server.on("/ca.crl", Does::serve(&estate.ca.list(&list(5))));
    let refused = |daemon: &Daemon| followed(daemon, "/ca.crl")["failure"]["reason"] == "host_not_allowed";
    wait_for("the refusal", || refused(&daemon).then_some(()));
    assert_eq!(followed(&daemon, "/ca.crl")["freshness"], "missing");
    assert_eq!(statuses(&daemon), words("unknown", "unknown"));
    daemon.stop();
}

#[test]
fn more_files_in_a_folder_than_are_read_are_told_of() {
    let estate = Estate::new();
    estate.install(&["http://crl.example.fr/ca.crl"]);
    let folder = estate.path().join("stick");
    fs::create_dir(&folder).unwrap();
    for number in 0..=1000 {
        fs::write(folder.join(format!("{number:04}.crl")), "").unwrap();
    }
    estate.configure(&format!("hosts = []\nfiles = [{:?}]", folder.to_str().unwrap()));
    let daemon = estate.run();
    let told = wait_for("the finding", || {
        finding(&daemon, "crl_refused").filter(|told| told["facts"]["reason"] == "too_many_files")
    });
    assert!(told["subject"].as_str().unwrap().ends_with("/stick"), "{told}");
    fs::remove_file(folder.join("0000.crl")).unwrap();
    assert_eq!(daemon.vigie(&["reload"]).code, 0);
    let ended = || finding(&daemon, "crl_refused").is_none_or(|told| told["facts"]["reason"] != "too_many_files");
    wait_for("its end", || ended().then_some(()));
    daemon.stop();
}

#[test]
fn what_fetching_took_is_measured() {
    let estate = Estate::new();
    estate.install(&[&estate.server.url("/ca.crl")]);
    let daemon = estate.run();
    daemon.vigie(&["crl", "fetch"]);
    let token = fs::read_to_string(estate.path().join("state/api.token")).unwrap();
    let metrics = daemon.get("/metrics", &format!("Authorization: Bearer {}\r\n", token.trim())).body;
    let value = |name: &str| {
        let line = metrics.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.unwrap_or_else(|| panic!("{name}\n{metrics}")).parse::<f64>().expect("a number")
    };
    for result in ["had", "failed"] {
        assert!(value(&format!("vigie_crl_fetch_time_seconds_count{{result=\"{result}\"}}")) >= 1.0);
        assert!(value(&format!("vigie_crl_fetch_time_seconds_sum{{result=\"{result}\"}}")) > 0.0);
    }
    daemon.stop();
}
