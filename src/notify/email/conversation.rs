//! One SMTP conversation, command by command, so that every refusal is known by the command it answers.

use std::error::Error as _;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, AsyncTokioStream};
use lettre::transport::smtp::commands::{Data, Mail as MailFrom, Rcpt};
use lettre::transport::smtp::extension::{ClientId, Extension, MailParameter};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use secrecy::ExposeSecret as _;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::super::outcome::{chain, delivered, later, refused};
use super::super::secret;
use super::compose::Mail;
use super::starttls;
use crate::config::{SmtpConfig, SmtpTls};
use crate::domain::delivery::MAILBOX_DEFERRED;
use crate::domain::notice::SendOutcome;

/// A relay that took the message may be slow to say goodbye.
const GOODBYE: Duration = Duration::from_secs(2);

/// How far a conversation has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Progress {
    Connecting,
    Greeting,
    LoggingIn,
    Sender,
    Recipient,
    /// The message is on its way: it may have arrived, whatever comes now.
    Message,
}

impl Progress {
    /// The reason of a silence here.
    pub(super) const fn timed_out(self) -> &'static str {
        match self {
            Self::Message => "timeout_after_data",
            _ => "timeout",
        }
    }

    /// What a refusal or a loss here means.
    fn judge(self, error: &Error) -> SendOutcome {
        let said = chain(error);
        let code = error.status().map(|code| code.to_string());
        // "Authentication required" and its kin are about us whenever they come (RFC 4954 section 6).
        if matches!(code.as_deref(), Some("530" | "534" | "535" | "538")) {
            return later("auth_refused", &said);
        }
        match self {
            // A relay may hold back what it thinks of us until it hears the recipient (Postfix: `smtpd_delay_reject`).
            Self::Recipient if error.is_permanent() && is_about_the_sender(error) => later("sender_refused", &said),
            Self::Recipient if error.is_permanent() => refused("recipient_refused", &said),
            Self::Message if error.is_permanent() => refused("message_refused", &said),
            Self::Message if code.is_none() => later("lost_after_data", &said),
            _ if code.is_none() && self > Self::Connecting => later("connection_lost", &said),
            Self::Connecting => later("unreachable", &said),
            Self::Greeting => later("relay_refused", &said),
            Self::LoggingIn => later("auth_refused", &said),
            Self::Sender => later("sender_refused", &said),
            Self::Recipient => later(MAILBOX_DEFERRED, &said),
            Self::Message => later("message_deferred", &said),
        }
    }
}

/// The enhanced status says that we may not send, or not under this name: security and policy, and addresses of senders (RFC 3463
/// sections 3.2 and 3.8).
fn is_about_the_sender(error: &Error) -> bool {
    let said = error.source().map(ToString::to_string).unwrap_or_default();
    let status = said.split_whitespace().next().unwrap_or_default();
    let Some((subject, detail)) = status.strip_prefix("5.").and_then(|rest| rest.split_once('.')) else { return false };
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number(detail) && (subject == "7" || (subject == "1" && matches!(detail, "7" | "8")))
}

/// Delivers `mail`; `progress` tells a caller that gives up how far it came. A conversation that was had is handed back for
/// [`goodbye`]: the bound on the delivery must not fall between the relay's word and ours.
pub(super) async fn deliver(
    config: &SmtpConfig,
    node: &str,
    tls: Option<Arc<ClientConfig>>,
    mail: &Mail,
    progress: &mut Progress,
) -> (SendOutcome, Option<AsyncSmtpConnection>) {
    let mut connection = match open(config, node, tls, progress).await {
        Ok(connection) => connection,
        Err(outcome) => return (outcome, None),
    };
    let outcome = hand_over(&mut connection, mail, progress).await;
    (outcome, Some(connection))
}

/// As [`deliver`] without a message: the relay answers, is who it should be, and knows us.
pub(super) async fn try_out(config: &SmtpConfig, node: &str, tls: Option<Arc<ClientConfig>>) -> SendOutcome {
    match open(config, node, tls, &mut Progress::Connecting).await {
        Ok(connection) => {
            let name = connection.server_info().name().to_owned();
            goodbye(connection).await;
            delivered(&name)
        }
        Err(outcome) => outcome,
    }
}

/// Connected, greeted and logged in.
async fn open(
    config: &SmtpConfig,
    node: &str,
    tls: Option<Arc<ClientConfig>>,
    progress: &mut Progress,
) -> Result<AsyncSmtpConnection, SendOutcome> {
    let hello = hello(node);
    let stream = connect(config, tls, &hello).await.map_err(|fault| later(fault.reason, &fault.answer))?;
    *progress = Progress::Greeting;
    let opened = AsyncSmtpConnection::connect_with_transport(stream, &hello).await;
    let mut connection = opened.map_err(|error| progress.judge(&error))?;
    *progress = Progress::LoggingIn;
    log_in(&mut connection, config).await?;
    Ok(connection)
}

/// Ends a conversation. Nothing that happens here changes what the relay said.
pub(super) async fn goodbye(mut connection: AsyncSmtpConnection) {
    if tokio::time::timeout(GOODBYE, connection.abort()).await.is_err() {
        tracing::debug!("the relay was slow to end the conversation");
    }
}

async fn log_in(connection: &mut AsyncSmtpConnection, config: &SmtpConfig) -> Result<(), SendOutcome> {
    let Some((user, file)) = &config.login else { return Ok(()) };
    let mechanisms = [Mechanism::Plain, Mechanism::Login];
    if connection.server_info().get_auth_mechanism(&mechanisms).is_none() {
        return Err(later("auth_unsupported", "the relay offers neither PLAIN nor LOGIN"));
    }
    let password = secret::read(file).map_err(|error| later("secret_unreadable", &error))?;
    let credentials = Credentials::new(user.clone(), password.expose_secret().to_owned());
    let welcome = connection.auth(&mechanisms, &credentials).await;
    welcome.map(drop).map_err(|error| Progress::LoggingIn.judge(&error))
}

async fn hand_over(connection: &mut AsyncSmtpConnection, mail: &Mail, progress: &mut Progress) -> SendOutcome {
    let mut parameters = Vec::new();
    let ascii = AsRef::<str>::as_ref(&mail.from).is_ascii() && AsRef::<str>::as_ref(&mail.to).is_ascii();
    if !ascii {
        if !connection.server_info().supports_feature(Extension::SmtpUtfEight) {
            return refused("smtputf8_unsupported", "the relay takes no address outside ASCII");
        }
        parameters.push(MailParameter::SmtpUtfEight);
    }
    *progress = Progress::Sender;
    if let Err(error) = connection.command(MailFrom::new(Some(mail.from.clone()), parameters)).await {
        return progress.judge(&error);
    }
    *progress = Progress::Recipient;
    if let Err(error) = connection.command(Rcpt::new(mail.to.clone(), Vec::new())).await {
        return progress.judge(&error);
    }
    if let Err(error) = connection.command(Data).await {
        return progress.judge(&error);
    }
    *progress = Progress::Message;
    match connection.message(&mail.bytes).await {
        Ok(response) => {
            let lines: Vec<&str> = response.message().collect();
            delivered(&format!("{} {}", response.code(), lines.join(" ")))
        }
        Err(error) => progress.judge(&error),
    }
}

/// Why there is no conversation.
pub(super) struct Fault {
    pub(super) reason: &'static str,
    pub(super) answer: String,
}

impl Fault {
    pub(super) fn new(reason: &'static str, answer: impl Into<String>) -> Self {
        Self { reason, answer: answer.into() }
    }
}

/// A stream that is protected as the configuration wants it, or none: there is no way from TLS to clear text.
async fn connect(
    config: &SmtpConfig,
    tls: Option<Arc<ClientConfig>>,
    hello: &ClientId,
) -> Result<Box<dyn AsyncTokioStream>, Fault> {
    let host = config.host.as_str();
    let unreachable = |error: io::Error| Fault::new("unreachable", format!("{host}:{}: {error}", config.port));
    let tcp = TcpStream::connect((host, config.port)).await.map_err(unreachable)?;
    let peer = tcp.peer_addr().map_err(unreachable)?;
    let Some(tls) = tls else {
        // `none`: the configuration only has it for this machine, and the address is looked at once more.
        if !peer.ip().to_canonical().is_loopback() {
            return Err(Fault::new("not_loopback", format!("{peer} is not this machine: mail in clear stays here")));
        }
        return Ok(Box::new(tcp));
    };
    let name = ServerName::try_from(host.to_owned()).map_err(|error| Fault::new("tls", error.to_string()))?;
    let (tcp, greeting): (_, &'static [u8]) = match config.tls {
        SmtpTls::Starttls => (starttls::ask(tcp, hello).await?, b"220 after STARTTLS\r\n"),
        SmtpTls::Implicit | SmtpTls::None => (tcp, b""),
    };
    let stream = TlsConnector::from(tls).connect(name, tcp).await;
    let stream = stream.map_err(|error| Fault::new("tls", format!("{host}: {error}")))?;
    Ok(Box::new(Protected { stream, peer, greeting }))
}

/// What this machine calls itself: letters, digits, dots and hyphens (RFC 5321 section 4.1.2).
fn hello(node: &str) -> ClientId {
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' };
    ClientId::Domain(node.chars().take(200).map(plain).collect())
}

/// A TLS session. After STARTTLS a server does not greet again, and the library waits for a greeting: it is put before what the
/// server says.
#[derive(Debug)]
struct Protected {
    stream: TlsStream<TcpStream>,
    peer: SocketAddr,
    greeting: &'static [u8],
}

impl AsyncTokioStream for Protected {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.peer)
    }
}

impl AsyncRead for Protected {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.greeting.is_empty() {
            return Pin::new(&mut self.stream).poll_read(context, into);
        }
        let (now, rest) = self.greeting.split_at(self.greeting.len().min(into.remaining()));
        into.put_slice(now);
        self.greeting = rest;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Protected {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
