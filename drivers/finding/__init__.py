"""What is plugged into this machine, what it seems to be, and why it cannot be used yet.

Looks at the file system only: opens no device, sends nothing, needs no rights. What a device is
used for stays a person's choice; nothing here configures anything.
"""

from drivers.finding.look import Found, Kind, list_devices
from drivers.finding.rules import RULES_PATH, udev_rules

__all__ = ["RULES_PATH", "Found", "Kind", "list_devices", "udev_rules"]
