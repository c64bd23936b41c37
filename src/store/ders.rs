//! The bytes of certificates, checked against their fingerprint on the way out.

use std::collections::HashMap;
use std::sync::Arc;

use sqlx::{Arguments, Row};

use super::error::StoreError;
use super::{Store, audit, rows};
use crate::domain::fingerprint::Fingerprint;
use crate::pki::digest::sha256;

impl Store {
    /// The DER of a certificate, `None` when it was never seen.
    pub async fn der(&self, fingerprint: &Fingerprint) -> Result<Option<Arc<[u8]>>, StoreError> {
        Ok(self.ders(&[*fingerprint]).await?.remove(fingerprint))
    }

    /// The DER of several certificates; those never seen are left out.
    pub async fn ders(&self, wanted: &[Fingerprint]) -> Result<HashMap<Fingerprint, Arc<[u8]>>, StoreError> {
        const SELECT: &str = "SELECT fingerprint, der FROM certificate_der WHERE fingerprint";
        let failed = |source| self.failed("reading a certificate", source);
        let mut ders = HashMap::with_capacity(wanted.len());
        for batch in wanted.chunks(rows::KEYS) {
            let found = rows::among(&self.read, SELECT, batch, |fingerprint, to| to.add(fingerprint.0.as_slice()));
            let found = found.await.map_err(failed)?;
            for row in found {
                let fingerprint = audit::fingerprint(&row, 0).map_err(failed)?;
                let der: &[u8] = row.try_get(1).map_err(failed)?;
                if sha256(der) != fingerprint {
                    return Err(self.damaged(format!("the bytes of certificate {fingerprint} are not its own")));
                }
                ders.insert(fingerprint, der.into());
            }
        }
        Ok(ders)
    }
}
