//! The ways to a list that are no plain HTTP: TLS, a directory over TLS, a proxy. And the way that must not be taken at all.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use super::directory::Directory;
use super::*;
use crate::support::daemon::wait_for;
use crate::support::sinks::Identity;

#[test]
fn https_is_believed_by_the_authorities_of_the_system() {
    let identity = Identity::localhost();
    let secure = CrlServer::start_tls(identity.server());
    let url = secure.url("/ca.crl").replace("127.0.0.1", "localhost");
    let estate = Estate::new();
    estate.install(&[&url]);
    secure.on("/ca.crl", Does::serve(&estate.ca.list(&list(5))));

    // Nobody vouches for it: nothing is asked of it.
    let daemon = estate.run();
    let failure = wait_for("an attempt", || followed(&daemon, "/ca.crl")["failure"].as_object().cloned());
    assert_eq!(failure["reason"], "unreachable");
    assert!(failure["message"].as_str().unwrap().contains("certificate"), "{failure:?}");
    assert_eq!((secure.requests(), statuses(&daemon)), (0, words("unknown", "unknown")));
    daemon.stop();

    // The system does, and what a redirect leads to is what it was.
    let daemon = Daemon::run_with(estate.path(), &[("SSL_CERT_FILE", identity.ca_file().as_os_str())]);
    assert_eq!(daemon.vigie(&["crl", "fetch"]).code, 0);
    assert_eq!(statuses(&daemon), words("good", "revoked"));
    secure.on("/ca.crl", Does::redirect(&estate.server.url("/plain.crl").replace("127.0.0.1", "localhost")));
    estate.server.on("/plain.crl", Does::serve(&estate.ca.list(&list(6))));
    daemon.vigie(&["crl", "fetch"]);
    assert_eq!(followed(&daemon, "/ca.crl")["failure"]["reason"], "redirect_refused", "into the clear");
    assert!(estate.server.asked("/plain.crl").is_empty());
}

#[test]
fn a_directory_over_tls() {
    let identity = Identity::localhost();
    let estate = Estate::new();
    let directory = Directory::start_with(Some(&identity));
    let delta = ListSpec::delta(6, 5).dated("2021-01-01", Some(UNTIL));
    directory.publish(&estate.ca.list(&list(5)), &estate.ca.list(&delta));
    estate.install(&[&directory.secure_url("certificaterevocationlist")]);
    let daemon = estate.run();
    let failed = |daemon: &Daemon| {
        let lists = daemon.json(&["crl", "list"]);
        let found = lists["items"]
            .as_array()
            .unwrap()
            .iter()
            .find(|item| item["label"].as_str().unwrap().starts_with("ldaps:"));
        found.unwrap_or_else(|| panic!("{lists}"))["failure"]["reason"].clone()
    };
    wait_for("an attempt", || (failed(&daemon) == "unreachable").then_some(()));
    daemon.stop();
    let daemon = Daemon::run_with(estate.path(), &[("SSL_CERT_FILE", identity.ca_file().as_os_str())]);
    assert_eq!(daemon.vigie(&["crl", "fetch"]).code, 0);
    assert_eq!((failed(&daemon), statuses(&daemon)), (Value::Null, words("good", "revoked")));
}

/// A proxy that leads wherever it was told to, whatever the name.
struct Proxy {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    fn start(plain: SocketAddr, tunnel: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::<Mutex<Vec<String>>>::default();
        let log = Arc::clone(&asked);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let log = Arc::clone(&log);
                // A client that is gone ends its connection.
                thread::spawn(move || drop(Self::serve(stream, plain, tunnel, &log)));
            }
        });
        Self { address, asked }
    }

    fn serve(
        stream: TcpStream,
        plain: SocketAddr,
        tunnel: SocketAddr,
        log: &Mutex<Vec<String>>,
    ) -> std::io::Result<()> {
        let mut reader = BufReader::new(stream.try_clone()?);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if reader.read_line(&mut head)? == 0 {
                return Ok(());
            }
        }
        let line = head.lines().next().unwrap_or_default().to_owned();
        log.lock().unwrap().push(line.clone());
        let mut client = stream;
        let mut server = if line.starts_with("CONNECT ") {
            client.write_all(b"HTTP/1.1 200 Connected\r\n\r\n")?;
            TcpStream::connect(tunnel)?
        } else {
            // GET http://host/path HTTP/1.1: the path is what the server is asked for.
            let path = line.split(' ').nth(1).and_then(|url| url.splitn(4, '/').nth(3)).unwrap_or_default();
            let mut server = TcpStream::connect(plain)?;
            write!(server, "GET /{path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")?;
            server
        };
        let (mut up, mut down) = (client.try_clone()?, server.try_clone()?);
        let buffered = reader.buffer().to_vec();
        down.write_all(&buffered)?;
        thread::spawn(move || drop(std::io::copy(&mut up, &mut down)));
        std::io::copy(&mut server, &mut client)?;
        client.shutdown(std::net::Shutdown::Both)
    }
}

#[test]
fn a_proxy_looks_names_up_and_leads_there() {
    let identity = Identity::named("secure.example", (2020, 2090));
    let secure = CrlServer::start_tls(identity.server());
    let estate = Estate::new();
    let proxy = Proxy::start(estate.server.address, secure.address);
    // Names nobody but the proxy knows; the directory is not one of its matters.
    let plain = ["http://plain.example/ca.crl", "https://secure.example/ca.crl"];
    estate.install(&[plain[0], plain[1], "ldap://127.0.0.1:1/cn=x?certificateRevocationList;binary"]);
    estate.configure(&format!(
        "hosts = [\"plain.example\", \"secure.example\", \"127.0.0.1\", \"10.0.0.1\"]\nnetworks = [\"127.0.0.1\"]\nproxy = \"http://{}\"\n\
         spread = \"0s\"\nurls = [\"ldap://127.0.0.1:1/cn=y?certificateRevocationList;binary\", \"http://10.0.0.1/private.crl\"]\n",
        proxy.address
    ));
    let checked = estate.vigie(&["config", "check", "--json"]);
    let said = checked["diagnostics"].as_array().expect("a list").iter();
    let reasons: Vec<_> = said.map(|one| &one["reason"]).filter(|reason| *reason != "no_channel").collect();
    assert_eq!(reasons, ["directory_beside_proxy"], "{checked}");

    estate.server.on("/ca.crl", Does::serve(&estate.ca.list(&list(5))));
    let daemon = Daemon::run_with(estate.path(), &[("SSL_CERT_FILE", identity.ca_file().as_os_str())]);
    daemon.vigie(&["crl", "fetch"]);
    assert_eq!(statuses(&daemon), words("good", "revoked"));
    let asked = |proxy: &Proxy| std::mem::take(&mut *proxy.asked.lock().unwrap());
    let first = asked(&proxy);
    assert!(first.iter().any(|line| line == "GET http://plain.example/ca.crl HTTP/1.1"), "{first:?}");
    assert!(
        !first.iter().any(|line| line.contains("10.0.0.1")),
        "a private address is refused before the proxy: {first:?}"
    );

    // The first address fails, the second goes through a tunnel; TLS is with the server, not with the proxy.
    estate.server.on("/ca.crl", Does::HangsUp);
    secure.on("/ca.crl", Does::serve(&estate.ca.list(&list(6))));
    daemon.vigie(&["crl", "fetch"]);
    assert_eq!(followed(&daemon, "/ca.crl")["number"], "6");
    let second = asked(&proxy);
    assert!(second.iter().any(|line| line == "CONNECT secure.example:443 HTTP/1.1"), "{second:?}");
    assert!(!second.iter().any(|line| line.contains("ldap") || line.contains(":389")), "{second:?}");
}

/// Every system call of the daemon that could tell somebody a name: none does for a certificate nobody vouches for, though its host is
/// allowed. One of ours, in the same run, is looked up.
#[test]
fn not_even_a_name_is_looked_up_for_a_certificate_nobody_vouches_for() {
    let estate = Estate::new();
    estate.configure("hosts = [\"hislist.example\", \"ourlist.example\"]\nspread = \"0s\"\ntimeout = \"2s\"\n");
    estate.put("ours", &Spec::end_entity("ours", 8).with(points(&["http://ourlist.example/x.crl"])));
    let stranger = Authority::root(&Spec::authority("STRANGER", 1).valid(FROM, UNTIL));
    let impostor = Authority::root(&Spec::authority("TEST AC ORGANISATIONS", 2).valid(FROM, UNTIL));
    for (number, authority) in [&stranger, &impostor].into_iter().enumerate() {
        for scheme in ["http", "https", "ldap"] {
            let url = format!("{scheme}://hislist.example/x?certificateRevocationList;binary");
            let spec = Spec::end_entity("his", 9).valid(FROM, UNTIL).with(points(&[&url])).with(freshest(&url));
            fs::write(estate.path().join(format!("inbox/{number}-{scheme}.cer")), authority.issue(&spec)).unwrap();
        }
        fs::write(estate.path().join(format!("inbox/{number}-ca.cer")), &authority.der).unwrap();
    }
    let trace = estate.path().join("trace");
    // -D: the tracer is a grandchild.
    let calls = "trace=connect,sendto,sendmsg,sendmmsg,write,writev";
    let options = ["-D", "-f", "-s", "256", "-e", calls, "-o"].map(AsRef::as_ref);
    let daemon = Daemon::run_by(estate.path(), "strace", &[&options[..], &[trace.as_os_str()]].concat());
    daemon.vigie(&["crl", "fetch"]);
    assert_eq!(status(&daemon, "ours"), "unknown");
    daemon.stop();
    let calls = wait_for("the end of the trace", || {
        fs::read_to_string(&trace).ok().filter(|calls| calls.contains("+++ exited with 0 +++"))
    });
    // A name in a question to the DNS has its length before it: no text of ours has that.
    assert!(calls.contains("\\7ourlist\\7example"), "the trace sees questions:\n{calls}");
    assert!(!calls.contains("\\7hislist"), "{calls}");
    let named = |call: &&str| call.contains("hislist") && (call.contains("GET ") || call.contains("Host:"));
    assert_eq!(calls.lines().find(named), None);
}
