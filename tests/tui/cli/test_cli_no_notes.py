"""Exports without a column for buyers' notes: held until a shop says that there are none."""

import pytest

from tests.tui.cli.place import packline

HEAD = "订单号,商家编码,数量,下单时间,订单状态,手机,收货地址,收货人\n"
ROW = "N-{n},{sku},1,2026-01-20 09:00:00,待发货,13800001234,文一路1号,张三\n"
TEXT = HEAD + ROW.format(n=1, sku="CUP")


@pytest.fixture
def shop(place):
    place.add('\n[[shops]]\ncode = "yz"\nname = "有赞"\nchannel = "youzan"\n')
    (place.folder / "n.csv").write_text(TEXT, "utf-8")
    return place


def holds(place, number="N-1"):
    return place.one(
        "SELECT group_concat(reason) FROM holds h JOIN orders o ON o.id = h.order_id"
        f" WHERE platform_number = '{number}' AND released_at IS NULL"
    )


def test_without_a_word_the_orders_are_held_and_the_import_says_how_to_end_it(shop):
    told = shop("import", "n.csv", "--shop", "yz")
    assert "packline columns yz --no-notes" in told.out
    assert holds(shop) == "missing_note"


def test_a_shop_that_has_no_notes_is_asked_no_more(shop):
    assert shop("columns", "yz", "--no-notes").status == 0
    told = shop("import", "n.csv", "--shop", "yz")
    assert (told.status, "--no-notes" in told.out) == (0, False)
    assert holds(shop) is None
    assert shop.one("SELECT buyer_note FROM orders WHERE platform_number = 'N-1'") == ""


def test_saying_so_lets_all_orders_go_that_waited_for_nothing_else(shop):
    more = "".join(ROW.format(n=n, sku="CUP") for n in range(2, 40))
    (shop.folder / "n.csv").write_text(TEXT + more + ROW.format(n=40, sku="NONE"), "utf-8")
    shop("import", "n.csv", "--shop", "yz")
    held = "SELECT count(*) FROM holds WHERE reason = 'missing_note' AND released_at IS NULL"
    assert shop.one(held) == 40
    assert shop("columns", "yz", "--no-notes").status == 0
    assert shop.one(held) == 0
    assert (holds(shop), holds(shop, "N-40")) == (None, "unknown_sku")


def test_it_is_kept_with_the_columns_and_taken_back_like_one(shop):
    shop("columns", "yz", "--no-notes")
    assert "(no column) → buyer note" in shop("columns", "yz").out
    assert shop("columns", "yz", "--undo").status == 0
    shop("import", "n.csv", "--shop", "yz")
    assert holds(shop) == "missing_note"


def test_a_column_of_notes_that_comes_later_is_read(shop):
    shop("columns", "yz", "--no-notes")
    text = TEXT.replace("收货人", "收货人,买家留言").replace("张三", "张三,急")
    (shop.folder / "n.csv").write_text(text, "utf-8")
    told = shop("import", "n.csv", "--shop", "yz")
    assert "no file" not in told.out  # nothing is gone
    assert shop.one("SELECT buyer_note FROM orders WHERE platform_number = 'N-1'") == "急"
    assert shop("columns", "yz", "--set", "备注们=buyer_note").status == 0
    assert "(no column)" not in shop("columns", "yz").out


def test_a_column_nobody_may_read_is_not_the_same_as_none(shop, capsys):
    text = TEXT.replace("收货人", "收货人,买家留言").replace("张三", "张三,急")
    (shop.folder / "n.csv").write_text(text, "utf-8")
    assert packline(capsys, "columns", "yz", "--set", "买家留言=").status == 0
    shop("import", "n.csv", "--shop", "yz")
    assert holds(shop) == "missing_note"
