//! The daemon over cards that come and go: inventory, audit trail, doors.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use vigie::cli::demo::virtual_card::Model;

use super::{cards, wait_for_card, wait_for_reader, watching};
use crate::support::daemon::{Daemon, VIGIE, wait_for};
use crate::support::pcscd::Pcscd;
use crate::support::virtual_card::{Person, TestCard};

const NUMBER: &str = "2600301752";

fn declared() -> String {
    format!(
        "[[structure]]\nid = \"chex\"\nname = \"CHEX\"\nkind = \"public_hospital\"\nfiness_juridique = \"990000010\"\n\
         [[person]]\nid = \"at-1\"\nname = \"Camille EXEMPLE\"\nmails = [\"a@b.fr\"]\ncard = \"{NUMBER}\"\n\
         [[card]]\nnumber = \"{NUMBER}\"\nkind = \"CPE\"\nholder = \"at-1\"\nstructure = \"chex\"\n\
         [[card]]\nnumber = \"2600301799\"\nkind = \"CPE\"\nservice = \"Accueil\"\n"
    )
}

#[test]
fn a_card_comes_is_judged_goes_and_is_remembered() {
    let pcscd = Pcscd::start(2);
    let folder = tempfile::tempdir().expect("a folder");
    let daemon = watching(folder.path(), &pcscd, &declared());
    wait_for_reader(&daemon, "A 00 01", "empty");
    let never = wait_for_card(&daemon, NUMBER, |_| true);
    assert_eq!(
        (&never["present"], &never["first_seen"], &never["holder"]),
        (&json!(false), &Value::Null, &json!("at-1"))
    );

    // Somebody follows over the socket.
    let mut follower = Command::new(VIGIE)
        .args(["card", "watch", "--json", "--config"])
        .arg(folder.path().join("vigie.toml"))
        .stdout(Stdio::piped())
        .spawn()
        .expect("vigie runs");
    let lines = BufReader::new(follower.stdout.take().expect("its output")).lines();

    let card = TestCard::cpe();
    card.state().card.code.left = 2;
    let before = daemon.last_seq();
    let inserted = card.insert(&pcscd, 0);
    let event = daemon.wait_for_event(before, |event| event["action"] == "card_inserted");
    assert_eq!(event["object"], json!(format!("card:{NUMBER}@99213845")));
    assert_eq!(event["reason"], "CPS3 in A 00 00");
    let there = wait_for_card(&daemon, NUMBER, |card| card["present"] == true);
    assert_eq!(
        (&there["readers"], &there["kind"], &there["tries"]["left"]),
        (&json!(["A 00 00"]), &json!("CPE"), &json!(2))
    );
    assert_eq!(there["not_seen_since"], Value::Null);

    // Its certificates are in the one inventory, with a place of their own.
    let sha = there["certificates"][0]["sha256"].as_str().expect("a fingerprint").to_owned();
    let certificate = daemon.json(&["show", &sha]);
    assert_eq!(certificate["locations"][0]["location"], json!(format!("card:{NUMBER}@99213845")));

    // A TEST card of a production structure; the card that was never seen, bound to a service and nobody.
    let findings = daemon.json(&["findings", "--lang", "en"]);
    let codes: Vec<(&str, &str)> = findings["items"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|item| (item["code"].as_str().expect("a code"), item["subject"].as_str().expect("a subject")))
        .collect();
    assert_eq!(
        codes,
        [
            ("card_environment", "card:2600301752"),
            ("card_unassigned", "card:2600301799"),
            ("card_not_seen", "card:2600301799")
        ]
    );

    // Every door says so, and names nobody.
    let metrics = daemon.get("/metrics", "").body;
    assert!(metrics.contains("vigie_card_present{reader=\"A 00 00\",kind=\"CPE\"} 1"), "{metrics}");
    assert!(metrics.contains("vigie_card_not_after{card=\"@99213845\",kind=\"CPE\",holder=\"at-1\"} "), "{metrics}");
    assert!(metrics.contains("filepath=\"card:@99213845\""), "{metrics}");
    // The number of a nominative card leads to a person as an RPPS does.
    for secret in ["CAMILLE", "Camille", "EXEMPLE", "000000001", NUMBER] {
        assert!(metrics.lines().all(|line| !line.contains(secret) || line.contains("issuer_")), "{secret} in a metric");
    }
    let page = daemon.get("/", "Accept: text/html\r\n").body;
    assert!(page.contains(NUMBER) && page.contains("A 00 00"), "{page}");
    assert_eq!(daemon.json(&["status"])["counts"]["cards"], 2);
    let list = daemon.vigie(&["card", "list"]);
    assert!(list.code == 0 && list.out.contains(NUMBER) && list.out.contains("jamais vue"), "{}", list.out);

    // The scheduled or asked-for scan does not touch the card again.
    let read = card.apdus().len();
    assert!(read <= 40, "{read} APDUs");
    assert_eq!(daemon.vigie(&["scan", "--now"]).code, 0);
    assert_eq!(daemon.vigie(&["reload"]).code, 0);
    assert_eq!(card.apdus().len(), read, "a card is read once");

    let before = daemon.last_seq();
    inserted.remove();
    daemon.wait_for_event(before, |event| event["action"] == "card_removed");
    let gone = wait_for_card(&daemon, NUMBER, |card| card["present"] == false);
    assert!(gone["not_seen_since"].as_str().is_some_and(|since| since.ends_with('Z')), "{gone}");
    assert_eq!(gone["tries"]["left"], 2, "the last known state is kept");
    let metrics = daemon.get("/metrics", "").body;
    assert!(!metrics.contains("vigie_card_present{reader=\"A 00 00\",kind=\"CPE\"} 1"), "{metrics}");

    // What the follower saw.
    let mut states = Vec::new();
    for line in lines {
        let line: Value = serde_json::from_str(&line.expect("a line")).expect("a document");
        if line["name"] == "A 00 00" {
            states.push((line["state"].clone(), line["card"].clone()));
        }
        if states.contains(&(json!("read"), json!(NUMBER))) && states.last() == Some(&(json!("empty"), Value::Null)) {
            break;
        }
    }
    follower.kill().expect("ended");
    follower.wait().expect("ended");

    // All of it survives a restart, without the card being there.
    let since = gone["not_seen_since"].clone();
    daemon.stop();
    let daemon = watching(folder.path(), &pcscd, &declared());
    let again = wait_for_card(&daemon, NUMBER, |_| true);
    assert_eq!((&again["not_seen_since"], &again["chip_serial"]), (&since, &json!("99213845")));
    card.assert_untouched_but(2);
}

/// The card of a person is a declared card without a table of its own; the list comes in pages, and narrowed.
#[test]
fn the_cards_of_persons_are_declared_and_lists_are_paged() {
    let pcscd = Pcscd::start(1);
    let folder = tempfile::tempdir().expect("a folder");
    let person = |id: &str, card: &str| {
        format!("[[person]]\nid = \"{id}\"\nname = \"N\"\nmails = [\"a@b.fr\"]\ncard = \"{card}\"\n")
    };
    let mut text: String = (1..=3).map(|at| person(&format!("at-{at}"), &format!("260030170{at}"))).collect();
    text.push_str(&person("at-4", NUMBER));
    text.push_str("[[card]]\nnumber = \"2600301701\"\nkind = \"CPE\"\nholder = \"at-1\"\n");
    let daemon = watching(folder.path(), &pcscd, &text);
    let card = TestCard::cpe();
    let _in = card.insert(&pcscd, 0);
    let seen = wait_for_card(&daemon, NUMBER, |card| card["present"] == true);
    assert_eq!((&seen["declared"], &seen["holder"], &seen["kind"]), (&json!(true), &json!("at-4"), &Value::Null));

    let (mut ids, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = daemon.get(&format!("/api/v1/cards?limit=2{cursor}"), "").json();
        assert_eq!((&page["total"], page["readers"]["readers"].as_array().map(Vec::len)), (&json!(4), Some(2)));
        ids.extend(page["items"].as_array().expect("a page").iter().map(|card| card["id"].clone()));
        let Some(next) = page["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={}", next.replace('/', "%2F"));
    }
    assert_eq!(ids, ["2600301701", "2600301702", "2600301703", NUMBER]);
    let count = |query: &str| daemon.get(&format!("/api/v1/cards?{query}"), "").json()["total"].clone();
    assert_eq!(
        (count("present=true"), count("present=false"), count("declared=false")),
        (json!(1), json!(3), json!(0))
    );
    for wrong in ["limit=0", "limit=x", "cursor=nobody", "holder=at-1"] {
        assert_eq!(daemon.get(&format!("/api/v1/cards?{wrong}"), "").status, 400, "{wrong}");
    }
    let all = daemon.json(&["card", "list"]);
    assert_eq!((all["items"].as_array().map(Vec::len), &all["next_cursor"]), (Some(4), &Value::Null));

    let unseen = wait_for("the cards nobody saw", || {
        let findings = daemon.json(&["findings"]);
        let items = findings["items"].as_array()?;
        let unseen = items.iter().filter(|item| item["code"] == "card_not_seen");
        let unseen: Vec<_> = unseen.filter_map(|item| item["facts"]["card"].as_str().map(str::to_owned)).collect();
        (!unseen.is_empty()).then_some(unseen)
    });
    assert_eq!(unseen, ["2600301701", "2600301702", "2600301703"]);
    card.assert_untouched(false);
}

#[test]
fn two_chips_with_one_number_are_told() {
    let pcscd = Pcscd::start(2);
    let folder = tempfile::tempdir().expect("a folder");
    let daemon = watching(folder.path(), &pcscd, "");
    let contents = |serial: &str| Person::default().contents(serial);
    let (one, other) =
        (TestCard::new(Model::Cps3, &contents("99213845")), TestCard::new(Model::Cps3, &contents("11111111")));
    let _in = (one.insert(&pcscd, 0), other.insert(&pcscd, 1));
    let said = wait_for("the finding", || {
        let findings = daemon.json(&["findings", "--lang", "en"]);
        findings["items"].as_array()?.iter().find(|item| item["code"] == "card_twice").cloned()
    });
    assert_eq!(said["facts"]["kind"], "chips");
    let items = cards(&daemon)["items"].as_array().expect("a list").clone();
    assert_eq!(items.len(), 2);
    // Nobody declared them: how many there are is told, whose they are is not.
    let metrics = daemon.get("/metrics", "").body;
    assert!(metrics.contains("vigie_card_present{reader=\"A 00 01\",kind=\"CDE_CPE\"} 1"), "{metrics}");
    let personal: Vec<&str> = items
        .iter()
        .flat_map(|card| card["certificates"].as_array().expect("a list"))
        .map(|on_card| on_card["sha256"].as_str().expect("a fingerprint"))
        .collect();
    assert_eq!(personal.len(), 4);
    for trace in personal.into_iter().chain(["99213845", "11111111", NUMBER]) {
        assert!(!metrics.contains(trace), "{trace} in a metric");
    }
}

/// Another card with the chip serial number of a declared one: the declared one stays what it was, and the fact is told.
#[test]
fn another_card_with_the_same_chip_takes_nothing_away() {
    let pcscd = Pcscd::start(1);
    let folder = tempfile::tempdir().expect("a folder");
    let daemon = watching(folder.path(), &pcscd, &declared());
    let mine = TestCard::cpe();
    let inserted = mine.insert(&pcscd, 0);
    let known = wait_for_card(&daemon, NUMBER, |card| card["present"] == true);
    mine.wait_until_off();
    inserted.remove();
    wait_for_card(&daemon, NUMBER, |card| card["present"] == false);

    let number = "2900995235";
    let other = Person { number: number.to_owned(), days: 9000, ..Person::default() };
    let _other = TestCard::new(Model::Cps3, &other.contents("99213845")).insert(&pcscd, 0);
    let kept = wait_for_card(&daemon, NUMBER, |card| !card["problems"].as_array().is_some_and(Vec::is_empty));
    assert_eq!(kept["problems"][0]["reason"], "chip_twice");
    for key in ["end", "certificates", "tries", "declared", "first_seen", "read_at"] {
        assert_eq!(kept[key], known[key], "{key}");
    }
    assert_eq!(kept["present"], false);
    assert_eq!(cards(&daemon)["total"], 2, "this one, and the one that was never seen");
    let said = wait_for("the finding", || {
        let findings = daemon.json(&["findings"]);
        findings["items"].as_array()?.iter().find(|item| item["code"] == "card_twice").cloned()
    });
    assert_eq!((&said["subject"], &said["facts"]["kind"]), (&json!(format!("card:{NUMBER}")), &json!("chip")));
    // All of it survives a restart, and stands when the same is read again.
    daemon.stop();
    let daemon = watching(folder.path(), &pcscd, &declared());
    wait_for_reader(&daemon, "A 00 00", "read");
    let again = wait_for_card(&daemon, NUMBER, |_| true);
    assert_eq!((&again["end"], &again["problems"]), (&kept["end"], &kept["problems"]));
}

/// The demonstration shows a card where there is a virtual reader, and says how to get one where there is none.
#[test]
fn the_demonstration_shows_a_card() {
    let pcscd = Pcscd::start(1);
    let parent = tempfile::tempdir().expect("a folder");
    let reader = format!("127.0.0.1:{}", pcscd.port(0));
    let options = ["--card-reader".as_ref(), reader.as_ref()];
    let environment = [("PCSCLITE_CSOCK_NAME", pcscd.socket().into_os_string())];
    let environment = environment.each_ref().map(|(name, value)| (*name, value.as_os_str()));
    let daemon = Daemon::demo_with(&parent.path().join("demo"), &options, &environment);
    let card = wait_for_card(&daemon, "2699999999", |card| card["present"] == true);
    assert_eq!(
        (&card["holder"], &card["days_left"], &card["environment"]),
        (&json!("at-1"), &json!(700), &json!("test"))
    );
    let about = wait_for("its findings", || {
        let findings = daemon.json(&["findings"]);
        let items = findings["items"].as_array()?;
        let codes = items.iter().filter_map(|item| item["code"].as_str());
        let about: Vec<_> = codes.filter(|code| code.contains("card")).map(str::to_owned).collect();
        (!about.is_empty()).then_some(about)
    });
    assert_eq!(about, ["administrator_card_ends", "administrator_card_ends"]);
    assert!(daemon.log().contains("carte CPx virtuelle"), "{}", daemon.log());
}
