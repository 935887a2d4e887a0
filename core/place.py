"""The place: warehouses, shops and stations as the configuration names them, with their ids."""

from dataclasses import dataclass

from core.config import Config
from core.orders.policy import ShopPolicy
from core.shipping.by_file import go_the_right_way
from core.store import Tx
from core.watch.notices import set_up


@dataclass(frozen=True, slots=True)
class Place:
    """Code -> id of everything the configuration names."""

    warehouses: dict[str, int]
    shops: dict[str, int]
    stations: dict[str, int]
    policies: dict[int, ShopPolicy]
    """Shop id -> how its orders are treated."""


def furnish(tx: Tx, config: Config) -> Place:
    """Bring the database to what the configuration names; nothing is ever taken away."""
    warehouses = {
        w.code: int(
            tx.the(
                "INSERT INTO warehouses (code, name, rank) VALUES (?, ?, ?) ON CONFLICT (code)"
                " DO UPDATE SET name = excluded.name, rank = excluded.rank RETURNING id",
                *(w.code, w.name, rank),
            )["id"]
        )
        for rank, w in enumerate(config.warehouses)
    }
    shops = {
        s.code: int(
            tx.the(
                "INSERT INTO shops (code, channel, name, backhaul_on, carrier_then, by_file)"
                " VALUES (?, ?, ?, ?, ?, ?)"
                " ON CONFLICT (code) DO UPDATE SET channel = excluded.channel,"
                " name = excluded.name, backhaul_on = excluded.backhaul_on,"
                " carrier_then = excluded.carrier_then, by_file = excluded.by_file RETURNING id",
                *(s.code, s.channel, s.name, s.backhaul_on, " ".join(s.carrier_then)),
                int(not s.url),
            )["id"]
        )
        for s in config.shops
    }
    stations = {
        s.code: int(
            tx.the(
                "INSERT INTO stations (code, name, warehouse_id) VALUES (?, ?, ?)"
                " ON CONFLICT (code) DO UPDATE SET name = excluded.name,"
                " warehouse_id = excluded.warehouse_id RETURNING id",
                *(s.code, s.name, warehouses[s.warehouse]),
            )["id"]
        )
        for s in config.stations
    }
    go_the_right_way(tx)
    policies = {
        shops[s.code]: ShopPolicy(
            shop_id=shops[s.code],
            channel=s.channel,
            tier=s.tier,
            carrier=s.carrier,
            prefix=config.prefix,
        )
        for s in config.shops
    }
    set_up(tx, config.notifiers)
    return Place(warehouses, shops, stations, policies)
