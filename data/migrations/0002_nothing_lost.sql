-- Times not asked for yet, parcels looked at again, and the nightly proof that nothing is missing.

CREATE TABLE pull_gaps (                    -- a shop's past that is still to be pulled
  shop_id INTEGER NOT NULL REFERENCES shops,
  since INTEGER NOT NULL,
  until INTEGER NOT NULL,                   -- not in it: known from here on
  PRIMARY KEY (shop_id, since),
  CHECK (since < until)
) STRICT, WITHOUT ROWID;

CREATE TABLE ship_checks (                  -- does the shop still have our waybill, minutes later?
  outbox_id INTEGER PRIMARY KEY REFERENCES outbox,
  shop_id INTEGER NOT NULL REFERENCES shops,
  due_at INTEGER NOT NULL,
  resent INTEGER NOT NULL DEFAULT 0 CHECK (resent IN (0, 1)),
  seen_at INTEGER                           -- when the shop showed it; NULL while it did not
) STRICT;
CREATE INDEX ship_checks_due ON ship_checks (shop_id, due_at) WHERE seen_at IS NULL;

CREATE TABLE reconciled (                   -- orders created in one hour: the platform's and ours
  shop_id INTEGER NOT NULL REFERENCES shops,
  hour INTEGER NOT NULL,                    -- its first moment
  checked_at INTEGER NOT NULL,
  platform INTEGER NOT NULL,                -- what the platform lists
  here INTEGER NOT NULL,                    -- how many of them were here already
  brought INTEGER NOT NULL DEFAULT 0,       -- missing, fetched by the check itself
  not_ours INTEGER NOT NULL DEFAULT 0,      -- shipped before we ever saw them
  unexplained INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (shop_id, hour)
) STRICT, WITHOUT ROWID;

CREATE TABLE reconcile_differences (
  shop_id INTEGER NOT NULL REFERENCES shops,
  number TEXT NOT NULL,
  hour INTEGER NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('brought', 'not_ours', 'missing', 'extra')),
  answer TEXT NOT NULL DEFAULT '',
  at INTEGER NOT NULL,
  PRIMARY KEY (shop_id, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX reconcile_differences_of_hour ON reconcile_differences (shop_id, hour);

CREATE TABLE due_jobs (                     -- what is done by the calendar, and when it is next
  name TEXT PRIMARY KEY,
  due_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX orders_created ON orders (shop_id, created_at);
