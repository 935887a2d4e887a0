"""USB HID scales: found by descriptor, read report by report, lost and found again."""

import os
import socket
from decimal import Decimal
from pathlib import Path

import pytest

from drivers.scales.hid import HidPort, find_scales, live_hid, usage_pages
from drivers.scales.live import LiveScale
from drivers.simulated.scale_frames import Load, hid_scale
from tests.until import until

SCALE = bytes.fromhex("058d0920a1010920a1028503")
LONG = bytes.fromhex("068d000920a101")
SCANNER = bytes.fromhex("058c0902a101058d"[:12])
# 8D as the value of another item, not a usage page
DECOY = bytes.fromhex("0501090626058d75089501a101")


def plug(sysfs: Path, dev: Path, number: int, descriptor: bytes, ids: str) -> Path:
    device = sysfs / f"hidraw{number}" / "device"
    device.mkdir(parents=True)
    (device / "report_descriptor").write_bytes(descriptor)
    (device / "uevent").write_text(f"DRIVER=hid\nHID_ID=0003:{ids}\nHID_NAME=Dymo\x1b[31m M10\n")
    dev.mkdir(exist_ok=True)
    os.mkfifo(dev / f"hidraw{number}")
    return dev / f"hidraw{number}"


def test_a_scale_is_known_by_its_usage_page(tmp_path: Path) -> None:
    sysfs, dev = tmp_path / "sys", tmp_path / "dev"
    plug(sysfs, dev, 0, SCANNER, "00000C2E:00000B61")
    path = plug(sysfs, dev, 1, SCALE, "00000922:00008003")
    plug(sysfs, dev, 2, DECOY, "00001A2C:00000E24")
    plug(sysfs, dev, 3, LONG, "00000EB8:0000F000")
    (sysfs / "hidraw4").mkdir()
    found = find_scales(sysfs, dev)
    assert [(scale.path.name, scale.id) for scale in found] == [
        ("hidraw1", "0922:8003"),
        ("hidraw3", "0eb8:f000"),
    ]
    assert found[0].path == path and found[0].name == "Dymo[31m M10"


@pytest.mark.parametrize("cut", [b"\x06", b"\x06\x8d", b"\xfe\xff", b""])
def test_a_broken_descriptor_is_no_scale(cut: bytes) -> None:
    assert 0x8D not in usage_pages(cut[:1])


def test_reads_reports_and_books(tmp_path: Path) -> None:
    sysfs, dev = tmp_path / "sys", tmp_path / "dev"
    booked: list[int] = []
    read: list[Decimal | None] = []
    scale = live_hid(
        "0922:8003",
        sysfs=sysfs,
        dev=dev,
        on_reading=lambda reading, at: read.append(reading.grams),
        on_stable=lambda grams, at: booked.append(grams),
        reconnect_s=0.02,
    )
    scale.start()
    assert until(lambda: scale.status.error).id == "scales.absent"
    path = plug(sysfs, dev, 7, SCALE, "00000922:00008003")
    until(lambda: scale.status.connected)
    handle = os.open(path, os.O_RDWR)
    loads = (Load(0), Load(0), Load(1500, stable=False), Load(1720))
    for count, load in enumerate(loads, 1):
        os.write(handle, hid_scale(load))
        until(lambda count=count: len(read) == count)
    until(lambda: booked == [1720])
    scale.stop()
    os.close(handle)


def test_unplugged_and_back_under_another_number() -> None:
    ends: list[socket.socket] = []

    def opener() -> HidPort:
        near, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ends.append(far)
        return HidPort(near.detach())

    scale = LiveScale("usb", "hid_scale", opener=opener, reconnect_s=0.02)
    scale.start()
    until(lambda: ends)
    ends[0].send(hid_scale(Load(500)))
    until(lambda: scale.status.last is not None)
    assert scale.zero()
    assert ends[0].recv(8) == b"\x02\x02"
    ends[0].close()
    until(lambda: len(ends) == 2)
    ends[1].send(hid_scale(Load(900)))
    until(lambda: scale.status.last and scale.status.last.grams == 900)
    scale.stop()
    ends[1].close()
