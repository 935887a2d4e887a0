"""Conflicts and hidden receivers from the command line, against a platform over a real socket."""

import pytest

from core.config import read_config
from core.errors import Problem
from core.sync.pull import refresh
from drivers.simulated.shop import SimLine, SimOrder
from tests.tui.cli.place import LABELLED, READY


@pytest.fixture
def disputed(place):
    """The shop has another number than the one of the labelled order."""
    place.sql(
        "INSERT INTO outbox (uid, kind, key, order_id, parcel_id, state, next_try_at, created_at,"
        " last_answer, theirs) SELECT 'u', 'backhaul', 'backhaul:u', order_id, id, 'conflict', 0,"
        " 0, 'shop has SF1', 'SF1234567' FROM parcels"
    )
    place.id = place.one("SELECT id FROM outbox WHERE kind = 'backhaul'")
    return place


def settle(place, way, *, reason="checked", badge="SV1"):
    return place("outbox", "settle", place.id, way, "--reason", reason, "--as", badge)


def test_a_conflict_is_listed_with_how_it_may_end(disputed):
    told = disputed("outbox")
    assert f"packline outbox settle {disputed.id} adopt by-hand" in told.out
    (row,) = [r for r in disputed("outbox", "--json").data if r["state"] == "conflict"]
    assert (row["theirs"], row["ways"]) == (["SF1234567"], ["adopt", "by_hand"])


def test_it_is_settled_once_and_leaves_a_name_and_a_reason(disputed):
    assert "settled by hand" in settle(disputed, "by-hand").out
    assert "checked" in disputed("where", LABELLED).out
    again = settle(disputed, "by-hand")
    assert (again.status, "no open conflict" in again.err) == (1, True)


def test_a_packer_settles_nothing(disputed):
    disputed("people", "add", "BG7", "Li")
    told = settle(disputed, "adopt", badge="BG7")
    assert (told.status, "Li may not do this" in told.err) == (1, True)
    assert disputed.one("SELECT state FROM outbox WHERE kind = 'backhaul'") == "conflict"


def test_words_that_are_missing_are_named(disputed):
    assert disputed("outbox", "settle", disputed.id, "adopt").status == 2


@pytest.fixture
def hidden(online, platform):
    """A place with an order whose receiver its platform hides."""
    order = SimOrder(lines=(SimLine(sku="CUP", title="杯"),), name="张小明", phone="13800001234")
    online.number = platform.place(order)
    works = online.works()
    refresh(works.store, works.engine.shops[works.place.shops["net"]], online.number)
    works.close()
    return online


def reveal(place, number, badge="SV1"):
    return place("reveal", number, "--reason", "customer called", "--as", badge)


def test_a_receiver_is_printed_once_and_kept_nowhere(hidden):
    told = reveal(hidden, hidden.number)
    assert (told.status, "张小明  13800001234" in told.out) == (0, True)
    kept = b"".join(each.read_bytes() for each in hidden.folder.iterdir() if each.is_file())
    assert hidden.number.encode() in kept
    assert b"13800001234" not in kept
    assert "customer called" in hidden("where", hidden.number).out


def test_a_used_up_quota_says_until_when(hidden, platform):
    platform.decrypts_a_day = 0
    told = reveal(hidden, hidden.number)
    assert (told.status, "again at" in told.err) == (1, True)


def test_a_changed_address_is_fetched_anew_and_said(hidden, platform):
    platform.change_address(hidden.number, "新街3号")
    told = reveal(hidden, hidden.number)
    assert told.status == 0
    assert "fetched anew" in told.out
    assert "新街3号" in told.out


def test_a_shop_of_files_cannot_be_asked(hidden):
    hidden.sql("UPDATE orders SET cipher_ref = 'A' WHERE platform_number = 'T-1001'")
    told = reveal(hidden, READY)
    assert (told.status, "cannot be asked" in told.err) == (1, True)


# --- the next best courier in the configuration -------------------------------------------------


def test_the_carriers_to_ask_next_are_kept_with_the_shop(place):
    place.config.write_text(
        place.config.read_text("utf-8") + 'carrier_then = ["yto", "sto"]\n', "utf-8"
    )
    place.works().close()
    assert place.one("SELECT carrier_then FROM shops WHERE code = 'tb'") == "yto sto"


@pytest.mark.parametrize("wrong", ['"yto"', "[1]", '["y t o"]'])
def test_a_list_of_carriers_that_is_none_is_explained(place, wrong):
    place.config.write_text(place.config.read_text("utf-8") + f"carrier_then = {wrong}\n", "utf-8")
    with pytest.raises(Problem) as refused:
        read_config(place.config)
    assert refused.value.message.data["key"] == "shops[1].carrier_then"
