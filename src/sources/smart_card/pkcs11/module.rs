//! Inside the process of a module: loads it, lists its tokens, reads their public certificates, says what it found.
//!
//! Sessions are read-only and nobody signs in. Whatever goes wrong here is the end of this process alone.

use std::path::Path;

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::Error;
use cryptoki::object::{Attribute, AttributeType, ObjectClass};
use cryptoki::slot::{Slot, TokenInfo};
use rustix::process::{Resource, Rlimit, Signal, set_parent_process_death_signal, setrlimit};

use super::{MAX_CERTIFICATE, MAX_CERTIFICATES, MAX_TOKENS, Said, Token, TokenCertificate};

/// Most memory a module may map: one that leaks or runs wild ends itself.
const MOST_MEMORY: u64 = 1 << 30;

/// Makes this process fit to hold a module: it ends with the one that asked for it, maps so much more and no more, and leaves no image of
/// its memory behind.
///
/// # Errors
/// The kernel refuses.
pub fn confine() -> std::io::Result<()> {
    set_parent_process_death_signal(Some(Signal::KILL))?;
    let exactly = |most| Rlimit { current: Some(most), maximum: Some(most) };
    setrlimit(Resource::Core, exactly(0))?;
    setrlimit(Resource::As, exactly(mapped()?.saturating_add(MOST_MEMORY)))?;
    Ok(())
}

/// Bytes this process has mapped, most of them reserved by the allocator and never touched (`VmSize` of proc_pid_status(5)).
fn mapped() -> std::io::Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let size = status.lines().find_map(|line| line.strip_prefix("VmSize:")?.trim().strip_suffix(" kB")?.parse().ok());
    size.map(|size: u64| size.saturating_mul(1024))
        .ok_or_else(|| std::io::Error::other("/proc/self/status has no VmSize"))
}

/// Everything a module shows without a code. Blocks for as long as the module likes.
pub fn read(module: &Path) -> Said {
    let loaded = match Pkcs11::new(module) {
        Ok(loaded) => loaded,
        Err(error) => return Said::Failed { loaded: false, message: error.to_string() },
    };
    match tokens(&loaded) {
        Ok(tokens) => Said::Tokens(tokens),
        Err(error) => Said::Failed { loaded: true, message: error.to_string() },
    }
}

fn tokens(module: &Pkcs11) -> Result<Vec<Token>, Error> {
    module.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK))?;
    let mut tokens = Vec::new();
    for slot in module.get_slots_with_token()?.into_iter().take(MAX_TOKENS) {
        // A card that was taken out meanwhile, or that this one module does not know: the others are still read.
        if let Some(token) = token(module, slot)? {
            tokens.push(token);
        }
    }
    Ok(tokens)
}

fn token(module: &Pkcs11, slot: Slot) -> Result<Option<Token>, Error> {
    let (slot_info, info) = match (module.get_slot_info(slot), module.get_token_info(slot)) {
        (Ok(slot_info), Ok(info)) if info.token_initialized() => (slot_info, info),
        (Ok(_), Ok(_)) | (_, Err(Error::Pkcs11(..))) | (Err(Error::Pkcs11(..)), _) => return Ok(None),
        (_, Err(error)) | (Err(error), _) => return Err(error),
    };
    let session = module.open_ro_session(slot)?;
    let public = [Attribute::Class(ObjectClass::CERTIFICATE), Attribute::Token(true), Attribute::Private(false)];
    let mut certificates = Vec::new();
    for object in session.find_objects(&public)?.into_iter().take(MAX_CERTIFICATES) {
        let (mut label, mut der) = (String::new(), Vec::new());
        for attribute in session.get_attributes(object, &[AttributeType::Label, AttributeType::Value])? {
            match attribute {
                Attribute::Label(octets) => label = String::from_utf8_lossy(&octets).trim().to_owned(),
                Attribute::Value(octets) => der = octets,
                _ => {}
            }
        }
        if !der.is_empty() && der.len() <= MAX_CERTIFICATE {
            certificates.push(TokenCertificate { label, der });
        }
    }
    Ok(Some(Token {
        slot: slot_info.slot_description().trim().to_owned(),
        label: info.label().to_owned(),
        serial: info.serial_number().to_owned(),
        tries_left: tries_left(&info),
        certificates,
    }))
}

/// The flags tell the two last steps before the end, and only those as a number.
fn tries_left(info: &TokenInfo) -> Option<u8> {
    match (info.user_pin_locked(), info.user_pin_final_try()) {
        (true, _) => Some(0),
        (false, true) => Some(1),
        (false, false) => None,
    }
}
