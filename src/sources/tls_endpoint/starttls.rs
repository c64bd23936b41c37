//! The clear-text dialogues that come before TLS. Every answer is bounded, and nothing a server sent before TLS is taken for TLS.

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::EndpointError;
use crate::domain::endpoint::EndpointScheme;

/// Bytes a server may say in clear before TLS.
const MAX_CLEAR: usize = 16 << 10;

/// ExtendedRequest 1.3.6.1.4.1.1466.20037 with message ID 1 (RFC 4511 section 4.14.1).
const LDAP_START_TLS: &[u8] = b"\x30\x1d\x02\x01\x01\x77\x18\x80\x161.3.6.1.4.1.1466.20037";
/// Length 8, code 80877103 (PostgreSQL, "Message Formats", SSLRequest).
const POSTGRES_SSL_REQUEST: &[u8] = &[0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];

/// Brings `stream` to where the TLS handshake starts. `client` is how the client names itself to a mail server, such as `[192.0.2.1]`.
pub(super) async fn prepare<S>(scheme: EndpointScheme, stream: &mut S, client: &str) -> Result<(), EndpointError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut talk = Talk { stream, held: Vec::new(), heard: 0 };
    match scheme {
        EndpointScheme::Tls => return Ok(()),
        EndpointScheme::SmtpStarttls => smtp(&mut talk, client).await?,
        EndpointScheme::ImapStarttls => imap(&mut talk).await?,
        EndpointScheme::LdapStarttls => ldap(&mut talk).await?,
        EndpointScheme::PostgresStarttls => postgres(&mut talk).await?,
    }
    // What comes after the go-ahead and before the handshake was put there by somebody in between (CVE-2011-0411).
    if talk.held.is_empty() { Ok(()) } else { Err(unexpected("more data after the answer to STARTTLS")) }
}

/// RFC 3207 section 4, RFC 5321 section 4.2.
async fn smtp<S: AsyncRead + AsyncWrite + Unpin>(talk: &mut Talk<'_, S>, client: &str) -> Result<(), EndpointError> {
    let (code, _) = smtp_reply(talk).await?;
    if code != *b"220" {
        return Err(refused("the mail server does not welcome", &code));
    }
    talk.say(format!("EHLO {client}\r\n").as_bytes()).await?;
    let (code, lines) = smtp_reply(talk).await?;
    if code != *b"250" {
        return Err(refused("the mail server refuses EHLO", &code));
    }
    let offered =
        |line: &Vec<u8>| line.get(4..).is_some_and(|word| word.trim_ascii().eq_ignore_ascii_case(b"STARTTLS"));
    if !lines.iter().skip(1).any(offered) {
        return Err(EndpointError::StarttlsRefused("the mail server does not offer STARTTLS".to_owned()));
    }
    talk.say(b"STARTTLS\r\n").await?;
    let (code, _) = smtp_reply(talk).await?;
    if code == *b"220" { Ok(()) } else { Err(refused("the mail server refuses STARTTLS", &code)) }
}

/// One reply: its code and its lines.
async fn smtp_reply<S: AsyncRead + AsyncWrite + Unpin>(
    talk: &mut Talk<'_, S>,
) -> Result<([u8; 3], Vec<Vec<u8>>), EndpointError> {
    let mut lines: Vec<Vec<u8>> = Vec::new();
    loop {
        let line = talk.line().await?;
        let code = match line.as_slice() {
            [a, b, c, ..] if [a, b, c].iter().all(|digit| digit.is_ascii_digit()) => [*a, *b, *c],
            _ => return Err(unexpected("not the answer of a mail server")),
        };
        let more = line.get(3) == Some(&b'-');
        lines.push(line);
        if !more {
            return Ok((code, lines));
        }
    }
}

/// RFC 9051 sections 6.2.1 and 7.1.
async fn imap<S: AsyncRead + AsyncWrite + Unpin>(talk: &mut Talk<'_, S>) -> Result<(), EndpointError> {
    let greeting = talk.line().await?;
    if !starts_with_word(&greeting, b"* OK") {
        return Err(unexpected("not the greeting of an IMAP server that takes commands"));
    }
    talk.say(b"a1 STARTTLS\r\n").await?;
    loop {
        let line = talk.line().await?;
        if starts_with_word(&line, b"a1 OK") {
            return Ok(());
        }
        if starts_with_word(&line, b"a1") {
            return Err(EndpointError::StarttlsRefused("the IMAP server refuses STARTTLS".to_owned()));
        }
        if !line.starts_with(b"* ") {
            return Err(unexpected("not the answer of an IMAP server"));
        }
    }
}

/// RFC 4511 sections 4.12 and 4.14. The server may say nothing before the answer, so it is the first message.
async fn ldap<S: AsyncRead + AsyncWrite + Unpin>(talk: &mut Talk<'_, S>) -> Result<(), EndpointError> {
    talk.say(LDAP_START_TLS).await?;
    let not_ldap = || unexpected("not the answer of an LDAP server");
    let [tag, first] = talk.exactly(2).await?.try_into().map_err(|_| not_ldap())?;
    if tag != 0x30 {
        return Err(not_ldap());
    }
    // BER, so the length may be in the long form where the short one would do.
    let length = match first {
        short @ 0..=0x7f => usize::from(short),
        long @ 0x81..=0x84 => {
            let bytes = talk.exactly(usize::from(long & 0x7f)).await?;
            bytes.iter().fold(0_usize, |length, byte| length << 8 | usize::from(*byte))
        }
        _ => return Err(not_ldap()),
    };
    let message = talk.exactly(length).await?;
    let (_, rest) = ber(&message, 0x02).ok_or_else(not_ldap)?; // messageID
    let (response, _) = ber(rest, 0x78).ok_or_else(not_ldap)?; // [APPLICATION 24] ExtendedResponse
    match ber(response, 0x0a) {
        Some(([0], _)) => Ok(()),
        Some(([code], _)) => {
            Err(EndpointError::StarttlsRefused(format!("the LDAP server refuses StartTLS with result {code}")))
        }
        _ => Err(not_ldap()),
    }
}

/// The contents of the element with this one-byte tag at the start of `bytes`, and what follows it.
fn ber(bytes: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let rest = bytes.strip_prefix(&[tag])?;
    let (first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(*first), rest),
        0x81..=0x84 => {
            let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            (bytes.iter().fold(0_usize, |length, byte| length << 8 | usize::from(*byte)), rest)
        }
        _ => return None,
    };
    rest.split_at_checked(length)
}

/// PostgreSQL, "SSL Session Encryption": one byte answers. An old server sends an error message instead, which starts with `E`.
async fn postgres<S: AsyncRead + AsyncWrite + Unpin>(talk: &mut Talk<'_, S>) -> Result<(), EndpointError> {
    talk.say(POSTGRES_SSL_REQUEST).await?;
    match talk.exactly(1).await?.as_slice() {
        b"S" => Ok(()),
        b"N" | b"E" => Err(EndpointError::StarttlsRefused("the PostgreSQL server has no TLS".to_owned())),
        _ => Err(unexpected("not the answer of a PostgreSQL server")),
    }
}

/// The clear-text side of a connection: what came and was not used yet, and how much came in all.
struct Talk<'a, S> {
    stream: &'a mut S,
    held: Vec<u8>,
    heard: usize,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Talk<'_, S> {
    async fn say(&mut self, bytes: &[u8]) -> Result<(), EndpointError> {
        // Whatever came unasked is not an answer to what is said now.
        if !self.held.is_empty() {
            return Err(unexpected("the server speaks out of turn"));
        }
        self.stream.write_all(bytes).await?;
        self.stream.flush().await?;
        Ok(())
    }

    /// One line without its end.
    async fn line(&mut self) -> Result<Vec<u8>, EndpointError> {
        loop {
            if let Some(end) = self.held.iter().position(|byte| *byte == b'\n') {
                let mut line: Vec<u8> = self.held.drain(..=end).collect();
                line.truncate(line.trim_ascii_end().len());
                return Ok(line);
            }
            self.hear().await?;
        }
    }

    async fn exactly(&mut self, count: usize) -> Result<Vec<u8>, EndpointError> {
        if count > MAX_CLEAR {
            return Err(unexpected("a longer answer than any server has reason to give"));
        }
        while self.held.len() < count {
            self.hear().await?;
        }
        Ok(self.held.drain(..count).collect())
    }

    async fn hear(&mut self) -> Result<(), EndpointError> {
        if self.heard >= MAX_CLEAR {
            return Err(unexpected("a longer answer than any server has reason to give"));
        }
        let mut chunk = [0; 512];
        let count = self.stream.read(&mut chunk).await?;
        if count == 0 {
            return Err(EndpointError::Closed);
        }
        self.heard += count;
        self.held.extend(chunk.iter().take(count));
        Ok(())
    }
}

fn starts_with_word(line: &[u8], words: &[u8]) -> bool {
    let (start, rest) = line.split_at(words.len().min(line.len()));
    start.eq_ignore_ascii_case(words) && rest.first().is_none_or(|byte| *byte == b' ')
}

fn unexpected(what: &str) -> EndpointError {
    EndpointError::UnexpectedAnswer(what.to_owned())
}

fn refused(what: &str, code: &[u8; 3]) -> EndpointError {
    EndpointError::StarttlsRefused(format!("{what} with {}", String::from_utf8_lossy(code)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SCHEMES: [EndpointScheme; 4] = [
        EndpointScheme::SmtpStarttls,
        EndpointScheme::ImapStarttls,
        EndpointScheme::LdapStarttls,
        EndpointScheme::PostgresStarttls,
    ];

    /// Says each of `answers` in turn: the first at once when the server speaks first, the others after something was heard.
    fn dialogue(scheme: EndpointScheme, answers: &[&[u8]]) -> Result<(), String> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
        runtime.block_on(async {
            let (mut client, server) = tokio::io::duplex(1 << 20);
            let speaks_first = matches!(scheme, EndpointScheme::SmtpStarttls | EndpointScheme::ImapStarttls);
            let serve = async move {
                let mut server = server;
                for (turn, answer) in answers.iter().enumerate() {
                    if turn > 0 || !speaks_first {
                        let mut heard = [0; 256];
                        // Both sides may wait for the other; then the server hangs up.
                        let patience = std::time::Duration::from_millis(5);
                        let count = tokio::time::timeout(patience, server.read(&mut heard)).await;
                        if !matches!(count, Ok(Ok(1..))) {
                            return;
                        }
                    }
                    if server.write_all(answer).await.is_err() {
                        return;
                    }
                }
            };
            let talk = async {
                let result = prepare(scheme, &mut client, "[127.0.0.1]").await;
                drop(client);
                result
            };
            let (result, ()) = tokio::join!(talk, serve);
            result.map_err(|error| error.reason().to_owned())
        })
    }

    #[test]
    fn good_servers_are_understood() {
        let smtp: [&[u8]; 3] =
            [b"220-mx\r\n220 hello\r\n", b"250-mx\r\n250-SIZE 10\r\n250 starttls\r\n", b"220 2.0.0 go\r\n"];
        assert_eq!(dialogue(EndpointScheme::SmtpStarttls, &smtp), Ok(()));
        let imap: [&[u8]; 2] = [b"* OK ready\r\n", b"* CAPABILITY IMAP4rev1\r\na1 ok begin\r\n"];
        assert_eq!(dialogue(EndpointScheme::ImapStarttls, &imap), Ok(()));
        let short: [&[u8]; 1] = [b"\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x00\x04\x00\x04\x00"];
        assert_eq!(dialogue(EndpointScheme::LdapStarttls, &short), Ok(()));
        // Active Directory writes every length in four bytes.
        let long: [&[u8]; 1] =
            [b"\x30\x84\x00\x00\x00\x10\x02\x01\x01\x78\x84\x00\x00\x00\x07\x0a\x01\x00\x04\x00\x04\x00"];
        assert_eq!(dialogue(EndpointScheme::LdapStarttls, &long), Ok(()));
        assert_eq!(dialogue(EndpointScheme::PostgresStarttls, &[b"S"]), Ok(()));
    }

    #[test]
    fn refusals_and_foreign_servers_are_told_apart() {
        let cases: [(EndpointScheme, &[&[u8]], &str); 12] = [
            (EndpointScheme::SmtpStarttls, &[b"554 no\r\n"], "starttls_refused"),
            (EndpointScheme::SmtpStarttls, &[b"220 a\r\n", b"250 a\r\n"], "starttls_refused"),
            (
                EndpointScheme::SmtpStarttls,
                &[b"220 a\r\n", b"250-a\r\n250 STARTTLS\r\n", b"454 later\r\n"],
                "starttls_refused",
            ),
            (EndpointScheme::SmtpStarttls, &[b"SSH-2.0-OpenSSH\r\n"], "unexpected_answer"),
            (
                EndpointScheme::SmtpStarttls,
                &[b"220 a\r\n", b"250-a\r\n250 STARTTLS\r\n", b"220 go\r\nEHLO x\r\n"],
                "unexpected_answer",
            ),
            (EndpointScheme::ImapStarttls, &[b"* OK\r\n", b"a1 BAD what\r\n"], "starttls_refused"),
            (EndpointScheme::ImapStarttls, &[b"* BYE\r\n"], "unexpected_answer"),
            (
                EndpointScheme::LdapStarttls,
                &[b"\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x35\x04\x00\x04\x00"],
                "starttls_refused",
            ),
            (EndpointScheme::LdapStarttls, &[b"\x30\x84\xff\xff\xff\xff"], "unexpected_answer"),
            (EndpointScheme::PostgresStarttls, &[b"N"], "starttls_refused"),
            (EndpointScheme::PostgresStarttls, &[b"H"], "unexpected_answer"),
            (EndpointScheme::PostgresStarttls, &[b""], "closed"),
        ];
        for (scheme, answers, expected) in cases {
            assert_eq!(dialogue(scheme, answers), Err(expected.to_owned()), "{scheme:?} {answers:?}");
        }
    }

    #[test]
    fn an_endless_banner_ends() {
        let banner = b"220-more\r\n".repeat(10_000);
        assert_eq!(dialogue(EndpointScheme::SmtpStarttls, &[&banner]), Err("unexpected_answer".to_owned()));
        let line = b"x".repeat(100_000);
        assert_eq!(dialogue(EndpointScheme::ImapStarttls, &[&line]), Err("unexpected_answer".to_owned()));
    }

    proptest! {
        #[test]
        fn any_answer_ends(which in 0..4_usize, answers in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..60), 1..4)) {
            let answers: Vec<&[u8]> = answers.iter().map(Vec::as_slice).collect();
            let result = dialogue(SCHEMES[which], &answers);
            if let Err(reason) = result {
                prop_assert!(["closed", "starttls_refused", "unexpected_answer", "reset"].contains(&reason.as_str()), "{}", reason);
            }
        }
    }
}
