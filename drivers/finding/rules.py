"""The udev rules that give devices to the group ``packline`` and keep other programs off them.

Rules rather than ``uaccess``: that one serves the person at the machine's own screen only, and a
bench is often used over SSH.
"""

from collections.abc import Iterable

from drivers.finding.look import RULES_PATH, SCANNER_VENDORS, Found, Kind

__all__ = ["RULES_PATH", "udev_rules"]

_HEAD = f"""# {RULES_PATH}
# sudo groupadd -f packline && sudo usermod -aG packline $USER
# then: sudo udevadm control --reload && sudo udevadm trigger, and log in again
"""
_GIVE = 'GROUP="packline", MODE="0660"'
_USB = 'ATTRS{{idVendor}}=="{vendor}", ATTRS{{idProduct}}=="{product}"'
_KEYS = (
    f'SUBSYSTEM=="input", KERNEL=="event*", ENV{{{{ID_INPUT_KEY}}}}=="1", {_USB}, {_GIVE}, '
    'SYMLINK+="packline/scanner-%k", ENV{{LIBINPUT_IGNORE_DEVICE}}="1"'
)
_HID = f'KERNEL=="hidraw*", {_USB}, {_GIVE}, SYMLINK+="packline/hid-{{vendor}}-{{product}}"'
_SERIAL = (
    f'SUBSYSTEM=="tty", {_USB}, {_GIVE}, ENV{{{{ID_MM_PORT_IGNORE}}}}="1"\n'
    'SUBSYSTEM=="usb", ENV{{DEVTYPE}}=="usb_device", ATTR{{idVendor}}=="{vendor}", '
    'ATTR{{idProduct}}=="{product}", ENV{{ID_MM_DEVICE_IGNORE}}="1"'
)
_PRINTER = f'KERNEL=="lp[0-9]*", SUBSYSTEM=="usbmisc", {_USB}, {_GIVE}'
_RULES = {
    Kind.KEYS: _KEYS,
    Kind.HID_SCANNER: _HID,
    Kind.HID_SCALE: _HID,
    Kind.SERIAL: _SERIAL,
    Kind.PRINTER: _PRINTER,
}


_SCALES = ("0922", "1446", "2474", "0eb8", "0b67", "0d8f", "7b7c")
"""USB vendors of scales: Dymo, Stamps.com (2), Mettler Toledo, Fairbanks, Pitney Bowes, Elane."""
_ADAPTERS = ("0403", "067b", "10c4", "1a86")
"""USB vendors of serial adapters: FTDI, Prolific, Silicon Labs, QinHeng."""
_KNOWN = f"""
# makes that are known, plugged in or not
SUBSYSTEM=="input", KERNEL=="event*", ENV{{ID_INPUT_KEY}}=="1", \
  ATTRS{{idVendor}}=="{"|".join(sorted(SCANNER_VENDORS))}", {_GIVE}, \
  ENV{{LIBINPUT_IGNORE_DEVICE}}="1"
KERNEL=="hidraw*", ATTRS{{idVendor}}=="{"|".join((*sorted(SCANNER_VENDORS), *_SCALES))}", {_GIVE}
SUBSYSTEM=="tty", ATTRS{{idVendor}}=="{"|".join(_ADAPTERS)}", {_GIVE}, ENV{{ID_MM_PORT_IGNORE}}="1"
SUBSYSTEM=="usb", ENV{{DEVTYPE}}=="usb_device", ATTR{{idVendor}}=="{"|".join(_ADAPTERS)}", \
  ENV{{ID_MM_DEVICE_IGNORE}}="1"
KERNEL=="lp[0-9]*", SUBSYSTEM=="usbmisc", {_GIVE}
"""


def udev_rules(found: Iterable[Found]) -> str:
    """The text of the rules file: these devices, then makes that may be plugged in later.

    Ordinary keyboards get no rule.
    """
    blocks = dict.fromkeys(_rule(one) for one in found if one.vendor and one.seems != "keyboard")
    return _HEAD + "".join(blocks) + _KNOWN


def _rule(one: Found) -> str:
    rule = _RULES[one.kind].format(vendor=one.vendor, product=one.product)
    return f"# {one.name or one.kind.value}\n{rule}\n"
