-- What shops send by themselves: hints to look at an order, and orders an aggregator delivers.

CREATE TABLE hints (                        -- a shop says that an order changed; the order is asked for
  id INTEGER PRIMARY KEY,
  shop_id INTEGER NOT NULL REFERENCES shops,
  message TEXT NOT NULL,                    -- the platform's id of its message: taken once
  number TEXT NOT NULL CHECK (number <> ''),
  received_at INTEGER NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0,
  next_try_at INTEGER NOT NULL,
  answer TEXT NOT NULL DEFAULT '',          -- why it is not done yet, in the shop's words
  done_at INTEGER,
  UNIQUE (shop_id, message, number)
) STRICT;
CREATE INDEX hints_due ON hints (shop_id, next_try_at) WHERE done_at IS NULL;
CREATE INDEX hints_of_order ON hints (shop_id, number) WHERE done_at IS NULL;
CREATE INDEX hints_done ON hints (done_at) WHERE done_at IS NOT NULL;

CREATE TABLE push_health (                  -- what came to a shop's door
  shop_id INTEGER PRIMARY KEY REFERENCES shops,
  taken INTEGER NOT NULL DEFAULT 0,         -- messages with the right signature
  last_at INTEGER,                          -- of the last of them
  refused INTEGER NOT NULL DEFAULT 0,       -- with a wrong one: nothing of them is kept
  refused_at INTEGER
) STRICT;

CREATE TABLE pushed_unread (                -- rightly signed, and not understood: kept for a person
  id INTEGER PRIMARY KEY,
  shop_id INTEGER NOT NULL REFERENCES shops,
  sha256 TEXT NOT NULL,
  raw TEXT NOT NULL,
  at INTEGER NOT NULL,
  UNIQUE (shop_id, sha256)
) STRICT;

CREATE TABLE deliveries (                   -- the newest telling of each order or refund case, as it came
  shop_id INTEGER NOT NULL REFERENCES shops,
  refund TEXT NOT NULL DEFAULT '',          -- the number of a refund case; '' for the order itself
  number TEXT NOT NULL CHECK (number <> ''),
  modified_at INTEGER NOT NULL,             -- the platform's version
  delivered_at INTEGER NOT NULL,
  raw TEXT NOT NULL,
  PRIMARY KEY (shop_id, number, refund)
) STRICT, WITHOUT ROWID;
CREATE INDEX deliveries_changed ON deliveries (shop_id, modified_at);
CREATE INDEX deliveries_at ON deliveries (delivered_at);

CREATE TABLE delivery_tasks (               -- what an aggregator was asked to deliver
  shop_id INTEGER NOT NULL REFERENCES shops,
  task TEXT NOT NULL,                       -- the aggregator's id
  kind TEXT NOT NULL DEFAULT '',            -- which orders: its word for their status
  since INTEGER,                            -- NULL: delivered before we were told of the task
  until INTEGER,
  asked_at INTEGER NOT NULL,
  state TEXT NOT NULL DEFAULT 'asked' CHECK (state IN ('asked', 'complete', 'given_up')),
  answered_at INTEGER,
  PRIMARY KEY (shop_id, task)
) STRICT, WITHOUT ROWID;
CREATE INDEX delivery_tasks_until ON delivery_tasks (shop_id, until);

CREATE TABLE delivery_reports (             -- tracking numbers told to an aggregator
  shop_id INTEGER NOT NULL REFERENCES shops,
  number TEXT NOT NULL,
  waybill TEXT NOT NULL,
  at INTEGER NOT NULL,                      -- when it was last told
  accepted INTEGER NOT NULL DEFAULT 0 CHECK (accepted IN (0, 1)),
  PRIMARY KEY (shop_id, number, waybill)
) STRICT, WITHOUT ROWID;
