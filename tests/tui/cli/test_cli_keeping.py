"""Keeping a place: products, people, import, the printed sheets, the doctor."""

import re

import pytest

from core.floor import commands
from tests.tui.cli.place import READY, WAYBILL

COLUMNS = (
    "订单编号,买家实际支付金额,订单状态,买家留言,收货人姓名,收货地址,联系手机,"
    "订单创建时间,订单付款时间,宝贝标题,宝贝总数量,商家编码\n"
)
ORDERS = (
    COLUMNS
    + '2001,10.00,"买家已付款,等待卖家发货",,张四,"浙江省 杭州市 西湖区 文一路2号",13800005555,'
    "2026-01-20 10:00:00,2026-01-20 10:01:00,杯子,1,CUP\n"
    '2002,10.00,"买家已付款,等待卖家发货",,,,,2026-01-20 10:00:00,不是时间,杯子,1,CUP\n'
)


def test_an_import_says_what_it_did_and_changes_nothing_the_second_time(place):
    (place.folder / "orders.csv").write_text(ORDERS, "gb18030")
    first = place("import", "orders.csv", "--json")
    done = next(each for each in first.data if each["id"] == "import.done")
    refused = [each for each in first.data if each["id"] == "import.refused"]
    assert (done["new"], done["changed"]) == (1, 0)
    assert [each["row"] for each in refused] == [3]
    assert first.status == 1
    assert "张四" in place("where", "2001").out
    again = next(
        each for each in place("import", "orders.csv", "--json").data if each["id"] == "import.done"
    )
    assert (again["new"], again["changed"], again["same"]) == (0, 0, 1)


def test_an_import_asks_which_shop_when_there_are_several(place):
    for code in ("f1", "f2"):
        place.add(f'[[shops]]\ncode = "{code}"\nname = "{code} 号店"\nchannel = "generic"\n')
    (place.folder / "orders.csv").write_text(ORDERS, "gb18030")
    told = place("import", "orders.csv")
    assert told.status == 1
    assert "f1 f2" in told.err
    place("import", "orders.csv", "--shop", "f2")
    assert "f2 号店" in place("where", "2001").out
    told = place("import", "orders.csv", "--shop", "f3")
    assert told.status == 1
    assert "f3" in told.err


def test_products_free_the_orders_that_waited_for_them(place):
    (place.folder / "p.csv").write_text(
        "sku,title,spec,barcode,weight_g,bin,on_hand\n"
        'NO-SUCH,"Mug, ""new""\nblue",,6901234567915,300,B-02,5\n',
        "utf-8",
    )
    told = place("products", "p.csv")
    assert told.status == 0, told.err
    assert "1 waiting" in told.out
    assert place.one("SELECT on_hand FROM stock WHERE sku_id = 3") == 5


def test_a_file_of_counts_leaves_the_rest_of_a_product_alone(place):
    (place.folder / "p.csv").write_text("sku,on_hand\nCUP,7\n\n", "utf-8-sig")
    assert place("products", "p.csv").status == 0
    assert place.one("SELECT title FROM skus WHERE code = 'CUP'") == "马克杯"
    assert place.one("SELECT on_hand FROM stock WHERE sku_id = 2") == 7
    assert place("doctor", "--no-devices").status == 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name,count\nx,1\n", "no column sku"),
        ("sku,on_hand\nCUP,many\n", "row 2: on_hand"),
        ("sku,title\n,Mug\n", "row 2 has no sku"),
        ("sku,barcode\nCUP,PKDONE1\n", "PKDONE1"),
        ("sku,barcode\nCUP,6901234567892\n", "TEE-L"),
    ],
)
def test_a_wrong_row_of_products_changes_nothing(place, text, said):
    (place.folder / "p.csv").write_text("\n".join(["", *text.splitlines()][1:]), "utf-8")
    before = place.one("SELECT group_concat(code || title) FROM skus")
    told = place("products", "p.csv")
    assert told.status == 1
    assert said in told.err
    assert place.one("SELECT group_concat(code || title) FROM skus") == before


def test_a_badge_is_given_and_retired(place):
    assert place("people", "add", "bg7", "李雷").status == 0
    assert [p["badge"] for p in place("people", "--json").data] == ["BG7", "SV1"]
    for words, said in (
        (("add", "BG7", "x"), "taken"),
        (("add", "PKDONE1", "x"), "looks like a command"),
        (("add", "", "x"), "wanted"),
        (("retire", "BG8"), "BG8"),
    ):
        told = place("people", *words)
        assert told.status == 1
        assert said in told.err
    assert place("people", "retire", "BG7").status == 0
    assert [p["badge"] for p in place("people", "--json").data] == ["SV1"]


@pytest.mark.parametrize("language", ["zh_CN", "en"])
def test_the_sheet_holds_every_command_with_words_of_its_own(capsys, place, language):
    cards = place("commands", "--json", "--language", language).data
    assert [card["code"] for card in cards] == [given.code for given in commands.sheet()]
    words = [card["words"] for card in cards]
    assert len(set(words)) == len(words)
    assert not any(word.startswith("[") for word in words)


def test_sheets_are_printed_for_commands_badges_and_bins(place):
    for option in ((), ("--badges",), ("--bins",)):
        told = place("commands", *option, "--pdf", "sheet.pdf")
        assert told.status == 0, told.err
        assert (place.folder / "sheet.pdf").read_bytes().startswith(b"%PDF")
    assert place("commands", "--badges", "--json").data[0]["code"] == "SV1"
    assert place("commands", "--bins", "--json").data[0]["code"] == "A-01"
    totes = place("commands", "--totes", "120", "--json").data
    assert (totes[0]["code"], totes[-1]["code"], len(totes)) == ("TT001", "TT120", 120)


def test_a_sheet_that_cannot_be_written_says_so(place):
    told = place("commands", "--pdf", place.folder / "no" / "sheet.pdf")
    assert told.status == 1
    assert "sheet.pdf" in told.err


def test_syncing_without_a_shop_that_can_be_asked_says_so(place):
    told = place("sync", "--once")
    assert told.status == 0
    assert "No shop has an interface" in told.err


# --- the doctor ---


def marks(place, *words):
    return {each["id"]: each["mark"] for each in place("doctor", "--json", *words).data}


def test_a_healthy_place_has_nothing_wrong(place):
    place("export-shipped", "--shop", "tb", "out.csv")
    told = place("doctor")
    assert told.status == 0
    assert all(line.startswith("✓ ") for line in told.out.splitlines())
    assert {"doctor.sqlite", "doctor.disk", "doctor.whole", "doctor.chains", "doctor.clock"} <= set(
        marks(place)
    )


@pytest.mark.parametrize(
    ("damage", "found", "mark"),
    [
        (("UPDATE stock SET on_hand = on_hand + 1",), "doctor.stock", "wrong"),
        (
            ("DROP TRIGGER events_stay", "UPDATE events SET station = 'B9' WHERE id = 3"),
            "doctor.chains",
            "wrong",
        ),
        (
            ("DROP TRIGGER events_stay", "UPDATE events SET at = at + 99999999"),
            "doctor.clock_wrong",
            "wrong",
        ),
        (("UPDATE operators SET active = 0",), "doctor.supervisors", "wrong"),
        (("UPDATE outbox SET state = 'conflict'",), "doctor.conflicts", "wrong"),
        (("UPDATE outbox SET state = 'calling'",), "doctor.calling", "mind"),
        (("UPDATE print_jobs SET state = 'in_doubt'",), "doctor.in_doubt", "wrong"),
        (
            ("INSERT INTO evidence (order_id, event_uid, at, path) VALUES (1, 'e', 1, 'a.jpg')",),
            "doctor.photos",
            "wrong",
        ),
        (("PRAGMA user_version = 9999",), "doctor.schema", "wrong"),
    ],
)
def test_the_doctor_finds(place, damage, found, mark):
    place.sql(*damage)
    assert marks(place)[found] == mark
    assert place("doctor").status == (1 if mark == "wrong" else 0)


def test_the_doctor_minds_a_configuration_others_may_read(place):
    place.config.chmod(0o644)
    assert marks(place)["doctor.config"] == "mind"


def test_the_doctor_asks_the_devices(place):
    place.add('[stations.scale]\nkind = "st_gs"\nurl = "/dev/no-such-scale"\n')
    text = place.config.read_text("utf-8")
    head, shop = text.split("[[shops]]")
    scale = shop[shop.index("[stations.scale]") :]
    place.config.write_text(f"{head}{scale}\n[[shops]]{shop[: -len(scale)]}", "utf-8")
    told = place("doctor")
    assert told.status == 0
    assert re.search(r"^! B1 scale: .*no-such-scale", told.out, re.M)
    assert "doctor.device" not in marks(place, "--no-devices")


def test_a_missing_database_is_found(place):
    place.database.unlink()
    told = place("doctor")
    assert told.status == 1
    assert "packline.db" in told.out


def test_freshness_of_a_shop_with_an_interface(place):
    place.config.write_text(
        place.config.read_text("utf-8").replace(
            'channel = "taobao"', 'channel = "taobao"\nurl = "http://127.0.0.1:9"'
        ),
        "utf-8",
    )
    assert marks(place)["doctor.shop_never"] == "mind"
    place.sql("INSERT INTO shop_health (shop_id, fresh_at, fault) VALUES (1, 1, 'auth')")
    assert marks(place)["doctor.shop_down"] == "wrong"
    place.sql("UPDATE shop_health SET fault = '', fresh_at = unixepoch() * 1000")
    assert marks(place)["doctor.shop_fresh"] == "well"


def test_the_waybill_is_found_after_a_backup_is_put_back(place):
    assert place("backup", "b.backup").status == 0
    place.sql(f"UPDATE orders SET platform_number = 'gone' WHERE platform_number = '{READY}'")
    assert place("restore", "b.backup").status == 0
    assert place("where", READY).status == 0
    assert place("where", WAYBILL).status == 0
