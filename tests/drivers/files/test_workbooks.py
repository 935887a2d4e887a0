"""Workbooks as openpyxl and XlsxWriter write them: cells, dates, ids, tabs, merged cells."""

import io
import zipfile
from datetime import datetime
from pathlib import Path

import pytest

from core.clock import SHANGHAI
from drivers.channels.files import read_orders
from drivers.channels.files.workbook import grids
from drivers.channels.files.workbook_out import written

BOOKS = Path(__file__).parent / "workbooks"


def read(name: str, **more):
    return read_orders([BOOKS / name], **more)


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=SHANGHAI).timestamp()) * 1000


def lines(reading):
    return [
        (one.order.number, one.rows, [(line.sku, line.quantity) for line in one.order.lines])
        for one in reading.orders
    ]


def test_merged_cells_belong_to_every_row_and_a_hidden_sheet_to_nobody():
    reading = read("jd_merged_hidden_openpyxl.xlsx")
    assert lines(reading) == [
        ("300000000001", (3, 4), [("JD-1001", 1), ("JD-1002", 2)]),
        ("300000000002", (5,), [("10086", 3)]),
    ]
    order = reading.orders[0].order
    assert (order.created_at, order.amount_cents) == (at("2026-01-20 11:00:00"), 50000)
    assert order.receiver.phone == "13800000002"
    assert {line.status for line in order.lines} == {"等待出库"}
    assert (reading.rejected, reading.files[0].sheet) == ((), "订单明细")


def test_long_ids_stored_as_numbers_are_refused_and_never_rounded():
    reading = read("douyin_ids_as_numbers_openpyxl.xlsx")
    assert lines(reading) == [("6900000000000000021", (4,), [("C", 1)])]
    assert [(r.row, r.reason.id) for r in reading.rejected] == [
        (2, "files.number_rounded"),
        (3, "files.code_rounded"),
    ]
    assert reading.rejected[1].number == "6900000000000000011"


def test_orders_and_goods_on_two_tabs_are_joined_and_a_note_is_left_out():
    reading = read("taobao_two_tabs_xlsxwriter.xlsx")
    assert lines(reading) == [
        ("990000000000000001", (2,), [("SET3-RED-L", 1), ("SET3-BLU-M", 2)]),
        ("990000000000000002", (3,), [("SET3-RED-L", 1)]),
    ]
    order = reading.orders[0].order
    assert order.buyer_note == "请发红色，加急 谢谢"  # rich text, a line break
    assert order.created_at == at("2026-01-20 09:00:00")  # a date cell
    assert order.paid_at == at("2026-01-20 09:00:30")  # a serial number shown as one
    (note,) = reading.files[0].notes
    assert (note.id, note.data["sheet"]) == ("files.sheet_left", "说明")


def test_purchase_totals_beside_orders_are_left_out():
    reading = read("groupbuy_orders_and_totals_xlsxwriter.xlsx")
    assert lines(reading) == [("GB1", (2,), [("土猪肉 500g", 2)])]
    assert reading.orders[0].order.created_at == at("2026-01-21 00:00:00")  # 24:00
    assert [note.data["sheet"] for note in reading.files[0].notes] == ["商品汇总"]
    assert reading.rejected == ()


def test_the_other_calendar_formulas_and_error_cells():
    reading = read("generic_1904_formulas_xlsxwriter.xlsx")
    assert lines(reading) == [("A-1", (2,), [("CUP-1", 2)])]
    order = reading.orders[0].order
    assert (order.created_at, order.amount_cents) == (at("2026-01-20 09:30:00"), 30)
    assert [(r.row, r.reason.id) for r in reading.rejected] == [(3, "files.quantity_unreadable")]
    assert reading.files[0].unmapped == ("加急",)


def test_reading_a_workbook_twice_gives_the_same():
    for path in BOOKS.iterdir():
        assert read_orders([path]) == read_orders([path])


def test_a_workbook_given_twice_is_read_once(tmp_path):
    copy = tmp_path / "copy.xlsx"
    copy.write_bytes((BOOKS / "taobao_two_tabs_xlsxwriter.xlsx").read_bytes())
    reading = read_orders([BOOKS / "taobao_two_tabs_xlsxwriter.xlsx", copy])
    assert len(reading.orders) == 2
    assert {r.reason.id for r in reading.rejected} == {"files.same_file"}


def parts(**changed: str | None) -> bytes:
    """A small workbook of ours with some parts changed or taken out."""
    source = zipfile.ZipFile(io.BytesIO(written([["订单号", "商家编码"], ["A-1", "S"]])))
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as archive:
        for name in source.namelist():
            text = changed.get(name.rpartition("/")[2].partition(".")[0], source.read(name))
            if text is not None:
                archive.writestr(name, text)
    return body.getvalue()


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"PK\x03\x04", "files.workbook_broken"),
        (parts()[:-300], "files.workbook_broken"),
        (parts(sheet1=None), "files.workbook_broken"),
        (parts(sheet1="<worksheet><sheetData><row>"), "files.workbook_broken"),
        (
            parts(sheet1='<w><c t="s"/><row><c t="s"><v>7</v></c></row></w>'),
            "files.workbook_broken",
        ),
        (parts(workbook=None), "files.archive"),
        (parts(sheet1="<worksheet><sheetData/></worksheet>"), "files.empty"),
    ],
)
def test_damaged_workbooks_say_one_thing(tmp_path, data, reason):
    path = tmp_path / "x.xlsx"
    path.write_bytes(data)
    assert [(r.row, r.reason.id) for r in read_orders([path]).rejected] == [(0, reason)]


def test_an_entity_that_grows_without_end_is_refused():
    bomb = "".join(f'<!ENTITY e{n + 1} "{f"&e{n};" * 10}">' for n in range(9))
    sheet = f'<!DOCTYPE w [<!ENTITY e0 "ha">{bomb}]><w><row><c t="str"><v>&e9;</v></c></row></w>'
    found = grids(parts(sheet1=sheet))
    assert getattr(found, "id", "") == "files.workbook_broken"


def test_a_part_that_claims_to_be_endless_is_refused(monkeypatch):
    monkeypatch.setattr("drivers.channels.files.workbook._BIGGEST", 2000)
    found = grids(parts(sheet1="<worksheet>" + " " * 3000 + "</worksheet>"))
    assert getattr(found, "id", "") == "files.too_big"


def test_cells_without_addresses_and_numbers_of_every_kind():
    row = "".join(
        f"<c{kind}><v>{value}</v></c>"
        for kind, value in (
            ("", "1"),
            ("", "59.899999999999999"),
            ("", "1.38E10"),
            ("", "123456789012345"),
            ("", "1234567890123456"),
            (' t="b"', "1"),
            (' t="d"', "2026-01-20T09:00:00"),
            ("", "nonsense"),
        )
    )
    (grid,) = grids(parts(sheet1=f"<w><sheetData><row>{row}</row></sheetData></w>"))
    assert grid.rows[1] == [
        *("1", "59.9", "13800000000", "123456789012345", "1.23456789012346E+15", "TRUE"),
        *("2026-01-20 09:00:00", "nonsense"),
    ]


def test_what_we_write_another_reader_of_ours_reads_the_same():
    table = [["订单号", "备注"], ["6900000000000000001", "=1+1"], ["007", "<&>'\""]]
    (grid,) = grids(written(table))
    assert list(grid.rows.values()) == table
