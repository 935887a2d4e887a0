-- The first schema. Times are UTC epoch milliseconds, money integer fen, weights integer grams.

CREATE TABLE shops (
  id INTEGER PRIMARY KEY,
  code TEXT NOT NULL UNIQUE,
  channel TEXT NOT NULL,
  name TEXT NOT NULL,
  backhaul_on TEXT NOT NULL DEFAULT 'labelled' CHECK (backhaul_on IN ('labelled', 'handed_over'))
) STRICT;

CREATE TABLE warehouses (
  id INTEGER PRIMARY KEY,
  code TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  rank INTEGER NOT NULL DEFAULT 0           -- the default dispatch rule tries them in this order
) STRICT;

CREATE TABLE operators (
  id INTEGER PRIMARY KEY,
  badge TEXT NOT NULL UNIQUE CHECK (badge NOT GLOB 'PK[A-Z]*'),
  name TEXT NOT NULL,
  role TEXT NOT NULL CHECK (role IN ('packer', 'supervisor', 'service', 'finance')),
  active INTEGER NOT NULL DEFAULT 1 CHECK (active IN (0, 1))
) STRICT;

CREATE TABLE stations (
  id INTEGER PRIMARY KEY,
  code TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  warehouse_id INTEGER NOT NULL REFERENCES warehouses
) STRICT;

-- Products ---------------------------------------------------------------------------------

CREATE TABLE skus (
  id INTEGER PRIMARY KEY,
  code TEXT NOT NULL UNIQUE,
  title TEXT NOT NULL,
  spec TEXT NOT NULL DEFAULT '',
  weight_g INTEGER CHECK (weight_g > 0),    -- NULL while unknown: never blocks, is learned
  by_hand INTEGER NOT NULL DEFAULT 0 CHECK (by_hand IN (0, 1))
) STRICT;

CREATE TABLE barcodes (
  barcode TEXT PRIMARY KEY CHECK (barcode NOT GLOB 'PK[A-Z][A-Z]*'),  -- commands are no products
  sku_id INTEGER NOT NULL REFERENCES skus
) STRICT, WITHOUT ROWID;
CREATE INDEX barcodes_of_sku ON barcodes (sku_id);

CREATE TABLE bundle_items (
  bundle_id INTEGER NOT NULL REFERENCES skus,
  sku_id INTEGER NOT NULL REFERENCES skus,
  quantity INTEGER NOT NULL CHECK (quantity > 0),
  PRIMARY KEY (bundle_id, sku_id),
  CHECK (bundle_id <> sku_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE bins (
  id INTEGER PRIMARY KEY,
  warehouse_id INTEGER NOT NULL REFERENCES warehouses,
  code TEXT NOT NULL,
  UNIQUE (warehouse_id, code)
) STRICT;

-- Stock: the ledger is the truth, the balance is kept by its trigger ---------------------------

CREATE TABLE stock (
  warehouse_id INTEGER NOT NULL REFERENCES warehouses,
  sku_id INTEGER NOT NULL REFERENCES skus,
  bin_id INTEGER REFERENCES bins,
  on_hand INTEGER NOT NULL DEFAULT 0,
  reserved INTEGER NOT NULL DEFAULT 0 CHECK (reserved >= 0),
  CHECK (reserved <= on_hand),              -- oversell is impossible
  PRIMARY KEY (warehouse_id, sku_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX stock_of_sku ON stock (sku_id, warehouse_id);

CREATE TABLE stock_moves (
  id INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  warehouse_id INTEGER NOT NULL,
  sku_id INTEGER NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('receive', 'reserve', 'release', 'ship', 'adjust')),
  on_hand INTEGER NOT NULL DEFAULT 0,       -- change of the units on the shelf
  reserved INTEGER NOT NULL DEFAULT 0,      -- change of the units promised
  order_id INTEGER REFERENCES orders,
  operator_id INTEGER REFERENCES operators,
  reason TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX moves_of_order ON stock_moves (order_id) WHERE order_id IS NOT NULL;
CREATE TRIGGER stock_moves_apply AFTER INSERT ON stock_moves BEGIN
  INSERT INTO stock (warehouse_id, sku_id) VALUES (NEW.warehouse_id, NEW.sku_id)
  ON CONFLICT DO NOTHING;
  UPDATE stock SET on_hand = on_hand + NEW.on_hand, reserved = reserved + NEW.reserved
  WHERE warehouse_id = NEW.warehouse_id AND sku_id = NEW.sku_id;
END;
CREATE TRIGGER stock_moves_stay BEFORE UPDATE ON stock_moves
BEGIN SELECT RAISE(ABORT, 'stock moves are append-only'); END;
CREATE TRIGGER stock_moves_kept BEFORE DELETE ON stock_moves
BEGIN SELECT RAISE(ABORT, 'stock moves are append-only'); END;

-- Orders ---------------------------------------------------------------------------------------

CREATE TABLE day_numbers (                  -- the last internal number given out per local day
  day TEXT PRIMARY KEY,
  last INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE orders (
  id INTEGER PRIMARY KEY,
  number TEXT NOT NULL UNIQUE,
  uid TEXT NOT NULL,
  shop_id INTEGER NOT NULL REFERENCES shops,
  platform_number TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN
    ('unpaid', 'hold', 'to_ship', 'partial', 'shipped', 'done', 'closed', 'unknown')),
  status_word TEXT NOT NULL DEFAULT '',     -- the platform's own word, for a person to judge
  modified_at INTEGER NOT NULL,             -- the platform's version of the order
  created_at INTEGER NOT NULL,
  paid_at INTEGER,
  received_at INTEGER NOT NULL,
  ship_by INTEGER NOT NULL,
  tier TEXT NOT NULL DEFAULT '',
  buyer_key TEXT NOT NULL DEFAULT '',
  buyer_name TEXT NOT NULL DEFAULT '',
  buyer_note TEXT,                          -- NULL: the channel never told; '': there is none
  seller_note TEXT NOT NULL DEFAULT '',
  receiver_name TEXT NOT NULL DEFAULT '',
  receiver_phone TEXT NOT NULL DEFAULT '',
  phone_tail TEXT NOT NULL DEFAULT '',
  province TEXT NOT NULL DEFAULT '',
  city TEXT NOT NULL DEFAULT '',
  district TEXT NOT NULL DEFAULT '',
  address TEXT NOT NULL DEFAULT '',
  cipher_ref TEXT NOT NULL DEFAULT '',
  same_buyer_key TEXT,                      -- normalised phone and address; NULL when masked
  amount_cents INTEGER NOT NULL DEFAULT 0,
  freight_cents INTEGER NOT NULL DEFAULT 0,
  pieces INTEGER NOT NULL DEFAULT 0,
  summary TEXT NOT NULL DEFAULT '',         -- what the queue shows of the lines
  warehouse_id INTEGER REFERENCES warehouses,
  carrier TEXT NOT NULL DEFAULT '',
  dispatch_why TEXT NOT NULL DEFAULT '',    -- JSON: the trace of the rule that chose
  held INTEGER NOT NULL DEFAULT 0 CHECK (held >= 0),  -- open hold reasons, kept by triggers
  same_buyer INTEGER NOT NULL DEFAULT 0 CHECK (same_buyer IN (0, 1)),  -- flagged, never merged
  digest TEXT NOT NULL,                     -- of what the platform told, to see a real change
  touched_at INTEGER NOT NULL,              -- last time a person or the floor did something
  slip_copies INTEGER NOT NULL DEFAULT 0,
  -- marks: facts with their time; the stage is what they imply
  ready_at INTEGER,
  picking_at INTEGER CHECK (picking_at IS NULL OR ready_at IS NOT NULL),
  picked_at INTEGER CHECK (picked_at IS NULL OR picking_at IS NOT NULL),
  verified_at INTEGER CHECK (verified_at IS NULL OR picked_at IS NOT NULL),
  weighed_at INTEGER CHECK (weighed_at IS NULL OR verified_at IS NOT NULL),
  labelled_at INTEGER CHECK (labelled_at IS NULL OR weighed_at IS NOT NULL),
  handed_over_at INTEGER CHECK (handed_over_at IS NULL OR labelled_at IS NOT NULL),
  backhauled_at INTEGER CHECK (backhauled_at IS NULL OR labelled_at IS NOT NULL),
  cancelled_at INTEGER CHECK (cancelled_at IS NULL OR handed_over_at IS NULL),
  stage TEXT NOT NULL GENERATED ALWAYS AS (CASE
    WHEN cancelled_at IS NOT NULL THEN 'cancelled'
    WHEN handed_over_at IS NOT NULL THEN 'shipped'
    WHEN labelled_at IS NOT NULL THEN 'labelled'
    WHEN verified_at IS NOT NULL THEN 'weighing'
    WHEN picked_at IS NOT NULL THEN 'packing'
    WHEN picking_at IS NOT NULL THEN 'picking'
    WHEN ready_at IS NOT NULL THEN 'ready'
    ELSE 'received' END) STORED,
  open INTEGER NOT NULL GENERATED ALWAYS AS
    (cancelled_at IS NULL AND handed_over_at IS NULL) STORED,
  UNIQUE (shop_id, platform_number)
) STRICT;
CREATE INDEX orders_open ON orders (ship_by, id) WHERE open = 1;
CREATE INDEX orders_open_touched ON orders (touched_at) WHERE open = 1;
CREATE INDEX orders_ready ON orders (warehouse_id, ship_by, id)
  WHERE open = 1 AND held = 0 AND ready_at IS NOT NULL AND verified_at IS NULL;
CREATE INDEX orders_unready ON orders (id) WHERE open = 1 AND ready_at IS NULL;
CREATE INDEX orders_phone_tail ON orders (phone_tail, id) WHERE phone_tail <> '';
CREATE INDEX orders_receiver ON orders (receiver_name, id) WHERE receiver_name <> '';
CREATE INDEX orders_same_buyer ON orders (same_buyer_key, id) WHERE same_buyer_key IS NOT NULL;
CREATE INDEX orders_platform ON orders (platform_number);
CREATE TRIGGER orders_verified_units BEFORE UPDATE OF verified_at ON orders
WHEN NEW.verified_at IS NOT NULL AND OLD.verified_at IS NULL BEGIN
  SELECT RAISE(ABORT, 'not every unit is verified') WHERE EXISTS (
    SELECT 1 FROM order_lines WHERE order_id = NEW.id AND verified <> wanted);
END;
CREATE TRIGGER orders_picked_units BEFORE UPDATE OF picked_at ON orders
WHEN NEW.picked_at IS NOT NULL AND OLD.picked_at IS NULL BEGIN
  SELECT RAISE(ABORT, 'not every unit is picked') WHERE EXISTS (
    SELECT 1 FROM order_lines WHERE order_id = NEW.id AND picked <> wanted);
END;

CREATE TABLE order_lines (
  id INTEGER PRIMARY KEY,
  order_id INTEGER NOT NULL REFERENCES orders,
  shop_id INTEGER NOT NULL REFERENCES shops,
  sub_number TEXT NOT NULL,                 -- components of a bundle add '+' and their SKU
  bundle_line_id INTEGER REFERENCES order_lines,
  sku_id INTEGER REFERENCES skus,           -- NULL while the code is unknown: the order is held
  sku_code TEXT NOT NULL DEFAULT '',
  title TEXT NOT NULL DEFAULT '',
  spec TEXT NOT NULL DEFAULT '',
  ordered INTEGER NOT NULL CHECK (ordered > 0),
  refunded INTEGER NOT NULL DEFAULT 0 CHECK (refunded >= 0),
  short INTEGER NOT NULL DEFAULT 0 CHECK (short >= 0),
  picks INTEGER NOT NULL DEFAULT 1 CHECK (picks IN (0, 1)),  -- 0: a bundle's own row
  wanted INTEGER NOT NULL GENERATED ALWAYS AS (picks * (ordered - refunded - short)) STORED,
  picked INTEGER NOT NULL DEFAULT 0 CHECK (picked BETWEEN 0 AND ordered),
  verified INTEGER NOT NULL DEFAULT 0 CHECK (verified BETWEEN 0 AND picked),
  price_cents INTEGER NOT NULL DEFAULT 0,
  status TEXT NOT NULL DEFAULT 'to_ship',
  refund TEXT NOT NULL DEFAULT 'none' CHECK (refund IN ('none', 'open', 'refunded', 'unknown')),
  refund_word TEXT NOT NULL DEFAULT '',
  gift INTEGER NOT NULL DEFAULT 0 CHECK (gift IN (0, 1)),
  reserved INTEGER NOT NULL DEFAULT 0 CHECK (reserved BETWEEN 0 AND ordered),
  short_reason TEXT NOT NULL DEFAULT '',
  CHECK (refunded + short <= ordered),
  UNIQUE (shop_id, sub_number)
) STRICT;
CREATE INDEX lines_of_order ON order_lines (order_id);
CREATE INDEX lines_sub_number ON order_lines (sub_number);
CREATE INDEX lines_of_bundle ON order_lines (bundle_line_id) WHERE bundle_line_id IS NOT NULL;

CREATE TABLE holds (
  id INTEGER PRIMARY KEY,
  order_id INTEGER NOT NULL REFERENCES orders,
  reason TEXT NOT NULL,
  detail TEXT NOT NULL DEFAULT '',
  since INTEGER NOT NULL,
  by_operator INTEGER REFERENCES operators,
  released_at INTEGER,
  released_by INTEGER REFERENCES operators
) STRICT;
CREATE UNIQUE INDEX holds_open ON holds (order_id, reason) WHERE released_at IS NULL;
CREATE INDEX holds_of_order ON holds (order_id);
CREATE TRIGGER holds_count_in AFTER INSERT ON holds WHEN NEW.released_at IS NULL BEGIN
  UPDATE orders SET held = held + 1 WHERE id = NEW.order_id;
END;
CREATE TRIGGER holds_count_out AFTER UPDATE OF released_at ON holds
WHEN OLD.released_at IS NULL AND NEW.released_at IS NOT NULL BEGIN
  UPDATE orders SET held = held - 1 WHERE id = NEW.order_id;
END;

CREATE TABLE put_backs (                    -- goods already picked that must return to the shelf
  id INTEGER PRIMARY KEY,
  order_id INTEGER NOT NULL REFERENCES orders,
  line_id INTEGER NOT NULL REFERENCES order_lines,
  quantity INTEGER NOT NULL CHECK (quantity > 0),
  since INTEGER NOT NULL,
  done_at INTEGER,
  done_by INTEGER REFERENCES operators
) STRICT;
CREATE INDEX put_backs_open ON put_backs (since) WHERE done_at IS NULL;

-- Events: append-only, chained per order ----------------------------------------------------------

CREATE TABLE events (
  id INTEGER PRIMARY KEY,
  uid TEXT NOT NULL,
  order_id INTEGER REFERENCES orders,
  seq INTEGER NOT NULL,
  at INTEGER NOT NULL,
  kind TEXT NOT NULL,
  operator_id INTEGER REFERENCES operators,
  station TEXT NOT NULL DEFAULT '',
  what TEXT NOT NULL DEFAULT '{}',
  hash TEXT NOT NULL                        -- over the previous event of the same order and this one
) STRICT;
CREATE UNIQUE INDEX events_of_order ON events (order_id, seq) WHERE order_id IS NOT NULL;
CREATE INDEX events_finished ON events (operator_id, at) WHERE kind = 'weighed';
CREATE TRIGGER events_stay BEFORE UPDATE ON events
BEGIN SELECT RAISE(ABORT, 'events are append-only'); END;
CREATE TRIGGER events_kept BEFORE DELETE ON events
BEGIN SELECT RAISE(ABORT, 'events are append-only'); END;

CREATE TABLE evidence (
  id INTEGER PRIMARY KEY,
  order_id INTEGER NOT NULL REFERENCES orders,
  event_uid TEXT NOT NULL,
  at INTEGER NOT NULL,
  path TEXT NOT NULL DEFAULT '',
  sha256 TEXT NOT NULL DEFAULT '',
  missing TEXT NOT NULL DEFAULT '',         -- why there is no photo
  CHECK ((path = '') <> (missing = ''))
) STRICT;
CREATE INDEX evidence_of_order ON evidence (order_id);

-- The floor ---------------------------------------------------------------------------------------

CREATE TABLE claims (                       -- who works on an order: two people can never share it
  order_id INTEGER PRIMARY KEY REFERENCES orders,
  station TEXT NOT NULL UNIQUE,             -- one open order per bench
  operator_id INTEGER REFERENCES operators,
  since INTEGER NOT NULL
) STRICT;

CREATE TABLE benches (                      -- where each bench was: it opens there after a crash
  station TEXT PRIMARY KEY,
  operator_id INTEGER REFERENCES operators,
  state TEXT NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Shipping ----------------------------------------------------------------------------------------

CREATE TABLE parcels (
  id INTEGER PRIMARY KEY,
  uid TEXT NOT NULL UNIQUE,                 -- the reference a carrier and a shop see
  order_id INTEGER NOT NULL REFERENCES orders,
  station TEXT NOT NULL DEFAULT '',
  weight_g INTEGER NOT NULL CHECK (weight_g > 0),
  expected_g INTEGER,
  carrier TEXT NOT NULL,
  waybill TEXT,
  routing_mark TEXT NOT NULL DEFAULT '',
  bought_raw TEXT NOT NULL DEFAULT '',      -- the carrier's whole answer; voiding may need it
  bought_at INTEGER,
  voided_at INTEGER,
  handed_over_at INTEGER CHECK (handed_over_at IS NULL OR waybill IS NOT NULL)
) STRICT;
CREATE UNIQUE INDEX parcels_live ON parcels (order_id) WHERE voided_at IS NULL;
CREATE UNIQUE INDEX parcels_waybill ON parcels (waybill) WHERE waybill IS NOT NULL;
CREATE INDEX parcels_of_order ON parcels (order_id);
CREATE TRIGGER parcels_keep_waybill BEFORE UPDATE OF waybill ON parcels
WHEN OLD.waybill IS NOT NULL AND NEW.waybill IS NOT OLD.waybill
BEGIN SELECT RAISE(ABORT, 'a parcel keeps its waybill number'); END;

CREATE TABLE print_jobs (
  id INTEGER PRIMARY KEY,
  uid TEXT NOT NULL UNIQUE,
  kind TEXT NOT NULL CHECK (kind IN ('label', 'slip')),
  order_id INTEGER NOT NULL REFERENCES orders,
  parcel_id INTEGER REFERENCES parcels,
  station TEXT NOT NULL,
  copy INTEGER NOT NULL,                    -- 1 the first, 2.. reprints
  state TEXT NOT NULL CHECK (state IN ('waiting', 'sending', 'printed', 'in_doubt', 'cancelled')),
  attempts INTEGER NOT NULL DEFAULT 0,
  next_try_at INTEGER NOT NULL,
  last_answer TEXT NOT NULL DEFAULT '',
  created_at INTEGER NOT NULL,
  printed_at INTEGER,
  CHECK ((kind = 'label') = (parcel_id IS NOT NULL))
) STRICT;
CREATE UNIQUE INDEX print_jobs_copy ON print_jobs (kind, order_id, ifnull(parcel_id, 0), copy);
CREATE INDEX print_jobs_due ON print_jobs (station, next_try_at) WHERE state IN ('waiting', 'sending');
CREATE INDEX print_jobs_of_order ON print_jobs (order_id);
CREATE INDEX print_jobs_of_parcel ON print_jobs (parcel_id) WHERE parcel_id IS NOT NULL;

-- Everything that leaves ------------------------------------------------------------------------

CREATE TABLE outbox (
  id INTEGER PRIMARY KEY,
  uid TEXT NOT NULL UNIQUE,
  kind TEXT NOT NULL CHECK (kind IN ('waybill', 'backhaul', 'void')),
  key TEXT NOT NULL UNIQUE,                 -- idempotency: one effect, one row
  order_id INTEGER NOT NULL REFERENCES orders,
  parcel_id INTEGER REFERENCES parcels,
  state TEXT NOT NULL DEFAULT 'due' CHECK (state IN ('due', 'calling', 'done', 'conflict', 'dropped')),
  asked INTEGER NOT NULL DEFAULT 0 CHECK (asked IN (0, 1)),  -- 1: a call may have arrived; query first
  attempts INTEGER NOT NULL DEFAULT 0,
  next_try_at INTEGER NOT NULL,
  last_answer TEXT NOT NULL DEFAULT '',
  created_at INTEGER NOT NULL,
  done_at INTEGER
) STRICT;
CREATE INDEX outbox_due ON outbox (next_try_at) WHERE state IN ('due', 'calling');
CREATE INDEX outbox_of_order ON outbox (order_id);
CREATE INDEX outbox_of_parcel ON outbox (parcel_id) WHERE parcel_id IS NOT NULL;
CREATE INDEX outbox_conflict ON outbox (id) WHERE state = 'conflict';

-- Everything that enters --------------------------------------------------------------------------

CREATE TABLE cursors (
  shop_id INTEGER NOT NULL REFERENCES shops,
  feed TEXT NOT NULL,
  reached INTEGER NOT NULL,                 -- end of the last window that is wholly committed
  PRIMARY KEY (shop_id, feed)
) STRICT, WITHOUT ROWID;

CREATE TABLE shop_health (
  shop_id INTEGER PRIMARY KEY REFERENCES shops,
  fresh_at INTEGER,                         -- orders are complete up to here
  tried_at INTEGER,
  down_since INTEGER,
  fault TEXT NOT NULL DEFAULT '',
  answer TEXT NOT NULL DEFAULT ''
) STRICT;

CREATE TABLE imported_files (
  id INTEGER PRIMARY KEY,
  sha256 TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  layout TEXT NOT NULL,
  rows INTEGER NOT NULL,
  at INTEGER NOT NULL
) STRICT;

CREATE TABLE rejected_rows (
  id INTEGER PRIMARY KEY,
  file TEXT NOT NULL,
  file_sha256 TEXT NOT NULL,
  row INTEGER NOT NULL,
  reason TEXT NOT NULL,
  raw TEXT NOT NULL,
  at INTEGER NOT NULL,
  UNIQUE (file_sha256, row, reason)
) STRICT;

CREATE TABLE raw_orders (                   -- the source as received, kept out of the hot rows
  order_id INTEGER PRIMARY KEY REFERENCES orders,
  raw TEXT NOT NULL
) STRICT;

-- Watching ------------------------------------------------------------------------------------------

CREATE TABLE alerts (
  id INTEGER PRIMARY KEY,
  rule TEXT NOT NULL,
  subject TEXT NOT NULL,                    -- what it is about: an order number, a shop, a device
  order_id INTEGER REFERENCES orders,
  what TEXT NOT NULL DEFAULT '{}',
  raised_at INTEGER NOT NULL,
  acknowledged_at INTEGER,
  acknowledged_by INTEGER REFERENCES operators,
  assigned_to INTEGER REFERENCES operators,
  snoozed_until INTEGER,
  over_at INTEGER,                          -- since when its reason is gone
  closed_at INTEGER
) STRICT;
CREATE UNIQUE INDEX alerts_open ON alerts (rule, subject) WHERE closed_at IS NULL;
CREATE INDEX alerts_of_order ON alerts (order_id) WHERE order_id IS NOT NULL;
