//! Act: messages leave from rows, each channel on a task of its own, one at a time, and what came of it is written down before the
//! next one leaves. A process that ends in between sends that one message again, under the same id.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use super::alerts::id_of;
use super::outbox::GATHER;
use super::{Engine, TestedChannel};
use crate::domain::audit_event::{Action, Actor, AuditEvent, AuditOutcome, Origin};
use crate::domain::delivery::{Delivery, DeliveryState, DeliveryWord};
use crate::domain::notice::{Channel, EventId, Moment, Notice, NoticeItem, NoticeKind, Reach, SendOutcome};
use crate::domain::time::Timestamp;
use crate::policy::alert::outgoing;
use crate::policy::alert::recipients::{self, Route};
use crate::store::{Carrier, Commit, OutboxChanges, StoreError};

/// The longest any channel may take for one message, whatever its own bounds are.
const HUNG: Duration = Duration::from_secs(300);
/// Between two tries at writing down what came of a message.
const UNWRITTEN: Duration = Duration::from_secs(2);
/// Messages that are being sent when the daemon stops have so long to end.
const LAST_MESSAGES: Duration = Duration::from_secs(3);

/// What came of one attempt.
#[derive(Debug, Clone)]
pub(super) struct Sent {
    id: EventId,
    channel: String,
    outcome: SendOutcome,
}

impl Engine {
    /// How long the loop may sleep for the messages' sake.
    pub(super) fn until_next_message(&self) -> Duration {
        if !self.unwritten.is_empty() {
            return UNWRITTEN;
        }
        let channels = self.channels.iter().map(|channel| channel.name());
        self.outbox.until_next(channels, self.gathering(), self.clock.now(), self.clock.monotonic())
    }

    /// Until when, by the monotonic clock, new words are gathered: what one scan has to say is one message, however many sources it has,
    /// and a source that takes its time holds nobody up for longer. The outbox bounds it for each message as well: scans may follow one
    /// another without a pause.
    fn gathering(&self) -> Duration {
        self.scan.as_ref().map_or(Duration::ZERO, |scan| scan.began.saturating_add(GATHER))
    }

    /// What came of an attempt: written down, then the channel may go on.
    pub(super) async fn sent(&mut self, sent: Sent) {
        self.unwritten.push_back(sent);
        self.write_outcomes().await;
    }

    /// Every outcome that is not in a row yet. While the database refuses, the channel waits: a message is not sent again for
    /// want of a row.
    pub(super) async fn write_outcomes(&mut self) {
        while let Some(sent) = self.unwritten.front().cloned() {
            if let Err(error) = self.write_outcome(&sent).await {
                tracing::error!(message = %sent.id, error, "what came of a message could not be written down");
                return;
            }
            self.outbox.busy.remove(&sent.channel);
            self.unwritten.pop_front();
        }
    }

    async fn write_outcome(&mut self, sent: &Sent) -> Result<(), String> {
        let now = self.clock.now();
        let patience = self.config.alerts.patience();
        let Some(delivery) = self.outbox.get(sent.id).cloned() else { return Ok(()) };
        let ended = match delivery.clone().end(sent.outcome.clone(), &patience, now) {
            Ok(ended) => ended,
            Err(error) => {
                tracing::error!(message = %sent.id, error = %error, "the outcome of a message nobody sent");
                return Ok(());
            }
        };
        let mut ended = ended;
        let wait = patience.wait(ended.attempts);
        let health = self.outbox.channels.get(&sent.channel).cloned().unwrap_or_default();
        let health = if matches!(ended.kind, NoticeKind::Test) && ended.state.word().as_str() != "delivered" {
            health // proving a channel that does not work says nothing new of it
        } else {
            health.after(&ended, now)
        };
        let mut changes = OutboxChanges::default();
        changes.channels.insert(sent.channel.clone(), health);
        if let DeliveryState::Refused { failure, .. } | DeliveryState::GivenUp { failure, .. } = &ended.state {
            tracing::warn!(message = %ended.id, channel = ended.channel, reason = failure.reason, "a message will not arrive");
            let heard = self.pass_on(&ended, &mut changes, now).await.map_err(|error| error.to_string())?;
            // Somebody may have to mend the relay first: a word that nobody hears is not settled by one answer.
            if let (false, SendOutcome::Refused { reason, answer }) = (heard, sent.outcome.clone()) {
                tracing::error!(message = %ended.id, channel = ended.channel, "nobody else can be told: it is tried again");
                let later = SendOutcome::Later { reason, answer, after: None };
                ended = delivery.end(later, &patience, now).map_err(|error| error.to_string())?;
            }
        }
        changes.changed.push(ended.clone());
        let mut events = vec![self.delivery_event(&ended)];
        self.tell_of_failing(&sent.channel, &mut changes, &mut events, now);
        let answer = answer_of(&ended);
        self.commit_outbox(events, changes, now).await?;
        self.outbox.rest(&sent.channel, wait, self.clock.monotonic());
        self.answer_tester(&ended, answer);
        Ok(())
    }

    /// Hands every free channel the next message that is due for it.
    pub(super) async fn dispatch(&mut self) {
        if !self.unwritten.is_empty() {
            self.write_outcomes().await;
        }
        let now = self.clock.now();
        let (monotonic, longest) = (self.clock.monotonic(), self.config.alerts.patience().longest);
        let mut begun: Vec<(Arc<dyn Channel>, Delivery)> = Vec::new();
        for channel in &self.channels {
            let due = self.outbox.due(channel.name(), self.gathering(), now, monotonic, longest);
            let Some(delivery) = due else { continue };
            match delivery.clone().begin(now, (self.audit.seq, self.audit.head.to_string())) {
                Ok(delivery) => begun.push((Arc::clone(channel), delivery)),
                Err(error) => tracing::error!(message = %delivery.id, error = %error, "a settled message was due"),
            }
        }
        if begun.is_empty() {
            return;
        }
        let changed: Vec<Delivery> = begun.iter().map(|(_, delivery)| delivery.clone()).collect();
        let events = changed.iter().map(|delivery| self.delivery_event(delivery)).collect();
        let changes = OutboxChanges { changed, ..OutboxChanges::default() };
        // Before it is sent, and not only at the start: another daemon may have taken a database whose server was started again.
        let written = match self.store.claim(Duration::ZERO).await {
            Ok(()) => self.commit_outbox(events, changes, now).await,
            Err(error) => Err(self.store_refused(&error).to_string()),
        };
        if let Err(error) = written {
            tracing::error!(error, "messages wait for the database");
            // Not at once again: the loop would turn for nothing else.
            for (channel, _) in &begun {
                self.outbox.rest_anyway(channel.name(), UNWRITTEN, monotonic);
            }
            return;
        }
        for (channel, delivery) in begun {
            match self.notice(&delivery).await {
                Ok(notice) => self.send(channel, delivery, notice),
                Err(error) => {
                    let outcome =
                        SendOutcome::Later { reason: "store_unavailable", answer: error.to_string(), after: None };
                    let channel = delivery.channel.clone();
                    self.outbox.busy.insert(channel.clone());
                    self.unwritten.push_back(Sent { id: delivery.id, channel, outcome });
                }
            }
        }
    }

    fn send(&mut self, channel: Arc<dyn Channel>, delivery: Delivery, notice: Notice) {
        self.outbox.busy.insert(delivery.channel.clone());
        self.sending.spawn(async move {
            let Delivery { id, channel: name, address, .. } = delivery;
            let attempt = tokio::spawn(async move { channel.send(&address, &notice).await });
            let later = |reason, answer: String| SendOutcome::Later { reason, answer, after: None };
            let stop = attempt.abort_handle();
            let outcome = match tokio::time::timeout(HUNG, attempt).await {
                Ok(Ok(outcome)) => outcome,
                Ok(Err(error)) => {
                    tracing::error!(channel = name, error = %error, "a channel stopped in the middle");
                    later("internal", "the channel stopped in the middle".to_owned())
                }
                Err(_) => {
                    stop.abort();
                    later("hung", "the channel did not answer at all".to_owned())
                }
            };
            Sent { id, channel: name, outcome }
        });
    }

    /// The message in full, read from its rows.
    async fn notice(&mut self, delivery: &Delivery) -> Result<Notice, StoreError> {
        let items = match delivery.kind {
            NoticeKind::Alerts => self.store.delivery_items(delivery.id).await?,
            NoticeKind::Digest(_) | NoticeKind::ChannelFailed { .. } | NoticeKind::Test => Vec::new(),
        };
        let mut items: Vec<_> = items.into_iter().map(|(_, item)| item).collect();
        items.sort_by_cached_key(outgoing::urgency);
        Ok(Notice {
            id: delivery.id,
            at: delivery.created_at,
            node: self.config.node.clone(),
            kind: delivery.kind.clone(),
            items,
            audit: delivery.audit.clone().unwrap_or_default(),
        })
    }

    /// An address or a target will not get this message: what it says goes to the next who answers for it, and where nobody is left on
    /// this channel, the other ways. `false` when some of it reaches nobody at all. That something is over is said to those who had been
    /// told of it alone.
    async fn pass_on(
        &mut self,
        delivery: &Delivery,
        changes: &mut OutboxChanges,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        if delivery.kind != NoticeKind::Alerts {
            return Ok(true);
        }
        let mut items = self.store.delivery_items(delivery.id).await?;
        items.retain(|(_, item)| item.moment != Moment::Resolved);
        let carriers = self.store.carriers(delivery.id).await?;
        let everything = self.tell_the_next(delivery, &items, &carriers, changes, now);
        if !everything || !matches!(delivery.state, DeliveryState::Refused { .. }) {
            self.hand_over(delivery, delivery.id, changes, now).await?;
        }
        let passed: HashSet<EventId> = changes.items.iter().map(|(_, event)| *event).collect();
        let is_there = |carrier: &Carrier| self.channels.iter().any(|channel| channel.name() == carrier.channel);
        let carries = |carrier: &Carrier| match carrier.state {
            DeliveryWord::Refused | DeliveryWord::GivenUp => false,
            DeliveryWord::Delivered => carrier.message != delivery.id,
            DeliveryWord::Pending | DeliveryWord::Sending | DeliveryWord::Failed => {
                carrier.message != delivery.id && is_there(carrier)
            }
        };
        let heard = |event: &EventId| passed.contains(event) || carriers.get(event).into_iter().flatten().any(carries);
        Ok(items.iter().all(|(event, _)| heard(event)))
    }

    /// Each word goes to the first of those who answer for it that was not told of this very word through this channel. `false` when
    /// nobody is left for some of it. What an earlier attempt passed on is not passed on again.
    fn tell_the_next(
        &self,
        delivery: &Delivery,
        items: &[(EventId, NoticeItem)],
        carriers: &HashMap<EventId, Vec<Carrier>>,
        changes: &mut OutboxChanges,
        now: Timestamp,
    ) -> bool {
        if delivery.address.is_empty() {
            return items.is_empty();
        }
        let message = |address: &str, attempt: u32| {
            let route = (delivery.channel.clone(), address.to_owned());
            outgoing::message(&route, NoticeKind::Alerts, &format!("{}\n{attempt}", delivery.id), id_of, now)
        };
        let here = |carrier: &&Carrier| carrier.channel == delivery.channel;
        let known: BTreeSet<(EventId, &str)> = carriers
            .values()
            .flatten()
            .filter(here)
            .map(|carrier| (carrier.message, carrier.address.as_str()))
            .collect();
        let is_ours = |(id, address): &&(EventId, &str)| {
            (1..delivery.attempts).any(|attempt| message(address, attempt).id == *id)
        };
        let ours: HashSet<EventId> = known.iter().filter(is_ours).map(|(id, _)| *id).collect();
        let reach = self.reach();
        let ground = self.ground(&self.inventory, &reach);
        let mut everything = true;
        for (event, item) in items {
            let carriers = || carriers.get(event).into_iter().flatten().filter(here);
            if carriers().any(|carrier| ours.contains(&carrier.message)) {
                continue;
            }
            let told: BTreeSet<String> = carriers().map(|carrier| carrier.address.clone()).collect();
            let Some(next) = recipients::next_contact(&ground, &item.finding, &told, now) else {
                tracing::error!(event = %event, channel = delivery.channel, "nobody is left here who could be told of an alert");
                everything = false;
                continue;
            };
            let message = message(&next, delivery.attempts);
            changes.items.push((message.id, *event));
            if changes.new.iter().all(|known| known.id != message.id) {
                changes.new.push(message);
            }
        }
        everything
    }

    /// A channel will not carry this message: what it says goes the other ways, to where it was not said yet. `false` when there is no
    /// other way.
    async fn hand_over(
        &mut self,
        delivery: &Delivery,
        name: EventId,
        changes: &mut OutboxChanges,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        if delivery.kind != NoticeKind::Alerts {
            return Ok(true);
        }
        let reach = self.reach();
        let routes = recipients::news_routes(&self.ground(&self.inventory, &reach), Some(&delivery.channel), now);
        if routes.is_empty() {
            return Ok(false);
        }
        let mut said: HashSet<(EventId, EventId)> = changes.items.iter().copied().collect();
        for route in &routes {
            let message = outgoing::message(
                route,
                NoticeKind::Alerts,
                &format!("handed over\n{}\n{name}", delivery.channel),
                id_of,
                now,
            );
            for event in self.store.events_untold(delivery.id, &route.0, &route.1).await? {
                if !said.insert((message.id, event)) {
                    continue;
                }
                changes.items.push((message.id, event));
                if changes.new.iter().all(|known| known.id != message.id) {
                    changes.new.push(message.clone());
                }
            }
        }
        Ok(true)
    }

    /// A channel has failed for long, or gave up: the others say so, once for each row of failures.
    fn tell_of_failing(
        &self,
        channel: &str,
        changes: &mut OutboxChanges,
        events: &mut Vec<AuditEvent>,
        now: Timestamp,
    ) {
        let Some(health) = changes.channels.get_mut(channel).filter(|health| !health.told) else { return };
        let Some(since) = health.failing_since else { return };
        let given_up = changes.changed.iter().any(|delivery| match delivery.state {
            DeliveryState::GivenUp { .. } => true,
            DeliveryState::Refused { .. } => delivery.address.is_empty(),
            _ => false,
        });
        let after = i64::try_from(self.config.alerts.path_failed_after.as_secs()).unwrap_or(i64::MAX);
        if !given_up && now.unix().saturating_sub(since.unix()) < after {
            return;
        }
        let reach = self.reach();
        let routes = recipients::news_routes(&self.ground(&self.inventory, &reach), Some(channel), now);
        let reason = health.reason.clone().unwrap_or_default();
        tracing::error!(channel, reason, %since, "messages do not leave through this channel");
        if routes.is_empty() {
            return; // the status and the metrics say it
        }
        health.told = true;
        let held = self.outbox.open().filter(|delivery| delivery.channel == channel).count() as u64;
        for route in routes {
            let kind = NoticeKind::ChannelFailed { channel: channel.to_owned(), reason: reason.clone(), since, held };
            changes.new.push(outgoing::message(&route, kind, &format!("failed\n{channel}\n{since}"), id_of, now));
        }
        let event = self.event(Actor::Daemon, Origin::Internal, Action::ChannelFailed, format!("channel:{channel}"));
        events.push(AuditEvent { outcome: AuditOutcome::Failed, reason: Some(reason), ..event });
    }

    /// What waits for a channel that is not configured any more goes the other ways. Where there is none it goes on waiting: the
    /// channel may come back, or another one come.
    pub(super) async fn give_up_lost_channels(&mut self) {
        let lost = |delivery: &&Delivery| self.channels.iter().all(|channel| channel.name() != delivery.channel);
        let lost: Vec<Delivery> = self.outbox.open().filter(lost).cloned().collect();
        // One message for all that is handed over together, named after the first: none is handed over twice.
        let Some(name) = lost.first().map(|delivery| delivery.id) else { return };
        let now = self.clock.now();
        let mut changes = OutboxChanges::default();
        for delivery in lost {
            let channel = delivery.channel.clone();
            match self.hand_over(&delivery, name, &mut changes, now).await {
                Ok(true) => {
                    tracing::warn!(message = %delivery.id, channel, "a message waited for a channel that is gone");
                    changes.changed.push(delivery.give_up(
                        "channel_gone",
                        "its channel is not configured any more",
                        now,
                    ));
                }
                Ok(false) => {
                    tracing::error!(message = %delivery.id, channel, "a message waits for a channel that is gone")
                }
                Err(error) => {
                    tracing::error!(message = %delivery.id, error = %error, "a message of a channel that is gone could not be read")
                }
            }
        }
        if changes.changed.is_empty() {
            return;
        }
        let events = changes.changed.iter().map(|delivery| self.delivery_event(delivery)).collect();
        if let Err(error) = self.commit_outbox(events, changes, now).await {
            tracing::error!(error, "messages of a channel that is gone could not be given up");
        }
    }

    /// Lets what is being sent end, for a moment: what does not is sent again at the next start.
    pub(super) async fn finish_sending(&mut self) {
        let ended = async {
            while let Some(sent) = self.sending.join_next().await {
                match sent {
                    Ok(sent) => self.unwritten.push_back(sent),
                    Err(error) => tracing::error!(error = %error, "a message was lost sight of"),
                }
            }
        };
        if tokio::time::timeout(LAST_MESSAGES, ended).await.is_err() {
            tracing::warn!("messages on their way were left: they are sent again at the next start");
        }
        self.write_outcomes().await;
    }

    pub(super) async fn commit_outbox(
        &mut self,
        events: Vec<AuditEvent>,
        changes: OutboxChanges,
        now: Timestamp,
    ) -> Result<(), String> {
        let mut events = events.into_iter();
        let Some(first) = events.next() else { return Err("a change without an event".to_owned()) };
        let changes = Arc::new(changes);
        let commit = Commit::new(first).events(events).outbox(Arc::clone(&changes));
        self.commit(commit, now).await.map_err(|refusal| refusal.to_string())?;
        self.outbox.apply(&changes, now, self.clock.monotonic());
        self.publish();
        Ok(())
    }

    /// The ways out, by name.
    pub(super) fn reach(&self) -> Vec<(String, Reach)> {
        self.channels.iter().map(|channel| (channel.name().to_owned(), channel.reach())).collect()
    }

    /// The audit names the message and the channel, never the address.
    fn delivery_event(&self, delivery: &Delivery) -> AuditEvent {
        let (action, outcome) = match &delivery.state {
            DeliveryState::Pending { .. } | DeliveryState::Sending { .. } => {
                (Action::DeliveryBegun, AuditOutcome::Done)
            }
            DeliveryState::Failed { .. } => (Action::DeliveryBegun, AuditOutcome::Failed),
            DeliveryState::Delivered { .. } => (Action::Delivered, AuditOutcome::Done),
            DeliveryState::Refused { .. } => (Action::DeliveryRefused, AuditOutcome::Failed),
            DeliveryState::GivenUp { .. } => (Action::DeliveryGivenUp, AuditOutcome::Failed),
        };
        let mut reason = format!("{}, attempt {}", delivery.channel, delivery.attempts);
        if let Some(failure) = delivery.state.failure() {
            reason.push_str(&format!(", {}", failure.reason));
        }
        let event = self.event(Actor::Daemon, Origin::Internal, action, format!("message:{}", delivery.id));
        AuditEvent { outcome, reason: Some(reason), ..event }
    }

    /// Routes of a test: every channel, and of those that mail the addresses wanted.
    pub(super) fn test_routes(&self, mails: &[String]) -> Vec<Route> {
        let of = |(channel, reach): (String, Reach)| match reach {
            Reach::Target => vec![(channel, String::new())],
            Reach::Mail => mails.iter().map(|mail| (channel.clone(), mail.clone())).collect(),
        };
        self.reach().into_iter().flat_map(of).collect()
    }

    fn answer_tester(&mut self, delivery: &Delivery, answer: (bool, String, String)) {
        if delivery.kind != NoticeKind::Test {
            return;
        }
        let (delivered, reason, answer) = answer;
        for tester in &mut self.testers {
            if tester.waiting.remove(&delivery.id) {
                tester.report.push(TestedChannel {
                    channel: delivery.channel.clone(),
                    address: delivery.address.clone(),
                    delivered,
                    reason: (!delivered).then(|| reason.clone()),
                    answer: answer.clone(),
                    message: delivery.id,
                });
            }
        }
        for index in (0..self.testers.len()).rev() {
            if self.testers.get(index).is_some_and(|tester| tester.waiting.is_empty()) {
                let tester = self.testers.swap_remove(index);
                super::answer(tester.reply, Ok(tester.report));
            }
        }
    }
}

fn answer_of(delivery: &Delivery) -> (bool, String, String) {
    match &delivery.state {
        DeliveryState::Delivered { answer, .. } => (true, String::new(), answer.clone()),
        state => state
            .failure()
            .map_or_else(Default::default, |failure| (false, failure.reason.clone(), failure.answer.clone())),
    }
}
