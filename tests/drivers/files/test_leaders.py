"""Leaders' sheets: numbers that are made up, whose group it was, goods somebody comes for."""

import csv
import io

import pytest

from drivers.channels.files import Namesake, read_orders

COLUMNS = ("跟团号", "下单人", "支付时间", "商品", "订单状态", "收货人", "联系电话", "详细地址")
SEVENTH = ("7", "团员甲", "2026-01-20", "土豆 x1", "已支付", "甲", "13800000001", "测试路1号")
OTHER = ("7", "团员乙", "2026-01-20", "土豆 x1", "已支付", "乙", "13800000002", "测试路2号")


@pytest.fixture
def sheet(tmp_path):
    """A leader's sheet under a name of its own; more columns say the same for every row."""

    def written(name, *rows, **more):
        page = io.StringIO(newline="")
        csv.writer(page).writerow([*COLUMNS, *more])
        csv.writer(page).writerows([*row, *more.values()] for row in rows)
        path = tmp_path / f"{name}.csv"
        path.write_text(page.getvalue(), "utf-8")
        return path

    return written


def numbers(*paths, **more):
    return [one.order.number for one in read_orders(paths, **more).orders]


def refusals(*paths, **more):
    return [row.reason.id for row in read_orders(paths, **more).rejected]


class Known:
    """A house in which these orders are known."""

    def __init__(self, *namesakes):
        self.namesakes = namesakes

    def __call__(self, channel):
        assert channel == "groupbuy"
        return self

    def against(self, order):
        return None

    def like(self, stem):
        return self.namesakes


def test_the_seventh_of_two_leaders_on_one_day_are_two_orders(sheet):
    one, other = sheet("a", SEVENTH, 团长="团长甲"), sheet("b", OTHER, 团长="团长乙")
    assert len(set(numbers(one, other))) == 2
    assert refusals(one, other) == []
    groups = [sheet("c", SEVENTH, 团购标题="早市"), sheet("d", OTHER, 团购标题="晚市")]
    assert len(set(numbers(*groups))) == 2


def test_the_same_sheet_under_another_name_gives_the_same_numbers(sheet):
    more = {"团长": "团长甲", "团购标题": "今晚8点截单"}
    later = ("7", "团员甲", "2026-01-20", "土豆 x1", "已完成", "甲", "13800000001", "测试路1号")
    found = [numbers(sheet(name, row, **more)) for name, row in (("a", SEVENTH), ("b", later))]
    assert found[0] == found[1]


def test_a_time_written_another_way_gives_the_same_number(sheet):
    row = list(SEVENTH)
    found = set()
    for n, at in enumerate(("2026-01-20 09:05:00", "2026/1/20 9:05", "2026-01-20 09:05")):
        row[2] = at
        found.update(numbers(sheet(str(n), row)))
    assert found == {"20260120090500-7"}


def test_two_leaders_no_sheet_tells_apart_are_for_a_person(sheet):
    """Never one over the other, in one import or in two."""
    one, other = sheet("a", SEVENTH), sheet("b", OTHER)
    assert (numbers(one, other), refusals(one, other)) == (["20260120-7"], ["files.number_taken"])
    known = Known(Namesake("20260120-7", "甲", "13800000001", frozenset({"-土豆"})))
    assert (numbers(other, here=known), refusals(other, here=known)) == ([], ["files.number_taken"])
    assert numbers(one, here=known) == ["20260120-7"]  # the same sheet again is no conflict


@pytest.mark.parametrize(
    ("name", "phone", "goods", "sure"),
    [
        ("甲", "13800000001", "-土豆", True),
        ("甲的新名字", "13800000001", "-土豆", True),  # the phone decides
        ("甲", "13800000009", "-土豆", False),
        ("甲", "", "-土豆", True),
        ("甲", "13800000001", "-猪肉", False),  # nothing in common: another group's order
    ],
)
def test_who_gets_the_goods_says_whether_it_is_the_same_order(sheet, name, phone, goods, sure):
    known = Known(Namesake("20260120-7", name, phone, frozenset({goods})))
    assert bool(numbers(sheet("a", SEVENTH), here=known)) is sure


def test_a_group_that_was_renamed_is_no_second_order(sheet):
    known = Known(Namesake("20260120-7-abcdef", "甲", "13800000001", frozenset({"-土豆"})))
    renamed = sheet("a", SEVENTH, 团购标题="【已截单】今晚8点")
    assert refusals(renamed, here=known) == ["files.group_changed"]
    assert refusals(sheet("b", OTHER, 团购标题="【已截单】今晚8点"), here=known) == []


def test_two_people_under_one_number_in_one_sheet_are_refused(sheet):
    nameless = [(*row[:5], "", "", "") for row in (SEVENTH, OTHER)]
    assert refusals(sheet("a", *nameless)) == ["files.rows_disagree"] * 2


def test_the_leader_the_group_and_the_station_are_told_to_the_floor(sheet):
    more = {"团长": "团长甲", "团长手机号": "13800000099", "团购标题": "今晚", "团长备注": "轻放"}
    path = sheet("a", SEVENTH, **more, 自提点="一号自提点", 自提点地址="小区东门")
    (one,) = read_orders([path]).orders
    note = "轻放 | 今晚 #7 | @团长甲 13800000099 | 一号自提点 小区东门"
    assert one.order.seller_note == note
    assert one.order.receiver.address == "测试路1号"


@pytest.mark.parametrize(
    ("way", "status", "fetched"),
    [
        ("快递配送", "已支付", False),
        ("同城配", "已支付", False),
        ("上门自提", "已支付", True),
        ("", "待自提", True),
    ],
)
def test_goods_that_somebody_comes_for_are_marked(sheet, way, status, fetched):
    row = (*SEVENTH[:4], status, *SEVENTH[5:])
    (one,) = read_orders([sheet("a", row, 物流方式=way)]).orders
    assert one.order.flags == (("self_pickup",) if fetched else ())
