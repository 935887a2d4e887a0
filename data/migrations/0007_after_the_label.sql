-- What happens after the pull and after the label: another label, another carrier, goods that go
-- back to their shelf, and what a shop has in place of what we told it.

ALTER TABLE put_backs ADD COLUMN sku_id INTEGER REFERENCES skus;       -- the line may change later
ALTER TABLE put_backs ADD COLUMN warehouse_id INTEGER REFERENCES warehouses;
ALTER TABLE put_backs ADD COLUMN why TEXT NOT NULL DEFAULT '';
UPDATE put_backs SET
  sku_id = (SELECT sku_id FROM order_lines l WHERE l.id = put_backs.line_id),
  warehouse_id = (SELECT warehouse_id FROM orders o WHERE o.id = put_backs.order_id);
CREATE INDEX put_backs_of_order ON put_backs (order_id);

ALTER TABLE outbox ADD COLUMN theirs TEXT NOT NULL DEFAULT '';         -- waybills the shop has instead
ALTER TABLE outbox ADD COLUMN replaces TEXT NOT NULL DEFAULT '';       -- those a person lets us replace
ALTER TABLE outbox ADD COLUMN can_replace INTEGER NOT NULL DEFAULT 0 CHECK (can_replace IN (0, 1));
ALTER TABLE outbox ADD COLUMN why TEXT NOT NULL DEFAULT '';            -- what a person has to do, packed

ALTER TABLE shops ADD COLUMN carrier_then TEXT NOT NULL DEFAULT '';    -- tried next, in this order
ALTER TABLE orders ADD COLUMN carrier_why TEXT NOT NULL DEFAULT '';    -- JSON: who refused, and how
ALTER TABLE orders ADD COLUMN slip_stale INTEGER NOT NULL DEFAULT 0 CHECK (slip_stale IN (0, 1));

ALTER TABLE orders ADD COLUMN rest_of INTEGER REFERENCES orders;       -- what an order still owes
CREATE INDEX orders_rest_of ON orders (rest_of) WHERE rest_of IS NOT NULL;
