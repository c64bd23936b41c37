//! Servers of every temper.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use proptest::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use vigie::config::ScanConfig;
use vigie::domain::endpoint::Endpoint;
use vigie::domain::fingerprint::Fingerprint;
use vigie::domain::inventory::Inventory;
use vigie::domain::observation::Location;
use vigie::domain::reconcile::Gathered;
use vigie::pki::digest::sha256;
use vigie::sources::tls_endpoint::TlsSource;

use super::{clock, reasons, taken};
use crate::support::made_certificate::{Made, authority};
use crate::support::tls_server::{Clients, agree, config, refusing, serve};

/// Long enough for any handshake on a busy machine; waited out only by the tests of silent servers, which bring their own.
const PATIENT: ScanConfig = ScanConfig {
    max_depth: 32,
    max_file_bytes: 4 << 20,
    max_files: 1_000_000,
    source_timeout: Duration::from_secs(120),
    endpoint_timeout: Duration::from_secs(60),
    max_kdf_iterations: 5_000_000,
};

const IMPATIENT: ScanConfig = ScanConfig { endpoint_timeout: Duration::from_millis(300), ..PATIENT };

fn endpoint(scheme: &str, address: std::net::SocketAddr) -> Endpoint {
    format!("{scheme}://localhost:{}", address.port()).parse().unwrap()
}

async fn gather(endpoints: Vec<Endpoint>, scan: ScanConfig) -> Gathered {
    TlsSource::new("ends", endpoints, scan).gather(&Inventory::default(), &clock()).await
}

/// The certificates of the only observation.
fn chain(gathered: &Gathered) -> Vec<Fingerprint> {
    assert_eq!(reasons(gathered), []);
    let [observation] = gathered.observations.as_slice() else { panic!("one endpoint: {gathered:?}") };
    let indices: Vec<u32> = observation.contents.iter().map(|content| content.index).collect();
    assert_eq!(indices, (0..indices.len() as u32).collect::<Vec<_>>());
    observation.certificates().collect()
}

/// The reason of the only error.
fn reason(gathered: &Gathered) -> String {
    let [observation] = gathered.observations.as_slice() else { panic!("one endpoint: {gathered:?}") };
    assert!(observation.contents.is_empty());
    let [(place, reason)] = reasons(gathered).try_into().unwrap();
    assert_eq!(place, observation.location.to_string());
    assert_eq!(*reason, *observation.problems[0].reason);
    reason
}

#[tokio::test]
async fn the_chain_is_read_in_the_order_served_whatever_it_is_worth() {
    let issuer = authority("AC de test");
    let expired = Made::issued("elsewhere.example", (2020, 2021), &issuer);
    let stray = Made::self_signed("stray.example");
    let shown = [stray.certificate.der().clone(), issuer.der().clone()];
    let expected = [expired.fingerprint(), stray.fingerprint(), sha256(issuer.der())];
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let server = config(&expired, &shown, &[version], Clients::Anybody);
        let address = serve(move |stream| agree(Arc::clone(&server), stream)).await;
        let gathered = gather(vec![endpoint("tls", address)], PATIENT).await;
        assert_eq!(chain(&gathered), expected);
        assert_eq!(gathered.certificates.len(), 3);
        // By address there is no SNI, and the chain all the same.
        let by_address = gather(vec![format!("tls://{address}").parse().unwrap()], PATIENT).await;
        assert_eq!(chain(&by_address), expected);
    }
}

#[tokio::test]
async fn a_server_that_wants_a_client_certificate_shows_its_own_first() {
    let issuer = authority("AC de test");
    let made = Made::issued("mssante.example", (2026, 2029), &issuer);
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let server = config(&made, &[], &[version], Clients::CertifiedBy(issuer.der().clone()));
        let address = serve(move |stream| agree(Arc::clone(&server), stream)).await;
        assert_eq!(chain(&gather(vec![endpoint("tls", address)], PATIENT).await), [made.fingerprint()]);
    }
}

/// Scheme, greeting, answers.
type Dialogue = (&'static str, &'static [u8], &'static [&'static [u8]]);

/// Says `greeting`, then each answer once something was heard, then TLS.
async fn dialogue(
    mut stream: TcpStream,
    greeting: &'static [u8],
    answers: &'static [&'static [u8]],
    server: Arc<rustls::ServerConfig>,
) {
    stream.write_all(greeting).await.unwrap();
    for answer in answers {
        let heard = stream.read(&mut [0; 512]).await.unwrap();
        assert!(heard > 0);
        stream.write_all(answer).await.unwrap();
    }
    agree(server, stream).await;
}

#[tokio::test]
async fn each_starttls_leads_to_the_chain() {
    let made = Made::self_signed("starttls.example");
    let dialogues: [Dialogue; 4] = [
        ("smtp+starttls", b"220 mx\r\n", &[b"250-mx\r\n250 STARTTLS\r\n", b"220 go\r\n"]),
        ("imap+starttls", b"* OK ready\r\n", &[b"a1 OK go\r\n"]),
        ("ldap+starttls", b"", &[b"\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x00\x04\x00\x04\x00"]),
        ("postgres+starttls", b"", &[b"S"]),
    ];
    for (scheme, greeting, answers) in dialogues {
        let server = config(&made, &[], rustls::ALL_VERSIONS, Clients::Anybody);
        let address = serve(move |stream| dialogue(stream, greeting, answers, Arc::clone(&server))).await;
        let gathered = gather(vec![endpoint(scheme, address)], PATIENT).await;
        assert_eq!(chain(&gathered), [made.fingerprint()], "{scheme}");
    }
}

#[tokio::test]
async fn every_failure_has_its_reason() {
    let http = serve(|mut stream| async move {
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n").await.unwrap();
        // Until the client leaves, so that the answer is not lost in a reset.
        while stream.read(&mut [0; 512]).await.is_ok_and(|count| count > 0) {}
    });
    assert_eq!(reason(&gather(vec![endpoint("tls", http.await)], PATIENT).await), "not_tls");

    // The whole first record is heard, so that hanging up is a close and not a reset.
    let closing = serve(|mut stream| async move {
        let mut head = [0; 5];
        stream.read_exact(&mut head).await.unwrap();
        let length = usize::from(u16::from_be_bytes([head[3], head[4]]));
        stream.read_exact(&mut vec![0; length]).await.unwrap();
    });
    assert_eq!(reason(&gather(vec![endpoint("tls", closing.await)], PATIENT).await), "closed");

    let server = refusing();
    let alert = serve(move |stream| agree(Arc::clone(&server), stream)).await;
    assert_eq!(reason(&gather(vec![endpoint("tls", alert)], PATIENT).await), "tls_alert");

    let plain = serve(|mut stream| async move {
        stream.write_all(b"220 mx\r\n").await.unwrap();
        assert!(stream.read(&mut [0; 512]).await.unwrap() > 0);
        stream.write_all(b"250 mx\r\n").await.unwrap();
        while stream.read(&mut [0; 512]).await.is_ok_and(|count| count > 0) {}
    });
    assert_eq!(reason(&gather(vec![endpoint("smtp+starttls", plain.await)], PATIENT).await), "starttls_refused");

    // A port that is taken and not listened at.
    let socket = rustix::net::socket(rustix::net::AddressFamily::INET, rustix::net::SocketType::STREAM, None).unwrap();
    rustix::net::bind(&socket, &std::net::SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
    let address = std::net::SocketAddr::try_from(rustix::net::getsockname(&socket).unwrap()).unwrap();
    let nobody = format!("tls://{address}").parse().unwrap();
    assert_eq!(reason(&gather(vec![nobody], PATIENT).await), "refused");
}

#[tokio::test]
async fn silence_and_dripping_end_at_the_bound() {
    let mute = serve(|stream| async move {
        std::future::pending::<()>().await;
        drop(stream);
    });
    let dripping = serve(|mut stream| async move {
        while stream.write_all(b"2").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    });
    let endpoints = vec![endpoint("tls", mute.await), endpoint("imap+starttls", dripping.await)];
    let gathered = gather(endpoints, IMPATIENT).await;
    let told: Vec<String> = reasons(&gathered).into_iter().map(|(_, reason)| reason).collect();
    assert_eq!(told, ["timeout", "timeout"]);
    assert_eq!(gathered.failure, None);
}

#[tokio::test]
async fn many_silent_servers_end_with_the_source() {
    let mute = serve(|stream| async move {
        std::future::pending::<()>().await;
        drop(stream);
    })
    .await;
    let names = (0..40).map(|n| format!("tls://127.0.0.{}:{}", n + 1, mute.port()).parse().unwrap());
    let scan = ScanConfig { source_timeout: Duration::from_millis(300), ..PATIENT };
    let gathered = gather(names.collect(), scan).await;
    assert_eq!(gathered.failure.map(|failure| failure.reason.to_string()), Some("timeout".to_owned()));
}

#[tokio::test]
async fn what_was_served_is_kept_while_a_server_is_down_and_dropped_with_its_configuration() {
    let made = Made::self_signed("a.example");
    let server = config(&made, &[], rustls::ALL_VERSIONS, Clients::Anybody);
    let first = Arc::new(AtomicBool::new(true));
    let address = serve(move |mut stream| {
        let (first, server) = (Arc::clone(&first), Arc::clone(&server));
        async move {
            if first.swap(false, Ordering::Relaxed) {
                agree(server, stream).await;
            } else {
                stream.write_all(b"no TLS today\r\n").await.unwrap();
                while stream.read(&mut [0; 512]).await.is_ok_and(|count| count > 0) {}
            }
        }
    })
    .await;
    let served: Endpoint = format!("tls://{address}").parse().unwrap();
    let source = TlsSource::new("ends", vec![served.clone(), served.clone()], PATIENT);
    let gathered = source.gather(&Inventory::default(), &clock()).await;
    assert_eq!(gathered.seen, 1);
    let (inventory, _) = taken(&Inventory::default(), gathered);

    let (inventory, changes) = taken(&inventory, source.gather(&inventory, &clock()).await);
    assert_eq!(changes.changed.len(), 1);
    let location = Location::Endpoint(Arc::new(served));
    let observation = &inventory.observations[&location];
    assert_eq!(observation.certificates().collect::<Vec<_>>(), [made.fingerprint()]);
    assert!(!observation.problems.is_empty());
    assert!(taken(&inventory, source.gather(&inventory, &clock()).await).1.is_quiet());

    let nothing = TlsSource::new("ends", vec![], PATIENT);
    assert_eq!(nothing.gather(&inventory, &clock()).await.gone, [location]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// A server that answers the first bytes with anything, then hangs up: an error with a reason, never a panic or a hang.
    #[test]
    fn any_answer_is_an_error(answer in prop::collection::vec(any::<u8>(), 0..200), record in any::<bool>()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let told = runtime.block_on(async {
            // Half of them look like a handshake record, to get past the first look.
            let head = [22, 3, 3, 0, u8::try_from(answer.len()).unwrap()];
            let answer = if record { [head.as_slice(), &answer].concat() } else { answer };
            let address = serve(move |mut stream| {
                let answer = answer.clone();
                async move {
                    drop(stream.read(&mut [0; 4096]).await);
                    drop(stream.write_all(&answer).await);
                }
            })
            .await;
            reason(&gather(vec![endpoint("tls", address)], PATIENT).await)
        });
        let known = ["not_tls", "closed", "reset", "tls_alert", "tls_incompatible", "tls_failed"];
        prop_assert!(known.contains(&told.as_str()), "{}", told);
    }
}
