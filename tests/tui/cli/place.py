"""The furnished place of the command line's tests and how its commands are run."""

import json
from dataclasses import dataclass
from pathlib import Path

from core.clock import SystemClock
from core.config import read_config
from core.orders.intake import take_in
from core.people import add
from core.ports import PlatformLine, PlatformOrder, Receiver, Waybill
from core.shipping.parcels import label_printed, store_waybill, want_waybill
from core.stock import receive
from core.stock.products import ProductFacts, save_product
from core.store.database import sqlite
from tui.cli import main
from tui.wiring import Works

CONFIG = """\
language = "en"                # a comment that must stay

[[warehouses]]
code = "MAIN"
name = "Main warehouse"

# the bench beside the door
[[stations]]
code = "B1"                    # printed on its card
name = "Bench 1"
warehouse = "MAIN"

[[shops]]
code = "tb"
name = "一号店"
channel = "taobao"
tier = "standard"
"""
READY, LABELLED, HELD = "T-1001", "T-1002", "T-1003"
WAYBILL = "78912345678901"


@dataclass(frozen=True)
class Told:
    """What a command said."""

    status: int
    out: str
    err: str

    @property
    def data(self):
        return json.loads(self.out)


class Place:
    """A folder with a configuration and a database."""

    def __init__(self, folder: Path, capsys) -> None:
        self.folder = folder
        self.config = folder / "packline.toml"
        self.database = folder / "packline.db"
        self._capsys = capsys

    def __call__(self, *words: object) -> Told:
        return packline(self._capsys, *words)

    def add(self, text: str) -> None:
        """More configuration."""
        self.config.write_text(self.config.read_text("utf-8") + text, "utf-8")

    def sql(self, *statements: str) -> None:
        """Edit the file behind Packline's back."""
        connection = sqlite.connect(str(self.database))
        for statement in statements:
            connection.execute(statement)
        connection.commit()
        connection.close()

    def one(self, sql: str):
        connection = sqlite.connect(str(self.database))
        row = connection.execute(sql).fetchone()
        connection.close()
        return row[0]

    def works(self) -> Works:
        return Works(read_config(self.config))


def packline(capsys, *words: object) -> Told:
    """Run one command in this process."""
    capsys.readouterr()
    status = main([str(word) for word in words])
    said = capsys.readouterr()
    assert "Traceback" not in said.out + said.err
    return Told(status, said.out, said.err)


def furnish(folder: Path) -> None:
    path = folder / "packline.toml"
    path.write_text(CONFIG, "utf-8")
    path.chmod(0o600)
    works = Works(read_config(path))
    works.store.do(lambda tx: fill(tx, works))
    works.close()


def fill(tx, works: Works) -> None:
    add(tx, "SV1", "王姐", "supervisor")
    warehouse = works.place.warehouses["MAIN"]
    for sku, title, barcode in (
        ("TEE-L", "纯棉短袖T恤 夏季新款圆领宽松百搭男女同款情侣装半袖上衣打底衫", "6901234567892"),
        ("CUP", "马克杯", "6901234567908"),
    ):
        facts = ProductFacts(code=sku, title=title, barcodes=(barcode,), weight_g=200, bin="A-01")
        receive(tx, warehouse, save_product(tx, facts, warehouse), 50)
    policy = works.place.policies[works.place.shops["tb"]]
    take_in(tx, policy, order(READY, line("TEE-L", 2), line("CUP", 1), note="请发红色，急[/red]"))
    take_in(tx, policy, order(LABELLED, line("CUP", 1)))
    take_in(tx, policy, order(HELD, line("NO-SUCH", 1)))
    label(tx, tx.the("SELECT id FROM orders WHERE platform_number = ?", LABELLED)["id"])


def line(sku: str, quantity: int) -> PlatformLine:
    return PlatformLine(
        sub_number="", sku=sku, title=f"{sku} 的标题", spec="红色;L", quantity=quantity,
        refund="NO_REFUND",
    )  # fmt: skip


def order(number: str, *lines: PlatformLine, note: str = "") -> PlatformOrder:
    from dataclasses import replace

    now = SystemClock().now()
    return PlatformOrder(
        number=number,
        status="WAIT_SELLER_SEND_GOODS",
        modified_at=now,
        created_at=now - 60_000,
        paid_at=now - 30_000,
        buyer_note=note,
        receiver=Receiver(
            name=f"张三{number[-1]}",
            phone=f"1380000{number[-4:]}",
            province="浙江省",
            city="杭州市",
            district="西湖区",
            address="文一路一百二十三号某某大厦二十八楼前台请放门口不要按铃谢谢",
        ),
        lines=tuple(replace(each, sub_number=f"{number}-{at}") for at, each in enumerate(lines, 1)),
    )


def label(tx, order_id: int, waybill: str = WAYBILL) -> None:
    """Pack, weigh and label an order as the floor does, without the floor."""
    tx.run("UPDATE order_lines SET picked = wanted WHERE order_id = ?", order_id)
    tx.run("UPDATE order_lines SET verified = wanted WHERE order_id = ?", order_id)
    for mark in ("picking_at", "picked_at", "verified_at", "weighed_at"):
        tx.run(f"UPDATE orders SET {mark} = ? WHERE id = ?", tx.now, order_id)
    parcel = want_waybill(tx, order_id, 350, None)
    store_waybill(tx, parcel, Waybill(number=waybill, carrier="zto"))
    label_printed(tx, tx.the("SELECT id FROM print_jobs WHERE parcel_id = ?", parcel)["id"])
