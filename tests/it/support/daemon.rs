//! The real binary as a child process: started, asked over its socket and its TCP listener, stopped, killed when a test fails.

use std::ffi::OsStr;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::thread::sleep;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::Value;
use tempfile::NamedTempFile;

/// The binary under test.
pub const VIGIE: &str = env!("CARGO_BIN_EXE_vigie");

/// Between two looks at something awaited.
const PAUSE: Duration = Duration::from_millis(25);

/// A running daemon.
pub struct Daemon {
    child: Child,
    config: PathBuf,
    said: NamedTempFile,
    /// Where it listens on TCP.
    pub address: SocketAddr,
}

/// What a command gave.
pub struct Said {
    /// Exit code.
    pub code: i32,
    /// Standard output.
    pub out: String,
}

impl Said {
    /// The one JSON document on standard output.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("not JSON ({error}): {}", self.out))
    }
}

impl Daemon {
    /// `vigie demo` in `folder`, once its first scan is done.
    pub fn demo(folder: &Path) -> Self {
        // Whatever readers this machine has are none of its business.
        Self::demo_with(folder, &[], &[("PCSCLITE_CSOCK_NAME", "/nonexistent".as_ref())])
    }

    /// The same with these options and variables.
    pub fn demo_with(folder: &Path, options: &[&OsStr], environment: &[(&str, &OsStr)]) -> Self {
        let arguments = [&["demo".as_ref(), "--dir".as_ref(), folder.as_os_str()], options].concat();
        let daemon = Self::start(&arguments, folder.join("vigie.toml"), environment);
        daemon.wait_for_scan();
        daemon
    }

    /// `vigie run` with the configuration `vigie.toml` of `folder`, which must not name a TCP address of its own, once its first
    /// scan is done.
    pub fn run(folder: &Path) -> Self {
        Self::run_with(folder, &[])
    }

    /// The same with these variables in its environment.
    pub fn run_with(folder: &Path, environment: &[(&str, &OsStr)]) -> Self {
        let config = folder.join("vigie.toml");
        let arguments = ["run".as_ref(), "--config".as_ref(), config.as_os_str()];
        let daemon = Self::start(&arguments, config.clone(), environment);
        daemon.wait_for_scan();
        daemon
    }

    /// The same, started by a command that replaces itself by what stands behind its own arguments: signals and exit codes are the daemon's.
    pub fn run_by(folder: &Path, program: &str, options: &[&OsStr]) -> Self {
        let config = folder.join("vigie.toml");
        let mut command = Command::new(program);
        command.args(options).arg(VIGIE);
        let daemon =
            Self::started(command, &["run".as_ref(), "--config".as_ref(), config.as_os_str()], config.clone(), &[]);
        daemon.wait_for_scan();
        daemon
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    fn start(arguments: &[&OsStr], config: PathBuf, environment: &[(&str, &OsStr)]) -> Self {
        Self::started(Command::new(VIGIE), arguments, config, environment)
    }

    fn started(mut command: Command, arguments: &[&OsStr], config: PathBuf, environment: &[(&str, &OsStr)]) -> Self {
        let said = NamedTempFile::new().expect("a log");
        let log = said.reopen().expect("the log again");
        let listen: &[&OsStr] = if arguments.first() == Some(&OsStr::new("demo")) {
            &["--listen".as_ref(), "127.0.0.1:0".as_ref()]
        } else {
            &[]
        };
        let child = command
            .args(arguments)
            .args(listen)
            .env_remove("NOTIFY_SOCKET")
            .env_remove("JOURNAL_STREAM")
            .env_remove("LC_ALL")
            .env("LANG", "C")
            .env("VIGIE_LOG", "info,vigie=trace")
            .envs(environment.iter().copied())
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("the log again"))
            .stderr(log)
            .spawn()
            .expect("vigie runs: see `make setup-test`");
        let mut daemon = Self { child, config, said, address: SocketAddr::from(([127, 0, 0, 1], 0)) };
        let address = wait_for("the address in the log", || {
            daemon.assert_alive();
            let log = daemon.log();
            let (_, rest) = log.split_once("address=").filter(|(_, rest)| rest.contains('\n'))?;
            rest.split_whitespace().next()?.parse().ok()
        });
        daemon.address = address;
        daemon
    }

    fn wait_for_scan(&self) {
        wait_for("the first scan", || {
            let said = self.vigie(&["status", "--json"]);
            let status: Value = serde_json::from_str(&said.out).ok()?;
            (!status["last_scan"].is_null()).then_some(())
        });
    }

    fn assert_alive(&mut self) {
        if let Some(status) = self.child.try_wait().expect("the child can be asked") {
            panic!("vigie ended ({status}):\n{}", self.log());
        }
    }

    /// Everything it wrote to standard output and standard error.
    pub fn log(&self) -> String {
        String::from_utf8_lossy(&fs::read(self.said.path()).expect("the log")).into_owned()
    }

    /// A command of the same binary with the same configuration.
    pub fn vigie(&self, arguments: &[&str]) -> Said {
        let Output { status, stdout, .. } = Command::new(VIGIE)
            .arg("--config")
            .arg(&self.config)
            .args(arguments)
            .env("LANG", "C")
            .env_remove("LC_ALL")
            .output()
            .expect("vigie runs");
        Said { code: status.code().expect("an exit code"), out: String::from_utf8(stdout).expect("UTF-8") }
    }

    /// The JSON of a command, whatever its exit code.
    pub fn json(&self, arguments: &[&str]) -> Value {
        self.vigie(&[arguments, &["--json"]].concat()).json()
    }

    /// Every event of the audit trail, in order.
    pub fn audit(&self) -> Vec<Value> {
        let audit = self.json(&["audit", "show", "--last", "1000000"]);
        audit["items"].as_array().expect("a list").clone()
    }

    /// Waits for an event that `is_it` recognises among those after `seq`.
    pub fn wait_for_event(&self, seq: i64, is_it: impl Fn(&Value) -> bool) -> Value {
        wait_for("an audit event", || {
            self.audit().into_iter().find(|event| event["seq"].as_i64() > Some(seq) && is_it(event))
        })
    }

    /// Sequence number of the last event.
    pub fn last_seq(&self) -> i64 {
        self.json(&["status"])["audit"]["seq"].as_i64().expect("a number")
    }

    /// A GET of the TCP listener with these further header lines (each ending in CR LF).
    pub fn get(&self, path: &str, headers: &str) -> Answer {
        let address = self.address;
        let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n{headers}\r\n");
        exchange(address, request.as_bytes())
    }

    /// A POST of `body` to the TCP listener.
    pub fn post(&self, path: &str, headers: &str, body: &str) -> Answer {
        let (address, length) = (self.address, body.len());
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n"
        );
        exchange(address, format!("{head}{body}").as_bytes())
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) {
        let pid = rustix::process::Pid::from_raw(self.child.id().cast_signed()).expect("a process id");
        rustix::process::kill_process(pid, signal).expect("signalled");
    }

    /// Asks it to end and waits at most ten seconds for it.
    pub fn stop(mut self) -> (ExitStatus, String) {
        self.signal(Signal::TERM);
        for _ in 0..400 {
            if let Some(status) = self.child.try_wait().expect("the child can be asked") {
                return (status, self.log());
            }
            sleep(PAUSE);
        }
        panic!("vigie did not end within ten seconds of SIGTERM:\n{}", self.log());
    }
}

impl Drop for Daemon {
    #[expect(clippy::print_stderr, reason = "what the daemon said is what explains a failed test")]
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
        if std::thread::panicking() {
            eprintln!("what the daemon said:\n{}", self.log());
        }
    }
}

/// Looks until there is something, for a minute.
pub fn wait_for<T>(what: &str, look: impl FnMut() -> Option<T>) -> T {
    wait_at_most(60, what, look)
}

/// Looks until there is something, for so many seconds of waiting; what the looks themselves take is not counted.
pub fn wait_at_most<T>(seconds: u64, what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    for _ in 0..seconds * 40 {
        if let Some(found) = look() {
            return found;
        }
        sleep(PAUSE);
    }
    panic!("waited {seconds} s for {what}");
}

/// An HTTP answer.
#[derive(Debug)]
pub struct Answer {
    /// Status.
    pub status: u16,
    /// Header lines, in lower case.
    pub head: String,
    /// Body.
    pub body: String,
}

impl Answer {
    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("not JSON ({error}): {}", self.body))
    }
}

/// Sends bytes and reads the answer until the connection closes. A server that answers before it has read everything is fine.
pub fn exchange(address: SocketAddr, request: &[u8]) -> Answer {
    let mut stream = TcpStream::connect(address).expect("connected");
    stream.set_read_timeout(Some(Duration::from_secs(60))).expect("a timeout");
    let mut writer = stream.try_clone().expect("the stream again");
    let bytes = request.to_owned();
    let sending = std::thread::spawn(move || writer.write_all(&bytes));
    let mut answer = Vec::new();
    let mut buffer = [0; 4096];
    while let Ok(read) = stream.read(&mut buffer) {
        if read == 0 {
            break;
        }
        answer.extend_from_slice(&buffer[..read]);
    }
    // Refused in the middle of a body, the rest cannot be sent; what matters is the answer.
    sending.join().expect("the sending thread").ok();
    let text = String::from_utf8_lossy(&answer).into_owned();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no HTTP answer: {text:?}"));
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok());
    Answer {
        status: status.unwrap_or_else(|| panic!("no status in {head:?}")),
        head: head.to_ascii_lowercase(),
        body: body.to_owned(),
    }
}
