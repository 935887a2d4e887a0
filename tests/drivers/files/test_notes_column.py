"""Exports that have no column for buyers' notes."""

import csv
import io

import pytest

from drivers.channels.files import NO_COLUMN, read_orders
from tests.drivers.files.test_order_headers import SETS, row, write

WITHOUT = ("pdd_23", "douyin_21", "taobao_2026_subset_10", "tmall_addr_8")


@pytest.mark.parametrize("name", WITHOUT)
def test_the_note_is_unknown_until_the_shop_says_that_there_is_none(tmp_path, name):
    path = write(tmp_path / "orders.csv", SETS[name], row(SETS[name]))
    reading = read_orders([path])
    assert reading.orders[0].order.buyer_note is None
    assert reading.files[0].untold == ("buyer_note",)
    reading = read_orders([path], mapping={NO_COLUMN: "buyer_note"})
    assert reading.orders[0].order.buyer_note == ""
    assert (reading.files[0].untold, reading.files[0].empty) == ((), ("buyer_note",))
    assert reading.gone == ()


def test_what_a_shop_says_of_no_column_touches_no_unnamed_one(tmp_path):
    page = io.StringIO(newline="")
    csv.writer(page).writerows(
        [
            ("订单号", "商家编码", "数量", "下单时间", "买家留言", ""),
            ("A-1", "CUP", "1", "2026-01-20 09:00:00", "急", "x"),
        ]
    )
    path = tmp_path / "a.csv"
    path.write_text(page.getvalue(), "utf-8")
    (one,) = read_orders([path], mapping={NO_COLUMN: "buyer_note"}).orders
    assert one.order.buyer_note == "急"
