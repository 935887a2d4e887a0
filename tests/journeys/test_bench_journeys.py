"""One parcel from the badge to the courier, in a real terminal with real bytes on every wire."""

import signal
from pathlib import Path

import pytest

from drivers.simulated.shop_trades import SimLine, SimOrder
from tests.journeys.station import Shift, Station, shift
from tui.demo.orders import Wish

TEE, MUG = "TS-2041-WHT-M", "TS-2041-BLK-M"
PACKER, SUPERVISOR = "BG1001", "BG9001"


def order(*lines: tuple[str, int], note: str | None = None) -> Wish:
    """An order of these SKUs."""
    return Wish(
        SimOrder(
            lines=tuple(
                SimLine(sku=sku, title="纯棉圆领短袖T恤", spec="白色 / M", quantity=units)
                for sku, units in lines
            ),
            buyer_note=note,
        )
    )


def works_through(day: Shift, bench: Station, *units: str, grams: int) -> Station:
    """Pick, pack and weigh the order in hand."""
    for step in ("pick", "pack"):
        for number, sku in enumerate(units):
            bench.scans(day.barcode(sku))
            if number + 1 < len(units):
                bench.sees(f"{number + 1}", seconds=5)
            bench.until(lambda n=number, s=step: bench_count(day, s) > n)
    return bench.weighs(grams)


def bench_count(day: Shift, step: str) -> int:
    """Units picked or verified so far on the order in hand, read from the database."""
    import sqlite3

    column = {"pick": "picked", "pack": "verified"}[step]
    file = sqlite3.connect(f"file:{day.config.database}?mode=ro", uri=True)
    try:
        sql = f"SELECT sum(l.{column}) FROM order_lines l JOIN claims c USING (order_id)"
        return int(file.execute(sql).fetchone()[0] or 0)
    finally:
        file.close()


@pytest.mark.parametrize(
    ("language", "size", "words"),
    [
        ("zh_CN", (80, 24), ("请扫工牌", "▶ 拣货", "▶ 打包", "▶ 称重")),
        ("en", (80, 24), ("badge", "▶ Pick", "▶ Pack", "▶ Weigh")),
        ("zh_CN", (40, 20), ("请扫工牌", "▶ 拣货", "▶ 打包", "▶ 称重")),
        ("en", (200, 60), ("badge", "▶ Pick", "▶ Pack", "▶ Weigh")),
    ],
)
def test_a_parcel_from_badge_to_shop(
    tmp_path: Path, language: str, size: tuple[int, int], words: tuple[str, ...]
) -> None:
    with shift(tmp_path, order((TEE, 1))) as day:
        bench = day.station("--language", language, size=size)
        bench.sees(words[0]).scans(PACKER).sees("李小燕").scans("PKNEXT1").sees(words[1], TEE[:7])
        bench.scans(day.barcode(TEE)).sees(words[2])
        bench.scans(day.barcode(TEE)).sees(words[3]).weighs(178)
        waybill = bench.label(1)
        tid = next(iter(day.world.shops["XY"].orders))
        bench.lifts().scans("PKHAND1").scans(waybill)
        bench.until(lambda: day.world.shops["XY"].shipments.get(tid), seconds=15)
        assert waybill in str(day.world.shops["XY"].shipments[tid])


def test_every_wrong_scan_says_what_it_is_and_records_nothing(tmp_path: Path) -> None:
    with shift(tmp_path, order((TEE, 1), (MUG, 2))) as day:
        bench = day.station().sees("请扫工牌").scans(PACKER).sees("李小燕")
        bench.scans("PKNEXT1").sees("▶ 拣货")
        bench.scans(day.barcode("TS-2041-WHT-XL")).sees("错货")
        bench.scans("NOBODYKNOWS1").sees("不认识")
        bench.scans("PKNOPE1").sees("PKNOPE1")
        assert bench_count(day, "pick") == 0
        bench.scans(day.barcode(TEE)).sees("1/1")
        bench.scans(day.barcode(TEE)).sees("多")
        assert bench_count(day, "pick") == 1


def test_the_network_goes_and_packing_goes_on(tmp_path: Path) -> None:
    with shift(tmp_path, order((TEE, 1)), order((TEE, 1))) as day:
        bench = day.station().sees("请扫工牌").scans(PACKER).sees("李小燕")
        day.world.cut()
        for sku in (TEE, TEE):
            bench.scans("PKNEXT1").sees("▶ 拣货").scans(day.barcode(sku)).sees("▶ 打包")
            bench.scans(day.barcode(sku)).sees("▶ 称重").weighs(178)
            bench.misses("▶ 称重").lifts()
        bench.sees("离线", seconds=20)
        assert not day.world.gear["B1"].printer.labels
        day.world.restore()
        first, second = bench.label(1), bench.label(2)
        assert first != second
        bench.sees("在线", seconds=20)
        bench.scans("PKHAND1").scans(first).sees(first[-4:]).scans(second).sees(second[-4:])
        shop = day.world.shops["XY"]
        bench.until(lambda: len(shop.shipments) == 2, seconds=20)


def test_killed_in_the_middle_it_opens_where_it_was(tmp_path: Path) -> None:
    with shift(tmp_path, order((TEE, 1), (MUG, 2))) as day:
        bench = day.station().sees("请扫工牌").scans(PACKER).sees("李小燕")
        bench.scans("PKNEXT1").sees("▶ 拣货").scans(day.barcode(TEE))
        bench.until(lambda: bench_count(day, "pick") == 1)
        bench.scans(day.barcode(MUG))
        bench.until(lambda: bench_count(day, "pick") == 2)
        bench.terminal.kill(signal.SIGKILL)
        bench.terminal.ended()
        again = day.station().sees("李小燕", "▶ 拣货", "1/2")
        again.scans(day.barcode(MUG)).sees("▶ 打包")
        assert bench_count(day, "pick") == 3


def test_two_benches_never_share_an_order(tmp_path: Path) -> None:
    with shift(tmp_path, order((TEE, 1)), stations=("B1", "B2")) as day:
        one = day.station().sees("请扫工牌").scans(PACKER).sees("李小燕")
        two = day.station(code="B2").sees("请扫工牌").scans("BG1002").sees("王建国")
        one.scans("PKNEXT1").sees("▶ 拣货")
        with day.works() as works:
            number = works.store.read.one("SELECT number FROM orders")["number"]
        two.scans(number).sees("李小燕")
        two.scans("PKNEXT1").misses("▶ 拣货")


def test_the_scale_is_unplugged_while_a_parcel_lies_on_it(tmp_path: Path) -> None:
    with shift(tmp_path, order((TEE, 1))) as day:
        bench = day.station().sees("请扫工牌").scans(PACKER).sees("李小燕").scans("PKNEXT1")
        bench.sees("▶ 拣货").scans(day.barcode(TEE)).sees("▶ 打包").scans(day.barcode(TEE))
        bench.sees("▶ 称重")
        bench.gear.scale.unplug()
        bench.sees("没有接电子秤", seconds=10)
        bench.gear.scale.replug()
        bench.misses("没有接电子秤").weighs(178)
        assert bench.label(1)


def test_a_weight_that_is_off_needs_a_supervisors_badge(tmp_path: Path) -> None:
    with shift(tmp_path, order((TEE, 2))) as day:
        bench = day.station().sees("请扫工牌").scans(PACKER).sees("李小燕").scans("PKNEXT1")
        bench.sees("▶ 拣货")
        works_through(day, bench, TEE, TEE, grams=178)
        bench.sees("少", TEE[:7])
        bench.scans("PKFRCE1").sees("主管").scans(PACKER)
        assert not day.world.gear["B1"].printer.labels
        bench.scans("PKFRCE1").sees("主管").scans(SUPERVISOR)
        assert bench.label(1)


def test_a_refund_stops_the_bench_at_once(tmp_path: Path) -> None:
    with shift(tmp_path, order((TEE, 1))) as day:
        bench = day.station().sees("请扫工牌").scans(PACKER).sees("李小燕").scans("PKNEXT1")
        bench.sees("▶ 拣货")
        tid = next(iter(day.world.shops["XY"].orders))
        day.world.shops["XY"].refund(tid)
        with day.works() as works:
            from core.sync.pull import refresh
            from tui.demo.furnishing import shops

            refresh(works.store, shops(works, works.clock)["XY"], tid)
        bench.scans(day.barcode(TEE)).sees("退款")
        assert bench_count(day, "pick") == 0
