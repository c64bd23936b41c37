-- Alerts and the messages that leave from them. Placeholders as in 0001.

-- One row for each alert, resolved ones kept. `said` is JSON: what was said and when; `words` counts all that was ever said.
-- `acknowledgement` is JSON.
CREATE TABLE alert (
  id              {{id}} NOT NULL CONSTRAINT alert_pk PRIMARY KEY,
  code            TEXT   NOT NULL,
  subject         TEXT   NOT NULL,
  severity        TEXT   NOT NULL CONSTRAINT alert_severity CHECK (severity IN ('info', 'warning', 'critical')),
  facts           TEXT   NOT NULL,
  opened_at       BIGINT NOT NULL,
  ends_at         BIGINT,
  state           TEXT   NOT NULL CONSTRAINT alert_state CHECK (state IN ('open', 'acknowledged', 'fading', 'resolved')),
  since           BIGINT,
  acknowledgement TEXT,
  said            TEXT   NOT NULL,
  reached         TEXT,
  words           BIGINT NOT NULL
);
CREATE UNIQUE INDEX alert_open ON alert (code, subject) WHERE state <> 'resolved';

-- What an alert said: `id` is its name for ever, `item` (JSON) what messages are made of.
CREATE TABLE alert_event (
  id       {{blob}} NOT NULL CONSTRAINT alert_event_pk PRIMARY KEY,
  alert    BIGINT   NOT NULL,
  at       BIGINT   NOT NULL,
  mark     TEXT     NOT NULL,
  moment   TEXT     NOT NULL,
  audience TEXT     NOT NULL,
  item     TEXT     NOT NULL
){{clustered}};
CREATE INDEX alert_event_alert ON alert_event (alert);

-- One message to one address through one channel: the outbox. `due_at` is null once nothing more is tried; `waited` counts seconds.
-- `number` is the order they were made in. `audit_seq` and `audit_head` are what the trail had come to at the first attempt.
CREATE TABLE delivery (
  id         {{blob}} NOT NULL CONSTRAINT delivery_pk PRIMARY KEY,
  number     BIGINT   NOT NULL CONSTRAINT delivery_number UNIQUE,
  channel    TEXT     NOT NULL,
  address    TEXT     NOT NULL,
  kind       TEXT     NOT NULL,
  created_at BIGINT   NOT NULL,
  state      TEXT     NOT NULL CONSTRAINT delivery_state CHECK (state IN ('pending', 'sending', 'failed', 'delivered', 'refused', 'given_up')),
  due_at     BIGINT,
  changed_at BIGINT,
  attempts   BIGINT   NOT NULL,
  waited     BIGINT   NOT NULL,
  reason     TEXT,
  answer     TEXT,
  audit_seq  BIGINT,
  audit_head TEXT
);
CREATE INDEX delivery_due ON delivery (due_at) WHERE due_at IS NOT NULL;

-- What a message says.
CREATE TABLE delivery_item (
  delivery {{blob}} NOT NULL,
  event    {{blob}} NOT NULL,
  CONSTRAINT delivery_item_pk PRIMARY KEY (delivery, event)
){{clustered}};
CREATE INDEX delivery_item_event ON delivery_item (event);

-- How each channel has done.
CREATE TABLE channel_health (
  channel       TEXT   NOT NULL CONSTRAINT channel_health_pk PRIMARY KEY,
  last_success  BIGINT,
  failing_since BIGINT,
  failures      BIGINT NOT NULL,
  reason        TEXT,
  told          BIGINT NOT NULL
);
