//! The virtual reader's side: a program that speaks vpcd's protocol is the card. Two octets of length and a payload both ways; a
//! payload of one octet from the reader is a control, anything longer an APDU. Closing the connection takes the card out.

use std::io::{self, Read as _, Write as _};
use std::net::{Shutdown, TcpStream};

/// What the reader says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// Power goes off.
    Off,
    /// Power comes on.
    On,
    /// Reset.
    Reset,
    /// An APDU.
    Apdu(Vec<u8>),
}

/// What the card does about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// Nothing to be said: a control.
    Nothing,
    /// Answers.
    Answer(Vec<u8>),
    /// Is torn out.
    Torn,
}

/// Puts a card with this ATR into the reader at the other end of `reader`, and keeps it there until the reader goes or it is torn out.
///
/// # Errors
/// The connection broke.
pub fn plug(mut reader: TcpStream, atr: &[u8], mut card: impl FnMut(Heard) -> Said) -> io::Result<()> {
    reader.set_nodelay(true)?;
    loop {
        // The driver sends length and payload apart; without this each costs a delayed acknowledgement of 40 ms.
        rustix::net::sockopt::set_tcp_quickack(&reader, true)?;
        let mut length = [0; 2];
        match reader.read_exact(&mut length) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(()),
            Err(error) => return Err(error),
        }
        let mut payload = vec![0; usize::from(u16::from_be_bytes(length))];
        rustix::net::sockopt::set_tcp_quickack(&reader, true)?;
        reader.read_exact(&mut payload)?;
        let said = match payload[..] {
            [4] => Said::Answer(atr.to_vec()),
            [0] => card(Heard::Off),
            [1] => card(Heard::On),
            [2] => card(Heard::Reset),
            _ => card(Heard::Apdu(payload)),
        };
        match said {
            Said::Nothing => {}
            Said::Torn => return reader.shutdown(Shutdown::Both),
            Said::Answer(answer) => {
                let length = u16::try_from(answer.len()).unwrap_or(u16::MAX);
                reader.write_all(&[&length.to_be_bytes(), &answer[..]].concat())?;
            }
        }
    }
}
