"""The udev rules that give devices to the group ``packline`` and keep other programs off them.

Rules rather than ``uaccess``: that one serves the person at the machine's own screen only, and a
bench is often used over SSH.
"""

from collections.abc import Iterable

from drivers.finding.look import RULES_PATH, Found, Kind

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


def udev_rules(found: Iterable[Found]) -> str:
    """The text of the rules file for these devices; ordinary keyboards get no rule."""
    blocks = dict.fromkeys(_rule(one) for one in found if one.vendor and one.seems != "keyboard")
    return _HEAD + "".join(blocks)


def _rule(one: Found) -> str:
    rule = _RULES[one.kind].format(vendor=one.vendor, product=one.product)
    return f"# {one.name or one.kind.value}\n{rule}\n"
