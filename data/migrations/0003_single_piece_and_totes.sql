-- A product scanned on a free bench opens the most urgent order that is one piece of it.

ALTER TABLE orders ADD COLUMN only_sku_id INTEGER REFERENCES skus;
CREATE INDEX orders_single ON orders (warehouse_id, only_sku_id, ship_by, id)
  WHERE open = 1 AND held = 0 AND ready_at IS NOT NULL AND verified_at IS NULL
  AND only_sku_id IS NOT NULL;

-- What was picked waits in a tote until it is packed.

CREATE TABLE totes (                        -- only those that are in use
  code TEXT PRIMARY KEY,
  order_id INTEGER NOT NULL REFERENCES orders,
  since INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX totes_of_order ON totes (order_id);
CREATE TRIGGER barcodes_are_no_totes BEFORE INSERT ON barcodes
WHEN NEW.barcode GLOB 'TT[0-9][0-9]*' AND substr(NEW.barcode, 3) NOT GLOB '*[^0-9]*'
BEGIN SELECT RAISE(ABORT, 'totes are no products'); END;
