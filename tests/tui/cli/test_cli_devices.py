"""Devices on real wires: listed, asked, learnt; and what a scale says."""

import io
import json
import threading
import time

import pytest

from core.config import read_config
from drivers.simulated.printer import SimulatedPrinter
from drivers.simulated.scale import SimulatedScale
from drivers.simulated.scanner import SimulatedKeys, SimulatedScanner
from tests.until import until
from tui.commands.setup import Ear, first_heard, learn_scanner, listener
from tui.wiring import scale_of, scanner_of


@pytest.fixture
def scanner(tmp_path):
    device = SimulatedScanner(tmp_path / "scanner")
    yield device
    device.close()


@pytest.fixture
def scale(tmp_path):
    device = SimulatedScale("st_gs", path=tmp_path / "scale", rate_hz=40, settle_ms=1, baud=115200)
    yield device
    device.close()


def furnish(place, text):
    """Devices for the only bench."""
    whole = place.config.read_text("utf-8")
    head, shop = whole.split("[[shops]]")
    place.config.write_text(f"{head}{text}\n[[shops]]{shop}", "utf-8")


def bench_devices(**urls):
    tables = {
        "scanner": '[[stations.scanners]]\nkind = "serial"\nurl = "{}"\n',
        "scale": '[stations.scale]\nkind = "st_gs"\nurl = "{}"\nbaud = 9600\n',
        "printer": '[stations.printer]\nkind = "zpl"\nurl = "{}"\n',
        "camera": '[stations.camera]\nkind = "command"\nurl = "{}"\n',
    }
    return "".join(tables[kind].format(url) for kind, url in urls.items())


def test_every_device_of_a_bench_is_asked(place, scanner, scale):
    with SimulatedPrinter() as printer:
        furnish(
            place, bench_devices(scanner=scanner.path, scale=scale.path, printer=printer.address)
        )
        told = place("devices", "--json")
    answers = {each["device"]: each for each in told.data["stations"]["B1"]}
    assert {name: each["well"] for name, each in answers.items()} == {
        "B1 serial": True,
        "B1 scale": True,
        "B1 printer": True,
    }
    assert "0" in answers["B1 scale"]["said"]
    assert told.status == 0


def test_absent_devices_are_named_with_what_to_do(place):
    furnish(
        place,
        bench_devices(
            scanner="/dev/no-scanner",
            scale="/dev/no-scale",
            printer="tcp://127.0.0.1:9",
            camera="no-such-program",
        ),
    )
    told = place("devices")
    assert told.status == 1
    bad = [line for line in told.out.splitlines() if line.startswith("  ✗ B1")]
    assert len(bad) == 4
    for name in ("no-scanner", "no-scale", "127.0.0.1:9", "no-such-program"):
        assert name in told.out


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ('[stations.scale]\nkind = "abacus"\nurl = "x"\n', "abacus"),
        ('[stations.scale]\nkind = "st_gs"\nurl = "x"\nspeed = 1\n', "speed"),
        ('[[stations.scanners]]\nkind = "serial"\nurl = "x"\nsuffix = "BELL"\n', "BELL"),
        ('[[stations.scanners]]\nkind = "nose"\nurl = "x"\n', "serial | evdev | hidpos"),
        ('[[stations.scanners]]\nkind = "evdev"\nurl = "x"\nlayout = "klingon"\n', "klingon"),
    ],
)
def test_a_wrong_setting_of_a_device_is_named(place, table, said):
    furnish(place, table)
    told = place("devices")
    assert told.status == 1
    assert said in told.out


def test_line_settings_of_the_configuration_reach_the_device(place):
    furnish(
        place,
        '[stations.scale]\nkind = "toledo_8217"\nurl = "x"\nbaud = 4800\nparity = "O"\n'
        'polled = false\n[[stations.scanners]]\nkind = "serial"\nurl = "y"\nsuffix = "crlf"\n'
        "baud = 19200\n",
    )
    config = read_config(place.config)
    scale = scale_of(config.station("B1").scale, "B1", config)
    assert (scale._line.baud, scale._line.bytesize, scale._line.parity) == (4800, 7, "O")
    assert scale._polled is False
    scanner = scanner_of(config.station("B1").scanners[0], "B1", config, print, scale._clock)
    assert scanner._link._baud == 19200


def test_what_is_plugged_in_is_listed_without_a_configuration(capsys):
    from tests.tui.cli.place import packline

    told = packline(capsys, "devices")
    assert told.status == 0
    assert "Plugged in" in told.out and "packline init" in told.out
    rules = packline(capsys, "devices", "udev")
    assert rules.out.startswith("# /etc/udev/rules.d/70-packline.rules")


# --- setting a bench up ---


def scanning(device, text="6901234567892"):
    """Somebody who keeps scanning until he is heard."""
    done = threading.Event()

    def scan():
        while not done.is_set():
            device.scan(text)
            done.wait(0.05)

    threading.Thread(target=scan, daemon=True).start()
    return done


def test_a_bench_is_set_up_by_listening(place, scanner, scale, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("\ny\nkg\n"))
    scale.put(1250)
    done = scanning(scanner)
    told = place(
        "devices", "setup", "--station", "B1", "--scanner", scanner.path, "--scale", scale.path
    )
    done.set()
    assert told.status == 0, told.err
    assert "6901234567892" in told.out and "1.250" in told.out
    station = read_config(place.config).station("B1")
    assert [(each.kind, each.url) for each in station.scanners] == [("serial", str(scanner.path))]
    assert (station.scale.kind, station.scale.url) == ("st_gs", str(scale.path))
    assert station.scale.options["baud"] == 9600
    assert "# the bench beside the door" in place.config.read_text("utf-8")
    assert place("devices").status == 0


def test_nothing_heard_leaves_the_configuration_alone(place, scanner, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("s\n"))
    before = place.config.read_bytes()
    told = place(
        "devices", "setup", "--station", "B1", "--scanner", scanner.path,
        "--scale", scanner.path, "--wait", "0.2",
    )  # fmt: skip
    assert told.status == 1
    assert place.config.read_bytes() == before


def test_a_file_in_another_style_gets_its_table_to_paste(place, scanner, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("s\n"))
    text = place.config.read_text("utf-8").replace("[[stations]]", '[["stations"]]')
    place.config.write_text(text, "utf-8")
    done = scanning(scanner)
    told = place(
        "devices", "setup", "--station", "B1", "--scanner", scanner.path, "--scale", scanner.path
    )
    done.set()
    assert told.status == 0
    assert f'[[stations.scanners]]\nkind = "serial"\nurl = "{scanner.path}"' in told.out
    assert place.config.read_text("utf-8") == text


def test_a_person_who_types_is_no_scanner(tmp_path, place):
    """The same code from the same kind of device: at once it is a scanner, slowly it is not."""
    import queue

    from core.clock import SystemClock
    from drivers.simulated.scanner import tap

    keys = SimulatedKeys(tmp_path / "keys")
    heard = queue.SimpleQueue()
    ear = Ear("evdev", str(keys.path))
    live = listener(ear, heard.put, SystemClock())
    live.start()
    try:
        until(lambda: live.state.connected)
        for code in (2, 3, 4, 5):
            keys.write(tap(code))
            time.sleep(0.06)  # the pace of a person is what is tested
        keys.write(tap(28))
        until(lambda: not live._decoder.pending)
        keys.scan("6901234567892")
        assert first_heard(heard, 5.0) == ear
        assert heard.empty()
    finally:
        live.stop()
        keys.close()


def test_learning_ends_after_its_time(capsys):
    from core.clock import SystemClock

    assert learn_scanner([], SystemClock(), 0.1) is None
    assert "PACKLINE-2026" in capsys.readouterr().out


# --- the scale ---


def test_a_scale_is_recognised(place, scale):
    scale.put(1250)
    told = place("scale", "detect", scale.path, "--json")
    assert told.status == 0
    best = told.data["guesses"][0]
    assert (best["protocol"], best["weight"], best["baud"]) == ("st_gs", "1.250", 9600)


def test_a_scale_that_is_not_there_is_said(place):
    told = place("scale", "detect", "/dev/no-such-scale")
    assert told.status == 1
    assert "no-such-scale" in told.err


def test_a_recording_is_replayed_and_recognised(place, scale):
    scale.put(1250)
    assert place("scale", "record", scale.path, "s.jsonl", "--seconds", "0.4").status == 0
    replayed = place("scale", "replay", "s.jsonl", "--protocol", "st_gs", "--option", "unit=kg")
    readings = [json.loads(line) for line in replayed.out.splitlines()]
    assert readings[-2]["grams"] == "1250"
    assert readings[-1]["rejected"] <= 1
    guessed = place("scale", "replay", "s.jsonl")
    assert guessed.status == 0
    assert guessed.out.startswith("st_gs")


def test_a_recording_that_cannot_be_written_is_named(place, scale):
    told = place("scale", "record", scale.path, place.folder / "no" / "s", "--seconds", "0.1")
    assert told.status == 1
    assert "/no/s" in told.err


def test_a_wrong_recording_or_option_is_named(place):
    (place.folder / "s.jsonl").write_text('{"ms": 1, "hex": "zz"}\n')
    assert "s.jsonl" in place("scale", "replay", "s.jsonl").err
    assert "abacus" in place("scale", "decode", "abacus").err
    for option in ("unit", "unit=stone", "tune=1"):
        told = place("scale", "decode", "st_gs", "--option", option)
        assert told.status == 1
        assert option.partition("=")[0] in told.err


def test_protocols_are_listed_with_their_options(place):
    from drivers.scales import PROTOCOLS

    listed = place("scale", "protocols", "--json").data
    assert [each["name"] for each in listed] == list(PROTOCOLS)
    text = place("scale", "protocols").out
    assert all(name in text for name in PROTOCOLS)
    assert "--option checksum=false | true" in text
