"""One order is taken by one shop, under whatever name its platform's files go."""

import pytest

from tests.tui.cli.test_cli_files import numbers

HEAD = "订单编号,买家会员名,买家支付宝账号,订单状态,订单创建时间,宝贝标题,宝贝总数量,买家留言"
HEAD += ",外部系统编号\n"
TMALL = HEAD + "5001,n,,买家已付款,2026-01-20 10:00:00,杯子,1,无,CUP\n"
GROUP = (
    "订单号,团购标题,跟团号,商品,数量,下单时间,收货人\nKTT-1,今晚,1,土豆,1,2026-01-20 10:00:00,张\n"
)


@pytest.fixture
def shops(place):
    """A place with the shops that are named, instead of its own."""

    def configured(*channels, more=""):
        text = place.config.read_text("utf-8")
        start = text[: text.index("[[shops]]")]
        each = (
            f'[[shops]]\ncode = "{channel}{n}"\nname = "{channel}"\nchannel = "{channel}"\n{more}'
            for n, channel in enumerate(channels)
        )
        place.config.write_text(start + "\n".join(each), "utf-8")
        (place.folder / "orders.csv").write_text(TMALL, "gb18030")
        (place.folder / "group.csv").write_text(GROUP, "utf-8")
        return place

    return configured


def test_a_tmall_file_goes_to_the_only_tmall_shop_although_it_reads_as_taobao(shops):
    place = shops("tmall")
    assert place("import", "orders.csv").status == 0
    assert numbers(place, "tmall0") == ["5001"]
    assert place.one("SELECT count(*) FROM shops WHERE code LIKE 'file-%'") == 0


def test_a_group_buy_file_goes_to_the_only_shop_of_its_platform(shops):
    place = shops("ktt")
    assert place("import", "group.csv").status == 0
    assert numbers(place, "ktt0") == ["KTT-1"]


def test_a_shop_behind_an_aggregator_is_of_its_platform(shops):
    place = shops("kuaidi100", more='platform = "tmall"\n')
    assert place("import", "orders.csv").status == 0
    assert numbers(place, "kuaidi1000") == ["5001"]


def test_with_several_shops_of_a_family_the_file_asks_and_nothing_is_taken(shops):
    place = shops("tmall", "taobao")
    told = place("import", "orders.csv")
    assert told.status == 1
    assert all(word in told.err for word in ("--shop", "tmall0", "taobao1"))
    assert place.one("SELECT count(*) FROM orders WHERE platform_number = '5001'") == 0


def test_an_order_of_a_sister_shop_is_for_a_person_and_never_taken_twice(shops):
    place = shops("tmall", "taobao")
    assert place("import", "orders.csv", "--shop", "tmall0").status == 0
    told = place("import", "orders.csv", "--shop", "taobao1")
    assert told.status == 1
    assert "tmall0" in told.out
    assert place.one("SELECT count(*) FROM orders WHERE platform_number = '5001'") == 1
    (row,) = place("rejected", "--json").data
    assert (row["reason"], row["number"], row["cells"]["宝贝标题"]) == (
        "import.sister",
        "5001",
        "杯子",
    )
    assert place("import", "orders.csv", "--shop", "tmall0").status == 0
    assert place("rejected", "--json").data == []


def test_shops_that_count_their_orders_by_themselves_may_have_equal_numbers(shops):
    place = shops("shopify", "shopify")
    text = (
        "Name,Financial Status,Fulfillment Status,Created at,Lineitem quantity,Lineitem name,"
        "Lineitem sku\n#1050,paid,unfulfilled,2026-01-20 10:00:00 +0800,1,Cup,CUP\n"
    )
    (place.folder / "s.csv").write_text(text, "utf-8")
    for shop in ("shopify0", "shopify1"):
        assert place("import", "s.csv", "--shop", shop).status == 0
        assert numbers(place, shop) == ["#1050"]


def test_the_seventh_of_another_leader_never_replaces_an_order_that_is_here(shops):
    place = shops("groupbuy")
    head = "跟团号,下单人,支付时间,商品,订单状态,收货人,联系电话\n"
    for name, person, phone in (("a", "甲", "13800000001"), ("b", "乙", "13800000002")):
        text = f"{head}7,{person},2026-01-20,土豆 x1,已支付,{person},{phone}\n"
        (place.folder / f"{name}.csv").write_text(text, "utf-8")
    assert place("import", "a.csv").status == 0
    told = place("import", "b.csv")
    assert (told.status, "20260120-7" in told.out) == (1, True)
    assert (
        place.one(
            "SELECT group_concat(receiver_name) FROM orders o JOIN shops s"
            " ON s.id = o.shop_id WHERE s.code = 'groupbuy0'"
        )
        == "甲"
    )
    (place.folder / "again.csv").write_bytes((place.folder / "a.csv").read_bytes() + b"\n")
    assert place("import", "again.csv").status == 0
