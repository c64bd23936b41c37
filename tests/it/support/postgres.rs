//! A PostgreSQL server of its own for a test: Debian's binaries, a Unix socket in a temporary folder, no TCP, gone with the test.

use std::fs;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::sleep;
use std::time::Duration;

use sqlx::{Connection, PgConnection};
use tempfile::TempDir;

/// A running server.
pub struct Postgres {
    folder: TempDir,
    server: Child,
    made: AtomicU32,
}

impl Postgres {
    /// Starts a server. Panics with the cure when PostgreSQL is not installed.
    pub fn start() -> Self {
        let bin = binaries().expect("PostgreSQL is not installed: run `make setup`, or `apt-get install postgresql`");
        let folder = tempfile::Builder::new().prefix("pg").tempdir().expect("a temporary folder");
        let owner = owner();
        if let Some((uid, gid)) = owner {
            chown(folder.path(), Some(uid), Some(gid)).expect("the folder given to the server's user");
        }
        let data = folder.path().join("data");
        let command = |name: &str| {
            let mut command = Command::new(bin.join(name));
            command.current_dir(folder.path()).stdin(Stdio::null());
            if let Some((uid, gid)) = owner {
                command.uid(uid).gid(gid);
            }
            command.arg("-D").arg(&data);
            command
        };
        let made = command("initdb")
            .args(["--auth=trust", "--username=vigie", "--no-locale", "--encoding=UTF8", "--no-sync"])
            .output()
            .expect("initdb runs");
        assert!(made.status.success(), "initdb: {}", String::from_utf8_lossy(&made.stderr));
        let log = fs::File::create(folder.path().join("log")).expect("a log");
        let server = command("postgres")
            .arg("-k")
            .arg(folder.path())
            .args(["-c", "listen_addresses=", "-c", "fsync=off", "-c", "full_page_writes=off"])
            .args(["-c", "shared_buffers=16MB", "-c", "max_connections=40"])
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("postgres runs");
        Self { folder, server, made: AtomicU32::new(0) }
    }

    /// The URL of a new, empty database.
    pub async fn database(&self) -> String {
        let name = format!("d{}", self.made.fetch_add(1, Ordering::Relaxed));
        let mut connection = self.connect("postgres").await;
        sqlx::raw_sql(sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}")))
            .execute(&mut connection)
            .await
            .expect("a new database");
        connection.close().await.expect("closed");
        self.url(&name)
    }

    /// Runs statements the way an administrator would, beside the program.
    pub async fn run(&self, url: &str, sql: &str) {
        let mut connection = PgConnection::connect(url).await.expect("connected");
        sqlx::raw_sql(sqlx::AssertSqlSafe(sql.to_owned())).execute(&mut connection).await.expect(sql);
        connection.close().await.expect("closed");
    }

    fn url(&self, database: &str) -> String {
        format!("postgres://vigie@localhost/{database}?host={}", self.folder.path().display())
    }

    async fn connect(&self, database: &str) -> PgConnection {
        for _ in 0..400 {
            match PgConnection::connect(&self.url(database)).await {
                Ok(connection) => return connection,
                Err(_) => sleep(Duration::from_millis(25)),
            }
        }
        let log = fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
        panic!("PostgreSQL did not start:\n{log}");
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // SIGQUIT: an immediate shutdown, children included.
        if let Some(pid) = rustix::process::Pid::from_raw(self.server.id().cast_signed()) {
            rustix::process::kill_process(pid, rustix::process::Signal::QUIT).ok();
        }
        self.server.wait().ok();
    }
}

/// The folder of the newest installed server.
fn binaries() -> Option<PathBuf> {
    let installed = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let newest = installed
        .filter(|version| version.path().join("bin/initdb").exists())
        .max_by_key(|version| version.file_name().to_string_lossy().parse::<u32>().unwrap_or(0))
        .map(|version| version.path().join("bin"));
    newest.or_else(|| {
        let said = Command::new("pg_config").arg("--bindir").output().ok()?;
        let folder = PathBuf::from(String::from_utf8(said.stdout).ok()?.trim());
        folder.join("initdb").exists().then_some(folder)
    })
}

/// The server refuses to run as root, so root lends it the user Debian's package makes.
fn owner() -> Option<(u32, u32)> {
    if !rustix::process::geteuid().is_root() {
        return None;
    }
    let users = fs::read_to_string(Path::new("/etc/passwd")).expect("/etc/passwd");
    let fields: Vec<&str> = users
        .lines()
        .map(|line| line.split(':').collect::<Vec<_>>())
        .find(|fields| fields.first() == Some(&"postgres"))
        .expect("there is no user postgres: run `make setup`, or `apt-get install postgresql`");
    Some((fields[2].parse().expect("a uid"), fields[3].parse().expect("a gid")))
}
