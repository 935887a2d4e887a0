"""Every header set seen in the field: recognised, and one row of it becomes an order."""

import csv
import io
import json
from pathlib import Path

import pytest

from drivers.channels.files import read_orders

HEADERS = json.loads((Path(__file__).parent / "order_export_headers.json").read_text("utf-8"))
SETS = {name: one["columns"] for name, one in HEADERS["headers"].items()}

LONG = {
    "number": "990000000000000017",
    "sku": "SKU-1",
    "quantity": "2",
    "title": "测试商品",
    "created": "2026-01-20 09:00:00",
    "paid": "2026-01-20 09:00:30",
}
VALUES = {
    "订单编号": LONG["number"],
    "订单号": LONG["number"],
    "主订单编号": LONG["number"],
    "子订单编号": "990000000000000018",
    "Name": "#1051",
    "order_id": "88",
    "order_number": "WC-88",
    "跟团号": "7",
    "商家编码": LONG["sku"],
    "商家编码-规格维度": LONG["sku"],
    "外部系统编号": LONG["sku"],
    "货号": LONG["sku"],
    "Lineitem sku": LONG["sku"],
    "Product Item 1 SKU": LONG["sku"],
    "Product Item 1 Name": LONG["title"],
    "Product Item 1 Quantity": "2",
    "Product Item 1 Total": "20.00",
    "标题": LONG["title"],
    "商品": LONG["title"],
    "商品名称": LONG["title"],
    "商品标题": LONG["title"],
    "宝贝标题": LONG["title"],
    "选购商品": LONG["title"],
    "全部商品名称": LONG["title"],
    "Lineitem name": LONG["title"],
    "购买数量": "2",
    "商品数量": "2",
    "商品数量(件)": "2",
    "宝贝总数量": "2",
    "订购数量": "2",
    "数量": "2",
    "Lineitem quantity": "2",
    "订单状态": "待发货",
    "Fulfillment Status": "unfulfilled",
    "Financial Status": "paid",
    "status": "processing",
    "订单创建时间": LONG["created"],
    "下单时间": LONG["created"],
    "订单提交时间": LONG["created"],
    "订单成交时间": LONG["created"],
    "Created at": "2026-01-20 09:00:00 +0800",
    "order_date": "01/20/2026 09:00:00",
    "支付时间": LONG["paid"],
    "买家付款时间": LONG["paid"],
    "收货人": "张三",
    "收货人姓名": "张三",
    "收件人": "张三",
    "客户姓名": "张三",
    "Shipping Name": "张三",
    "billing_first_name": "张",
    "billing_last_name": "三",
    "联系手机": "'13800000000",
    "联系电话": "13800000000",
    "收件人手机号": "13800000000",
    "详细地址": "广东省广州市天河区测试路1号",
    "收货地址": "广东省 广州市 天河区 测试路1号(510000)",
    "销售数量": "12",
    "客户地址": "广东省广州市天河区测试路1号",
    "退款状态": "没有申请退款",
    "退款金额": "无退款申请",
}

# set -> (layout, channel, number, sku of the only line, quantity)
EXPECTED = {
    "taobao_2017_46": ("taobao", "taobao", LONG["number"], "", 2),
    "taobao_2021_67": ("taobao", "taobao", LONG["number"], "", 2),
    "taobao_2026_subset_10": ("taobao", "taobao", LONG["number"], "", 1),
    "tmall_addr_8": ("tmall", "tmall", LONG["number"], "", 1),
    "jd_30": ("jd", "jd", LONG["number"], "SKU-1", 2),
    "douyin_2026_75": ("douyin", "douyin", LONG["number"], "SKU-1", 2),
    "douyin_2026_74": ("douyin", "douyin", LONG["number"], "SKU-1", 2),
    "douyin_21": ("douyin", "douyin", LONG["number"], "SKU-1", 2),
    "pdd_23": ("pdd", "pdd", LONG["number"], "SKU-1", 2),
    "youzan_9": ("youzan", "youzan", LONG["number"], "", 1),
    "groupbuy_leader_13": ("groupbuy_leader", "groupbuy", "20260120090030-7", "", 1),
    "groupbuy_platform_25": ("groupbuy", "groupbuy", LONG["number"], "测试商品", 2),
    "shopify": ("shopify", "shopify", "#1051", "SKU-1", 2),
    "woocommerce_webtoffee_head": ("woocommerce", "woocommerce", "WC-88", "", 1),
    "woocommerce_flat_items": ("woocommerce", "woocommerce", "WC-88", "SKU-1", 2),
}


def write(path: Path, columns: list[str], *rows: list[str]) -> Path:
    page = io.StringIO(newline="")
    csv.writer(page).writerows([columns, *rows])
    path.write_bytes(page.getvalue().encode("gb18030"))
    return path


def row(columns: list[str], **other: str) -> list[str]:
    values = VALUES | other
    return [values.get(name.strip(), "") for name in columns]


@pytest.mark.parametrize("name", EXPECTED)
def test_a_row_under_every_header_set_becomes_an_order(tmp_path, name):
    layout, channel, number, sku, quantity = EXPECTED[name]
    columns = SETS[name]
    reading = read_orders([write(tmp_path / "orders.csv", columns, row(columns))])
    assert reading.rejected == ()
    (facts,) = reading.files
    assert (facts.layout, facts.channel, facts.rows) == (layout, channel, 1)
    order = reading.orders[0].order
    assert order.number == number
    assert [(line.sku, line.quantity) for line in order.lines] == [(sku, quantity)]
    assert order.status in ("待发货", "unfulfilled", "processing", "")
    if "收货人姓名" in order.raw or "客户姓名" in order.raw or "详细地址" in order.raw:
        assert order.receiver.name == "张三"
        assert order.receiver.district == "天河区"
        assert order.receiver.phone in ("13800000000", "")


@pytest.mark.parametrize("name", ["taobao_detail_10", "taobao_detail_2026_15"])
def test_every_detail_header_is_joined(tmp_path, name):
    orders = write(tmp_path / "o.csv", SETS["taobao_2021_67"], row(SETS["taobao_2021_67"]))
    details = write(tmp_path / "d.csv", SETS[name], row(SETS[name]))
    reading = read_orders([orders, details])
    assert reading.rejected == ()
    (line,) = reading.orders[0].order.lines
    assert (line.sku, line.quantity) == ("SKU-1", 2)
    expected = "没有申请退款" if "退款状态" in SETS[name] else "无退款申请"
    assert line.refund == expected


def test_purchase_totals_are_refused_by_name(tmp_path):
    columns = SETS["groupbuy_totals_12"]
    reading = read_orders([write(tmp_path / "t.csv", columns, row(columns))])
    assert [r.reason.id for r in reading.rejected] == ["files.totals"]


def test_all_header_sets_are_covered():
    assert SETS.keys() - EXPECTED.keys() == {
        "taobao_detail_10",
        "taobao_detail_2026_15",
        "groupbuy_totals_12",
    }


@pytest.mark.parametrize("name", ["jd_30", "douyin_2026_75", "shopify", "groupbuy_platform_25"])
def test_column_order_does_not_matter(tmp_path, name):
    columns = SETS[name]
    turned = columns[::-1]
    one = read_orders([write(tmp_path / "a.csv", columns, row(columns))]).orders[0].order
    other = read_orders([write(tmp_path / "b.csv", turned, row(turned))]).orders[0].order
    assert one.lines == other.lines
    assert (one.number, one.receiver, one.created_at) == (
        other.number,
        other.receiver,
        other.created_at,
    )


def test_every_alias_of_a_number_and_a_sku_is_known(tmp_path):
    for number in HEADERS["aliases"]["order_no"]:
        columns = [number, "SKU编号", "件数", "订单状态", "下单时间", "商品名称"]
        cells = ["A-1001", "S1", "3", "待发货", LONG["created"], "x"]
        reading = read_orders([write(tmp_path / "g.csv", columns, cells)])
        assert [o.order.number for o in reading.orders] == ["A-1001"], number
        assert reading.files[0].layout == "generic"
    for sku in HEADERS["aliases"]["sku"]:
        if "Product Item" in sku:
            continue
        columns = ["订单号", sku, "件数", "下单时间", "商品名称"]
        cells = ["A-1001", "S1", "3", LONG["created"], "x"]
        reading = read_orders([write(tmp_path / "g.csv", columns, cells)])
        assert [o.order.lines[0].sku for o in reading.orders] == ["S1"], sku


def test_a_mapping_of_the_shop_goes_first_and_the_rest_is_listed(tmp_path):
    columns = ["流水", "物料", "几件", "时间", "商家编码", "奇怪的列"]
    path = write(tmp_path / "x.csv", columns, ["X1", "M1", "2", LONG["created"], "no", "?"])
    mapping = {
        "流水": "number",
        "物料": "sku",
        "几件": "quantity",
        "时间": "created",
        "商家编码": "",
    }
    reading = read_orders([path], mapping=mapping)
    order = reading.orders[0].order
    assert (order.number, order.lines[0].sku, order.lines[0].quantity) == ("X1", "M1", 2)
    assert reading.files[0].unmapped == ("奇怪的列",)
    (refused,) = read_orders([path]).rejected
    assert refused.reason.id == "files.columns_missing"
    assert [m.id for m in refused.reason.data["missing"]] == [
        "column.number",
        "column.quantity",
        "column.created",
    ]
