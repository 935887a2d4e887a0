"""Cells, rows and damaged files: everything is read or kept with its reason."""

import csv
import io
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.clock import SHANGHAI
from drivers.channels.files import UnknownColumn, read_orders, ship_back_file
from drivers.channels.files.cells import BadCell, fen, moment
from drivers.channels.files.items import items
from drivers.channels.files.receiver import cut, person_in
from drivers.channels.files.workbook import grids

COLUMNS = ["订单号", "商家编码", "商品数量", "订单状态", "下单时间", "买家留言", "订单金额"]
GOOD = ["A1", "S1", "2", "待发货", "2026-01-20 09:00:00", "", "10.00"]


def page(*rows, columns=COLUMNS) -> str:
    out = io.StringIO(newline="")
    csv.writer(out).writerows([columns, *rows])
    return out.getvalue()


@pytest.fixture
def read(tmp_path):
    def read(content: str | bytes, **more):
        path = tmp_path / "orders.csv"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return read_orders([path], **more)

    return read


def reasons(reading):
    return [(r.row, r.reason.id) for r in reading.rejected]


# --- cells -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-07-01 05:59:20", "2026-06-30T21:59:20"),
        ("2026/07/22 11:00:21", "2026-07-22T03:00:21"),
        ("2026-05-01 10:00:00 +0200", "2026-05-01T08:00:00"),
        ("2026-05-01T10:00:00Z", "2026-05-01T10:00:00"),
        ("07/04/2026 10:00:00", "2026-07-04T02:00:00"),
        ("2026-01-20 24:00", "2026-01-20T16:00:00"),
        ("2026-01-20 24:00:00", "2026-01-20T16:00:00"),
        ("2026年1月20日 8:05", "2026-01-20T00:05:00"),
        ("2026-01-20", "2026-01-19T16:00:00"),
        ("20260120090030", "2026-01-20T01:00:30"),
        ("2026-01-20 09:00:30.123", "2026-01-20T01:00:30"),
    ],
)
def test_times(text, expected):
    want = datetime.fromisoformat(expected).replace(tzinfo=UTC).timestamp() * 1000
    assert moment(text, SHANGHAI) == want


@pytest.mark.parametrize("text", ["", "-", "0000-00-00 00:00:00", "0001-01-01 00:00:00", "null"])
def test_no_time(text):
    assert moment(text, SHANGHAI) is None


@pytest.mark.parametrize("text", ["昨天", "2026-13-01", "24:30", "2026-01-20 24:01", "1900-01-01"])
def test_unreadable_times_are_said_so(text):
    with pytest.raises(BadCell) as bad:
        moment(text, SHANGHAI)
    assert bad.value.why.data["text"] == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1,299.00", 129900),
        ("¥59.9", 5990),
        ("￥1,234,567.89元", 123456789),
        ("0.005", 1),
        ("-12.30", -1230),
        ("", 0),
        ("-", 0),
        ("CNY 8", 800),
    ],
)
def test_amounts(text, expected):
    assert fen(text) == expected


@pytest.mark.parametrize("text", ["1.299,00", "12,5", "无", "Infinity", "1e99"])
def test_amounts_are_never_guessed(text):
    with pytest.raises(BadCell):
        fen(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("广东省 广州市 天河区 测试路1号(510000)", ("广东省", "广州市", "天河区", "测试路1号")),
        ("广东深圳市福田区测试路66号", ("广东", "深圳市", "福田区", "测试路66号")),
        ("上海 上海市 浦东新区 测试弄3号", ("上海", "上海市", "浦东新区", "测试弄3号")),
        ("北京朝阳区测试街2号", ("北京", "北京市", "朝阳区", "测试街2号")),
        ("江苏省镇江市丹阳市城市花园3栋", ("江苏省", "镇江市", "丹阳市", "城市花园3栋")),
        ("山东省济南市市中区测试小区1号", ("山东省", "济南市", "市中区", "测试小区1号")),
        ("河南省新乡市测试小区5栋", ("河南省", "新乡市", "", "测试小区5栋")),
        (
            "新疆维吾尔自治区伊犁哈萨克自治州伊宁县测试路",
            ("新疆维吾尔自治区", "伊犁哈萨克自治州", "伊宁县", "测试路"),
        ),
        ("****", ("", "", "", "****")),
        ("12 High Street, Leeds", ("", "", "", "12 High Street, Leeds")),
    ],
)
def test_addresses(text, expected):
    assert cut(text) == expected


def test_a_person_inside_the_address_cell(read):
    assert person_in("张三，86-13800000000，广东省广州市天河区某路1号,2栋") == (
        "张三",
        "13800000000",
        "广东省广州市天河区某路1号,2栋",
    )
    assert person_in("广东省，广州市，天河区") is None
    columns = ["订单编号", "支付单号", "收货地址", "订单创建时间", "商品标题", "订单状态"]
    cell = "张**，86-138****0000，广东省 广州市 天河区 某路1号"
    row = ["123456", "1", cell, "2026-01-20 09:00:00", "t", "待发货"]
    (only,) = read(page(row, columns=columns)).orders
    receiver = only.order.receiver
    assert (receiver.name, receiver.phone, receiver.district) == ("张**", "138****0000", "天河区")


@pytest.mark.parametrize(
    ("cell", "total", "expected"),
    [
        ("A x2;B*1", None, [("A", 2), ("B", 1)]),
        ("土豆+2，牛肉 500g ×1", None, [("土豆", 2), ("牛肉 500g", 1)]),
        ("A x2;B*1", 3, [("A", 2), ("B", 1)]),
        ("土猪肉 500g", 2, [("土猪肉 500g", 2)]),
        ("A x2;B*1", 4, None),
        ("A x2;B", None, None),
        ("土猪肉 500g", None, None),
        ("牛奶 250ml*12", None, None),
        ("毛巾 30x50", None, None),
        ("", None, None),
    ],
)
def test_items_written_as_text(cell, total, expected):
    assert items(cell, total) == expected


# --- rows --------------------------------------------------------------------------------------


def test_second_header_line_preamble_totals_and_repeated_header_are_no_orders(read):
    text = "九州仓 订单导出\r\n" + page(
        [" ", " ", " ", "收入+支出", "", "", ""], GOOD, COLUMNS, ["合计", "", "", "", "", "", "99"]
    )
    reading = read(text)
    assert [(o.order.number, o.rows) for o in reading.orders] == [("A1", (4,))]
    assert reasons(reading) == [(6, "files.not_a_number")]


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        (0, "", "files.no_number"),
        (0, "9.9E+17", "files.number_rounded"),
        (2, "0", "files.quantity_unreadable"),
        (2, "1.5", "files.quantity_unreadable"),
        (2, "", "files.no_quantity"),
        (4, "明天", "files.time_unreadable"),
        (4, "", "files.no_time"),
        (6, "1.299,00", "files.amount_unreadable"),
    ],
)
def test_one_bad_row_costs_one_row(read, column, value, reason):
    bad = [*GOOD]
    bad[column] = value
    reading = read(page(bad, ["A2", *GOOD[1:]]))
    assert [o.order.number for o in reading.orders] == ["A2"]
    assert reasons(reading) == [(2, reason)]
    assert reading.rejected[0].raw == page(bad).splitlines()[1]


def test_long_numbers_all_rounded_by_a_spreadsheet_are_refused(read):
    rows = [[f"69000000000000{n}0000", *GOOD[1:]] for n in (1, 2, 3)]
    assert {r.reason.id for r in read(page(*rows)).rejected} == {"files.number_rounded"}
    rows[0][0] = "690000000000001234"
    assert len(read(page(*rows)).orders) == 3


def test_a_comma_without_quotes_and_a_row_cut_short(read):
    text = page(GOOD) + "A2,S1,2,待发货,2026-01-20 09:00:00,a,b,10.00\r\nA3,S1,2,待"
    reading = read(text)
    assert [o.order.number for o in reading.orders] == ["A1"]
    assert reasons(reading) == [(3, "files.too_many_cells"), (4, "files.too_few_cells")]


def test_empty_last_cells_may_be_missing(read):
    (only,) = read(page() + "A3,S1,2,待发货,2026-01-20 09:00:00\r\n").orders
    assert only.order.buyer_note == ""


@pytest.mark.parametrize("tail", ['A2,"S1,2,待发货,x\r\n', 'A2,S1,2,"待发货\r\nmore\r\n'])
def test_a_stray_quote_costs_one_row_and_swallows_none(read, tail):
    rows = [[f"B{n}", *GOOD[1:]] for n in range(300)]
    text = page(GOOD) + tail + "".join(page(*rows).splitlines(keepends=True)[1:])
    reading = read(text)
    assert [o.order.number for o in reading.orders] == ["A1", *(f"B{n}" for n in range(300))]
    assert (3, "files.row_broken") in reasons(reading)


def test_the_same_row_twice_is_asked_about_and_a_sub_order_twice_counted_once(read):
    assert reasons(read(page(GOOD, GOOD))) == [(2, "files.row_twice"), (3, "files.row_twice")]
    columns = ["子订单编号", *COLUMNS]
    reading = read(page(["9", *GOOD], ["9", *GOOD], ["8", *GOOD], columns=columns))
    assert [line.sub_number for line in reading.orders[0].order.lines] == ["9", "8"]
    assert reasons(reading) == [(3, "files.row_repeated")]


def test_one_bad_line_holds_back_its_whole_order(read):
    bad = ["A1", "S2", "x", *GOOD[3:]]
    reading = read(page(GOOD, ["A2", *GOOD[1:]], bad))
    assert [o.order.number for o in reading.orders] == ["A2"]
    assert reasons(reading) == [
        (2, "files.quantity_unreadable"),
        (4, "files.quantity_unreadable"),
    ]


def test_rows_that_name_two_receivers_are_not_one_order(read):
    columns = ["跟团号", "支付时间", "商品", "订单状态", "收货人", "联系电话"]
    rows = [
        ["1", "2026-01-20 19:50:59", "A x2", "已支付", "甲", "13800000000"],
        ["1", "2026-01-20 19:50:59", "B x2", "已支付", "乙", "13800000001"],
    ]
    assert reasons(read(page(*rows, columns=columns))) == [
        (2, "files.rows_disagree"),
        (3, "files.rows_disagree"),
    ]


def test_an_order_row_twice_with_different_content_is_refused(read):
    columns = ["订单编号", "买家会员名", "买家支付宝账号", "订单创建时间", "宝贝标题", "订单状态"]
    row = ["123456", "n", "", "2026-01-20 09:00:00", "t", "买家已付款，等待卖家发货"]
    closed = [*row[:5], "交易关闭"]
    assert reasons(read(page(row, closed, columns=columns))) == [
        (2, "files.number_twice"),
        (3, "files.number_twice"),
    ]
    once = read(page(row, row, columns=columns))
    assert (len(once.orders), reasons(once)) == (1, [(3, "files.row_repeated")])


DOUYIN = ["主订单编号", "子订单编号", "选购商品", "商家编码", "商品数量", "订单状态", "售后状态"]


@pytest.mark.parametrize(("quantity", "expected"), [("2", [1, 1]), ("2;3", [2, 3]), ("1", None)])
def test_joined_sub_orders(read, quantity, expected):
    columns = [*DOUYIN, "订单提交时间"]
    row = ["6900", "1;2", "甲;乙", "B02;C03", quantity, "待发货", "-", "2026-01-20 09:00:00"]
    reading = read(page(row, columns=columns))
    if expected is None:
        assert reasons(reading) == [(2, "files.cannot_split")]
        return
    assert [
        (line.sub_number, line.sku, line.title, line.quantity)
        for line in reading.orders[0].order.lines
    ] == [("1", "B02", "甲", expected[0]), ("2", "C03", "乙", expected[1])]


def test_a_closed_line_of_a_living_order_is_never_picked(read):
    columns = [*DOUYIN, "订单提交时间"]
    rows = [
        ["6900", "1", "甲", "B02", "1", "已关闭", "-", "2026-01-20 09:00:00"],
        ["6900", "2", "乙", "C03", "1", "待发货", "-", "2026-01-20 09:00:00"],
    ]
    order = read(page(*rows, columns=columns)).orders[0].order
    assert order.status == "待发货"
    assert [line.refund for line in order.lines] == ["已关闭", "-"]


def test_a_refund_of_the_order_stands_on_every_line(read):
    columns = ["订单编号", "买家会员名", "买家支付宝账号", "订单创建时间", "宝贝标题", "退款金额"]
    row = ["123456", "n", "", "2026-01-20 09:00:00", "t", "12.00"]
    order = read(page(row, columns=columns)).orders[0].order
    assert (order.refund, order.lines[0].refund) == ("退款金额 12.00",) * 2


def test_a_changed_choice_replaces_the_words_and_drops_the_code(read):
    row = ["A1", "S1", "2", "红色", "2026-01-20 09:00:00", "蓝色"]
    columns = ["订单号", "商家编码", "商品数量", "规格", "下单时间", "修改后的sku"]
    (line,) = read(page(row, columns=columns)).orders[0].order.lines
    assert (line.spec, line.sku) == ("蓝色", "")
    both = read(page(row, ["A1", "S2", "1", "绿", *row[4:]], columns=columns))
    assert {r.reason.id for r in both.rejected} == {"files.choice_unclear"}


def test_a_leaders_list_without_order_numbers(read):
    columns = ["跟团号", "下单人", "支付时间", "商品", "订单状态", "自提点", "收货人", "联系电话"]
    rows = [
        ["1", "a", "2026-01-20 19:50:59", "A x2;B*1", "已支付", "一号", "甲", "13800000000"],
        ["1", "b", "2026-01-21 19:50:59", "牛奶 250ml*12", "已支付", "二号", "乙", ""],
        ["2", "c", "", "A x1", "已支付", "二号", "丙", ""],
    ]
    reading = read(page(*rows, columns=columns))
    one, two = (o.order for o in reading.orders)
    assert (one.number, two.number) == ("20260120195059-1", "20260121195059-1")
    assert [(line.sku, line.quantity) for line in one.lines] == [("A", 2), ("B", 1)]
    assert [(line.sku, line.title) for line in two.lines] == [("", "牛奶 250ml*12")]
    assert reasons(reading) == [(4, "files.no_number")]


def test_waybills_in_one_cell_and_in_two(read):
    columns = [*COLUMNS, "快递信息", "快递单号", "快递公司"]
    rows = [[*GOOD, "SF-A-顺丰速运", "", ""], ["A2", *GOOD[1:], "", "YT1", "圆通"]]
    found = read(page(*rows, columns=columns)).waybills
    assert found == (("A1", "SF-A", "顺丰速运"), ("A2", "YT1", "圆通"))


def test_woocommerce_items_widen_to_the_right(read):
    columns = ["order_id", "order_number", "order_date", "status", "line_item_1", "line_item_2"]
    columns += [f"Product Item 3 {part}" for part in ("Name", "id", "SKU", "Quantity", "Total")]
    row = ["1", "WC-1", "01/20/2026 09:00:00", "processing"]
    row += ["name:甲|product_id:5|sku:S1|quantity:2|total:20.00", ""]
    row += ["乙", "6", "S2", "1", "9.90"]
    order = read(page(row, columns=columns)).orders[0].order
    assert [
        (line.sub_number, line.sku, line.title, line.quantity, line.price_cents)
        for line in order.lines
    ] == [("WC-1-5", "S1", "甲", 2, 1000), ("WC-1-6", "S2", "乙", 1, 990)]


def test_hostile_text_is_cleaned_and_the_raw_form_cannot_move_a_cursor(read):
    note = "加急\x1b[2J\u202e[/red]\x9b\x07"
    (only,) = read(page([*GOOD[:5], note, "1"])).orders
    assert only.order.buyer_note == "加急[2J[/red]"
    import json

    assert not any(c in only.order.raw for c in "\x1b\u202e\x9b\x07")
    assert json.loads(only.order.raw)[0]["买家留言"] == note


# --- files -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "files.empty"),
        (b"\xef\xbb\xbf\r\n\r\n", "files.empty"),
        (b"\x00" * 1000, "files.empty"),
        (b"PK\x03\x04rest", "files.workbook_broken"),
        (b"\xd0\xcf\x11\xe0rest", "files.workbook"),
        (b"\r\n<html><body><table>", "files.web_page"),
        (bytes(range(256)) * 40, "files.not_text"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 9, "files.not_text"),
        ("你好".encode(), "files.no_header"),
        (("x" * 10_000_000).encode(), "files.no_header"),
        (("商家编码,商品数量,x" + "y" * 10_000_000).encode(), "files.no_header"),
        (b'"' * 3001, "files.no_header"),
        ("商家编码,商品数量,下单时间\r\nS,1,x".encode(), "files.columns_missing"),
        (",".join(COLUMNS).encode(), "files.no_rows"),
    ],
)
def test_files_that_give_nothing_say_one_thing(read, content, reason):
    assert reasons(read(content)) == [(0, reason)]


def test_files_that_cannot_be_opened(tmp_path):
    reading = read_orders([tmp_path / "missing.csv", tmp_path, "a\x00b"])
    assert reasons(reading) == [(0, "files.not_readable")] * 3


def test_a_file_given_twice_is_read_once(tmp_path):
    one, two = tmp_path / "a.csv", tmp_path / "b.csv"
    for path in (one, two):
        path.write_text(page(GOOD), "utf-8")
    reading = read_orders([one, two])
    assert len(reading.orders) == 1
    assert [(r.file, r.reason.data["other"]) for r in reading.rejected] == [(str(two), "a.csv")]


def test_zeros_a_bom_in_the_middle_and_a_damaged_character(read):
    text = page(GOOD, ["A2", *GOOD[1:]]).replace("A1", "\x00A1\ufeff").encode()
    damaged = text + "A3,S1,2,待发货,2026-01-20 09:00:00,好".encode() + b"\xe5\x8a,1\r\n"
    reading = read(damaged)
    assert [o.order.number for o in reading.orders] == ["A1", "A2"]
    assert reasons(reading) == [(4, "files.damaged")]


FRAGMENT = st.one_of(
    st.sampled_from([*GOOD, *COLUMNS, '"', ",", "\r\n", "\n", '=""', "\t", "\x00", "\ufeff", ";"]),
    st.text(max_size=8),
)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(FRAGMENT, max_size=60), st.sampled_from(["utf-8", "gb18030", "utf-16"]))
def test_no_text_is_too_strange_and_every_row_is_accounted_for(read, parts, codec):
    text = page(GOOD) + ",".join(parts)
    reading = read(text.encode(codec, "ignore"))
    told = {row for o in reading.orders for row in o.rows}
    refused = [r.row for r in reading.rejected if r.row]
    assert not told & set(refused)
    assert len(told) + len(refused) == sum(f.rows for f in reading.files)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.binary(max_size=3000), st.booleans())
def test_no_bytes_are_too_strange(read, noise, headed):
    content = (page(GOOD).encode() if headed else b"") + noise
    assert read(content).files


# --- the way back ------------------------------------------------------------------------------


def test_the_ship_back_file():
    told = [("260120-1", "圆通速递", "YT1"), ("=2+5", "x\x1b[2J", "1"), ("", "中通", "2")]
    rows = [dict(zip(("number", "carrier", "waybill"), one, strict=True)) for one in told]
    gbk = ship_back_file(rows)
    assert gbk.decode("gbk").splitlines() == [
        "订单号,快递公司,快递单号",
        "260120-1,圆通速递,YT1",
        "'=2+5,x[2J,1",
    ]
    assert ship_back_file(rows, encoding="utf-8").startswith(b"\xef\xbb\xbf")
    assert ship_back_file(rows, encoding="utf-8").decode("utf-8-sig") == gbk.decode("gbk")


def test_the_ship_back_file_in_a_shops_own_columns():
    rows = [{"number": "1", "carrier": "中通快递", "waybill": "7", "carrier_code": "zto"}]
    columns = ["物流单号", "订单编号", "备注=", "公司编码=carrier_code"]
    assert ship_back_file(rows, columns).decode("gbk").splitlines() == [
        "物流单号,订单编号,备注,公司编码",
        "7,1,,zto",
    ]
    for wrong in (["订单号", "快递单号", "什么"], ["订单号", "运单号=weight"], ["快递单号"]):
        with pytest.raises(UnknownColumn):
            ship_back_file(rows, wrong)


def test_a_workbook_keeps_every_digit_and_runs_nothing(tmp_path):
    rows = [{"number": "6900000000000000001", "carrier": "=1+1", "waybill": "<&>\n78912345678901"}]
    content = ship_back_file(rows, workbook=True)
    (grid,) = grids(content)
    assert grid.rows[2] == ["6900000000000000001", "=1+1", "<&> 78912345678901"]
