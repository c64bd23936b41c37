//! What people see and do: imports, the mirror, oppositions, metrics.

use vigie::domain::time::Timestamp;

use super::*;
use crate::support::daemon::{exchange, wait_for};
use crate::support::faketime::Faketime;
use crate::support::made_pki::{other_extension, tlv};

#[test]
fn a_list_comes_in_from_a_file_and_is_served_again() {
    let estate = Estate::new();
    estate.install(&["http://out-of-reach.example/ca.crl"]);
    estate.configure("hosts = [\"127.0.0.1\"]\nnetworks = [\"127.0.0.1\"]\nspread = \"0s\"\nfiles = [\"usb\"]\n[revocation.mirror]\nlisten = \"127.0.0.1:0\"\n");
    fs::create_dir(estate.path().join("usb")).unwrap();
    let daemon = estate.run();
    let body = estate.ca.list(&list(5));
    let file = estate.path().join("list.crl");
    fs::write(&file, &body).unwrap();
    assert_eq!(daemon.json(&["crl", "import", file.to_str().unwrap()])["taken"], 1);
    wait_for("the list of the root", || (status(&daemon, "good") == "good").then_some(()));
    assert_eq!(statuses(&daemon), words("good", "revoked"));
    assert_eq!(daemon.json(&["crl", "import", file.to_str().unwrap()])["unchanged"], 1);

    // What is no list, an older one, one of nobody, and no file at all.
    let stranger = Authority::root(&Spec::authority("STRANGER", 1).valid(FROM, UNTIL));
    for (bytes, said) in [
        (b"<html>".to_vec(), "not_a_crl"),
        (estate.ca.list(&list(4)), "number_backwards"),
        (stranger.list(&list(9)), "signer_untrusted"),
    ] {
        fs::write(&file, bytes).unwrap();
        let refused = daemon.vigie(&["crl", "import", file.to_str().unwrap()]);
        assert_eq!(refused.code, 65, "{said}");
        let event = daemon.audit().into_iter().rev().find(|event| event["action"] == "crl_refused").unwrap();
        assert!(event["reason"].as_str().unwrap().contains(said), "{event}");
    }
    assert_eq!(daemon.vigie(&["crl", "import", "/nowhere/x.crl"]).code, 65);
    assert_eq!(statuses(&daemon), words("good", "revoked"));

    // The folder is read at each turn.
    fs::write(estate.path().join("usb/next.crl"), estate.ca.list(&list(6))).unwrap();
    daemon.vigie(&["crl", "fetch"]);
    wait_for("the list of the folder", || (followed(&daemon, "/ca.crl")["number"] == "6").then_some(()));

    let log = daemon.log();
    let mirror = log.split("mirror=").nth(1).and_then(|rest| rest.split_whitespace().next()).unwrap().parse().unwrap();
    let get = |path: &str, more: &str| {
        exchange(mirror, format!("GET {path} HTTP/1.1\r\nHost: mirror\r\nConnection: close\r\n{more}\r\n").as_bytes())
    };
    let answer = get("/ca.crl", "");
    assert_eq!(answer.status, 200);
    assert!(answer.head.contains("content-type: application/pkix-crl"), "{}", answer.head);
    assert!(
        answer.head.contains(&format!("content-length: {}", estate.ca.list(&list(6)).len())) || !answer.body.is_empty()
    );
    let etag = answer.head.lines().find_map(|line| line.strip_prefix("etag: ")).unwrap().to_owned();
    assert_eq!(get("/ca.crl", &format!("If-None-Match: {etag}\r\n")).status, 304);
    assert_eq!(get("/other.crl", "").status, 404);
    assert_eq!(get("/..%2f..%2fapi.token", "").status, 404);
    assert_eq!(get("/", "").json()["items"].as_array().unwrap().len(), 2);
    let post =
        exchange(mirror, b"POST /ca.crl HTTP/1.1\r\nHost: mirror\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    assert_eq!(post.status, 405);
}

#[test]
fn a_folder_that_is_imported_is_answered_once_and_for_every_file() {
    let estate = Estate::new();
    estate.install(&["http://out-of-reach.example/ca.crl"]);
    estate.configure("hosts = [\"127.0.0.1\"]\nnetworks = [\"127.0.0.1\"]\nspread = \"0s\"\n");
    let daemon = estate.run();
    let stick = estate.path().join("stick");
    fs::create_dir(&stick).unwrap();
    let import = || {
        let said = std::process::Command::new(VIGIE)
            .arg("--config")
            .arg(estate.path().join("vigie.toml"))
            .args(["crl", "import", "--json"])
            .arg(&stick)
            .output()
            .unwrap();
        let out = (!said.stdout.is_empty()).then(|| serde_json::from_slice::<Value>(&said.stdout).unwrap());
        (said.status.code().unwrap(), out, String::from_utf8(said.stderr).unwrap())
    };
    // Nothing in it, which is not nothing to say.
    let (code, _, said) = import();
    assert_eq!(code, 65);
    assert!(said.contains("no file in it (no_file)"), "{said}");

    // None is any good: a line for each.
    fs::write(stick.join("a.crl"), b"<html>").unwrap();
    fs::write(stick.join("b.crl"), &estate.ca.der).unwrap();
    let (code, _, said) = import();
    assert_eq!(code, 65);
    for file in ["a.crl", "b.crl"] {
        assert!(said.lines().any(|line| line.contains(file) && line.ends_with("(not_a_crl)")), "{file}: {said}");
    }

    // Some are: they are taken, the others told with their reasons.
    fs::write(stick.join("c.crl"), estate.ca.list(&list(5))).unwrap();
    fs::write(stick.join("d.crl"), estate.root.list(&ListSpec::new(2).dated(FROM, Some(UNTIL)))).unwrap();
    let (code, report, _) = import();
    let report = report.unwrap();
    assert_eq!((code, &report["taken"], &report["unchanged"]), (65, &2.into(), &0.into()), "{report}");
    let failed: Vec<&str> = report["failed"].as_array().unwrap().iter().map(|one| one[1].as_str().unwrap()).collect();
    assert_eq!(failed, ["not_a_crl", "not_a_crl"], "{report}");
    assert!(report["failed"][0][0].as_str().unwrap().ends_with("/a.crl"), "{report}");
    assert_eq!(statuses(&daemon), words("good", "revoked"));

    for file in ["a.crl", "b.crl"] {
        fs::remove_file(stick.join(file)).unwrap();
    }
    let (code, report, _) = import();
    assert_eq!((code, &report.unwrap()["unchanged"]), (0, &2.into()));
}

#[test]
fn an_opposition_is_followed_until_a_list_says_so() {
    let estate = Estate::new();
    estate.install(&[&estate.server.url("/ca.crl")]);
    estate.server.on("/ca.crl", Does::serve(&estate.ca.list(&ListSpec::new(5).dated(FROM, Some(UNTIL)))));
    estate.configure(
        "[[structure]]\nid = \"s\"\nname = \"S\"\nkind = \"other\"\n[[certificate]]\nid = \"web\"\nstructure = \"s\"\noffer = \"SERV\"\n\
         usage = \"SSL_SERV\"\nfqdn = \"revoked\"\ncert = \"inbox/revoked.cer\"\nkey = \"inbox/revoked.key\"\n",
    );
    let daemon = estate.run();
    wait_for("the list", || (daemon.json(&["show", "web"])["revocation"] == "good").then_some(()));
    let id = "web".to_owned();
    let codes = |daemon: &Daemon| {
        let findings = daemon.json(&["findings"]);
        let codes =
            findings["items"].as_array().unwrap().iter().map(|finding| finding["code"].as_str().unwrap().to_owned());
        codes.collect::<Vec<_>>()
    };

    let told = daemon.json(&["oppose", &id, "--declared-at", "2021-03-01T08:00:00Z"]);
    assert_eq!((&told["declared_at"], &told["seen_at"]), (&"2021-03-01T08:00:00Z".into(), &Value::Null));
    assert!(codes(&daemon).contains(&"revocation_awaited".to_owned()));
    // Said wrong at first: corrected, and both are in the trail.
    let seq = daemon.last_seq();
    let again = daemon.json(&["oppose", &id, "--declared-at", "2021-03-02T08:00:00Z"]);
    assert_eq!((&again["declared_at"], &again["asked_at"]), (&"2021-03-02T08:00:00Z".into(), &told["asked_at"]));
    let corrected = events(&daemon, seq, "opposition_corrected");
    assert_eq!(corrected[0]["reason"], "declared 2021-03-02T08:00:00Z, not 2021-03-01T08:00:00Z");
    assert_eq!(daemon.json(&["oppose", &id])["declared_at"], "2021-03-02T08:00:00Z", "nothing new was said");
    assert_eq!(codes(&daemon).iter().filter(|code| *code == "revocation_awaited").count(), 1);
    assert_eq!(
        daemon.json(&["oppose", &id, "--declared-at", "2021-03-01T08:00:00Z"])["declared_at"],
        told["declared_at"]
    );
    assert_eq!(daemon.vigie(&["oppose", &id, "--declared-at", "2088-01-01T00:00:00Z"]).code, 65);
    assert_eq!(daemon.vigie(&["oppose", "nobody"]).code, 1);
    // A card of which no certificate was ever seen is awaited all the same.
    assert_eq!(daemon.json(&["oppose", "26 0030 1752"])["subject"], "card:2600301752");

    let seq = daemon.last_seq();
    estate.server.on("/ca.crl", Does::serve(&estate.ca.list(&list(6))));
    assert_eq!(daemon.vigie(&["crl", "fetch"]).code, 0);
    let seen = events(&daemon, seq, "opposition_seen");
    assert_eq!(seen.len(), 1);
    let reason = seen[0]["reason"].as_str().unwrap();
    assert!(
        reason.starts_with("declared 2021-03-01T08:00:00Z") && reason.contains("seen in list number 6 "),
        "{reason}"
    );
    assert_eq!(events(&daemon, seq, "certificate_revoked").len(), 1);
    assert!(codes(&daemon).contains(&"revoked".to_owned()));
    assert_eq!(daemon.json(&["show", "web"])["revocation_details"]["list"]["crl_number"], "6");
    let open = daemon.json(&["findings"]);
    let awaited: Vec<&str> = open["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|finding| finding["code"] == "revocation_awaited")
        .map(|finding| finding["subject"].as_str().unwrap())
        .collect();
    assert_eq!(awaited, ["card:2600301752"]);
    // Whoever asks again is told when it was seen and how long that took; nothing new is followed.
    let seq = daemon.last_seq();
    for more in [&[][..], &["--declared-at", "2021-03-01T08:00:00Z"], &["--declared-at", "2021-03-05T08:00:00Z"]] {
        let told = daemon.json(&[&["oppose", &id], more].concat());
        assert_eq!(
            (&told["declared_at"], &told["crl_number"]),
            (&"2021-03-01T08:00:00Z".into(), &"6".into()),
            "{told}"
        );
        let at = |key: &str| told[key].as_str().unwrap().parse::<Timestamp>().unwrap().unix();
        assert_eq!(told["delay_seconds"], at("seen_at") - at("declared_at"));
    }
    assert!(daemon.vigie(&["oppose", &id, "--lang", "en"]).out.trim_end().ends_with(" min later."));
    assert!(events(&daemon, seq, "opposition_declared").is_empty());

    let status = daemon.json(&["status"]);
    assert_eq!((&status["counts"]["revoked"], &status["crls"].as_array().unwrap().len()), (&1.into(), &2));
    // Pages, and filters.
    let token = fs::read_to_string(estate.path().join("state/api.token")).unwrap();
    let get = |query: &str| {
        daemon.get(&format!("/api/v1/crls?{query}"), &format!("Authorization: Bearer {}\r\n", token.trim()))
    };
    let first = get("limit=1").json();
    assert_eq!((first["items"].as_array().unwrap().len(), &first["total"]), (1, &2.into()));
    let second = get(&format!("limit=1&cursor={}", first["next_cursor"].as_str().unwrap())).json();
    assert_eq!((second["items"].as_array().unwrap().len(), &second["next_cursor"]), (1, &Value::Null));
    assert_ne!(first["items"][0]["name"], second["items"][0]["name"]);
    for (query, total) in [
        ("freshness=fresh", 2),
        ("freshness=stale", 0),
        ("followed=false", 0),
        ("delta=false", 2),
        ("issuer=CN%3DTEST%20AC%20RACINE", 1),
    ] {
        assert_eq!(get(query).json()["total"], total, "{query}");
    }
    for query in ["freshness=old", "limit=0", "cursor=x", "state=fresh"] {
        assert_eq!(get(query).status, 400, "{query}");
    }
    let metrics = daemon.get("/metrics", &format!("Authorization: Bearer {}\r\n", token.trim())).body;
    for line in
        ["x509_crl_number{", "x509_crl_stale{", "vigie_crl_available{", "vigie_revocation_checked_timestamp_seconds "]
    {
        assert!(metrics.lines().any(|found| found.starts_with(line)), "{line}\n{metrics}");
    }
    assert!(
        metrics.lines().any(|line| line.starts_with("vigie_certificate_revoked{") && line.ends_with(" 1")),
        "{metrics}"
    );
}

/// A card that has certificates of other ends, and one of a single certificate.
const CARDS: [&str; 2] = ["2600301752", "2600301760"];

#[test]
fn who_expires_is_awaited_no_more() {
    let estate = Estate::new();
    let url = estate.server.url("/ca.crl");
    for (name, serial, card, until) in [
        ("over", 0x41, CARDS[0], "2029-06-01"),
        ("ends", 0x42, CARDS[0], "2030-02-01"),
        ("listed", REVOKED, CARDS[0], "2031-01-01"),
        ("alone", 0x43, CARDS[1], "2030-02-01"),
    ] {
        let number = other_extension(b"\x2a\x81\x7a\x01\x47\x01\x02\x03", PLAIN, &tlv(0x13, &[card.as_bytes()]));
        let spec = Spec::end_entity(name, serial).with(points(&[&url])).with(number).valid(FROM, until);
        fs::write(estate.path().join(format!("inbox/{name}.cer")), estate.ca.issue(&spec)).unwrap();
    }
    estate.server.on("/ca.crl", Does::serve(&estate.ca.list(&ListSpec::new(5).dated(FROM, Some(UNTIL)))));
    let clock = Faketime::new(estate.path());
    clock.set("@2030-01-10 12:00:00");
    let daemon = clock.run(estate.path());
    wait_for("the list", || (status(&daemon, "ends") == "good").then_some(()));
    let awaited = |daemon: &Daemon| {
        let findings = daemon.json(&["findings"]);
        let findings = findings["items"].as_array().unwrap().iter();
        let open = findings.filter(|finding| finding["code"] == "revocation_awaited");
        open.map(|finding| finding["subject"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    for card in CARDS {
        assert_eq!(daemon.vigie(&["oppose", card]).code, 0);
    }
    let seq = daemon.last_seq();
    estate.server.on("/ca.crl", Does::serve(&estate.ca.list(&list(6))));
    assert_eq!(daemon.vigie(&["crl", "fetch"]).code, 0);
    assert_eq!(status(&daemon, "listed"), "revoked");
    assert_eq!(awaited(&daemon), CARDS.map(|card| format!("card:{card}")), "one that is in force is not listed");

    // What was over before it was declared is not waited for, nor is what has expired since.
    clock.set("@2030-02-02 12:00:00");
    assert_eq!(daemon.vigie(&["scan", "--now"]).code, 0);
    wait_for("the end of both", || awaited(&daemon).is_empty().then_some(()));
    let seen = events(&daemon, seq, "opposition_seen");
    assert_eq!((seen.len(), &seen[0]["object"]), (1, &format!("card:{}", CARDS[0]).into()));
    assert!(seen[0]["reason"].as_str().unwrap().contains("seen in list number 6 "), "{}", seen[0]);
    let expired = events(&daemon, seq, "opposition_expired");
    assert_eq!((expired.len(), &expired[0]["object"]), (1, &format!("card:{}", CARDS[1]).into()));
    let reason = expired[0]["reason"].as_str().unwrap();
    assert!(reason.ends_with("expired by 2030-02-01T00:00:00Z without a list that says so"), "{reason}");
    // Declared after the end: there is nothing to wait for.
    assert_eq!(daemon.vigie(&["oppose", CARDS[1]]).code, 65);
    assert_eq!(awaited(&daemon), [""; 0]);
    daemon.stop();
}

#[test]
fn an_opposition_of_the_wrong_card_is_taken_back() {
    let estate = Estate::new();
    for (name, serial) in [("good", GOOD), ("revoked", REVOKED)] {
        estate.put(name, &Spec::end_entity(name, serial));
    }
    estate.configure(
        "[[structure]]\nid = \"s\"\nname = \"S\"\nkind = \"other\"\n[[certificate]]\nid = \"web\"\nstructure = \"s\"\noffer = \"SERV\"\n\
         usage = \"SSL_SERV\"\nfqdn = \"revoked\"\ncert = \"inbox/revoked.cer\"\nkey = \"inbox/revoked.key\"\n",
    );
    let daemon = estate.run();
    let awaited = |daemon: &Daemon| {
        let findings = daemon.json(&["findings"]);
        let findings = findings["items"].as_array().unwrap().iter();
        findings.filter(|finding| finding["code"] == "revocation_awaited").count()
    };
    for subject in ["2600301752", "web"] {
        assert_eq!(daemon.vigie(&["oppose", subject, "--withdraw", "--reason", "rien"]).code, 1, "nothing is awaited");
        let told = daemon.json(&["oppose", subject, "--declared-at", "2021-03-01T08:00:00Z"]);
        assert_eq!(awaited(&daemon), 1);
        assert_eq!(daemon.vigie(&["oppose", subject, "--withdraw"]).code, 64, "a reason is wanted");
        assert_eq!(daemon.vigie(&["oppose", subject, "--withdraw", "--reason", " "]).code, 65);
        assert_eq!(awaited(&daemon), 1);

        let seq = daemon.last_seq();
        let gone = daemon.json(&["oppose", subject, "--withdraw", "--reason", "numéro mal saisi"]);
        assert_eq!((&gone["subject"], &gone["declared_at"]), (&told["subject"], &told["declared_at"]));
        assert_eq!(awaited(&daemon), 0);
        let withdrawn = events(&daemon, seq, "opposition_withdrawn");
        assert_eq!(withdrawn[0]["object"], told["subject"]);
        assert_eq!(withdrawn[0]["reason"], "declared 2021-03-01T08:00:00Z: numéro mal saisi");
    }
    daemon.stop();
    let daemon = estate.run();
    assert_eq!(awaited(&daemon), 0);
}
