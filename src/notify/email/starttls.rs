//! From clear text to the threshold of TLS (RFC 3207). Ours and not the library's, which would take what somebody in the middle
//! puts behind the answer to STARTTLS for words of the protected server.

use lettre::transport::smtp::extension::ClientId;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

use super::conversation::Fault;

/// Most bytes of a line of an answer (RFC 5321 section 4.5.3.1.5 wants 512), and most lines.
const MAX_LINE: u64 = 2048;
const MAX_LINES: usize = 100;

/// Greets and asks for TLS. What comes back has said nothing since, and TLS is next.
///
/// # Errors
/// The server offers no STARTTLS, refuses it, or speaks out of turn. Nothing was said to it but the name of this machine.
pub(super) async fn ask(stream: TcpStream, hello: &ClientId) -> Result<TcpStream, Fault> {
    let mut stream = BufReader::new(stream);
    answer(&mut stream, 220).await?;
    say(&mut stream, &format!("EHLO {hello}\r\n")).await?;
    let offered = answer(&mut stream, 250).await?;
    if !offered.iter().any(|line| line.trim().eq_ignore_ascii_case("STARTTLS")) {
        return Err(Fault::new("starttls_missing", "the relay offers no STARTTLS, and nothing is sent in clear"));
    }
    say(&mut stream, "STARTTLS\r\n").await?;
    answer(&mut stream, 220).await?;
    if !stream.buffer().is_empty() {
        return Err(Fault::new("starttls_injected", "something was said in clear after the answer to STARTTLS"));
    }
    Ok(stream.into_inner())
}

async fn say(stream: &mut BufReader<TcpStream>, line: &str) -> Result<(), Fault> {
    let lost = |error: std::io::Error| Fault::new("connection_lost", error.to_string());
    stream.write_all(line.as_bytes()).await.map_err(lost)?;
    stream.flush().await.map_err(lost)
}

/// The text of each line of an answer with this code.
async fn answer(stream: &mut BufReader<TcpStream>, wanted: u16) -> Result<Vec<String>, Fault> {
    let mut lines = Vec::new();
    while lines.len() < MAX_LINES {
        let mut line = Vec::new();
        let read = stream.take(MAX_LINE).read_until(b'\n', &mut line).await;
        read.map_err(|error| Fault::new("connection_lost", error.to_string()))?;
        let text = String::from_utf8_lossy(&line).into_owned();
        if !text.ends_with('\n') {
            let why = if text.is_empty() { "the relay hung up" } else { "the relay speaks no SMTP" };
            return Err(Fault::new("connection_lost", why));
        }
        let code: Option<u16> = text.get(..3).and_then(|code| code.parse().ok());
        let last = !text.get(3..).is_some_and(|rest| rest.starts_with('-'));
        if code != Some(wanted) {
            return Err(Fault::new("relay_refused", text.trim()));
        }
        lines.push(text.get(4..).unwrap_or_default().trim_end().to_owned());
        if last {
            return Ok(lines);
        }
    }
    Err(Fault::new("connection_lost", "the answer of the relay does not end"))
}
