"""Order export files: the sample files give exactly these orders."""

import shutil
from pathlib import Path

import pytest

from core.clock import SHANGHAI
from core.ports import PlatformLine, PlatformOrder, Receiver
from drivers.channels.files import read_orders

SAMPLES = Path(__file__).parent / "samples"


def at(text: str) -> int:
    """Local Shanghai time as UTC milliseconds."""
    from datetime import datetime

    return int(datetime.fromisoformat(text).replace(tzinfo=SHANGHAI).timestamp()) * 1000


def without_raw(order: PlatformOrder) -> PlatformOrder:
    from dataclasses import replace

    assert order.raw
    assert order.route == "file"
    return replace(order, raw="", route="")


def read(*names: str):
    return read_orders([SAMPLES / name for name in names])


ORDERS, DETAILS = "taobao_gbk_excel_escaped.csv", "taobao_detail_gbk_trailing_comma.csv"


def taobao(n: int, sku: str, spec: str, place: tuple[str, str, str, str], **more) -> PlatformOrder:
    return PlatformOrder(
        **{
            "number": f"99000000000000000{n}",
            "status": "买家已付款，等待卖家发货",
            "created_at": at(f"2026-01-20 09:0{n - 1}:00"),
            "paid_at": at(f"2026-01-20 09:0{n - 1}:30"),
            "modified_at": at(f"2026-01-20 09:0{n - 1}:30"),
            "buyer_key": f"tb_test_{n - 1}",
            "buyer_name": f"tb_test_{n - 1}",
            "receiver": Receiver(
                name="测试甲",
                phone=f"1380000000{n - 1}",
                province=place[0],
                city=place[1],
                district=place[2],
                address=place[3],
            ),
            "buyer_note": "",
            "amount_cents": 5990,
            "lines": (
                PlatformLine(
                    sub_number=f"99000000000000000{n}-{sku}",
                    sku=sku,
                    title="测试三件套",
                    spec=spec,
                    price_cents=5990,
                    status="买家已付款，等待卖家发货",
                ),
            ),
        }
        | more
    )


TAOBAO = [
    taobao(
        1,
        "SET3-RED-L",
        "颜色分类：红色;尺码：L",
        ("广东省", "广州市", "天河区", "测试路1号"),
        buyer_note="请发红色L码，加急",
    ),
    taobao(
        2,
        "SET3-BLU-M",
        "颜色分类：蓝色;尺码：M",
        ("浙江省", "杭州市", "余杭区", "测试街9号"),
    ),
    taobao(
        3,
        "SET3-RED-L",
        "颜色分类：红色;尺码：L",
        ("上海", "上海市", "浦东新区", "测试弄3号"),
        status="交易关闭",
    ),
]


def test_taobao_order_and_detail_files_are_joined():
    reading = read(ORDERS, DETAILS)
    assert [without_raw(o.order) for o in reading.orders] == TAOBAO
    assert [o.rows for o in reading.orders] == [(2,), (3,), (4,)]
    assert reading.rejected == ()
    assert [(f.layout, f.encoding, f.rows, f.notes) for f in reading.files] == [
        ("taobao", "gb18030", 3, ()),
        ("taobao_detail", "gb18030", 3, ()),
    ]


def test_the_order_of_the_two_files_does_not_matter():
    assert set(read(DETAILS, ORDERS).orders) == set(read(ORDERS, DETAILS).orders)


def test_a_taobao_order_file_alone_gives_orders_without_sku_and_says_so():
    reading = read(ORDERS)
    assert [line.sku for o in reading.orders for line in o.order.lines] == ["", "", ""]
    assert reading.orders[0].order.lines[0].title == "测试三件套 红色 L"
    (note,) = reading.files[0].notes
    assert (note.id, note.data["count"]) == ("files.details_missing", 3)


def test_a_taobao_detail_file_alone_is_kept_and_rejected():
    reading = read(DETAILS)
    assert reading.orders == ()
    assert [(r.row, r.reason.id) for r in reading.rejected] == [
        (2, "files.order_missing"),
        (3, "files.order_missing"),
        (4, "files.order_missing"),
    ]
    assert reading.rejected[0].raw.startswith('="990000000000000001","测试三件套"')


def test_details_that_are_not_all_the_order_says_are_refused(tmp_path):
    text = (SAMPLES / DETAILS).read_bytes().decode("gbk")
    path = tmp_path / DETAILS
    path.write_bytes(text.replace('"59.90","1","SET3-BLU-M"', '"59.90","2","SET3-BLU-M"').encode())
    reading = read_orders([SAMPLES / ORDERS, path])
    assert len(reading.orders) == 2
    assert {(Path(r.file).name, r.row, r.reason.id) for r in reading.rejected} == {
        (ORDERS, 3, "files.details_incomplete"),
        (DETAILS, 3, "files.details_incomplete"),
    }


def test_jd_rows_are_lines_of_one_order():
    reading = read("jd_line_rows.csv")
    (only,) = reading.orders
    assert only.rows == (2, 3)
    made = at("2026-01-20 11:00:00")
    assert without_raw(only.order) == PlatformOrder(
        number="300000000001",
        status="等待出库",
        modified_at=made,
        created_at=made,
        receiver=Receiver(
            name="测试乙",
            phone="1******6198",
            province="广东",
            city="深圳市",
            district="福田区",
            address="测试路66号",
        ),
        buyer_note="",
        amount_cents=50000,
        lines=(
            PlatformLine(
                sub_number="300000000001-1001", sku="JD-1001", title="商品甲", status="等待出库"
            ),
            PlatformLine(
                sub_number="300000000001-1002",
                sku="JD-1002",
                title="商品乙",
                quantity=2,
                status="等待出库",
            ),
        ),
    )


def test_douyin_keeps_masks_and_refuses_what_cannot_be_split():
    reading = read("douyin_bom_tabs_masked.csv")
    (only,) = reading.orders
    assert without_raw(only.order) == PlatformOrder(
        number="6900000000000000001",
        status="待发货",
        modified_at=at("2026-01-20 10:00:10"),
        created_at=at("2026-01-20 10:00:00"),
        paid_at=at("2026-01-20 10:00:10"),
        ship_by=at("2026-01-22 10:00:10"),
        refund="-",
        receiver=Receiver(
            name="##密文",
            phone="$$密文",
            province="广东省",
            city="广州市",
            district="天河区",
            address="测试街道 ##密文",
        ),
        buyer_note="",
        lines=(
            PlatformLine(
                sub_number="6900000000000000001",
                sku="SKU-A-RED-L",
                title="测试商品A",
                status="待发货",
                refund="-",
            ),
        ),
    )
    (refused,) = reading.rejected
    assert (refused.row, refused.reason.id, dict(refused.reason.data)) == (
        3,
        "files.cannot_split",
        {"parts": 2, "quantity": "5"},
    )
    assert "6900000000000000003;6900000000000000004" in refused.raw


def test_pdd_without_a_time_takes_the_day_in_its_number():
    reading = read("pdd_blank_time_thousands.csv")
    (only,) = reading.orders
    day = at("2026-01-20 00:00:00")
    number = "260120-000000000000001"
    assert without_raw(only.order) == PlatformOrder(
        number=number,
        status="待发货",
        modified_at=day,
        created_at=day,
        refund="无售后或售后取消",
        receiver=Receiver(province="****", city="****", district="****"),
        amount_cents=124900,
        lines=(
            PlatformLine(
                sub_number=f"{number}-PDD-SKU-1",
                sku="PDD-SKU-1",
                title="测试横幅",
                status="待发货",
                refund="无售后或售后取消",
            ),
        ),
    )
    assert reading.rejected == ()


def test_shopify_blanks_after_the_first_line_and_a_line_break_in_a_cell():
    reading = read("shopify_multiline_newline_in_cell.csv")
    (only,) = reading.orders
    assert only.rows == (2, 4)
    assert without_raw(only.order) == PlatformOrder(
        number="#1050",
        status="unfulfilled",
        modified_at=at("2026-01-20 10:00:00"),
        created_at=at("2026-01-20 09:59:00"),
        paid_at=at("2026-01-20 10:00:00"),
        refund="paid",
        buyer_key="a@example.com",
        receiver=Receiver(name="Test One", city="Gouda", address="Line 1 Apt 2 2801AA"),
        buyer_note="",
        amount_cents=10090,
        lines=(
            PlatformLine(
                sub_number="#1050-MAT-100", sku="MAT-100", title="Matcha 100 g", refund="paid"
            ),
            PlatformLine(
                sub_number="#1050-MAT-50",
                sku="MAT-50",
                title="Matcha 50 g",
                quantity=2,
                refund="paid",
            ),
        ),
    )


def test_group_buy_words_are_the_merchant_code():
    reading = read("groupbuy_leader.csv")
    assert [o.order.number for o in reading.orders] == ["GB0000", "GB0001"]
    order = reading.orders[0].order
    made = at("2026-01-20 19:50:59")
    assert without_raw(order) == PlatformOrder(
        number="GB0000",
        status="已支付",
        modified_at=made,
        created_at=made,
        buyer_name="团员0",
        receiver=Receiver(name="团员0", address="一号自提点"),
        buyer_note="",
        seller_note="今晚8点截单 #1 | @团长甲 13800000099",
        flags=("self_pickup",),
        lines=(
            PlatformLine(
                sub_number="GB0000-土猪肉 500g",
                sku="土猪肉 500g",
                title="土猪肉 500g",
                quantity=2,
                status="已支付",
            ),
        ),
    )
    assert reading.orders[1].order.receiver.address == "二号自提点"


def test_reading_twice_gives_the_same(tmp_path):
    names = sorted(p.name for p in SAMPLES.iterdir())
    assert read(*names) == read(*names)
    for name in names:
        shutil.copy(SAMPLES / name, tmp_path / name)
    again = read_orders([tmp_path / name for name in names])
    assert [o.order for o in again.orders] == [o.order for o in read(*names).orders]


@pytest.mark.parametrize(
    ("codec", "delimiter"),
    [
        ("utf-8", ","),
        ("utf-8-sig", "\t"),
        ("gbk", ";"),
        ("gb18030", "\t"),
        ("utf-16", "\t"),
        ("utf-16-le", ","),
        ("utf-16-be", "\t"),
    ],
)
def test_every_encoding_and_delimiter_reads_the_same(tmp_path, codec, delimiter):
    import csv
    import io

    text = (SAMPLES / "jd_line_rows.csv").read_bytes().decode("gbk")
    page = io.StringIO(newline="")
    csv.writer(page, delimiter=delimiter).writerows(csv.reader(io.StringIO(text)))
    path = tmp_path / "jd.csv"
    path.write_bytes(page.getvalue().encode(codec))
    assert [o.order for o in read_orders([path]).orders] == [
        o.order for o in read("jd_line_rows.csv").orders
    ]


def test_a_stray_quote_in_the_first_header_cell_survives(tmp_path):
    path = tmp_path / "taobao.csv"
    path.write_bytes(b'"' + (SAMPLES / ORDERS).read_bytes())
    reading = read_orders([path, SAMPLES / DETAILS])
    assert [without_raw(o.order) for o in reading.orders] == TAOBAO
