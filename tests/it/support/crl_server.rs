//! An HTTP server that does, path by path, what it is told: also what no server should.

use std::collections::{BTreeMap, VecDeque};
use std::io::{BufRead as _, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// What a path does.
#[derive(Clone)]
pub enum Does {
    /// Status, header lines (each ending in CR LF) and body.
    Answers(u16, String, Vec<u8>),
    /// Announces the whole body and sends the first bytes of it.
    Cuts(Vec<u8>, usize),
    /// The same, once for each length, and honours `Range`: a server that can be resumed. The strong ETag of the body.
    Resumes(Vec<u8>, VecDeque<usize>),
    /// One byte every tenth of a second.
    Trickles(Vec<u8>),
    /// This, over and over, for ever.
    NeverEnds(Vec<u8>),
    /// Header lines, for ever.
    NeverBegins,
    /// Takes the request and closes.
    HangsUp,
    /// Takes the request and does nothing until it is told what.
    Waits,
    /// 304 when this ETag is asked for, the body otherwise.
    Validates(String, Vec<u8>),
}

impl Does {
    /// 200 with this body.
    pub fn serve(body: &[u8]) -> Self {
        Self::Answers(200, "Content-Type: application/pkix-crl\r\n".to_owned(), body.to_vec())
    }

    pub fn redirect(location: &str) -> Self {
        Self::Answers(302, format!("Location: {location}\r\n"), Vec::new())
    }
}

type Paths = Arc<Mutex<BTreeMap<String, Does>>>;

/// The server. It listens until the test ends.
pub struct CrlServer {
    pub address: SocketAddr,
    tls: bool,
    paths: Paths,
    asked: Arc<Mutex<Vec<String>>>,
}

impl CrlServer {
    pub fn start() -> Self {
        Self::start_with(None)
    }

    /// The same behind TLS.
    pub fn start_tls(config: Arc<ServerConfig>) -> Self {
        Self::start_with(Some(config))
    }

    fn start_with(config: Option<Arc<ServerConfig>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let (paths, asked) = (Paths::default(), Arc::<Mutex<Vec<String>>>::default());
        let (known, log, tls) = (Arc::clone(&paths), Arc::clone(&asked), config.is_some());
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (known, log, config) = (Arc::clone(&known), Arc::clone(&log), config.clone());
                stream.set_write_timeout(Some(Duration::from_secs(20))).ok();
                thread::spawn(move || match config {
                    None => answer(stream, &known, &log),
                    Some(config) => {
                        let connection = ServerConnection::new(config).expect("a server");
                        let mut stream = StreamOwned::new(connection, stream);
                        answer(&mut stream, &known, &log);
                        stream.conn.send_close_notify();
                        stream.flush().ok();
                    }
                });
            }
        });
        Self { address, tls, paths, asked }
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}://{}{path}", if self.tls { "https" } else { "http" }, self.address)
    }

    pub fn on(&self, path: &str, does: Does) {
        self.paths.lock().expect("the paths").insert(path.to_owned(), does);
    }

    /// The heads of the requests for this path, in lower case, since the last time somebody asked.
    pub fn asked(&self, path: &str) -> Vec<String> {
        let mut asked = self.asked.lock().expect("the log");
        let (of_path, others) =
            std::mem::take(&mut *asked).into_iter().partition(|head| head.split(' ').nth(1) == Some(path));
        *asked = others;
        of_path
    }

    /// How many requests came that nobody asked for with [`CrlServer::asked`].
    pub fn requests(&self) -> usize {
        self.asked.lock().expect("the log").len()
    }
}

fn answer(mut stream: impl Read + Write, paths: &Paths, log: &Mutex<Vec<String>>) {
    let mut head = String::new();
    let mut reader = BufReader::new(&mut stream);
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).unwrap_or(0) == 0 {
            return;
        }
    }
    let head = head.to_ascii_lowercase();
    let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
    log.lock().expect("the log").push(head.clone());
    let does = loop {
        let mut paths = paths.lock().expect("the paths");
        let does = paths.get(&path).cloned();
        if let Some(Does::Resumes(_, lengths)) = paths.get_mut(&path) {
            lengths.pop_front();
        }
        if !matches!(does, Some(Does::Waits)) {
            break does;
        }
        drop(paths);
        thread::sleep(Duration::from_millis(10));
    };
    // A client that has seen enough hangs up: that is what is tested.
    drop(send(&mut stream, &head, does));
}

fn send(stream: &mut impl Write, head: &str, does: Option<Does>) -> std::io::Result<()> {
    fn announced(stream: &mut impl Write, status: u16, lines: &str, length: usize) -> std::io::Result<()> {
        write!(stream, "HTTP/1.1 {status} X\r\nContent-Length: {length}\r\nConnection: close\r\n{lines}\r\n")
    }
    let asks =
        |line: &str| head.lines().find_map(|found| found.strip_prefix(line).map(|value| value.trim().to_owned()));
    match does {
        None | Some(Does::Waits) => announced(stream, 404, "", 0),
        Some(Does::Answers(status, lines, body)) => {
            announced(stream, status, &lines, body.len())?;
            stream.write_all(&body)
        }
        Some(Does::Cuts(body, length)) => {
            announced(stream, 200, "", body.len())?;
            stream.write_all(&body[..length])
        }
        Some(Does::Resumes(body, lengths)) => {
            let from =
                asks("range: bytes=").and_then(|range| range.trim_end_matches('-').parse::<usize>().ok()).unwrap_or(0);
            let lines = format!(
                "ETag: \"whole\"\r\nAccept-Ranges: bytes\r\nContent-Range: bytes {from}-{}/{}\r\n",
                body.len() - 1,
                body.len()
            );
            announced(stream, if from > 0 { 206 } else { 200 }, &lines, body.len() - from)?;
            let until = lengths.front().map_or(body.len(), |length| (from + length).min(body.len()));
            stream.write_all(&body[from..until])
        }
        Some(Does::Trickles(body)) => {
            announced(stream, 200, "", body.len())?;
            for byte in body {
                stream.write_all(&[byte])?;
                thread::sleep(Duration::from_millis(100));
            }
            Ok(())
        }
        Some(Does::NeverEnds(piece)) => {
            write!(stream, "HTTP/1.1 200 X\r\nConnection: close\r\n\r\n")?;
            loop {
                stream.write_all(&piece)?;
            }
        }
        Some(Does::NeverBegins) => {
            write!(stream, "HTTP/1.1 200 X\r\n")?;
            loop {
                stream.write_all(&b"X-More: of it\r\n".repeat(1000))?;
            }
        }
        Some(Does::HangsUp) => Ok(()),
        Some(Does::Validates(etag, body)) => {
            let lines = format!("ETag: {etag}\r\n");
            if asks("if-none-match:").as_deref() == Some(etag.as_str()) {
                return announced(stream, 304, &lines, 0);
            }
            announced(stream, 200, &lines, body.len())?;
            stream.write_all(&body)
        }
    }
}
