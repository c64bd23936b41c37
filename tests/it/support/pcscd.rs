//! A pcscd of its own for each test: a private socket, private ports, virtual readers. Nothing of the machine's is touched.

use std::fs;
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use rustix::process::Signal;
use tempfile::TempDir;

use super::daemon::{Said, VIGIE};

const DRIVER: &str = "/usr/lib/pcsc/drivers/serial/libifdvpcd.so";

/// A running pcscd with virtual readers. `A 00 00` and `A 00 01` are the first two, `B 00 00` the third, and so on.
pub struct Pcscd {
    folder: TempDir,
    child: Option<Child>,
    ports: Vec<u16>,
    /// What keeps other tests from these ports.
    taken: Vec<UdpSocket>,
}

impl Pcscd {
    /// Starts one with so many readers.
    pub fn start(readers: usize) -> Self {
        for (path, package) in [(DRIVER, "vsmartcard-vpcd"), ("/usr/sbin/pcscd", "pcscd")] {
            assert!(Path::new(path).exists(), "{path} is missing: run `make setup-test`, or apt-get install {package}");
        }
        let mut pcscd =
            Self { folder: tempfile::tempdir().expect("a folder"), child: None, ports: Vec::new(), taken: Vec::new() };
        // Ports are taken when the driver is loaded; somebody else may have been faster.
        for _ in 0..5 {
            pcscd.configure(readers);
            pcscd.run();
            if wait_briefly(|| pcscd.ports.iter().all(|port| TcpStream::connect(("127.0.0.1", *port)).is_ok())) {
                return pcscd;
            }
            pcscd.stop(Signal::KILL);
        }
        panic!("pcscd does not open its virtual readers:\n{}", pcscd.log());
    }

    /// One conf entry is a pair of readers on two ports in a row; the driver keeps its state in static memory, so each pair has a copy of
    /// its own.
    fn configure(&mut self, readers: usize) {
        let conf = self.folder.path().join("conf");
        fs::remove_dir_all(&conf).ok();
        fs::create_dir(&conf).expect("a folder");
        self.ports.clear();
        self.taken.clear();
        for pair in 0..readers.div_ceil(2) {
            let port = self.free_pair();
            let driver = self.folder.path().join(format!("driver{pair}.so"));
            fs::copy(DRIVER, &driver).expect("the driver");
            let name = char::from(b'A' + u8::try_from(pair).expect("few readers"));
            let entry = format!(
                "FRIENDLYNAME \"{name}\"\nDEVICENAME /dev/null:0x{port:04X}\nLIBPATH {}\nCHANNELID 0x{port:04X}\n",
                driver.display()
            );
            fs::write(conf.join(format!("reader{pair}")), entry).expect("written");
            self.ports.extend([port, port + 1]);
        }
    }

    /// The socket is handed over as systemd would, so that this pcscd neither looks for another one nor takes its place.
    pub fn run(&mut self) {
        let socket = self.socket();
        fs::remove_file(&socket).ok();
        let listener: OwnedFd = UnixListener::bind(&socket).expect("a socket").into();
        let log = fs::OpenOptions::new().create(true).append(true).open(self.folder.path().join("log")).expect("a log");
        let script =
            "exec 3<&0 </dev/null; LISTEN_FDS=1 LISTEN_PID=$$ exec /usr/sbin/pcscd --foreground --config \"$1\"";
        let child = Command::new("sh")
            .args(["-c", script, "sh"])
            .arg(self.folder.path().join("conf"))
            .stdin(Stdio::from(listener))
            .stdout(log.try_clone().expect("the log again"))
            .stderr(log)
            .spawn()
            .expect("pcscd runs");
        self.child = Some(child);
    }

    /// Ends it.
    pub fn stop(&mut self, signal: Signal) {
        let Some(mut child) = self.child.take() else { return };
        let pid = rustix::process::Pid::from_raw(child.id().cast_signed()).expect("a process id");
        rustix::process::kill_process(pid, signal).expect("signalled");
        // One that cannot end, such as over a card that never answers, is killed.
        if !wait_briefly(|| child.try_wait().expect("asked").is_some()) {
            child.kill().ok();
        }
        child.wait().ok();
    }

    /// Freezes or thaws it.
    pub fn signal(&self, signal: Signal) {
        let child = self.child.as_ref().expect("it runs");
        let pid = rustix::process::Pid::from_raw(child.id().cast_signed()).expect("a process id");
        rustix::process::kill_process(pid, signal).expect("signalled");
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.as_ref().expect("it runs").id()
    }

    /// Where clients reach it.
    pub fn socket(&self) -> PathBuf {
        self.folder.path().join("pcscd.comm")
    }

    /// The port of a reader.
    pub fn port(&self, reader: usize) -> u16 {
        self.ports[reader]
    }

    /// A command of ours that reaches it.
    pub fn vigie(&self, arguments: &[&str]) -> Said {
        let mut command = self.command(VIGIE);
        let said = command.args(arguments).env("LANG", "C").env_remove("LC_ALL").output().expect("vigie runs");
        Said { code: said.status.code().expect("an exit code"), out: String::from_utf8(said.stdout).expect("UTF-8") }
    }

    /// Any program that is to reach it.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env("PCSCLITE_CSOCK_NAME", self.socket());
        command
    }

    /// Two ports in a row that nobody listens on, kept for this test: the driver takes them when it is loaded, and until then another
    /// test must not find them free, so they are marked by the same ports of UDP. Below those the kernel gives to connections.
    fn free_pair(&mut self) -> u16 {
        const FIRST: u32 = 10_000;
        const PAIRS: u32 = 11_000;
        let begin = std::process::id() * 7;
        let pair = (0..PAIRS).find_map(|step| {
            let port = u16::try_from(FIRST + (begin + step) % PAIRS * 2).expect("a port");
            let taken = UdpSocket::bind(("127.0.0.1", port)).ok()?;
            for port in [port, port + 1] {
                TcpListener::bind(("0.0.0.0", port)).ok()?;
            }
            Some((port, taken))
        });
        let (port, taken) = pair.expect("two free ports in a row");
        self.taken.push(taken);
        port
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}

impl Drop for Pcscd {
    #[expect(clippy::print_stderr, reason = "what pcscd said may explain a failed test")]
    fn drop(&mut self) {
        self.stop(Signal::KILL);
        if std::thread::panicking() {
            eprintln!("what pcscd said:\n{}", self.log());
        }
    }
}

fn wait_briefly(mut is_so: impl FnMut() -> bool) -> bool {
    (0..120).any(|_| {
        let so = is_so();
        if !so {
            sleep(Duration::from_millis(25));
        }
        so
    })
}
