-- Shops that only have files: their own column names, refused rows until they are settled, and the
-- tracking numbers that go back in a file.

CREATE TABLE column_maps (                  -- every state a shop's mapping was in; the newest counts
  id INTEGER PRIMARY KEY,
  shop_id INTEGER NOT NULL REFERENCES shops,
  columns TEXT NOT NULL,                    -- JSON: column name -> our field, "" for a column to skip
  at INTEGER NOT NULL,
  operator_id INTEGER REFERENCES operators,
  undone_at INTEGER
) STRICT;
CREATE INDEX column_maps_of_shop ON column_maps (shop_id, id) WHERE undone_at IS NULL;

ALTER TABLE shops ADD COLUMN by_file INTEGER NOT NULL DEFAULT 0 CHECK (by_file IN (0, 1));
-- 1: no interface is configured, tracking numbers go back in a file
UPDATE shops SET by_file = 1 WHERE code LIKE 'file-%';

CREATE TABLE file_backhauls (               -- parcels whose number goes back in a file
  parcel_id INTEGER PRIMARY KEY REFERENCES parcels,
  order_id INTEGER NOT NULL REFERENCES orders,
  shop_id INTEGER NOT NULL REFERENCES shops,
  since INTEGER NOT NULL,
  exported_at INTEGER,                      -- NULL: still to export
  file TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX file_backhauls_waiting ON file_backhauls (shop_id, parcel_id) WHERE exported_at IS NULL;
CREATE INDEX file_backhauls_of_order ON file_backhauls (order_id);

ALTER TABLE imported_files ADD COLUMN headers TEXT NOT NULL DEFAULT '{}';
-- JSON: sheet ("" in a CSV file) -> its column names

CREATE TABLE rejected_rows_with_sheet (     -- kept as they came until somebody settles them
  id INTEGER PRIMARY KEY,
  shop_id INTEGER REFERENCES shops,         -- NULL when nobody could tell whose file it was
  file TEXT NOT NULL,
  file_sha256 TEXT NOT NULL,
  sheet TEXT NOT NULL DEFAULT '',
  row INTEGER NOT NULL,                     -- 0: the whole file
  number TEXT NOT NULL DEFAULT '',          -- the platform's order number, where it can be read
  reason TEXT NOT NULL,                     -- message id
  why TEXT NOT NULL,                        -- JSON: the message's data
  raw TEXT NOT NULL,
  cells TEXT NOT NULL DEFAULT '[]',         -- JSON: the row cut into cells, where that can be done
  at INTEGER NOT NULL,
  settled_at INTEGER,                       -- the order came in after all, or somebody dealt with it
  UNIQUE (file_sha256, sheet, row, reason)
) STRICT;
INSERT INTO rejected_rows_with_sheet (id, file, file_sha256, row, reason, why, raw, at)
  SELECT id, file, file_sha256, row, reason, '{}', raw, at FROM rejected_rows;
DROP TABLE rejected_rows;
ALTER TABLE rejected_rows_with_sheet RENAME TO rejected_rows;
CREATE INDEX rejected_rows_open ON rejected_rows (id) WHERE settled_at IS NULL;
CREATE INDEX rejected_rows_number ON rejected_rows (number)
  WHERE settled_at IS NULL AND number <> '';
