//! The lists served again: to many at once, to those who read and to those who do not.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

use super::*;
use crate::support::daemon::{Answer, exchange, wait_for};

/// Where the mirror listens.
fn address(daemon: &Daemon) -> SocketAddr {
    let log = daemon.log();
    let said = log.split("mirror=").nth(1).and_then(|rest| rest.split_whitespace().next());
    said.unwrap_or_else(|| panic!("no mirror in the log: {log}")).parse().unwrap()
}

fn asking(mirror: SocketAddr, path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: {mirror}\r\nConnection: close\r\n\r\n")
}

fn get(mirror: SocketAddr, path: &str) -> Answer {
    exchange(mirror, asking(mirror, path).as_bytes())
}

/// A mirror is for a LAN, and a LAN has machines that ask and do not read. They cost what they asked for, and nothing else.
#[test]
fn those_who_ask_and_do_not_read_hold_up_nobody() {
    let estate = Estate::new();
    estate.install(&[&estate.server.url("/ca.crl")]);
    estate.configure("[revocation.mirror]\nlisten = \"127.0.0.1:0\"\n");
    // Larger than all the buffers of a connection.
    let mut large = list(5);
    for serial in 0..300_000 {
        large = large.revoke(0x10_0000 + serial, None);
    }
    let large = estate.ca.list(&large);
    estate.server.on("/ca.crl", Does::serve(&large));
    let daemon = estate.run();
    wait_for("the list", || (statuses(&daemon) == words("good", "revoked")).then_some(()));
    let mirror = address(&daemon);
    let silent: Vec<TcpStream> = (0..32)
        .map(|_| {
            let mut silent = TcpStream::connect(mirror).unwrap();
            rustix::net::sockopt::set_socket_recv_buffer_size(&silent, 4096).unwrap();
            silent.write_all(asking(mirror, "/ca.crl").as_bytes()).unwrap();
            silent
        })
        .collect();
    // The head of each answer came: the list, or that all slots are taken.
    let statuses_of = |silent: &[TcpStream]| {
        let mut statuses: Vec<String> = silent
            .iter()
            .map(|mut silent| {
                let mut head = [0; 12];
                silent.read_exact(&mut head).unwrap();
                String::from_utf8_lossy(&head[9..]).into_owned()
            })
            .collect();
        statuses.sort();
        statuses
    };
    assert_eq!(statuses_of(&silent), [vec!["200"; 16], vec!["503"; 16]].concat());
    let full = get(mirror, "/root.crl");
    assert_eq!(full.status, 503);
    assert!(full.head.contains("retry-after: 30"), "{}", full.head);

    assert_eq!(daemon.json(&["crl", "list"])["items"].as_array().unwrap().len(), 2);
    assert_eq!(statuses(&daemon), words("good", "revoked"));
    assert_eq!(daemon.vigie(&["scan", "--now"]).code, 0);
    assert_eq!(daemon.vigie(&["crl", "fetch"]).code, 0);
    assert_eq!(get(mirror, "/").json()["items"].as_array().unwrap().len(), 2);

    // They leave, and whoever reads gets the whole list.
    drop(silent);
    let path = "/ca.crl";
    let whole = wait_for("a slot", || {
        let mut stream = TcpStream::connect(mirror).unwrap();
        stream.write_all(asking(mirror, path).as_bytes()).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        answer.starts_with(b"HTTP/1.1 200").then_some(answer)
    });
    assert!(whole.ends_with(&large), "{} bytes of {}", whole.len(), large.len());
}

#[test]
fn lists_whose_addresses_end_alike_are_each_served() {
    let estate = Estate::new();
    let urls = ["/one/ca.crl", "/two/ca.crl"].map(|path| estate.server.url(path));
    estate.put("good", &Spec::end_entity("good", GOOD).with(points(&[&urls[0]])));
    estate.put("revoked", &Spec::end_entity("revoked", REVOKED).with(points(&[&urls[1]])));
    estate.configure("[revocation.mirror]\nlisten = \"127.0.0.1:0\"\n");
    let bodies = [5, 6].map(|number| estate.ca.list(&list(number)));
    estate.server.on("/one/ca.crl", Does::serve(&bodies[0]));
    estate.server.on("/two/ca.crl", Does::serve(&bodies[1]));
    let daemon = estate.run();
    let mirror = address(&daemon);
    let items = wait_for("the lists", || {
        let items = get(mirror, "/").json()["items"].as_array().unwrap().clone();
        (items.len() == 3).then_some(items)
    });
    let served = |number: &str| {
        let item = items.iter().find(|item| item["number"] == number).unwrap();
        let file = item["file"].as_str().unwrap().to_owned();
        let mut stream = TcpStream::connect(mirror).unwrap();
        stream.write_all(asking(mirror, &format!("/{file}")).as_bytes()).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        (file, answer)
    };
    for (number, body) in ["5", "6"].into_iter().zip(&bodies) {
        let (file, answer) = served(number);
        assert!(answer.ends_with(body), "{file} is list number {number}");
    }
    assert_eq!(served("1").0, "root.crl");
    // Which of the two it would be is for nobody to guess.
    assert_eq!(get(mirror, "/ca.crl").status, 404);
}
