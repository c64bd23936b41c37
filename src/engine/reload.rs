//! A new declaration replaces the old one whole, or not at all.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{Caller, Engine, Refusal, ReloadReport};
use crate::config::{self, Level};
use crate::domain::audit_event::{Action, AuditEvent, AuditOutcome};
use crate::domain::fingerprint::Fingerprint;
use crate::domain::inventory::Inventory;
use crate::sources::anchors::Anchor;
use crate::sources::{Source, anchors};

impl Engine {
    /// Loads the files again. With mistakes in them the old declaration stays in force and the caller gets every mistake.
    pub(super) async fn reload(&mut self, caller: Caller) -> Result<ReloadReport, Refusal> {
        self.supervisor.reloading();
        let result = self.try_reload(&caller).await;
        if let Err(refusal) = &result {
            tracing::error!(error = %refusal, "the configuration was not replaced");
            let mut reason = refusal.to_string();
            if let Refusal::Configuration { mistakes, warnings } = refusal {
                let line = |said: &String| said.replace('\n', " ");
                mistakes.iter().for_each(|mistake| tracing::error!("{}", line(mistake)));
                warnings.iter().for_each(|odd| tracing::warn!("{}", line(odd)));
                reason.extend(mistakes.first().map(|first| format!(", first: {}", line(first))));
            }
            let event = self.event(caller.actor.clone(), caller.origin, Action::Reload, "configuration");
            let refused = AuditEvent { outcome: AuditOutcome::Refused, reason: Some(reason), ..event };
            self.note(refused).await;
        }
        self.supervisor.ready();
        result
    }

    async fn try_reload(&mut self, caller: &Caller) -> Result<ReloadReport, Refusal> {
        let (file, lang) = (self.config.file.clone(), self.config.lang);
        let (loaded, anchors) = tokio::task::spawn_blocking(move || {
            let loaded = config::load(&file).map_err(|diagnostics| {
                let of = |level| diagnostics.of(level).map(|one| one.render(lang).trim_end().to_owned()).collect();
                Refusal::Configuration { mistakes: of(Level::Error), warnings: of(Level::Warning) }
            })?;
            let anchors = anchors::load(&loaded.config.trust.anchors);
            Ok((loaded, anchors))
        })
        .await
        .map_err(|error| Refusal::Store(format!("loading failed: {error}")))??;
        let fixed = config::fixed_until_restart(&self.config, &loaded.config);
        let mut changes = config::diff(&self.config, &loaded.config);
        changes.extend(anchors_changed(&self.anchors, &anchors.anchors));
        let mut warnings: Vec<String> =
            loaded.warnings.0.iter().map(|odd| odd.render(lang).trim_end().to_owned()).collect();
        warnings.extend(fixed.iter().map(|key| format!("{key} changes at the next start")));
        warnings.extend(anchors.errors.iter().map(|error| format!("{}: {}", error.place, error.problem.message)));

        let event = self.event(caller.actor.clone(), caller.origin, Action::Reload, "configuration");
        let reason = if changes.is_empty() { "no difference".to_owned() } else { changes.join("; ") };
        self.try_note(AuditEvent { reason: Some(reason), ..event }).await?;

        let new = Arc::new(loaded.config);
        let sources = Source::all(&new, &self.sources, &self.clock);
        let old = std::mem::replace(&mut self.sources, sources);
        // One that watches readers waits for its threads when it ends.
        drop(tokio::task::spawn_blocking(move || drop(old)));
        self.card_news = super::cards::news(&self.sources);
        self.inventory = Arc::new(Inventory {
            declaration: Arc::new(new.declaration.clone()),
            anchors: anchors.anchors.iter().map(|anchor| Arc::clone(&anchor.facts)).collect(),
            anchor_errors: anchors.errors.into(),
            sources: super::configured_only(self.inventory.sources.clone(), &self.sources),
            ..Inventory::clone(&self.inventory)
        });
        self.anchors = anchors.anchors.into();
        self.config = new;
        self.agenda = super::Agenda::starting(&self.timetable(), self.clock.now());
        self.channels = (self.make_channels)(&self.config);
        self.give_up_lost_channels().await;
        self.must_judge = true;
        self.declared_read = false;
        self.new_anchors = true;
        self.following.settings_changed(&self.config.revocation);
        self.publish();
        // A scan under way reads what was declared before: it is given up, and whoever waits for it gets the new one.
        let askers = self.scan.take().map(|scan| scan.askers).unwrap_or_default();
        self.begin_scan(caller.clone(), askers);
        Ok(ReloadReport { changes, warnings })
    }
}

/// How many anchors came and went; the files they are in do not matter.
fn anchors_changed(old: &[Anchor], new: &[Anchor]) -> Option<String> {
    let fingerprints = |anchors: &[Anchor]| -> BTreeSet<Fingerprint> {
        anchors.iter().map(|anchor| anchor.facts.fingerprint).collect()
    };
    let (old, new) = (fingerprints(old), fingerprints(new));
    let (added, removed) = (new.difference(&old).count(), old.difference(&new).count());
    (added + removed > 0).then(|| format!("trust anchors: {added} added, {removed} removed"))
}
