"""The fourteen quirks of real exports (facts, features 5.2), each with a file as it comes."""

import codecs
import csv
import io
import json
from datetime import datetime
from pathlib import Path

import pytest

from core.clock import SHANGHAI
from core.orders.buyer import same_buyer_key
from core.orders.values import value_map
from drivers.channels.files import field_of, read_orders, ship_back_file

HERE = Path(__file__).parent
SETS = {
    name: one["columns"]
    for name, one in json.loads((HERE / "order_export_headers.json").read_text("utf-8"))[
        "headers"
    ].items()
}


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=SHANGHAI).timestamp()) * 1000


@pytest.fixture
def export(tmp_path):
    """Write an export of a known header set; cells by column name, the rest empty."""

    def export(columns, *rows, encoding="utf-8", name="orders.csv", above=(), below=()):
        if isinstance(columns, str):
            columns = SETS[columns]
        page = io.StringIO(newline="")
        writer = csv.writer(page)
        writer.writerows(above)
        writer.writerow(columns)
        writer.writerows(below)
        for row in rows:
            assert row.keys() <= set(columns), row.keys() - set(columns)
            writer.writerow([row.get(column, "") for column in columns])
        path = tmp_path / name
        path.write_bytes(page.getvalue().encode(encoding))
        return path

    return export


def reasons(reading):
    return [(r.row, r.reason.id) for r in reading.rejected]


def lines(order):
    return [(line.sub_number, line.sku, line.quantity) for line in order.lines]


TAOBAO = {
    "订单编号": '="990000000000000001"',
    "买家会员名": "tb_龘",
    "买家实际支付金额": "59.90",
    "订单状态": "买家已付款，等待卖家发货",
    "收货人姓名": "测试甲",
    "收货地址 ": "广东省 广州市 天河区 测试路1号(510000)",
    "联系手机": "'13800000000",
    "订单创建时间": "2026-01-20 09:00:00",
    "订单付款时间 ": "2026-01-20 09:00:30",
    "宝贝标题 ": "测试三件套",
    "宝贝总数量": "1",
}
DOUYIN = {
    "主订单编号": "\t6900000000000000001",
    "子订单编号": "\t6900000000000000001",
    "选购商品": "测试商品A",
    "商家编码": "SKU-A",
    "商品数量": "1",
    "订单提交时间": "2026-07-01 05:59:20",
    "订单状态": "待发货",
    "售后状态": "-",
    "收件人": "##密文",
    "收件人手机号": "$$密文",
    "省": "广东省",
    "市": "广州市",
    "区": "天河区",
    "详细地址": "##密文",
}
PDD = {
    "商品": "测试横幅",
    "订单号": "260120-000000000000001",
    "订单状态": "待发货",
    "用户实付金额(元)": "1,249.00",
    "商品数量(件)": "1",
    "商家编码-规格维度": "PDD-SKU-1",
    "售后状态": "无售后或售后取消",
}
JD = {
    "订单号": "300000000001",
    "商品名称": "商品甲",
    "订购数量": "1",
    "下单时间": "2026-01-20 11:00:00",
    "订单金额": "500.00",
    "订单状态": "等待出库",
    "客户姓名": "测试乙",
    "客户地址": "广东深圳市福田区测试路66号",
    "联系电话": "1******6198",
    "货号": "JD-1001",
}


@pytest.mark.parametrize(
    ("encoding", "found"),
    [("gbk", "gb18030"), ("gb18030", "gb18030"), ("utf-8-sig", "utf-8"), ("utf-8", "utf-8")],
)
def test_quirk_1_the_encoding_is_found_and_never_assumed(export, encoding, found):
    row = TAOBAO | ({"买家会员名": "tb_龘"} if encoding != "gbk" else {"买家会员名": "tb_测试"})
    reading = read_orders([export("taobao_2017_46", row, encoding=encoding)])
    assert reading.files[0].encoding == found
    assert reading.orders[0].order.buyer_name == row["买家会员名"]


def test_quirk_2_taobaos_order_file_alone_makes_no_line_to_pick(export):
    orders = export("taobao_2021_67", {k.strip(): v for k, v in TAOBAO.items()}, encoding="gbk")
    alone = read_orders([orders])
    assert [line.sku for line in alone.orders[0].order.lines] == [""]  # held: a SKU is mandatory
    assert [note.id for note in alone.files[0].notes] == ["files.details_missing"]
    detail = {
        "订单编号": '="990000000000000001"',
        "标题": "测试三件套",
        "价格": "59.90",
        "购买数量": "1",
        "外部系统编号": "SET3-RED-L",
        "商品属性": "颜色分类：红色;尺码：L",
        "商家编码": "SET3-RED-L",
    }
    details = export("taobao_detail_10", detail, encoding="gbk", name="details.csv")
    (line,) = read_orders([orders, details]).orders[0].order.lines
    assert (line.sku, line.spec) == ("SET3-RED-L", "颜色分类：红色;尺码：L")


def test_quirk_3_what_spreadsheets_wrap_around_values(export):
    path = export("taobao_2017_46", TAOBAO, encoding="gbk")
    path.write_bytes(path.read_bytes().rstrip(b"\r\n") + b",\r\n")  # one field more than the header
    reading = read_orders([path])
    order = reading.orders[0].order
    assert (order.number, order.receiver.phone) == ("990000000000000001", "13800000000")
    assert order.receiver.district == "天河区"  # its header name ends in a blank
    assert reading.rejected == ()
    tabbed = read_orders([export("douyin_2026_75", DOUYIN, encoding="utf-8-sig", name="d.csv")])
    assert tabbed.orders[0].order.number == "6900000000000000001"


def test_quirk_4_a_changed_address_and_a_changed_choice_replace_the_first(export):
    changed = TAOBAO | {
        "修改后的收货地址": "浙江省 杭州市 余杭区 测试街9号(311100)",
        "修改后的sku": "颜色分类：蓝色",
    }
    order = read_orders([export("taobao_2017_46", changed)]).orders[0].order
    assert (order.receiver.district, order.receiver.address) == ("余杭区", "测试街9号")
    assert [(line.spec, line.sku) for line in order.lines] == [("颜色分类：蓝色", "")]
    moved = DOUYIN | {"是否修改过地址": "是", "地址修改时段": "发货前"}
    columns = SETS["douyin_2026_74"]
    (only,) = read_orders([export(columns, moved, name="d.csv")]).orders
    assert json.loads(only.order.raw)[0]["是否修改过地址"] == "是"  # the sheet has the new one


def test_quirk_5_order_columns_repeated_blank_wide_or_joined(export):
    second = JD | {"商品名称": "商品乙", "订购数量": "2", "货号": "JD-1002"}
    jd = read_orders([export("jd_30", JD, second)]).orders[0].order
    assert lines(jd) == [
        ("300000000001-JD-1001", "JD-1001", 1),
        ("300000000001-JD-1002", "JD-1002", 2),
    ]
    assert jd.amount_cents == 50000  # the order's, once
    first = {
        "Name": "#1050",
        "Financial Status": "paid",
        "Fulfillment Status": "unfulfilled",
        "Created at": "2026-05-01 10:00:00 +0200",
        "Lineitem quantity": "1",
        "Lineitem sku": "MAT-100",
        "Lineitem name": "Matcha",
    }
    later = {"Name": "#1050", "Lineitem quantity": "2", "Lineitem sku": "M-50"}
    shopify = read_orders([export("shopify", first, later, name="s.csv")]).orders[0].order
    assert [(line.sku, line.quantity) for line in shopify.lines] == [("MAT-100", 1), ("M-50", 2)]
    woo = {
        "order_id": "88",
        "order_number": "WC-88",
        "order_date": "01/20/2026 09:00:00",
        "status": "processing",
        "Product Item 1 Name": "甲",
        "Product Item 1 SKU": "S1",
        "Product Item 1 Quantity": "2",
    }
    wide = read_orders([export("woocommerce_flat_items", woo, name="w.csv")]).orders[0].order
    assert [(line.sku, line.quantity) for line in wide.lines] == [("S1", 2)]


def test_quirk_5_joined_sub_orders_of_one_sum_are_kept_as_a_problem_row(export):
    joined = DOUYIN | {
        "主订单编号": "\t6900000000000000003",
        "子订单编号": "\t6900000000000000003;6900000000000000004",
        "选购商品": "甲;乙",
        "商家编码": "B02;C03",
        "商品数量": "5",
    }
    reading = read_orders([export("douyin_2026_75", DOUYIN, joined, encoding="utf-8-sig")])
    assert [one.order.number for one in reading.orders] == ["6900000000000000001"]
    (refused,) = reading.rejected
    assert (refused.row, refused.reason.id, refused.number) == (
        3,
        "files.cannot_split",
        "6900000000000000003",
    )
    assert "6900000000000000003;6900000000000000004" in refused.raw
    assert refused.cells[SETS["douyin_2026_75"].index("商品数量")] == "5"


def test_quirk_6_masked_people_are_kept_as_masks_and_never_equal(export):
    other = {"主订单编号": "\t6900000000000000002", "子订单编号": "\t6900000000000000002"}
    reading = read_orders([export("douyin_2026_75", DOUYIN, DOUYIN | other)])
    one, two = (found.order for found in reading.orders)
    hidden = one.receiver
    assert (hidden.name, hidden.phone, hidden) == ("##密文", "$$密文", two.receiver)
    assert same_buyer_key(one, 1) is None
    jd = read_orders([export("jd_30", JD, name="jd.csv")]).orders[0].order
    assert jd.receiver.phone == "1******6198"
    assert same_buyer_key(jd, 1) is None
    columns = [*SETS["pdd_23"], "收货人", "手机", "省", "市", "区", "详细地址"]
    masked = PDD | dict.fromkeys(("收货人", "手机", "省", "市", "区", "详细地址"), "****")
    pdd = read_orders([export(columns, masked, name="p.csv")]).orders[0].order
    assert same_buyer_key(pdd, 1) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-07-01 05:59:20", "2026-07-01 05:59:20"),
        ("2026/07/22 11:00:21", "2026-07-22 11:00:21"),
        ("07/22/2026 11:00:21", "2026-07-22 11:00:21"),
        ("2026-05-01 10:00:00 +0200", "2026-05-01 16:00:00"),
        ("2026-07-01 24:00", "2026-07-02 00:00:00"),
        ("46204.2495370370", "2026-07-01 05:59:20"),  # a spreadsheet's days
    ],
)
def test_quirk_7_times_of_every_kind(export, text, expected):
    reading = read_orders([export("douyin_2026_75", DOUYIN | {"订单提交时间": text})])
    assert reading.orders[0].order.created_at == at(expected)


def test_quirk_7_thousands_separators_and_a_day_out_of_the_number(export):
    rows = [PDD | {"订单号": f"2601{n:02d}-00000000000000{n:02d}"} for n in range(1, 28)]
    reading = read_orders([export("pdd_23", *rows, encoding="utf-8-sig")])
    assert len(reading.orders) == 27
    assert reading.orders[19].order.created_at == at("2026-01-20 00:00:00")
    assert {one.order.amount_cents for one in reading.orders} == {124900}


def test_quirk_8_a_second_header_line_as_in_douyins_settlement(export):
    second = ["" if n != 8 else "收入+支出" for n in range(len(SETS["douyin_2026_75"]))]
    blank = [cell or " " for cell in second]
    reading = read_orders([export("douyin_2026_75", DOUYIN, below=[blank])])
    assert [(one.order.number, one.rows) for one in reading.orders] == [
        ("6900000000000000001", (3,))
    ]
    assert (reading.rejected, reading.files[0].rows) == ((), 1)


def test_quirk_9_two_waybills_of_one_parcel_and_waybill_with_carrier_in_one_cell(export):
    columns = [*SETS["jd_30"], "运单号", "物流公司"]
    two = JD | {"运单号": "JDVA00000000001, JDVA00000000001-1-1-", "物流公司": "京东快递"}
    assert read_orders([export(columns, two)]).waybills == (
        ("300000000001", "JDVA00000000001", "京东快递"),
        ("300000000001", "JDVA00000000001-1-1-", "京东快递"),
    )
    one_cell = DOUYIN | {"快递信息": "SF1234567890123-顺丰速运"}
    (known,) = read_orders([export("douyin_2026_75", one_cell, name="d.csv")]).waybills
    assert known == ("6900000000000000001", "SF1234567890123", "顺丰速运")


@pytest.mark.parametrize(
    ("word", "meaning"),
    [
        ("退款成功", "refunded"),
        ("没有申请退款", "none"),
        ("无退款申请", "none"),
        ("退款小精灵", "unknown"),
    ],
)
def test_quirk_10_refund_words_of_taobao_and_one_nobody_knows(export, word, meaning):
    row = {
        "主订单编号": "990000000000000001",
        "子订单编号": "990000000000000002",
        "标题": "t",
        "购买数量": "1",
        "商品属性": "红",
        "商家编码": "S",
        "退款状态": word,
    }
    taobao = {k.strip(): v for k, v in TAOBAO.items()}
    reading = read_orders(
        [
            export("taobao_2021_67", taobao),
            export("taobao_detail_2026_15", row, name="details.csv"),
        ]
    )
    (line,) = reading.orders[0].order.lines
    assert value_map("taobao").refund_of(line.refund) == meaning


def test_quirk_10_refund_words_of_the_others(export):
    for name, row, word, meaning in (
        ("pdd_23", PDD, "无售后或售后取消", "none"),
        ("douyin_2026_75", DOUYIN, "-", "none"),
        ("douyin_2026_75", DOUYIN, "奇怪的售后", "unknown"),
    ):
        reading = read_orders([export(name, row | {"售后状态": word})])
        channel = reading.files[0].channel
        assert value_map(channel).refund_of(reading.orders[0].order.refund) == meaning, word


def test_quirk_11_columns_are_found_by_name_and_the_rest_is_named(export):
    columns = ["新来的列", *sorted(SETS["jd_30"])]
    reading = read_orders([export(columns, JD | {"新来的列": "值"})])
    assert lines(reading.orders[0].order) == [("300000000001-JD-1001", "JD-1001", 1)]
    assert reading.files[0].unmapped == ("新来的列",)
    sample = {column.name: column.sample for column in reading.files[0].columns}
    assert (sample["新来的列"], sample["货号"]) == ("值", "JD-1001")
    assert json.loads(reading.orders[0].order.raw)[0]["新来的列"] == "值"


@pytest.mark.parametrize("name", sorted(SETS.keys() - {"groupbuy_totals_12"}))
def test_quirk_11_nothing_of_a_known_export_is_asked_about(export, name):
    (facts,) = read_orders([export(name, {})]).files
    assert facts.unmapped == ()


def test_quirk_12_every_row_is_an_order_or_kept_with_file_row_and_reason(export):
    bad = PDD | {"订单号": "260120-000000000000002", "商品数量(件)": "一"}
    path = export("pdd_23", PDD, bad, PDD)
    reading = read_orders([path])
    assert reading.orders == ()  # the same row twice: a repetition or a second piece?
    assert [(r.file, r.row, r.reason.id, r.number) for r in reading.rejected] == [
        (str(path), 2, "files.row_twice", "260120-000000000000001"),
        (str(path), 3, "files.quantity_unreadable", "260120-000000000000002"),
        (str(path), 4, "files.row_twice", "260120-000000000000001"),
    ]
    again = read_orders([path])
    assert again == reading  # a batch can be run again
    counted = read_orders([export("douyin_2026_75", DOUYIN, DOUYIN, name="d.csv")])
    assert reasons(counted) == [(3, "files.row_repeated")]
    assert lines(counted.orders[0].order) == [("6900000000000000001", "SKU-A", 1)]


def test_quirk_13_a_leaders_cell_with_several_items_a_restarting_number_a_station(export):
    row = {
        "跟团号": "1",
        "下单人": "团员甲",
        "支付时间": "2026-01-20 19:50:59",
        "商品": "土猪肉 500g x2；土豆 5斤 *1、鸡蛋 30枚 ×3",
        "订单状态": "已支付",
        "自提点": "一号自提点",
        "收货人": "甲",
        "联系电话": "13800000000",
    }
    tomorrow = row | {"支付时间": "2026-01-21 19:50:59", "商品": "牛奶 250ml*12"}
    reading = read_orders([export("groupbuy_leader_13", row, tomorrow, encoding="gbk")])
    one, two = (found.order for found in reading.orders)
    assert (one.number, two.number) == ("20260120195059-1", "20260121195059-1")
    assert [(line.sku, line.quantity) for line in one.lines] == [
        ("土猪肉 500g", 2),
        ("土豆 5斤", 1),
        ("鸡蛋 30枚", 3),
    ]
    assert [(line.sku, line.title) for line in two.lines] == [("", "牛奶 250ml*12")]  # a size?
    assert one.receiver.address == "一号自提点"


def test_quirk_14_the_way_back_is_three_columns_unless_a_shop_names_its_own():
    row = {"number": "6900000000000000001", "carrier": "中通快递", "waybill": "789"}
    assert ship_back_file([row]).decode("gbk").splitlines() == [
        "订单号,快递公司,快递单号",
        "6900000000000000001,中通快递,789",
    ]
    marked = ship_back_file([row], ["运单号", "订单编号"], encoding="utf-8")
    assert marked.startswith(codecs.BOM_UTF8)
    assert marked.decode("utf-8-sig").splitlines() == ["运单号,订单编号", "789,6900000000000000001"]
    assert field_of("物流公司") == "carrier"
