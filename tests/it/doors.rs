//! Abuse at the doors: what must be refused is refused with the right status and written down, and secrets stay where they are.

use std::fs::{self, Permissions};
use std::io::Write as _;
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::support::daemon::{Answer, Daemon, VIGIE, exchange};

const TOKEN: &str = "canary-token-0123456789abcdef0123456789abcdef";
const PASSWORD: &str = "canary-passphrase-of-the-keystore";

/// A daemon with nothing declared, its token known.
fn daemon(folder: &Path, declared: &str) -> Daemon {
    let state = folder.join("state");
    fs::create_dir(&state).expect("made");
    fs::write(state.join("api.token"), format!("{TOKEN}\n")).expect("written");
    fs::set_permissions(state.join("api.token"), Permissions::from_mode(0o600)).expect("closed");
    let config = format!(
        "node = \"doors\"\nstate_dir = \"state\"\n[http]\nsocket = \"state/api.sock\"\nlisten = \"127.0.0.1:0\"\n\
         [trust]\nanchors = []\n{declared}"
    );
    fs::write(folder.join("vigie.toml"), config).expect("written");
    Daemon::run(folder)
}

fn with_token() -> String {
    format!("Authorization: Bearer {TOKEN}\r\n")
}

#[test]
fn refusals_have_their_status_and_are_written_down() {
    let folder = tempfile::tempdir().expect("a folder");
    let daemon = daemon(folder.path(), "");
    let address = daemon.address;
    let json = "Content-Type: application/json\r\n";
    let token = with_token();
    let raw = |head: &str| exchange(address, format!("{head}Connection: close\r\n\r\n").as_bytes());

    // What is asked, the status, the reason, the actor and the object of the event.
    let by_token = format!("token:{}", token_id());
    let refused: [(&str, Answer, u16, &str, &str, &str); 11] = [
        (
            "a foreign target behind a host that is ours",
            raw(&format!("GET http://evil.example/readyz HTTP/1.1\r\nHost: {address}\r\n")),
            421,
            "foreign_host",
            "anonymous",
            "/readyz",
        ),
        (
            "a foreign host",
            raw("GET /api/v1/status HTTP/1.1\r\nHost: evil.example\r\n"),
            421,
            "foreign_host",
            "anonymous",
            "/api/v1/status",
        ),
        ("no host", raw("GET /healthz HTTP/1.0\r\n"), 421, "foreign_host", "anonymous", "/healthz"),
        (
            "a foreign origin",
            daemon.post("/api/v1/scan", &format!("{token}{json}Origin: http://evil.example\r\n"), "{}"),
            403,
            "foreign_origin",
            "anonymous",
            "/api/v1/scan",
        ),
        (
            "a cross-site fetch",
            daemon.post("/api/v1/reload", &format!("{token}{json}Sec-Fetch-Site: cross-site\r\n"), "{}"),
            403,
            "foreign_origin",
            "anonymous",
            "/api/v1/reload",
        ),
        (
            "a form post",
            daemon.post("/api/v1/scan", &format!("{token}Content-Type: application/x-www-form-urlencoded\r\n"), "a=b"),
            415,
            "unsupported_media_type",
            &by_token,
            "/api/v1/scan",
        ),
        ("no token", daemon.get("/api/v1/certificates", ""), 401, "unauthorized", "anonymous", "/api/v1/certificates"),
        (
            "a wrong token",
            daemon.get("/metrics", "Authorization: Bearer canary-token-of-somebody-else-0123456789abcdef\r\n"),
            401,
            "unauthorized",
            "anonymous",
            "/metrics",
        ),
        (
            "another method",
            exchange(
                address,
                format!("DELETE /api/v1/status HTTP/1.1\r\nHost: {address}\r\n{token}Connection: close\r\n\r\n")
                    .as_bytes(),
            ),
            405,
            "method_not_allowed",
            "anonymous",
            "/api/v1/status",
        ),
        (
            "a huge body",
            daemon.post("/api/v1/scan", &format!("{token}{json}"), &" ".repeat(3 << 20)),
            413,
            "body_too_large",
            &by_token,
            "/api/v1/scan",
        ),
        (
            "a parameter",
            daemon.post("/api/v1/reload", &format!("{token}{json}"), "{\"file\":\"/etc/shadow\"}"),
            400,
            "bad_request",
            &by_token,
            "/api/v1/reload",
        ),
    ];
    for (what, answer, status, reason, actor, object) in refused {
        assert_eq!(answer.status, status, "{what}: {answer:?}");
        assert!(answer.head.contains("application/problem+json"), "{what}: {answer:?}");
        assert_eq!(answer.json()["reason"], reason, "{what}");
        assert!(!answer.head.contains("access-control-allow"), "{what}: {answer:?}");
        daemon.wait_for_event(0, |event| {
            let begins = |key: &str, with: &str| event[key].as_str().is_some_and(|text| text.starts_with(with));
            event["action"] == "access_denied"
                && event["outcome"] == "refused"
                && event["origin"] == "tcp"
                && event["actor"] == actor
                && event["object"] == object
                && begins("reason", reason)
        });
    }

    // Refused while the request is still being read: nobody is recognised yet and there is no path to write down.
    let huge = format!("GET / HTTP/1.1\r\nHost: {address}\r\nX-Long: {}\r\n\r\n", "x".repeat(1 << 20));
    // TLS on a plain port.
    let odd = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n".to_vec();
    for (request, status, reason) in [(huge.into_bytes(), 431, "header_too_large"), (odd, 400, "unreadable_request")] {
        let answer = exchange(address, &request);
        assert_eq!(answer.status, status, "{answer:?}");
        assert!(
            answer.head.contains("application/problem+json") && answer.head.contains("connection: close"),
            "{answer:?}"
        );
        assert_eq!(
            (&answer.json()["reason"], &answer.json()["status"]),
            (&reason.into(), &status.into()),
            "{answer:?}"
        );
    }

    // The refused ones did nothing, and what is allowed still works.
    assert!(daemon.audit().iter().all(|event| event["action"] != "scan_requested" && event["action"] != "reload"));
    assert_eq!(daemon.get("/healthz", "").body, "ok\n");
    assert_eq!(daemon.get("/api/v1/status", &token).status, 200);
    let scan = daemon.post("/api/v1/scan", &format!("{token}{json}"), "{}");
    assert_eq!(scan.status, 200, "{scan:?}");
    let event = daemon.wait_for_event(0, |event| event["action"] == "scan_requested");
    assert_eq!(event["actor"], by_token.as_str());
}

#[test]
fn no_get_changes_anything() {
    let folder = tempfile::tempdir().expect("a folder");
    let daemon = daemon(folder.path(), "");
    let before = daemon.last_seq();
    let paths = [
        "/",
        "/metrics",
        "/healthz",
        "/readyz",
        "/login",
        "/vigie.css",
        "/api/v1/status",
        "/api/v1/certificates",
        "/api/v1/certificates/x",
        "/api/v1/structures",
        "/api/v1/administrators",
        "/api/v1/cards",
        "/api/v1/findings",
        "/api/v1/findings?closed=true",
        "/api/v1/sources",
        "/api/v1/audit",
        "/api/v1/nodes",
        "/api/v1/scan",
        "/api/v1/reload",
        "/nowhere",
    ];
    for path in paths {
        let answer = daemon.get(path, &with_token());
        let wanted: &[u16] = match path {
            "/api/v1/scan" | "/api/v1/reload" => &[405],
            "/nowhere" | "/api/v1/certificates/x" => &[404],
            _ => &[200],
        };
        assert!(wanted.contains(&answer.status), "{path}: {answer:?}");
    }
    assert_eq!(daemon.last_seq(), before);
}

#[test]
fn a_user_of_the_socket_may_look_and_not_change() {
    if !rustix::process::geteuid().is_root() {
        eprintln!("only root can lend a connection to another user: not tried");
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let daemon = daemon(folder.path(), "");
    let socket = folder.path().join("state/api.sock");
    let mode = fs::metadata(&socket).expect("the socket").permissions().mode() & 0o777;
    assert_eq!(mode, 0o660, "only owner and group get as far as asking");
    // Let him through, and give him a binary he can reach, to see what the daemon itself says.
    for (path, mode) in [(folder.path(), 0o755), (&folder.path().join("state"), 0o755), (&socket, 0o666)] {
        fs::set_permissions(path, Permissions::from_mode(mode)).expect("opened");
    }
    let binary = folder.path().join("vigie");
    fs::copy(VIGIE, &binary).expect("copied");
    let as_nobody = |arguments: &[&str]| {
        let said = Command::new(&binary).uid(65_534).gid(65_534).arg("--socket").arg(&socket).args(arguments).output();
        let said = said.expect("it runs");
        (said.status.code(), String::from_utf8_lossy(&said.stderr).into_owned())
    };
    assert_eq!(as_nobody(&["list", "--json"]).0, Some(0));
    let (code, said) = as_nobody(&["scan", "--now"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("not_an_administrator"), "{said}");
    assert_eq!(as_nobody(&["reload"]).0, Some(1));
    let event = daemon.wait_for_event(0, |event| event["object"] == "/api/v1/scan");
    assert_eq!(event["action"], "access_denied");
    assert!(event["actor"].as_str().is_some_and(|actor| actor.starts_with("uid:65534")), "{event}");
    assert_eq!((&event["origin"], &event["reason"]), (&"socket".into(), &"not_an_administrator".into()));
}

#[test]
fn slow_connections_hold_nobody_up() {
    let folder = tempfile::tempdir().expect("a folder");
    let daemon = daemon(folder.path(), "");
    let slow: Vec<TcpStream> = (0..200)
        .map(|_| {
            let mut stream = TcpStream::connect(daemon.address).expect("connected");
            stream.write_all(b"GET / HTTP/1.1\r\nHost:").expect("begun");
            stream
        })
        .collect();
    assert_eq!(daemon.get("/healthz", "").status, 200);
    assert_eq!(daemon.get("/api/v1/status", &with_token()).status, 200);
    assert_eq!(daemon.vigie(&["list"]).code, 0);
    // Nor do they hold up the end.
    let (status, log) = daemon.stop();
    assert!(status.success(), "{log}");
    drop(slow);
}

#[test]
fn secrets_stay_where_they_are() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).to_str().expect("a plain path").to_owned();
    let openssl = |arguments: &[&str]| {
        let said = Command::new("openssl").args(arguments).output().expect("openssl runs: apt-get install openssl");
        assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    };
    let (key, certificate, store) = (path("k.pem"), path("c.pem"), path("store.p12"));
    openssl(&[
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-subj",
        "/CN=canary",
        "-keyout",
        &key,
        "-out",
        &certificate,
    ]);
    let password = format!("pass:{PASSWORD}");
    openssl(&["pkcs12", "-export", "-in", &certificate, "-inkey", &key, "-passout", &password, "-out", &store]);
    let key_body = fs::read_to_string(&key).expect("the key").lines().nth(3).expect("a line of it").to_owned();
    fs::write(path("password"), format!("{PASSWORD}\n")).expect("written");
    fs::set_permissions(path("password"), Permissions::from_mode(0o600)).expect("closed");
    let declared = format!(
        "[[source]]\nkind = \"file\"\nname = \"all\"\npaths = [\"{key}\"]\n\
         [[structure]]\nid = \"s\"\nname = \"S\"\nkind = \"editor\"\nenvironment = \"test\"\nsiren = \"990000127\"\n\
         [[certificate]]\nid = \"canary\"\nstructure = \"s\"\nenvironment = \"test\"\noffer = \"ORG\"\nusage = \"AUTH_CLI\"\n\
         service = \"canary\"\npkcs12 = \"{store}\"\npassword_file = \"password\"\n"
    );
    let daemon = daemon(folder.path(), &declared);
    assert_eq!(daemon.json(&["show", "canary"])["subject"], "CN=canary", "the password was used");

    // Every way in that carries the token: rightly, wrongly, in a form, in an address.
    assert_eq!(daemon.get("/api/v1/status", &with_token()).status, 200);
    daemon.get("/api/v1/status", &format!("Authorization: Basic {TOKEN}\r\n"));
    daemon.get(&format!("/api/v1/status?token={TOKEN}"), "");
    let form = "Content-Type: application/x-www-form-urlencoded\r\n";
    daemon.post("/login", form, &format!("token={TOKEN}"));
    daemon.post("/login", form, &format!("token={TOKEN}x"));
    assert_eq!(daemon.vigie(&["reload"]).code, 0);

    let metrics = daemon.get("/metrics", &with_token());
    assert_eq!(metrics.status, 200);
    let audit: Vec<Value> = daemon.audit();
    let page = daemon.get("/certificates/canary", &with_token()).body;
    let mut told = vec![
        ("metrics".to_owned(), metrics.body.into_bytes()),
        ("audit".to_owned(), serde_json::to_vec(&audit).expect("JSON")),
        ("page".to_owned(), page.into_bytes()),
        ("list".to_owned(), daemon.vigie(&["list", "--all", "--json"]).out.into_bytes()),
        ("show".to_owned(), daemon.vigie(&["show", "canary", "--json"]).out.into_bytes()),
    ];
    let (_, log) = daemon.stop();
    assert!(log.contains("stopped"), "the log is there to be searched: {log}");
    told.push(("log".to_owned(), log.into_bytes()));
    let mut databases = 0;
    for entry in fs::read_dir(folder.path().join("state")).expect("the state folder") {
        let path = entry.expect("an entry").path();
        if path.is_file() && path.file_name() != Some("api.token".as_ref()) {
            databases += usize::from(path.extension() == Some("db".as_ref()));
            told.push((path.display().to_string(), fs::read(&path).expect("read")));
        }
    }
    assert_eq!(databases, 1);
    for (name, bytes) in &told {
        for secret in [TOKEN, PASSWORD, key_body.as_str()] {
            let holds = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!holds, "{name} holds a secret");
        }
    }
}

#[test]
fn what_cannot_be_understood_is_a_problem_with_a_reason() {
    let folder = tempfile::tempdir().expect("a folder");
    let daemon = daemon(folder.path(), "");
    for (path, status, reason, names) in [
        ("/api/v1/certificates?limit=abc", 400, "bad_request", "limit"),
        ("/api/v1/certificates?colour=red", 400, "bad_request", "colour"),
        ("/api/v1/certificates?validity=foo", 400, "bad_request", "not_yet_valid"),
        ("/api/v1/certificates?offer=foo", 400, "bad_request", "SERV"),
        ("/api/v1/certificates?usage=foo", 400, "bad_request", "SSL_SERV"),
        ("/api/v1/findings?severity=foo", 400, "bad_request", "critical"),
        ("/api/v1/status?colour=red", 400, "bad_request", "colour"),
        ("/api/v1/certificates/%ff", 400, "bad_request", "UTF-8"),
        ("/api/v1/certificates/x", 404, "not_found", "x"),
        ("/certificates/x", 404, "not_found", "certificate"),
        ("/nowhere", 404, "not_found", "nothing"),
        ("/api/v1/scan", 405, "method_not_allowed", "method"),
    ] {
        let answer = daemon.get(path, &with_token());
        assert_eq!(answer.status, status, "{path}: {answer:?}");
        assert!(answer.head.contains("application/problem+json"), "{path}: {answer:?}");
        assert_eq!(answer.json()["reason"], reason, "{path}");
        assert!(answer.json()["detail"].as_str().is_some_and(|detail| detail.contains(names)), "{path}: {answer:?}");
    }
    // What takes no body is not asked what its body is.
    for headers in ["", "Content-Type: text/plain\r\n", "Content-Type: application/json\r\n"] {
        let answer = daemon.post("/api/v1/status", &format!("{}{headers}", with_token()), "{}");
        assert_eq!((answer.status, &answer.json()["reason"]), (405, &"method_not_allowed".into()), "{answer:?}");
        assert!(answer.head.contains("allow: get"), "{answer:?}");
    }
    assert_eq!(daemon.vigie(&["list", "--validity", "foo"]).code, 65);
    assert_eq!(daemon.vigie(&["list", "--validity", "expired"]).code, 0);

    let page = daemon.get("/certificates/x", &format!("{}Accept: text/html\r\n", with_token()));
    assert_eq!(page.status, 404, "{page:?}");
    assert!(page.head.contains("text/html") && page.body.contains("Certificat inconnu"), "{page:?}");
    let scheme = daemon.get("/api/v1/status", &format!("Authorization: bearer {TOKEN}\r\n"));
    assert_eq!(scheme.status, 200, "{scheme:?}");
}

#[test]
fn the_sign_in_form_is_bounded() {
    let folder = tempfile::tempdir().expect("a folder");
    let daemon = daemon(folder.path(), "");
    let form = "Content-Type: application/x-www-form-urlencoded\r\n";
    let huge = daemon.post("/login", form, &"x".repeat(100 << 10));
    assert_eq!((huge.status, &huge.json()["reason"]), (413, &"body_too_large".into()));
    // Announced and never sent.
    let head =
        format!("POST /login HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Length: 9\r\n", daemon.address);
    let slow = exchange(daemon.address, format!("{head}{form}\r\ntok").as_bytes());
    assert_eq!((slow.status, &slow.json()["reason"]), (408, &"body_timeout".into()));
}

#[test]
fn noise_hides_no_attempt() {
    let folder = tempfile::tempdir().expect("a folder");
    let daemon = daemon(folder.path(), "");
    for _ in 0..100 {
        let flood = exchange(daemon.address, b"GET / HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n");
        assert_eq!(flood.status, 421);
    }
    assert_eq!(daemon.get("/metrics", &with_token().replace("canary", "stolen")).status, 401);
    let event = daemon.wait_for_event(0, |event| event["object"] == "/metrics");
    assert_eq!((&event["action"], &event["reason"]), (&"access_denied".into(), &"unauthorized".into()));
}

#[test]
fn the_socket_goes_with_the_daemon_and_only_a_socket_is_replaced() {
    let folder = tempfile::tempdir().expect("a folder");
    let daemon = daemon(folder.path(), "");
    let (socket, config) = (folder.path().join("state/api.sock"), folder.path().join("vigie.toml"));
    assert!(socket.exists());
    let (status, log) = daemon.stop();
    assert!(status.success(), "{log}");
    assert!(!socket.exists(), "{log}");

    let run = || {
        let said = Command::new(VIGIE).arg("--config").arg(&config).arg("run").output().expect("it runs");
        (said.status.code(), String::from_utf8_lossy(&said.stderr).into_owned())
    };
    fs::write(&socket, "somebody's file").expect("written");
    let (code, said) = run();
    assert_eq!(code, Some(65), "{said}");
    assert!(said.contains("n'est pas une socket"), "{said}");
    assert_eq!(fs::read(&socket).expect("still there"), b"somebody's file");

    let token = folder.path().join("state/api.token");
    fs::set_permissions(&token, Permissions::from_mode(0o640)).expect("opened");
    let (code, said) = run();
    assert_eq!(code, Some(65), "{said}");
    assert!(said.contains("chmod 600") && !said.contains(TOKEN), "{said}");
}

/// The name a token goes by: the beginning of its SHA-256.
fn token_id() -> String {
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, TOKEN.as_bytes());
    hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect::<String>().chars().take(12).collect()
}
