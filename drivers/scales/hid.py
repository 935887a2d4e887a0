"""USB HID scales, read from ``/dev/hidrawN`` with nothing but the operating system.

A scale is known by its report descriptor (usage page 8Dh), not by its maker. It is looked for
again at every reconnect, because the number in its name changes when it is plugged in anew.
"""

import errno
import os
import select
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.text import clean
from drivers.scales.live import LiveScale

_SYSFS = Path("/sys/class/hidraw")
_SCALE_PAGE = 0x8D


@dataclass(frozen=True, slots=True)
class HidScale:
    """One USB scale that is plugged in."""

    path: Path
    id: str
    """Vendor and product as ``0922:8003``."""
    name: str


def usage_pages(descriptor: bytes) -> Iterator[int]:
    """Every usage page a report descriptor names (short items of the global kind 04h)."""
    at = 0
    while at < len(descriptor):
        prefix = descriptor[at]
        size = (0, 1, 2, 4)[prefix & 3]
        if prefix & 0xFC == 0x04:
            yield int.from_bytes(descriptor[at + 1 : at + 1 + size], "little")
        at += 1 + size


def find_scales(sysfs: Path = _SYSFS, dev: Path = Path("/dev")) -> list[HidScale]:
    """The USB scales plugged in now; nodes that vanish meanwhile are left out."""
    found = []
    for node in sorted(sysfs.glob("hidraw*")):
        try:
            descriptor = (node / "device/report_descriptor").read_bytes()
            uevent = (node / "device/uevent").read_text("utf-8", "replace")
        except OSError:
            continue
        if _SCALE_PAGE in usage_pages(descriptor):
            facts = dict(line.split("=", 1) for line in uevent.splitlines() if "=" in line)
            ids = facts.get("HID_ID", "").split(":")[1:]
            known = ":".join(part[-4:].lower() for part in ids)
            found.append(HidScale(dev / node.name, known, clean(facts.get("HID_NAME", ""), 60)))
    return found


class HidPort:
    """An open hidraw device: one report a read."""

    def __init__(self, handle: int, wait_s: float = 0.05) -> None:
        self._handle, self._wait_s = handle, wait_s
        self._ear, self._mouth = os.pipe()

    def read(self) -> bytes:
        ready, _, _ = select.select([self._handle, self._ear], [], [], self._wait_s)
        if self._handle not in ready:
            return b""
        report = os.read(self._handle, 64)
        if not report:
            raise OSError(errno.ENODEV, os.strerror(errno.ENODEV))
        return report

    def write(self, data: bytes) -> None:
        os.write(self._handle, data)

    def wake(self) -> None:
        os.write(self._mouth, b"!")

    def close(self) -> None:
        for handle in (self._handle, self._ear, self._mouth):
            os.close(handle)


def live_hid(
    which: str = "", *, sysfs: Path = _SYSFS, dev: Path = Path("/dev"), **settings: Any
) -> LiveScale:
    """A live USB scale: ``which`` is ``vendor:product``, a device path (a link counts too, such as
    the ones of our udev rules), or "" for the first.

    ``settings`` are those of ``LiveScale``.
    """

    def opener() -> HidPort:
        if which.startswith("/"):
            return HidPort(os.open(which, os.O_RDWR | os.O_NONBLOCK | os.O_NOCTTY))
        for scale in find_scales(sysfs, dev):
            if which in ("", scale.id):
                return HidPort(os.open(scale.path, os.O_RDWR | os.O_NONBLOCK))
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))

    return LiveScale(which or "usb", "hid_scale", opener=opener, **settings)
