//! Cards: the reading over a virtual card in memory, then the real program over pcscd and virtual readers.

mod endless;
mod faults;
mod inspect;
mod many;
mod opensc;
mod pkcs11;
mod reading;
mod refused;
mod reload;
mod watching;

use std::ffi::OsStr;
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::support::daemon::{Daemon, wait_for};
use crate::support::pcscd::Pcscd;

/// A daemon that watches the readers of `pcscd`, with what is declared; first come further keys of the source.
fn watching(folder: &Path, pcscd: &Pcscd, declared: &str) -> Daemon {
    watching_with(folder, pcscd, declared, &[])
}

/// The same with these variables in its environment.
fn watching_with(folder: &Path, pcscd: &Pcscd, declared: &str, environment: &[(&str, &OsStr)]) -> Daemon {
    watching_at(folder, &pcscd.socket(), declared, environment)
}

/// The same over whatever is at this socket.
fn watching_at(folder: &Path, socket: &Path, declared: &str, environment: &[(&str, &OsStr)]) -> Daemon {
    fs::create_dir_all(folder.join("state")).expect("the state folder");
    let config = format!(
        "node = \"cards\"\nstate_dir = \"state\"\n[http]\nsocket = \"state/api.sock\"\nlisten = \"127.0.0.1:0\"\n\
         open_read = true\n[trust]\nanchors = []\n[[source]]\nkind = \"smart_card\"\nname = \"readers\"\n\
         answer_timeout = \"1s\"\n{declared}"
    );
    fs::write(folder.join("vigie.toml"), config).expect("written");
    Daemon::run_with(folder, &[&[("PCSCLITE_CSOCK_NAME", socket.as_os_str())], environment].concat())
}

/// What the API says of cards.
fn cards(daemon: &Daemon) -> Value {
    let answer = daemon.get("/api/v1/cards", "");
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()
}

/// The card with this id, once `is_so` holds of it.
fn wait_for_card(daemon: &Daemon, id: &str, is_so: impl Fn(&Value) -> bool) -> Value {
    wait_for(&format!("the card {id}"), || {
        let cards = cards(daemon);
        let card = cards["items"].as_array().expect("a list").iter().find(|card| card["id"] == id)?.clone();
        is_so(&card).then_some(card)
    })
}

/// Waits until a reader is in a state.
fn wait_for_reader(daemon: &Daemon, name: &str, state: &str) -> Value {
    wait_for(&format!("{name} to be {state}"), || {
        let cards = cards(daemon);
        let readers = cards["readers"]["readers"].as_array()?;
        readers.iter().find(|reader| reader["name"] == name && reader["state"] == state).cloned()
    })
}
