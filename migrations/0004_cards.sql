-- CPx cards, one row a chip: as last read, and where it is. What its certificates say is in `certificate`; where they are, in
-- `observation` under `card:` and the name of the card. Placeholders as in 0001.

CREATE TABLE card (
  chip         TEXT   NOT NULL CONSTRAINT card_pk PRIMARY KEY,
  number       TEXT,
  number_from  TEXT,
  label        TEXT,
  generation   TEXT   NOT NULL,
  -- JSON: [["label","fingerprint in hex"],…], [["reason","message"],…], the readers it is in now.
  certificates TEXT   NOT NULL,
  problems     TEXT   NOT NULL,
  readers      TEXT   NOT NULL,
  tries_left   BIGINT,
  tries_most   BIGINT,
  source       TEXT   NOT NULL,
  last_reader  TEXT   NOT NULL,
  first_seen   BIGINT NOT NULL,
  last_seen    BIGINT NOT NULL,
  read_at      BIGINT NOT NULL
);
CREATE INDEX card_number ON card (number);
