"""Taobao's two files, given one after the other: details complete the orders that are here."""

import shutil
from pathlib import Path

import pytest

from tests.tui.cli.test_cli_files import alerts, settled
from tui.wiring import folder_of

SAMPLES = Path(__file__).parents[2] / "drivers" / "files" / "samples"
ORDERS, DETAILS = "taobao_gbk_excel_escaped.csv", "taobao_detail_gbk_trailing_comma.csv"
FIRST = "990000000000000001"
SKUS = (
    "SELECT group_concat(sku_code) FROM order_lines l JOIN orders o ON o.id = l.order_id"
    f" WHERE o.platform_number = '{FIRST}' AND wanted > 0"
)


@pytest.fixture
def taobao(place):
    place.config.write_text(
        place.config.read_text("utf-8").replace(
            'tier = "standard"', 'tier = "standard"\nfolder = "in"'
        ),
        "utf-8",
    )
    (place.folder / "in").mkdir()
    for name in (ORDERS, DETAILS):
        shutil.copy(SAMPLES / name, place.folder / name)
    return place


@pytest.fixture
def watched(taobao):
    works = taobao.works()
    folder = folder_of(works, works.config.shops[0])

    def drop(name):
        settled(taobao.folder / "in" / name, (SAMPLES / name).read_bytes())
        return folder.look()

    yield taobao, works, drop
    works.close()


def open_holds(place):
    return place.one(
        "SELECT group_concat(reason) FROM holds h JOIN orders o ON o.id = h.order_id"
        f" WHERE o.platform_number = '{FIRST}' AND released_at IS NULL"
    )


def test_details_that_come_later_complete_the_orders(watched):
    place, _, drop = watched
    assert drop(ORDERS) == 1
    assert open_holds(place) == "missing_sku"
    assert drop(DETAILS) == 1
    assert place.one(SKUS) == "SET3-RED-L"
    assert open_holds(place) == "unknown_sku"  # it is no product of this warehouse
    assert (place.folder / "in" / "done" / DETAILS).exists()


def test_details_that_come_first_wait_for_their_orders(watched):
    place, works, drop = watched
    assert drop(DETAILS) == 0
    assert (place.folder / "in" / DETAILS).exists()
    assert alerts(works) == [("file_waits", True)]
    assert drop(ORDERS) == 2
    assert place.one(SKUS) == "SET3-RED-L"
    assert (place.folder / "in" / "done" / DETAILS).exists()


def test_given_again_in_any_order_they_change_nothing(taobao):
    for name in (ORDERS, DETAILS):
        assert taobao("import", name).status == 0
    assert taobao("rejected", "--json").data == []
    kept = taobao.one("SELECT group_concat(quote(digest)) FROM orders")
    told = taobao("import", DETAILS)
    assert (told.status, "3 the same" in told.out) == (0, True), told.out
    assert taobao("import", ORDERS).status == 0
    assert taobao.one("SELECT group_concat(quote(digest)) FROM orders") == kept
    assert taobao.one(SKUS) == "SET3-RED-L"


def test_refused_details_stay_until_they_are_used(taobao):
    assert taobao("import", DETAILS).status == 1
    assert taobao("import", ORDERS).status == 0
    waiting = taobao("rejected", "--json").data
    assert {row["reason"] for row in waiting} == {"files.order_missing"}  # not lost with the order
    assert taobao("import", DETAILS).status == 0
    assert taobao("rejected", "--json").data == []


def test_details_that_are_not_all_of_an_order_complete_nothing(taobao):
    assert taobao("import", ORDERS).status == 0
    path = taobao.folder / DETAILS
    text = (
        path.read_bytes()
        .decode("gbk")
        .replace('"59.90","1","SET3-RED-L"', '"59.90","2","SET3-RED-L"')
    )
    path.write_bytes(text.encode("gbk"))
    told = taobao("import", DETAILS)
    assert (told.status, "has 1 pieces, its details 2" in told.out) == (1, True)
    assert open_holds(taobao) == "missing_sku"
