"""Looking up: where, slip, and the files that leave."""

import csv
import io
import json

import pytest
import zxingcpp
from PIL import Image

from core.orders.slip import read_qr
from core.store.database import sqlite
from tests.tui.cli.place import HELD, LABELLED, READY, WAYBILL
from tui.ink import width_of


@pytest.mark.parametrize("language", ["zh_CN", "en"])
@pytest.mark.parametrize("number", [READY, LABELLED, HELD])
def test_where_is_readable_in_80_columns(place, language, number):
    told = place("where", number, "--language", language)
    assert told.status == 0
    lines = told.out.splitlines()
    assert max(width_of(line) for line in lines) <= 80
    assert not any(line != line.rstrip() for line in lines)
    assert lines[0].startswith("DB") and lines[0].endswith(number)


def test_where_shows_what_a_buyer_wrote_as_it_is(place):
    assert "请发红色，急[/red]" in place("where", READY).out


@pytest.mark.parametrize("text", [LABELLED, WAYBILL, "1002", "张三2", f"{LABELLED}-1"])
def test_any_number_finds_the_order(place, text):
    told = place("where", text)
    assert told.status == 0
    assert LABELLED in told.out and WAYBILL in told.out


def test_where_tells_why_and_what_is_held(place):
    told = place("where", HELD)
    assert "NO-SUCH" in told.out
    assert "Held: " in told.out
    assert "Ship by" in told.out


def test_where_as_json_is_the_whole_story(place):
    (story,) = place("where", WAYBILL, "--json").data
    assert story["order"]["platform_number"] == LABELLED
    assert story["parcels"][0]["waybill"] == WAYBILL
    assert "waybill_bought" in [moment["kind"] for moment in story["timeline"]]
    assert story["chain_broken_at"] is None


def test_where_says_what_it_could_not_find(place):
    told = place("where", "no such number")
    assert told.status == 1
    assert "no such number" in told.out
    assert place("where", "nothing", "--json").data == []


def test_where_without_a_database_says_so(place):
    place.database.unlink()
    told = place("where", READY)
    assert told.status == 1
    assert "packline.db" in told.err
    assert not place.database.exists()


def test_where_warns_of_an_altered_timeline(place):
    place.sql(
        "DROP TRIGGER events_stay",
        "UPDATE events SET what = '{}' WHERE kind = 'waybill_bought'",
    )
    assert "was altered" in place("where", LABELLED).out


# --- the slip ---


def test_the_slip_in_the_terminal_scans(place):
    told = place("slip", READY)
    assert told.status == 0
    text = decoded(told.out)
    facts = read_qr(text)
    assert facts["goods"] == (("TEE-L", 2), ("CUP", 1))
    assert facts["number"] in told.out
    assert max(width_of(line) for line in told.out.splitlines()) <= 80


def decoded(page: str) -> str:
    """What a camera reads on the terminal: light blocks on black."""
    rows = [line for line in page.splitlines() if set(line) & set("█▀▄")]
    wide = max(map(len, rows))
    image = Image.new("L", (wide, 2 * len(rows)), 0)
    for y, row in enumerate(rows):
        for x, block in enumerate(row.ljust(wide)):
            image.putpixel((x, 2 * y), 255 * (block in "█▀"))
            image.putpixel((x, 2 * y + 1), 255 * (block in "█▄"))
    grown = image.resize((image.width * 6, image.height * 6), Image.Resampling.NEAREST)
    padded = Image.new("L", (grown.width + 80, grown.height + 80), 255)
    padded.paste(grown, (40, 40))
    (code,) = zxingcpp.read_barcodes(padded)
    return code.text


def test_the_slip_says_none_when_the_buyer_wrote_nothing(place):
    lines = place("slip", LABELLED).out.splitlines()
    assert any(line.split() == ["Buyer", "note", "none"] for line in lines)


def test_the_slip_as_picture_page_and_data(place):
    assert place("slip", READY, "--png", "s.png").status == 0
    with Image.open(place.folder / "s.png") as picture:
        codes = [code.text for code in zxingcpp.read_barcodes(picture.convert("L"))]
    assert any(read_qr(text) for text in codes)
    assert place("slip", READY, "--pdf", "s.pdf").status == 0
    assert (place.folder / "s.pdf").read_bytes().startswith(b"%PDF")
    assert place("slip", READY, "--json").data["receiver"]["name"] == "张三1"


@pytest.mark.parametrize(
    "damage", ["buyer_note = NULL", "tier = ''", "summary = (summary)"], ids=["note", "tier", "-"]
)
def test_the_slip_is_refused_without_a_mandatory_field(place, damage):
    place.sql(f"UPDATE orders SET {damage} WHERE platform_number = '{READY}'")
    told = place("slip", READY, "--png", "s.png")
    well = damage.startswith("summary")
    assert told.status == (0 if well else 1)
    assert (place.folder / "s.png").exists() == well


def test_the_slip_asks_which_order_when_a_word_means_several(place):
    place.sql("UPDATE orders SET receiver_name = '同名'")
    told = place("slip", "同名")
    assert told.status == 1
    assert told.err.count("DB") == 3


# --- the file for a shop without interface ---


def shipped(place, *words):
    told = place("export-shipped", "--shop", "tb", "out.csv", *words)
    assert told.status == 0, told.err
    return (place.folder / "out.csv").read_bytes()


def test_the_ship_back_file_is_what_a_platform_imports(place):
    first = shipped(place)
    rows = list(csv.reader(io.StringIO(first.decode("gb18030"))))
    assert rows == [["订单号", "快递公司", "快递单号"], [LABELLED, "中通快递", WAYBILL]]
    assert len(shipped(place).splitlines()) == 1  # it was told
    assert shipped(place, "--again") == first
    assert shipped(place, "--again", "--utf8").decode("utf-8-sig").splitlines()[1].endswith(WAYBILL)


def test_a_voided_parcel_is_not_told_to_the_shop(place):
    place.sql("UPDATE parcels SET voided_at = bought_at")
    assert len(shipped(place).splitlines()) == 1


def test_an_export_begins_at_the_day_that_is_named(place):
    assert len(shipped(place, "--since", "2999-01-01").splitlines()) == 1
    assert len(shipped(place, "--since", "2020-01-01").splitlines()) == 2
    told = place("export-shipped", "--shop", "tb", "out.csv", "--since", "yesterday")
    assert told.status == 1
    assert "yesterday" in told.err


def test_an_unknown_shop_is_refused_with_the_known_ones(place):
    told = place("export-shipped", "--shop", "jd", "out.csv")
    assert told.status == 1
    assert "jd" in told.err and "tb" in told.err


def test_an_export_without_a_file_is_data(place):
    told = place("export-shipped", "--shop", "tb")
    assert json.loads(told.out)[0]["waybill"] == WAYBILL


def test_a_look_up_writes_nothing(place):
    watcher = sqlite.connect(str(place.database))
    before = watcher.execute("PRAGMA data_version").fetchone()
    for words in (("where", READY), ("slip", READY), ("export-shipped", "--shop", "tb")):
        place(*words)
    assert watcher.execute("PRAGMA data_version").fetchone() == before
    watcher.close()
