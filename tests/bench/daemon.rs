//! The daemon as the kernel sees it: started, waited for as systemd would, measured in `/proc`, asked in a loop.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The binary that is measured.
pub const VIGIE: &str = env!("CARGO_BIN_EXE_vigie");

const TOKEN: &str = "bench-bench-bench-bench-bench-bench-bench";

/// A running daemon.
pub struct Daemon {
    child: Child,
    config: PathBuf,
    address: SocketAddr,
    /// Kept open: the daemon goes on telling its manager how it fares.
    _manager: UnixDatagram,
    /// From its start to `READY=1`.
    pub ready: Duration,
}

impl Daemon {
    /// Starts a daemon that keeps its state in `folder` and sweeps `files`.
    pub fn start(folder: &Path, files: &Path) -> Self {
        Self::trusting(folder, files, &[])
    }

    /// The same with these trust anchors.
    pub fn trusting(folder: &Path, files: &Path, anchors: &[&Path]) -> Self {
        fs::create_dir_all(folder.join("state")).expect("a folder");
        let token = folder.join("state/api.token");
        fs::write(&token, TOKEN).expect("written");
        fs::set_permissions(&token, fs::Permissions::from_mode(0o600)).expect("closed to others");
        let config = folder.join("vigie.toml");
        let port = std::net::TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a port");
        let text = format!(
            "node = \"bench\"\nstate_dir = \"state\"\n[http]\nsocket = \"state/api.sock\"\nlisten = \"{port}\"\n\
             [schedule]\nscan = \"0 0 0 1 1 *\"\nevaluate = \"0 0 0 1 1 *\"\njitter = \"0s\"\n[trust]\nanchors = {anchors:?}\n\
             [[source]]\nkind = \"file\"\nname = \"files\"\npaths = [{:?}]\n",
            files.to_str().expect("a plain path")
        );
        fs::write(&config, text).expect("written");
        let notify = folder.join("notify");
        fs::remove_file(&notify).ok();
        let manager = UnixDatagram::bind(&notify).expect("bound");
        manager.set_read_timeout(Some(Duration::from_secs(120))).expect("a timeout");
        let start = Instant::now();
        let child = Command::new(VIGIE)
            .arg("run")
            .arg("--config")
            .arg(&config)
            .env("NOTIFY_SOCKET", &notify)
            .env_remove("JOURNAL_STREAM")
            .env("VIGIE_LOG", "warn")
            .envs(environment())
            .stdin(Stdio::null())
            .spawn()
            .expect("vigie runs");
        let mut message = [0; 512];
        loop {
            let length = manager.recv(&mut message).expect("READY=1");
            if String::from_utf8_lossy(&message[..length]).contains("READY=1") {
                break;
            }
        }
        Self { child, config, address: port, ready: start.elapsed(), _manager: manager }
    }

    /// Waits until the first scan is committed and gives the time since the call.
    pub fn scanned(&self) -> Duration {
        let start = Instant::now();
        while !self.status().contains("\"last_scan\":{") {
            std::thread::sleep(Duration::from_millis(5));
        }
        start.elapsed()
    }

    /// The status over a connection of its own.
    pub fn status(&self) -> String {
        let mut client = Client::new(self.address, "/api/v1/status");
        client.ask();
        String::from_utf8_lossy(&client.body).into_owned()
    }

    /// Resident set in bytes.
    pub fn resident(&self) -> u64 {
        let text = fs::read_to_string(format!("/proc/{}/statm", self.child.id())).expect("statm");
        text.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok()).expect("pages") * 4096
    }

    /// CPU ticks (hundredths of a second) and context switches it took to until now, all threads.
    pub fn spent(&self) -> (u64, u64) {
        let process = format!("/proc/{}", self.child.id());
        let stat = fs::read_to_string(format!("{process}/stat")).expect("stat");
        let fields: Vec<&str> = stat.rsplit(')').next().expect("fields").split_whitespace().collect();
        let ticks = fields[11].parse::<u64>().expect("utime") + fields[12].parse::<u64>().expect("stime");
        let mut switches = 0;
        for task in fs::read_dir(format!("{process}/task")).expect("threads") {
            let status = fs::read_to_string(task.expect("a thread").path().join("status")).expect("status");
            let line = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:")).expect("a count");
            switches += line.trim().parse::<u64>().expect("a number");
        }
        (ticks, switches)
    }

    /// Wall time of one command of the same binary.
    pub fn command(&self, arguments: &[&str]) -> Duration {
        let start = Instant::now();
        let said = Command::new(VIGIE).arg("--config").arg(&self.config).args(arguments).output().expect("it runs");
        let took = start.elapsed();
        assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
        took
    }

    /// Answers a second over `clients` keep-alive connections, and the time 99 of 100 answers took at most.
    pub fn rate(&self, path: &'static str, clients: usize, time: Duration) -> (f64, Duration) {
        let address = self.address;
        let threads: Vec<_> = (0..clients)
            .map(|_| {
                std::thread::spawn(move || {
                    let mut client = Client::new(address, path);
                    client.ask();
                    let start = Instant::now();
                    let mut took = Vec::new();
                    while start.elapsed() < time {
                        let asked = Instant::now();
                        client.ask();
                        took.push(asked.elapsed());
                    }
                    took
                })
            })
            .collect();
        let mut took: Vec<Duration> = threads.into_iter().flat_map(|thread| thread.join().expect("a client")).collect();
        took.sort_unstable();
        let p99 = took[took.len() * 99 / 100];
        (took.len() as f64 / time.as_secs_f64(), p99)
    }

    /// Ends it.
    pub fn stop(mut self) {
        let pid = rustix::process::Pid::from_raw(self.child.id().cast_signed()).expect("a process id");
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).expect("signalled");
        assert!(self.child.wait().expect("waited for").success());
    }
}

/// What the unit sets for it.
fn environment() -> Vec<(String, String)> {
    let unit = Path::new(env!("CARGO_MANIFEST_DIR")).join("systemd/vigie.service");
    let unit = fs::read_to_string(unit).expect("the unit");
    let words = unit.lines().filter_map(|line| line.strip_prefix("Environment=")).flat_map(str::split_whitespace);
    words.map(|word| word.split_once('=').expect("a value")).map(|(name, value)| (name.into(), value.into())).collect()
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// One keep-alive connection that asks the same thing again and again.
struct Client {
    stream: BufReader<TcpStream>,
    request: String,
    line: String,
    body: Vec<u8>,
}

impl Client {
    fn new(address: SocketAddr, path: &str) -> Self {
        let stream = TcpStream::connect(address).expect("connected");
        stream.set_nodelay(true).expect("set");
        let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {TOKEN}\r\n\r\n");
        Self { stream: BufReader::new(stream), request, line: String::new(), body: Vec::new() }
    }

    fn ask(&mut self) {
        self.stream.get_mut().write_all(self.request.as_bytes()).expect("sent");
        let mut length = 0;
        loop {
            self.line.clear();
            self.stream.read_line(&mut self.line).expect("an answer");
            let line = self.line.trim_end();
            if line.is_empty() {
                break;
            }
            if let Some(value) = line.strip_prefix("content-length: ") {
                length = value.parse().expect("a length");
            }
            assert!(!line.starts_with("HTTP/1.1 ") || line.starts_with("HTTP/1.1 200"), "{line}");
        }
        self.body.resize(length, 0);
        self.stream.read_exact(&mut self.body).expect("the body");
    }
}
