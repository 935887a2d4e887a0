"""The list of what is plugged in."""

import grp
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from core.messages import Message, message
from drivers.finding.sysfs import (
    SCALE_PAGE,
    SCANNER_PAGE,
    Usb,
    attribute,
    hid_usb,
    running,
    usage_pages,
    usb_above,
    usb_at,
)

RULES_PATH = "/etc/udev/rules.d/70-packline.rules"

SCANNER_VENDORS = {"0c2e", "05e0", "05f9", "1eab", "23d0", "26f1"}
"""USB vendors of scanners: Honeywell, Zebra/Symbol, Datalogic, Newland, Intermec, and one more."""
_SCANNER_NAME = re.compile(r"bar ?code|scan|reader|imager", re.IGNORECASE)
_SCALE_NAME = re.compile(r"scale|balance|weigh", re.IGNORECASE)
_CH340 = ("1a86", "7523")


class Kind(Enum):
    """How a device is connected, and so which driver can read it."""

    SERIAL = "serial"
    KEYS = "keys"
    """A keyboard, or a scanner that types."""
    HID_SCANNER = "hid_scanner"
    HID_SCALE = "hid_scale"
    PRINTER = "printer"


@dataclass(frozen=True, slots=True)
class Found:
    """One device that is plugged in."""

    path: str
    """The name to configure: the most lasting one there is; "" when the system hides it."""
    node: str
    """The device file that name leads to now."""
    kind: Kind
    seems: str
    """``scanner``, ``scale``, ``printer``, ``keyboard`` or "" when it could be anything."""
    name: str = ""
    vendor: str = ""
    product: str = ""
    usable: bool = True
    """Whether this user may read and write it."""
    remedy: Message | None = None
    """What to do when it is not usable."""
    conflicts: tuple[Message, ...] = ()
    """Programs known to get in the way, with what to do."""


def may_use(node: Path) -> bool:
    """Whether the person running this may read and write a device file."""
    return os.access(node, os.R_OK | os.W_OK)


def list_devices(
    dev_root: Path = Path("/dev"),
    sys_root: Path = Path("/sys"),
    proc_root: Path = Path("/proc"),
    allowed: Callable[[Path], bool] = may_use,
) -> list[Found]:
    """Everything that could be a scanner, a scale or a printer, likely ones first."""
    look = _Look(dev_root, sys_root, proc_root, allowed)
    found = [*look.hid(), *look.keys(), *look.serial(), *look.printers()]
    found += look.hidden({(one.vendor, one.product) for one in found if one.kind is Kind.SERIAL})
    return sorted(found, key=lambda one: (one.seems in ("", "keyboard"), one.kind.value, one.path))


class _Look:
    """One look at the machine."""

    def __init__(self, dev: Path, sys: Path, proc: Path, allowed: Callable[[Path], bool]) -> None:
        self._dev = dev
        self._sys = sys
        self._allowed = allowed
        self._modem_manager = running(proc, "ModemManager")
        self._brltty = running(proc, "brltty")

    def serial(self) -> Iterator[Found]:
        """USB serial ports, and those RS-232 ports that really exist."""
        for home in sorted((self._sys / "class/tty").glob("tty*")):
            name = home.name
            on_board = name.startswith("ttyS") and attribute(home / "type") not in ("", "0")
            if not on_board and not name.startswith(("ttyUSB", "ttyACM")):
                continue
            usb = usb_above(home / "device")
            path = self._lasting("serial", name, usb)
            found = self._found(path, name, Kind.SERIAL, _seems(usb), usb)
            if found:
                yield found

    def keys(self) -> Iterator[Found]:
        """Keyboards, and scanners that pass for one."""
        for home in sorted((self._sys / "class/input").glob("event*")):
            usb = usb_above(home / "device")
            path = self._lasting("input", home.name, usb, "-event-kbd")
            if not path.endswith("-event-kbd"):
                continue
            name = attribute(home / "device/name") or usb.name
            usb = Usb(usb.vendor, usb.product, name, usb.numbered)
            seems = _seems(usb) or ("keyboard" if _boots(home / "device") else "")
            found = self._found(path, f"input/{home.name}", Kind.KEYS, seems, usb)
            if found:
                yield found

    def hid(self) -> Iterator[Found]:
        """Scanners and scales that say by their report descriptor what they are."""
        for home in sorted((self._sys / "class/hidraw").glob("hidraw*")):
            try:
                pages = set(usage_pages((home / "device/report_descriptor").read_bytes()))
            except OSError:
                continue
            usb = hid_usb(home / "device")
            for page, kind, seems in (
                (SCALE_PAGE, Kind.HID_SCALE, "scale"),
                (SCANNER_PAGE, Kind.HID_SCANNER, "scanner"),
            ):
                path = self._lasting("packline", home.name, usb)
                found = self._found(path, home.name, kind, seems, usb) if page in pages else None
                if found:
                    yield found

    def printers(self) -> Iterator[Found]:
        """Printers of the kernel's own USB printer driver."""
        for home in sorted((self._sys / "class/usbmisc").glob("lp*")):
            usb = usb_above(home / "device")
            path = self._lasting("packline", home.name, usb, node=f"usb/{home.name}")
            found = self._found(path, f"usb/{home.name}", Kind.PRINTER, "printer", usb)
            if found:
                yield found

    def hidden(self, shown: set[tuple[str, str]]) -> Iterator[Found]:
        """CH340 adapters without a port, because the braille driver took them for its own."""
        if not self._brltty or _CH340 in shown:
            return
        for home in sorted((self._sys / "bus/usb/devices").glob("*")):
            usb = usb_at(home)
            if (usb.vendor, usb.product) == _CH340:
                conflicts = (message("finding.brltty"),)
                yield Found(
                    "", "", Kind.SERIAL, "", usb.name, *_CH340, usable=False, conflicts=conflicts
                )

    def _lasting(
        self, folder: str, name: str, usb: Usb, suffix: str = "", *, node: str = ""
    ) -> str:
        """The name that survives replugging: by serial number, else by socket, else the node."""
        target = self._dev / (node or (f"input/{name}" if folder == "input" else name))
        ways = ["by-id", "by-path"] if usb.numbered else ["by-path", "by-id"]
        for home in (*(self._dev / folder / way for way in ways), self._dev / "packline"):
            for link in sorted(home.glob(f"*{suffix}")):
                if link.is_symlink() and link.resolve() == target.resolve():
                    return str(link)
        return str(target)

    def _found(self, path: str, node: str, kind: Kind, seems: str, usb: Usb) -> Found | None:
        """The finding; None when the device file is not there."""
        file = self._dev / node
        if not file.exists():
            return None
        usable = self._allowed(file)
        return Found(
            path,
            str(file),
            kind,
            seems,
            usb.name,
            usb.vendor,
            usb.product,
            usable,
            None if usable else _remedy(file, kind),
            tuple(self._conflicts(node, usb)),
        )

    def _conflicts(self, node: str, usb: Usb) -> Iterator[Message]:
        if self._modem_manager and node.startswith(("ttyUSB", "ttyACM")):
            yield message("finding.modem_manager", rules=RULES_PATH)
        if self._brltty and (usb.vendor, usb.product) == _CH340:
            yield message("finding.brltty")


def _seems(usb: Usb) -> str:
    """What the device's own words say it is."""
    if _SCALE_NAME.search(usb.name):
        return "scale"
    if usb.vendor in SCANNER_VENDORS or _SCANNER_NAME.search(usb.name):
        return "scanner"
    return ""


def _boots(device: Path) -> bool:
    """Whether the interface is a boot keyboard, which scanners seldom claim to be."""
    try:
        start = device.resolve(strict=True)
    except (OSError, RuntimeError):
        return True
    protocols = (attribute(at / "bInterfaceProtocol") for at in (start, *start.parents))
    return next((protocol for protocol in protocols if protocol), "01") == "01"


def _remedy(node: Path, kind: Kind) -> Message:
    """How to get the right to use a device.

    Serial ports and printers have a group to join. A keyboard's group would open every keyboard
    of the machine to this user, and a hidraw device has none: both get a rule of their own.
    """
    try:
        status = node.stat()
        group = grp.getgrgid(status.st_gid).gr_name
    except (OSError, KeyError):
        group, status = "root", None
    own_group = status is not None and group != "root" and status.st_mode & 0o060 == 0o060
    if own_group and kind in (Kind.SERIAL, Kind.PRINTER):
        return message("finding.join_group", path=str(node), group=group)
    return message("finding.install_rules", path=str(node), rules=RULES_PATH)
