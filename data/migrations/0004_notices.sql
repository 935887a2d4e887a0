-- Alerts that reach people who are not looking: who is told, what waits for them, what was sent.

CREATE TABLE notifiers (                    -- as the configuration names them; kept when it does not
  code TEXT PRIMARY KEY,
  kind TEXT NOT NULL,
  active INTEGER NOT NULL DEFAULT 1 CHECK (active IN (0, 1)),
  since INTEGER NOT NULL DEFAULT 0,         -- the last alert from before it was there
  rules TEXT NOT NULL DEFAULT '',           -- ' rule rule ' with blanks around; '' takes every rule
  after_ms INTEGER NOT NULL DEFAULT 0,      -- told when nobody acknowledged for so long
  level INTEGER NOT NULL DEFAULT 0,         -- 0 is told first, 1 next, ...
  fallback TEXT NOT NULL DEFAULT '',        -- told too when this one does not deliver ...
  fallback_ms INTEGER NOT NULL DEFAULT 0,   -- ... for so long
  robot TEXT NOT NULL,                      -- fingerprint of its address: one robot, one limit
  round_at INTEGER NOT NULL DEFAULT 0,      -- when the last round of digests began
  tried_at INTEGER NOT NULL DEFAULT 0,
  next_try_at INTEGER NOT NULL DEFAULT 0,
  failures INTEGER NOT NULL DEFAULT 0,      -- in a row
  failing_since INTEGER,
  delivered_at INTEGER,
  fault TEXT NOT NULL DEFAULT '',
  answer TEXT NOT NULL DEFAULT ''
) STRICT, WITHOUT ROWID;

CREATE TABLE digests (                      -- every message that was on its way, written before it left
  id INTEGER PRIMARY KEY,
  notifier TEXT NOT NULL REFERENCES notifiers,
  robot TEXT NOT NULL,
  at INTEGER NOT NULL,
  notices INTEGER NOT NULL,                 -- alerts in it; 0 for a test message
  state TEXT NOT NULL DEFAULT 'calling' CHECK (state IN ('calling', 'sent', 'refused', 'in_doubt')),
  answer TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX digests_of_robot ON digests (robot, at);
CREATE INDEX digests_of_notifier ON digests (notifier, id);
CREATE INDEX digests_calling ON digests (notifier) WHERE state = 'calling';

CREATE TABLE notices (                      -- one alert for one notifier at one level: once
  id INTEGER PRIMARY KEY,
  alert_id INTEGER NOT NULL REFERENCES alerts,
  notifier TEXT NOT NULL REFERENCES notifiers,
  level INTEGER NOT NULL,
  due_at INTEGER NOT NULL,
  instead_of TEXT NOT NULL DEFAULT '',      -- the notifier this one stands in for
  state TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'sent', 'dropped')),
  digest_id INTEGER REFERENCES digests,
  sent_at INTEGER,
  UNIQUE (alert_id, notifier, level),
  CHECK ((state = 'sent') = (digest_id IS NOT NULL)),
  CHECK ((state = 'sent') = (sent_at IS NOT NULL))
) STRICT;
CREATE INDEX notices_waiting ON notices (notifier, due_at) WHERE state = 'waiting';
CREATE INDEX notices_of_digest ON notices (digest_id) WHERE digest_id IS NOT NULL;
CREATE TRIGGER notices_stay_sent BEFORE UPDATE OF state ON notices
WHEN OLD.state = 'sent' AND NEW.state <> 'sent'
BEGIN SELECT RAISE(ABORT, 'what was sent stays sent'); END;

-- Whoever raises an alert, its notices are in the same transaction.
CREATE TRIGGER alerts_are_told AFTER INSERT ON alerts WHEN NEW.closed_at IS NULL BEGIN
  INSERT INTO notices (alert_id, notifier, level, due_at)
  SELECT NEW.id, n.code, n.level, NEW.raised_at + n.after_ms FROM notifiers n
  WHERE n.active = 1 AND (n.rules = '' OR instr(n.rules, ' ' || NEW.rule || ' ') > 0)
    AND NOT (NEW.rule = 'notifier_down' AND NEW.subject = n.code);
END;

-- Somebody has it, or it is over: nobody else needs to be told.
CREATE TRIGGER alerts_are_answered AFTER UPDATE OF acknowledged_at, closed_at ON alerts
WHEN NEW.acknowledged_at IS NOT NULL OR NEW.closed_at IS NOT NULL BEGIN
  UPDATE notices SET state = 'dropped' WHERE alert_id = NEW.id AND state = 'waiting';
END;
