//! The calendar, from the daemon to Python's `icalendar`.

use std::fs;

use crate::support::daemon::Daemon;
use crate::support::sinks::read_calendar;

#[test]
fn the_feed_has_every_end_and_its_alarms() {
    let folder = tempfile::tempdir().expect("a folder");
    let daemon = Daemon::demo(folder.path());
    let more = "[[structure]]\nid = \"labo\"\nname = \"LABORATOIRE, D'EXEMPLE; x\"\nkind = \"laboratory\"\nsiren = \"123456782\"\n\
                contract_date = \"2024-02-29\"\n\
                [[mandate]]\nperson = \"at-1\"\nstructure = \"labo\"\nrole = \"administrateur_technique\"\nuntil = \"2028-01-15\"\n";
    fs::write(folder.path().join("conf.d/calendar.toml"), more).expect("written");
    assert_eq!(daemon.vigie(&["reload"]).code, 0);

    let said = daemon.vigie(&["calendar", "--lang", "fr"]);
    assert_eq!(said.code, 0);
    let calendar = read_calendar(&said.out);
    assert_eq!(calendar["name"], "Vigie : échéances");
    let events = calendar["events"].as_array().expect("events");
    let find = |start: &str| {
        let found = events.iter().find(|event| event["summary"].as_str().is_some_and(|text| text.starts_with(start)));
        found.unwrap_or_else(|| panic!("no event {start:?} in {events:#?}"))
    };
    let contract = find("Reconduction tacite du contrat d'adhésion ANS");
    assert_eq!(
        (&contract["start"], &contract["rule"]),
        (&"2025-02-28".into(), &"FREQ=YEARLY;BYMONTHDAY=-1;BYMONTH=2".into())
    );
    assert_eq!(contract["alarms"], serde_json::json!(["-P90D", "-P60D", "-P45D"]));
    assert!(
        contract["summary"].as_str().is_some_and(|text| text.ends_with(": LABORATOIRE, D'EXEMPLE; x")),
        "{contract}"
    );
    assert_eq!(find("Fin du mandat at-1/labo/administrateur_technique")["start"], "2028-01-15");

    // Every declared certificate that was found, at its end.
    let list = daemon.json(&["list"]);
    let ends: Vec<(&str, &str)> = list["items"]
        .as_array()
        .expect("items")
        .iter()
        .filter(|item| item["declared"] == true)
        .filter_map(|item| Some((item["id"].as_str()?, item["end"].as_str()?)))
        .collect();
    assert!(ends.len() > 3, "{ends:?}");
    for (id, end) in ends {
        let event = find(&format!("Fin du certificat {id}"));
        assert_eq!(event["start"], end.replace('Z', "+00:00"));
        assert!(event["description"].as_str().is_some_and(|text| text.contains("n'est possible que tant que")));
    }
    let uids: std::collections::BTreeSet<_> = events.iter().map(|event| event["uid"].to_string()).collect();
    assert_eq!(uids.len(), events.len());

    let answer = daemon.get("/calendar.ics?lang=en", "");
    assert_eq!(answer.status, 200);
    assert!(answer.head.contains("content-type: text/calendar; charset=utf-8"));
    assert!(answer.body.contains("SUMMARY:End of certificate "));
}
