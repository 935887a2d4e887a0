"""Any file a seller has: columns said once per shop, refused rows, the file that goes back."""

import csv
import io
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from core.store.database import sqlite
from tests.tui.cli.place import LABELLED, WAYBILL, label, line, order
from tui.wiring import folder_of

BOOKS = Path(__file__).parents[2] / "drivers" / "files" / "workbooks"
OWN = "流水,物料,几件,时间,旺旺,话说,收件\n"
ROWS = (
    "X-1,CUP,2,2026-01-20 09:00:00,tb_甲,请发红色,张三\nX-2,CUP,1,2026-01-20 09:01:00,tb_乙,,李四\n"
)
SAID = ("流水=number", "物料=商家编码", "几件=qty", "时间=created", "话说=buyer_note")
SAID = (*SAID, "旺旺=buyer_name", "收件=receiver")


@pytest.fixture
def unknown(place):
    """A shop that only has files, and one of a layout nobody knows."""
    place.add('\n[[shops]]\ncode = "yz"\nname = "有赞小店"\nchannel = "youzan"\n')
    (place.folder / "own.csv").write_text(OWN + ROWS, "gb18030")
    return place


def said(place, *changes, shop="yz"):
    words = [word for change in changes for word in ("--set", change)]
    return place("columns", shop, *words)


def numbers(place, shop="yz"):
    connection = sqlite.connect(str(place.database))
    rows = connection.execute(
        "SELECT platform_number FROM orders JOIN shops s ON s.id = shop_id WHERE s.code = ?"
        " ORDER BY 1",
        (shop,),
    ).fetchall()
    connection.close()
    return [row[0] for row in rows]


# --- columns -----------------------------------------------------------------------------------


def test_a_file_of_an_unknown_layout_says_what_is_missing_until_the_columns_are_said(unknown):
    told = unknown("import", "own.csv", "--shop", "yz")
    assert told.status == 1
    for word in ("order number", "SKU", "quantity", "order time", "流水"):
        assert word in told.out
    assert numbers(unknown) == []
    assert said(unknown, *SAID).status == 0
    told = unknown("import", "own.csv", "--shop", "yz")
    assert told.status == 0, told.out
    assert numbers(unknown) == ["X-1", "X-2"]
    buyer = unknown.one("SELECT buyer_name FROM orders WHERE platform_number = 'X-1'")
    note = unknown.one("SELECT buyer_note FROM orders WHERE platform_number = 'X-1'")
    assert (buyer, note) == ("tb_甲", "请发红色")
    assert unknown("rejected").out.startswith("Nothing waits")  # the same file, understood by now


def test_columns_are_shown_with_a_value_and_what_they_are_read_as(unknown):
    said(unknown, "流水=number")
    told = unknown("columns", "yz", "own.csv")
    assert told.status == 1  # something is still missing
    assert "* 流水 → order number" in told.out
    assert "? 物料 → not read" in told.out
    assert "tb_甲" in told.out
    said(unknown, *SAID[1:])
    told = unknown("columns", "yz", "own.csv")
    assert told.status == 0
    assert "2 × CUP" in told.out and "请发红色" in told.out
    data = unknown("columns", "yz", "own.csv", "--json").data
    assert data[0]["columns"][0] == {
        "name": "流水",
        "fields": ["number"],
        "skipped": False,
        "sample": "X-1",
    }


def test_a_change_can_be_taken_back_and_forgotten(unknown):
    said(unknown, "流水=number")
    said(unknown, "物料=sku", "流水=sub_number")
    assert "sub-order number" in unknown("columns", "yz").out
    assert unknown("columns", "yz", "--undo").status == 0
    assert unknown("columns", "yz", "--json").data == {"流水": "number"}
    assert unknown("columns", "yz", "--forget", " 流水 ").status == 0
    assert unknown("columns", "yz", "--json").data == {}
    assert unknown("columns", "yz", "--undo").status == 0
    assert unknown("columns", "yz", "--json").data == {"流水": "number"}
    unknown("columns", "yz", "--undo")
    told = unknown("columns", "yz", "--undo")
    assert (told.status, told.err.strip()) == (1, "There is no change to take back.")
    kept = unknown.one("SELECT count(*) FROM events WHERE kind = 'columns_changed'")
    assert kept == 6  # who and when, each time


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (("收件=phone",), ("phone", "收件", "旺旺")),  # two columns for one field
        (("甲=sku", "甲=number"), ("甲", "SKU", "order number")),  # a column for two fields
        (("甲=nonsense",), ("nonsense", "--fields")),
        (("甲",), ("甲", "COLUMN=FIELD")),
    ],
)
def test_what_cannot_be_meant_is_one_sentence_and_changes_nothing(unknown, changes, words):
    said(unknown, "旺旺=phone")
    told = said(unknown, *changes)
    assert told.status == 1
    assert len(told.err.strip().splitlines()) == 1
    assert all(word in told.err for word in words)
    assert unknown("columns", "yz", "--json").data == {"旺旺": "phone"}


def test_a_column_that_is_gone_is_said(unknown):
    said(unknown, *SAID)
    (unknown.folder / "own.csv").write_text(OWN.replace("旺旺", "昵称") + ROWS, "utf-8")
    told = unknown("import", "own.csv", "--shop", "yz")
    assert told.status == 0
    assert "旺旺" in told.out and "--forget" in told.out and "昵称" in told.out
    (unknown.folder / "own.csv").write_text(OWN.replace("流水", "单号们") + ROWS, "utf-8")
    told = unknown("import", "own.csv", "--shop", "yz")
    assert told.status == 1
    assert "order number" in told.out and "单号们" in told.out


def test_a_mapped_column_replaces_the_one_that_is_known_and_may_be_skipped(unknown):
    text = "订单号,商家编码,数量,下单时间,真实编码,买家留言\nY-1,no,1,2026-01-20 09:00:00,CUP,hi\n"
    (unknown.folder / "y.csv").write_text(text, "utf-8")
    said(unknown, "真实编码=sku", "买家留言=")
    unknown("import", "y.csv", "--shop", "yz")
    assert unknown.one("SELECT sku_code FROM order_lines WHERE sub_number = 'Y-1-CUP'") == "CUP"
    note = unknown.one("SELECT buyer_note FROM orders WHERE platform_number = 'Y-1'")
    assert note is None  # not told, so it is held


def test_the_only_shop_of_a_channel_brings_its_mapping_without_being_named(place):
    text = (
        "订单编号,买家会员名,买家支付宝账号,订单状态,订单创建时间,宝贝标题,宝贝总数量,留给卖家的话\n"
        '2001,n,,"买家已付款，等待卖家发货",2026-01-20 10:00:00,杯子,1,急\n'
    )
    (place.folder / "tb.csv").write_text(text, "utf-8")
    assert "留给卖家的话" in place("import", "tb.csv").out
    said(place, "留给卖家的话=buyer_note", shop="tb")
    assert "留给卖家的话" not in place("import", "tb.csv").out
    assert place.one("SELECT buyer_note FROM orders WHERE platform_number = '2001'") == "急"


def test_a_workbook_is_imported_like_any_file(place):
    place.add('\n[[shops]]\ncode = "jd"\nname = "京东"\nchannel = "jd"\n')
    shutil.copy(BOOKS / "jd_merged_hidden_openpyxl.xlsx", place.folder / "jd.xlsx")
    assert place("import", "jd.xlsx").status == 0
    assert numbers(place, "jd") == ["300000000001", "300000000002"]
    raw = place.one("SELECT raw FROM raw_orders ORDER BY order_id DESC LIMIT 1")
    assert "10086" in raw and "测试丙" in raw  # the row as it came


# --- watched folders ---------------------------------------------------------------------------


@pytest.fixture
def watched(place):
    (place.folder / "in").mkdir()
    place.add('\n[[shops]]\ncode = "yz"\nname = "有赞"\nchannel = "youzan"\nfolder = "in"\n')
    works = place.works()
    yield place, works, folder_of(works, works.config.shops[1])
    works.close()


def settled(path: Path, content: bytes | str) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    os.utime(path, (time.time() - 100,) * 2)
    return path


def alerts(works):
    rows = works.store.read.all("SELECT rule, over_at FROM alerts WHERE closed_at IS NULL")
    return [(row["rule"], row["over_at"] is None) for row in rows]


def test_a_file_waits_in_the_folder_until_its_columns_are_said(watched):
    place, works, folder = watched
    path = settled(place.folder / "in" / "own.csv", OWN + ROWS)
    other = settled(
        place.folder / "in" / "jd.xlsx", (BOOKS / "jd_merged_hidden_openpyxl.xlsx").read_bytes()
    )
    assert folder.look() == 1  # the other one is not held up
    assert path.exists() and not other.exists()
    assert alerts(works) == [("file_waits", True)]
    read = []
    folder._import, real = lambda paths: read.append(paths) or real(paths), folder._import
    assert (folder.look(), read) == (0, [])  # it is not read again and again
    assert [Path(row["file"]).name for row in place("rejected", "--json").data] == ["own.csv"]
    said(place, *SAID)
    assert folder.look() == 1
    assert not path.exists() and (place.folder / "in/done/own.csv").exists()
    assert "X-1" in numbers(place)
    folder.look()
    assert alerts(works) == [("file_waits", False)]


def test_a_named_column_that_is_gone_from_a_watched_file_raises_an_alert_until_it_is_back(watched):
    place, works, folder = watched
    said(place, *SAID)
    settled(place.folder / "in" / "a.csv", OWN.replace("话说", "留言们") + ROWS)
    assert folder.look() == 1
    assert alerts(works) == [("columns_gone", True)]
    settled(place.folder / "in" / "b.csv", OWN + ROWS)
    assert folder.look() == 1
    assert alerts(works) == [("columns_gone", False)]


def test_a_waiting_file_that_is_taken_away_during_a_restart_ends_its_alert(watched):
    place, works, folder = watched
    path = settled(place.folder / "in" / "own.csv", OWN + ROWS)
    folder.look()
    path.unlink()
    again = folder_of(works, works.config.shops[1])
    again.look()
    assert alerts(works) == [("file_waits", False)]


# --- refused rows ------------------------------------------------------------------------------

COLUMNS = "订单号,商家编码,数量,下单时间,收货人\n"
BAD = COLUMNS + (
    "6900000000000000001,CUP,一,2026-01-20 09:00:00,张三\n"
    "B-2,CUP,1,2026-01-20 09:00:00,=cmd()\n"
    "B-3,CUP,1,明天,王五\n"
)


@pytest.fixture
def refused(unknown):
    (unknown.folder / "bad.csv").write_text(BAD, "gb18030")
    told = unknown("import", "bad.csv", "--shop", "yz")
    assert told.status == 1
    assert "packline rejected" in told.out
    return unknown


def test_refused_rows_are_listed_until_their_order_comes_in(refused):
    rows = refused("rejected", "--json").data
    assert [(row["row"], row["number"], row["reason"]) for row in rows] == [
        (2, "6900000000000000001", "files.quantity_unreadable"),
        (4, "B-3", "files.time_unreadable"),
    ]
    assert rows[0]["cells"]["收货人"] == "张三"
    assert refused("rejected", "--shop", "tb").out.startswith("Nothing waits")
    assert "row 2" in refused("rejected", "--shop", "yz").out
    refused("import", "bad.csv", "--shop", "yz")  # again: nothing is doubled
    assert len(refused("rejected", "--json").data) == 2
    (refused.folder / "right.csv").write_text(
        COLUMNS + "6900000000000000001,CUP,1,2026-01-20 09:00:00,张三\n", "utf-8"
    )
    refused("import", "right.csv", "--shop", "yz")
    assert [row["number"] for row in refused("rejected", "--json").data] == ["B-3"]


@pytest.mark.parametrize("name", ["fix.csv", "fix.xlsx"])
def test_refused_rows_are_written_corrected_and_imported(refused, name):
    told = refused("rejected", "--csv", name)
    assert "2 rows" in told.out
    path = refused.folder / name
    if name.endswith("csv"):
        text = path.read_bytes().decode("utf-8-sig")
        assert '="6900000000000000001"' in next(csv.reader(io.StringIO(text.splitlines()[1])))
        path.write_text(text.replace("一", "3").replace("明天", "2026-01-20 10:00:00"), "utf-8-sig")
    else:
        from drivers.channels.files.workbook import grids
        from drivers.channels.files.workbook_out import written

        (grid,) = grids(path.read_bytes())
        changed = {"一": "3", "明天": "2026-01-20 10:00:00"}
        path.write_bytes(written([[changed.get(c, c) for c in r] for r in grid.rows.values()]))
    told = refused("import", name, "--shop", "yz")
    assert told.status == 0, told.out
    assert refused("rejected", "--json").data == []
    assert refused.one("SELECT ordered FROM order_lines WHERE sub_number LIKE '690%'") == 3


def test_rows_dealt_with_otherwise_are_settled_by_number_or_by_file(refused):
    first = refused("rejected", "--json").data[0]["id"]
    assert refused("rejected", "--settle", first).status == 0
    assert [row["row"] for row in refused("rejected", "--json").data] == [4]
    assert refused("rejected", "--settle", first).status == 1
    refused("rejected", "--settle", "bad.csv")
    assert refused("rejected", "--json").data == []
    assert refused.one("SELECT count(*) FROM events WHERE kind = 'row_settled'") == 2
    told = refused("import", "bad.csv", "--shop", "yz")  # refused again is open again
    assert told.status == 1
    assert len(refused("rejected", "--json").data) == 2


def test_the_doctor_counts_refused_rows_and_numbers_to_export(refused):
    told = refused("doctor")
    assert "! 2 refused rows" in told.out
    assert "! 1 tracking numbers of tb still to export" in told.out
    assert "tb: 1 to export" in refused("outbox").out


# --- the way back ------------------------------------------------------------------------------


def export(place, *words, file="out.csv"):
    told = place("export-shipped", "--shop", "tb", file, *words)
    assert told.status == 0, told.err
    return (place.folder / file).read_bytes()


def test_a_shop_without_interface_has_nothing_stuck_in_the_outbox(place):
    waiting = "SELECT count(*) FROM outbox WHERE kind = 'backhaul'"
    assert place.one(waiting) == 0
    assert place.one("SELECT count(*) FROM file_backhauls WHERE exported_at IS NULL") == 1


def test_what_was_exported_counts_as_told_with_who_and_when(place):
    place("export-shipped", "--shop", "tb", "out.csv", "--by", "SV1")
    at = place.one(f"SELECT backhauled_at FROM orders WHERE platform_number = '{LABELLED}'")
    assert at is not None
    event = "SELECT {} FROM events WHERE kind = 'exported'"
    assert WAYBILL in place.one(event.format("what"))
    assert "out.csv" in place.one(event.format("what"))
    assert place.one(event.format("operator_id")) == 1
    assert "shop told" in place("where", LABELLED).out
    assert export(place).decode("gbk").splitlines() == ["订单号,快递公司,快递单号"]
    assert WAYBILL in export(place, "--again").decode("gbk")
    assert place("outbox").out.count("to export") == 0


def test_a_shops_own_columns_encoding_and_workbook(place):
    place.add(
        "\n[shops.export]\n"
        'columns = ["物流单号", "物流公司", "主订单编号", "内部=internal", "备注="]\n'
        'encoding = "utf-8"\n'
    )
    rows = list(csv.reader(io.StringIO(export(place).decode("utf-8-sig"))))
    assert rows[0] == ["物流单号", "物流公司", "主订单编号", "内部", "备注"]
    assert rows[1][:3] == [WAYBILL, "中通快递", LABELLED]
    assert rows[1][3].startswith("DB")
    book = export(place, "--again", file="out.xlsx")
    assert book.startswith(b"PK")
    from drivers.channels.files.workbook import grids

    (grid,) = grids(book)
    assert grid.rows[2][0] == WAYBILL


def test_a_column_nobody_can_fill_is_said_before_anything_is_written_or_marked(place):
    place.add('\n[shops.export]\ncolumns = ["订单号", "快递单号", "神秘列"]\n')
    told = place("export-shipped", "--shop", "tb", "out.csv")
    assert told.status == 1
    assert "神秘列" in told.err and len(told.err.strip().splitlines()) == 1
    assert not (place.folder / "out.csv").exists()
    assert place.one("SELECT count(*) FROM file_backhauls WHERE exported_at IS NULL") == 1
    place.config.write_text(place.config.read_text("utf-8").replace('"神秘列"', "7"), "utf-8")
    assert "columns" in place("export-shipped", "--shop", "tb", "out.csv").err


def test_a_file_that_cannot_be_written_marks_nothing(place):
    told = place("export-shipped", "--shop", "tb", place.folder / "no" / "out.csv")
    assert told.status == 1
    assert place.one("SELECT count(*) FROM file_backhauls WHERE exported_at IS NULL") == 1


def test_an_open_refund_waits_and_a_void_parcel_is_never_told(place):
    held = "INSERT INTO holds (order_id, reason, since) SELECT id, 'refund', 1 FROM orders WHERE "
    place.sql(held + f"platform_number = '{LABELLED}'")
    told = place("export-shipped", "--shop", "tb", "out.csv")
    assert "1 more wait: a refund is open" in told.out
    assert WAYBILL not in (place.folder / "out.csv").read_text("gbk")
    place.sql("UPDATE holds SET released_at = 2 WHERE reason = 'refund'")
    assert WAYBILL in export(place).decode("gbk")
    place.sql("UPDATE parcels SET voided_at = bought_at")
    assert WAYBILL not in export(place, "--again").decode("gbk")


KILLED = """
import os, signal, sys
from tui.commands import ship_back
real = ship_back.exported
def killed(*arguments):
    os.kill(os.getpid(), signal.SIGKILL)
ship_back.exported = killed
from tui.cli import main
main(sys.argv[1:])
"""


def test_a_kill_between_file_and_mark_repeats_the_rows_and_loses_none(place):
    words = ["export-shipped", "--shop", "tb", str(place.folder / "one.csv")]
    died = subprocess.run(
        [sys.executable, "-c", KILLED, "--config", str(place.config), *words],
        cwd=Path(__file__).parents[3],
        check=False,
    )
    assert died.returncode == -signal.SIGKILL
    assert WAYBILL in (place.folder / "one.csv").read_text("gbk")
    assert place.one("SELECT count(*) FROM orders WHERE backhauled_at IS NOT NULL") == 0
    assert WAYBILL in export(place, file="two.csv").decode("gbk")  # better twice than never
    assert place.one("SELECT count(*) FROM orders WHERE backhauled_at IS NOT NULL") == 1


def test_many_parcels_are_marked_in_short_pieces(place):
    from core.orders.intake import take_in

    works = place.works()
    policy = works.place.policies[works.place.shops["tb"]]

    def one(tx, n: int) -> None:
        take_in(tx, policy, order(f"M-{n}", line("CUP", 1)))
        tx.run("UPDATE stock SET on_hand = on_hand + 1")
        order_id = tx.the("SELECT id FROM orders WHERE platform_number = ?", f"M-{n}")["id"]
        label(tx, order_id, f"W{n:06}")

    for n in range(60):
        works.store.do(lambda tx, n=n: one(tx, n))
    works.close()
    assert len(export(place).decode("gbk").splitlines()) == 62
    assert place.one("SELECT count(*) FROM orders WHERE backhauled_at IS NOT NULL") == 61
    assert place.one("SELECT count(*) FROM file_backhauls WHERE exported_at IS NULL") == 0


def test_a_shop_that_gets_an_interface_sends_what_was_not_exported_and_back(place):
    before = place.config.read_text("utf-8")
    place.config.write_text(
        before + 'url = "http://127.0.0.1:9/"\napp_key = "k"\napp_secret = "s"\n', "utf-8"
    )
    place.works().close()
    due = "SELECT count(*) FROM outbox WHERE kind = 'backhaul' AND state = 'due'"
    waits = "SELECT count(*) FROM file_backhauls WHERE exported_at IS NULL"
    assert (place.one(due), place.one(waits)) == (1, 0)
    told = place("export-shipped", "--shop", "tb", "out.csv")
    assert "nothing was marked" in told.out
    assert WAYBILL in (place.folder / "out.csv").read_text("gbk")
    place.config.write_text(before, "utf-8")
    place.works().close()
    assert (place.one(due), place.one(waits)) == (0, 1)
    assert WAYBILL in export(place).decode("gbk")
    place.config.write_text(before + 'url = "http://127.0.0.1:9/"\n', "utf-8")
    place.works().close()
    assert place.one(due) == 0  # it was told by file


def test_a_parcel_that_is_voided_waits_for_no_file(place):
    from core.shipping.by_file import waiting_by_shop
    from core.shipping.parcels import void_parcel

    works = place.works()
    read = works.store.read
    order_id = read.one("SELECT id FROM orders WHERE platform_number = ?", LABELLED)["id"]
    assert waiting_by_shop(read) == {"tb": 1}
    works.store.do(lambda tx: void_parcel(tx, order_id, "repacked"))
    assert waiting_by_shop(read) == {}
    assert read.one("SELECT 1 FROM file_backhauls") is None
    works.close()
