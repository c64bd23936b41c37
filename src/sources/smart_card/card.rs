//! An open card. Whatever happens while it is open, it is left as it was found: `pcsc::Card` resets the card when dropped, and a reset
//! takes away the code another program has just been given.

use std::ffi::CStr;

use pcsc::{Card, Context, Disposition, Error, Protocols, ShareMode, Transaction};

use super::SmartCardError;
use super::gate::Passed;
use super::transport::{Protocol, Wire};

/// Longest answer to one APDU: 256 octets and a status word, with room for a card that says more than it may.
const BUFFER: usize = 4 << 10;

/// A connection that always ends with `LeaveCard`.
pub(super) struct OpenCard(Option<Card>);

impl OpenCard {
    /// Connects beside whoever else uses the card. Blocks while the reader is held by a card that does not answer.
    pub(super) fn connect(context: &Context, reader: &CStr) -> Result<Self, SmartCardError> {
        Ok(Self(Some(context.connect(reader, ShareMode::Shared, Protocols::ANY)?)))
    }

    /// Runs `with` while nobody else can talk to the card. Its turn is waited for as long as another program's transaction lasts.
    pub(super) fn alone<T>(
        &mut self,
        with: impl FnOnce(&Transaction<'_>, Protocol) -> Result<T, SmartCardError>,
    ) -> Result<T, SmartCardError> {
        let card = self.0.as_mut().ok_or(SmartCardError::Removed)?;
        let protocol = match card.status2_owned()?.protocol2() {
            Some(pcsc::Protocol::T1) => Protocol::T1,
            _ => Protocol::T0,
        };
        let transaction = card.transaction()?;
        let result = with(&transaction, protocol);
        // An end that fails is a card or a service that is gone; dropping the transaction tries the same again.
        if let Err((again, error)) = transaction.end(Disposition::LeaveCard) {
            tracing::debug!(error = %error, "a transaction could not be ended");
            drop(again);
        }
        result
    }
}

impl Drop for OpenCard {
    fn drop(&mut self) {
        let Some(card) = self.0.take() else { return };
        let Err((card, error)) = card.disconnect(Disposition::LeaveCard) else { return };
        tracing::debug!(error = %error, "a card could not be left");
        match error {
            // Nothing is at the other end any more: the reset that comes with dropping the card reaches nobody.
            Error::CommError | Error::NoService | Error::ServiceStopped | Error::InvalidHandle => drop(card),
            Error::UnknownReader | Error::ReaderUnavailable => drop(card),
            // Rather a handle that stays open until the daemon ends than a reset.
            _ => std::mem::forget(card),
        }
    }
}

/// The card of a transaction, as what carries APDUs.
pub(super) struct CardWire<'a> {
    card: &'a Transaction<'a>,
    /// Asked before each exchange.
    before: &'a dyn Fn() -> Result<(), SmartCardError>,
    buffer: Vec<u8>,
}

impl<'a> CardWire<'a> {
    /// Gives up before the next APDU once `before` says so.
    pub(super) fn new(card: &'a Transaction<'a>, before: &'a dyn Fn() -> Result<(), SmartCardError>) -> Self {
        Self { card, before, buffer: vec![0; BUFFER] }
    }
}

impl Wire for CardWire<'_> {
    fn exchange(&mut self, apdu: Passed<'_>) -> Result<Vec<u8>, SmartCardError> {
        (self.before)()?;
        match self.card.transmit(apdu.bytes(), &mut self.buffer) {
            Ok(answer) => Ok(answer.to_vec()),
            Err(Error::InsufficientBuffer) => Err(SmartCardError::TooLong { what: "an answer" }),
            Err(error) => Err(error.into()),
        }
    }
}
