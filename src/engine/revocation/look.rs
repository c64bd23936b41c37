//! A look at the lists: what they say of every certificate whose path ends in a trust anchor, and which lists those certificates name.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use super::super::Engine;
use super::super::handle::{Caller, Refusal};
use super::*;
use crate::domain::audit_event::{Actor, Origin};
use crate::domain::certificate::{Certificate, KeyUsage};
use crate::domain::crl::{Beyond, CertificateStatus, RevocationChanges};
use crate::domain::inventory::IssuerLink;
use crate::domain::revocation::Status;
use crate::pki::revocation::SKEW;
use crate::revocation::{Answer, Points, Question, judge, name_deltas};
use crate::store::{Commit, StoreError};

/// Certificates whose bytes are in memory at a time.
const BATCH: usize = 256;
/// Certificates on a path.
const MAX_LENGTH: usize = 16;
/// Lists that are followed.
const MAX_LISTS: usize = 512;
/// Seconds until what could not be written down is looked at again.
const LOOK_AFTER_REFUSAL: i64 = 60;

/// What a look found.
struct Looked {
    answers: Vec<Answer>,
    points: Points,
}

impl Engine {
    /// Looks, writes down what changed, and judges the inventory again if it did.
    pub(super) async fn look(&mut self) {
        self.look_and_judge(false).await;
    }

    pub(super) async fn look_and_judge(&mut self, mut judge: bool) {
        match self.look_once().await {
            Ok(changed) => judge |= changed,
            Err(refusal) => {
                tracing::error!(error = %refusal, "revocation statuses could not be made");
                self.following.look_again = Some(self.clock.now().plus_seconds(LOOK_AFTER_REFUSAL));
            }
        }
        if judge {
            self.judge_by_lists().await;
        }
        self.publish();
    }

    /// Judges the inventory as the lists now are.
    pub(super) async fn judge_by_lists(&mut self) {
        if self.was_ever_scanned() && self.declared_read {
            let caller = Caller { actor: Actor::Scheduler, origin: Origin::Internal };
            if let Err(refusal) = self.take_in(Vec::new(), &caller, true).await {
                tracing::error!(error = %refusal, "what was judged could not be written down");
            }
        }
    }

    async fn look_once(&mut self) -> Result<bool, Refusal> {
        let now = self.clock.now();
        self.renew_setup().await;
        let mut looked = self.ask_lists(now).await.map_err(|error| self.store_refused(&error))?;
        // Damage within an index shows when an entry is read.
        if !self.following.way.keeper.shelf().damaged().is_empty() {
            self.mend_lists().await;
            looked = self.ask_lists(now).await.map_err(|error| self.store_refused(&error))?;
        }
        let named = self.with_deltas(std::mem::take(&mut looked.points), now).await?;
        let (points, beyond) = handed_out(self.configured(), named);
        let points_before = std::mem::replace(&mut self.following.points, points);
        self.make_up_for_missed_turns(&points_before, now);
        let before = Arc::clone(&self.inventory.revocation);
        let caller = Caller { actor: Actor::Scheduler, origin: Origin::Internal };
        let mut changes = RevocationChanges { lists: self.followed(&before), ..RevocationChanges::default() };
        let mut events = Vec::new();
        let mut counts = [0_u64; 3];
        for told in looked.answers {
            let known = before.certificates.get(&told.fingerprint);
            let after = CertificateStatus::after(known, &told.verdict, told.authority, now);
            if known.is_some_and(|known| known.says_the_same(&after)) {
                continue;
            }
            let revoked = known.is_none_or(|known| known.status != Status::Revoked);
            match after.status {
                Status::Revoked if revoked => {
                    let object = format!("sha256:{}", told.fingerprint);
                    events.push(event_of(self, &caller, Action::CertificateRevoked, object, revoked_in_words(&after)));
                }
                status => counts[status as usize] += 1,
            }
            changes.certificates.push((told.fingerprint, after));
        }
        if counts.iter().any(|count| *count > 0) {
            let [good, revoked, unknown] = counts;
            let told = format!("now good: {good}, unknown: {unknown}, revoked otherwise: {revoked}");
            events.push(event_of(self, &caller, Action::RevocationStatusChanged, "certificates", told));
        }
        events.sort_by(|a, b| a.object.cmp(&b.object));
        let next = before.after(&changes);
        let (settled, told) = self.settled(&next, &caller, now);
        events.extend(told);
        let mut next = next.after(&settled);
        (changes.awaited, changes.no_longer_awaited) = (settled.awaited, settled.no_longer_awaited);
        next.judged_at = Some(now);
        next.beyond = beyond;
        // Only what is followed may differ, which is not stored: it is found again at every start.
        let mut events = events.into_iter();
        if let Some(first) = events.next() {
            let commit = Commit::new(first).events(events).revocation(Arc::new(changes.clone()));
            self.commit(commit, now).await?;
        }
        let changed = !changes.is_empty() || next.beyond != before.beyond;
        self.following.must_look = false;
        let held = self.following.way.keeper.shelf().lists();
        let held = held.iter().map(|kept| (kept.crl.this_update, kept.crl.next_update));
        let boundary = next_boundary(&next, held, self.config.policy.crl_margin(), now);
        self.show_revocation(next);
        self.following.look_again = boundary.into_iter().chain(self.next_awaited_end(now)).min();
        Ok(changed)
    }

    /// Whom to believe, as of now.
    pub(super) async fn renew_setup(&mut self) {
        let anchors: HashSet<Fingerprint> = self.anchors.iter().map(|anchor| anchor.facts.fingerprint).collect();
        let records = self.inventory.certificates.values();
        let below: Vec<Fingerprint> = records
            .filter(|record| may_sign_lists(&record.facts) && !anchors.contains(&record.facts.fingerprint))
            .map(|record| record.facts.fingerprint)
            .filter(|authority| above(&self.inventory, &anchors, authority).is_some())
            .collect();
        let missing: Vec<Fingerprint> =
            below.iter().filter(|authority| !self.following.authorities.contains_key(authority)).copied().collect();
        match self.store.ders(&missing).await {
            Ok(ders) => self.following.authorities.extend(ders),
            // With fewer authorities less is believed, never more.
            Err(error) => tracing::error!(error = %error, "authorities could not be read"),
        }
        let mut authorities: Vec<Arc<[u8]>> =
            below.iter().filter_map(|authority| self.following.authorities.get(authority)).cloned().collect();
        authorities.sort();
        let trust = Trust { anchors: self.anchors.iter().map(|anchor| Arc::clone(&anchor.der)).collect(), authorities };
        if trust != self.following.setup.trust {
            self.following.files_were_read = false;
            self.following.trusts += 1;
        }
        self.following.way.keeper.allow(Gate::new(&self.config.revocation));
        self.following.setup = Arc::new(Setup { config: self.config.revocation.clone(), trust });
    }

    async fn ask_lists(&mut self, now: Timestamp) -> Result<Looked, StoreError> {
        let anchors: HashSet<Fingerprint> = self.anchors.iter().map(|anchor| anchor.facts.fingerprint).collect();
        let mut wanted: BTreeSet<Fingerprint> =
            self.inventory.observations.values().flat_map(|observation| observation.certificates()).collect();
        // A card that is out of its reader is awaited in the lists all the same.
        wanted.extend(self.awaited_certificates());
        let paths: Vec<(Fingerprint, Vec<Fingerprint>)> = wanted
            .into_iter()
            .filter(|fingerprint| !anchors.contains(fingerprint))
            .filter_map(|fingerprint| Some((fingerprint, above(&self.inventory, &anchors, &fingerprint)?)))
            .collect();
        let lists: Arc<[_]> = self.following.way.keeper.shelf().lists().into();
        let gate = Arc::new(Gate::new(&self.config.revocation));
        let mut looked = Looked { answers: Vec::with_capacity(paths.len()), points: Points::default() };
        for batch in paths.chunks(BATCH) {
            let fingerprints: Vec<Fingerprint> = batch.iter().map(|(fingerprint, _)| *fingerprint).collect();
            let mut ders = self.store.ders(&fingerprints).await?;
            let questions = batch.iter().filter_map(|(fingerprint, above)| {
                Some(Question { der: ders.remove(fingerprint)?, above: above.clone() })
            });
            let questions: Vec<Question> = questions.collect();
            let (lists, setup, gate) = (Arc::clone(&lists), Arc::clone(&self.following.setup), Arc::clone(&gate));
            let mut points = std::mem::take(&mut looked.points);
            let done = tokio::task::spawn_blocking(move || {
                let answers = judge(&lists, &setup.trust, &gate, questions, now, &mut points);
                (answers, points)
            });
            match done.await {
                Ok((answers, points)) => {
                    looked.answers.extend(answers);
                    looked.points = points;
                }
                // What was known of these stays known.
                Err(error) => tracing::error!(error = %error, "revocation statuses could not be made"),
            }
        }
        Ok(looked)
    }

    /// With the deltas the complete lists at hand name.
    async fn with_deltas(&mut self, mut points: Points, now: Timestamp) -> Result<Points, Refusal> {
        let (lists, setup) = (self.following.way.keeper.shelf().named(), Arc::clone(&self.following.setup));
        let followed = self.followed_without_certificates();
        let done = tokio::task::spawn_blocking(move || {
            let followed = |name: &ListName| followed.contains(name.as_str());
            name_deltas(&lists, &followed, &setup.trust, &Gate::new(&setup.config), now, &mut points);
            points
        });
        done.await.map_err(|error| Refusal::Store(format!("naming the deltas broke off: {error}")))
    }

    /// The lists of the configuration, and those that were imported.
    fn followed_without_certificates(&self) -> HashSet<String> {
        let imported = self.inventory.revocation.lists.iter().filter(|(_, state)| is_imported(state));
        imported
            .map(|(name, _)| name.to_string())
            .chain(self.configured().into_keys().map(|name| name.to_string()))
            .collect()
    }

    fn configured(&self) -> BTreeMap<CrlName, Point> {
        let gate = Gate::new(&self.config.revocation);
        let configured = self.config.revocation.urls.iter().filter_map(|url| {
            let address: Arc<str> = gate.address(url).ok()?.as_str().into();
            let name: CrlName = point_name(&address, false)?.as_str().into();
            let expected = Expected::default();
            Some((name, Point { addresses: vec![address], expected, issuer: "".into(), rank: 0, named: 0 }))
        });
        configured.collect()
    }

    /// The states of lists that differ because they are followed now, or not any more.
    fn followed(&self, known: &Revocations) -> Vec<(CrlName, CrlState)> {
        let mut changed = Vec::new();
        let files: HashSet<String> =
            self.config.revocation.files.iter().map(|path| path.display().to_string()).collect();
        for (name, point) in &self.following.points {
            let before = known.lists.get(name);
            let mut after = before.cloned().unwrap_or_default();
            after.followed = true;
            after.addresses = point.addresses.clone().into();
            if after.held.is_none() {
                after.issuer = Arc::clone(&point.issuer);
                after.delta = point.expected.delta.unwrap_or(false);
            }
            if before != Some(&after) {
                changed.push((Arc::clone(name), after));
            }
        }
        for (name, state) in &known.lists {
            // What was imported is followed as long as it is there.
            let imported = is_imported(state);
            // And a configured file or folder as long as something is wrong with it.
            let configured = |place: &Arc<str>| files.contains(&**place);
            let place = state.failure.is_some() && state.addresses.first().is_some_and(configured);
            let followed = imported || place;
            if !self.following.points.contains_key(name) && state.followed != followed {
                changed.push((Arc::clone(name), CrlState { followed, ..state.clone() }));
            }
        }
        changed
    }
}

/// An authority, or somebody one lets sign its lists (RFC 5280 section 4.2.1.3).
fn may_sign_lists(facts: &Certificate) -> bool {
    facts.is_ca || facts.key_usage.is_some_and(|usage| usage.contains(KeyUsage::CRL_SIGN))
}

/// The lists that are followed: those the configuration names, and those certificates name, up to a bound. And those beyond it, by issuer.
fn handed_out(
    configured: BTreeMap<CrlName, Point>,
    named: Points,
) -> (BTreeMap<CrlName, Point>, BTreeMap<Arc<str>, Beyond>) {
    let Points { lists, mut beyond } = named;
    let mut points = configured;
    let mut lists: Vec<(ListName, Point)> = lists.into_iter().collect();
    // The first list of every certificate before the second of any: one that names many takes no other's place. Of equals those more certificates need.
    lists.sort_by(|(a, one), (b, other)| (one.rank, Reverse(one.named), a).cmp(&(other.rank, Reverse(other.named), b)));
    for (name, point) in lists {
        let known = points.contains_key(name.as_str());
        if known || points.len() < MAX_LISTS {
            points.insert(name.as_str().into(), point);
        } else if let Some(address) = point.addresses.into_iter().next() {
            beyond.entry(point.issuer).or_default().insert(name, address);
        }
    }
    let beyond = beyond.into_iter().filter_map(|(issuer, mut lists)| {
        // What one certificate has no room for another may name first.
        lists.retain(|name, _| !points.contains_key(name.as_str()));
        let example = Arc::clone(lists.values().next()?);
        Some((issuer, Beyond { lists: lists.len() as u64, example }))
    });
    let beyond = beyond.collect();
    (points, beyond)
}

fn is_imported(state: &CrlState) -> bool {
    state.addresses.is_empty() && state.held.is_some()
}

/// Those above a certificate, up to a trust anchor; `None` when its path ends elsewhere.
fn above(inventory: &Inventory, anchors: &HashSet<Fingerprint>, fingerprint: &Fingerprint) -> Option<Vec<Fingerprint>> {
    let mut found = Vec::new();
    let mut at = *fingerprint;
    for _ in 0..MAX_LENGTH {
        let IssuerLink::Issued(by) = inventory.certificate(&at)?.issuer else { return None };
        found.push(by);
        if anchors.contains(&by) {
            return Some(found);
        }
        at = by;
    }
    None
}

/// The next instant at which time alone changes what is said: a list begins to hold or becomes stale, or one that is followed nearly does. `held` has
/// thisUpdate and nextUpdate of every list that answers, also of those nobody names any more.
fn next_boundary(
    known: &Revocations,
    held: impl Iterator<Item = (Timestamp, Option<Timestamp>)>,
    margin: i64,
    now: Timestamp,
) -> Option<Timestamp> {
    let followed = known.lists.values().filter(|state| state.followed);
    let nearly = followed.filter_map(|state| state.held.as_ref()?.near_stale(margin));
    let begin_and_end = held.flat_map(|(this_update, next_update)| {
        [Some(this_update.plus_seconds(-SKEW)), next_update.map(|next| next.plus_seconds(1))]
    });
    nearly.chain(begin_and_end.flatten()).filter(|moment| *moment > now).min()
}

fn revoked_in_words(status: &CertificateStatus) -> String {
    let entry = status.revocation.as_ref();
    let reason = entry.and_then(|entry| entry.reason).map_or("no reason given", |reason| reason.as_str());
    let at = entry.map_or_else(String::new, |entry| format!(" on {}", entry.revoked_at));
    let number = status.list.as_ref().and_then(|list| list.crl_number.as_deref()).unwrap_or("-");
    let authority =
        status.authority.map_or_else(String::new, |authority| format!(", by its authority sha256:{authority}"));
    format!("revoked{at} ({reason}), seen in list number {number}{authority}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_nobody_names_any_more_still_becomes_stale() {
        let now = Timestamp::from_unix(1_800_000_000);
        let at = |seconds: i64| now.plus_seconds(seconds);
        let next = |held: &[(i64, Option<i64>)]| {
            let held = held.iter().map(|(this, next)| (at(*this), next.map(at)));
            next_boundary(&Revocations::default(), held, 0, now).map(|next| next.unix() - now.unix())
        };
        assert_eq!(next(&[(-60, Some(14)), (-60, Some(90))]), Some(15));
        assert_eq!(next(&[(-60, Some(-1)), (-60, None)]), None);
        assert_eq!(next(&[(SKEW + 5, Some(1_000))]), Some(5), "it holds from then on");
    }

    #[test]
    fn places_are_handed_out_by_turns() {
        let mut named = Points::default();
        let mut name = |name: &str, issuer: &str, rank, times| {
            let addresses = vec![Arc::from(format!("http://x/{name}"))];
            let (expected, issuer) = (Expected::default(), issuer.into());
            let point = Point { addresses, expected, issuer, rank, named: times };
            named.lists.insert(ListName::new(name).expect("a name"), point);
        };
        // One certificate with more lists than there are places, and others behind it in the order of names.
        for rank in 0..MAX_LISTS + 10 {
            name(&format!("a{rank:04}"), "CN=A", rank, 1);
        }
        name("z1", "CN=Z", 0, 1);
        name("z2", "CN=Z", 1, 1);
        let (points, beyond) = handed_out(BTreeMap::new(), named);
        assert_eq!(points.len(), MAX_LISTS);
        assert!(["a0000", "z1", "z2"].iter().all(|name| points.contains_key(*name)));
        let told: Vec<(&str, u64)> = beyond.iter().map(|(issuer, beyond)| (&**issuer, beyond.lists)).collect();
        assert_eq!(told, [("CN=A", 12)]);
    }
}
