//! The bytes of certificates, checked against their fingerprint on the way out.

use std::collections::HashMap;
use std::sync::Arc;

use sqlx::any::AnyArguments;
use sqlx::{Arguments, AssertSqlSafe, Row};

use super::error::StoreError;
use super::{Store, audit};
use crate::domain::fingerprint::Fingerprint;
use crate::pki::digest::sha256;

/// Fingerprints asked for by one statement.
const BATCH: usize = 128;

impl Store {
    /// The DER of a certificate, `None` when it was never seen.
    pub async fn der(&self, fingerprint: &Fingerprint) -> Result<Option<Arc<[u8]>>, StoreError> {
        Ok(self.ders(&[*fingerprint]).await?.remove(fingerprint))
    }

    /// The DER of several certificates; those never seen are left out.
    pub async fn ders(&self, wanted: &[Fingerprint]) -> Result<HashMap<Fingerprint, Arc<[u8]>>, StoreError> {
        let failed = |source| self.failed("reading a certificate", source);
        let mut ders = HashMap::with_capacity(wanted.len());
        for batch in wanted.chunks(BATCH) {
            let places: Vec<String> = (1..=batch.len()).map(|place| format!("${place}")).collect();
            let text =
                format!("SELECT fingerprint, der FROM certificate_der WHERE fingerprint IN ({})", places.join(","));
            let mut arguments = AnyArguments::default();
            for fingerprint in batch {
                arguments.add(fingerprint.0.to_vec()).map_err(|error| failed(sqlx::Error::Encode(error)))?;
            }
            let persistent = batch.len() == 1 || batch.len() == BATCH;
            let found = sqlx::query_with(AssertSqlSafe(text), arguments)
                .persistent(persistent)
                .fetch_all(&self.read)
                .await
                .map_err(failed)?;
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
