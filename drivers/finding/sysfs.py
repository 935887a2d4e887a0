"""Reading sysfs: one attribute, the USB device above a node, the purpose of a HID device."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from core.text import clean

SCALE_PAGE, SCANNER_PAGE = 0x8D, 0x8C
"""HID usage pages (USB HID usage tables): weighing devices, bar code scanners."""


@dataclass(frozen=True, slots=True)
class Usb:
    """A USB device as it names itself; "" where it does not."""

    vendor: str = ""
    """Four hexadecimal digits, lower case."""
    product: str = ""
    name: str = ""
    numbered: bool = False
    """Whether it has a serial number: without one, twins can be told apart by socket only."""


def attribute(path: Path) -> str:
    """One attribute as text; "" when it is not there or may not be read."""
    try:
        return clean(path.read_bytes().decode("utf-8", "replace"), 120)
    except OSError:
        return ""


def usb_above(node: Path) -> Usb:
    """The USB device a sysfs node belongs to; an empty one when it is on no USB."""
    try:
        start = node.resolve(strict=True)
    except (OSError, RuntimeError):
        return Usb()
    home = next((at for at in (start, *start.parents) if (at / "idVendor").exists()), None)
    return usb_at(home) if home else Usb()


def usb_at(home: Path) -> Usb:
    """The USB device whose sysfs folder this is."""
    maker, name = attribute(home / "manufacturer"), attribute(home / "product")
    return Usb(
        _id(attribute(home / "idVendor")),
        _id(attribute(home / "idProduct")),
        name if name.startswith(maker) else f"{maker} {name}".strip(),
        bool(attribute(home / "serial")),
    )


def hid_usb(device: Path) -> Usb:
    """The vendor, product and name of a HID device, from its ``uevent``."""
    try:
        lines = (device / "uevent").read_text("utf-8", "replace").splitlines()
    except OSError:
        lines = []
    facts = dict(line.split("=", 1) for line in lines if "=" in line)
    match = re.fullmatch(r"[0-9A-F]+:0000([0-9A-F]{4}):0000([0-9A-F]{4})", facts.get("HID_ID", ""))
    vendor, product = match.groups() if match else ("", "")
    name = clean(facts.get("HID_NAME", ""), 120)
    return Usb(vendor.lower(), product.lower(), name, bool(facts.get("HID_UNIQ")))


def usage_pages(descriptor: bytes) -> Iterator[int]:
    """The usage pages a HID report descriptor mentions (HID 1.11, section 6.2.2)."""
    at = 0
    while at < len(descriptor):
        head = descriptor[at]
        if head == 0xFE:  # a long item: its size is in the next byte
            at += 3 + (descriptor[at + 1] if at + 1 < len(descriptor) else 0)
            continue
        size = (0, 1, 2, 4)[head & 3]
        if head & 0xFC == 0x04:
            yield int.from_bytes(descriptor[at + 1 : at + 1 + size], "little")
        at += 1 + size


def running(proc_root: Path, name: str) -> bool:
    """Whether a program of this name runs."""
    return any(attribute(at) == name for at in proc_root.glob("[0-9]*/comm"))


def _id(text: str) -> str:
    return text.lower() if re.fullmatch(r"[0-9A-Fa-f]{4}", text) else ""
