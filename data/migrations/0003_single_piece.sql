-- A product scanned on a free bench opens the most urgent order that is one piece of it.

ALTER TABLE orders ADD COLUMN only_sku_id INTEGER REFERENCES skus;
CREATE INDEX orders_single ON orders (warehouse_id, only_sku_id, ship_by, id)
  WHERE open = 1 AND held = 0 AND ready_at IS NOT NULL AND verified_at IS NULL
  AND only_sku_id IS NOT NULL;
