"""Every protocol Packline reads, one file each; registering one is one line below.

A file here knows one wire format and nothing else: bytes in, readings out. The order is that of
trust, used by detection: checked and fixed layouts first, free text last.
"""

from core.errors import Problem
from drivers.scales.profile import Profile
from drivers.scales.protocols.and_std import AND_STD
from drivers.scales.protocols.bcd import BCD_FF5, BCD_FF6
from drivers.scales.protocols.cas_22 import CAS_22
from drivers.scales.protocols.cas_pd2 import CAS_PD2_ECR
from drivers.scales.protocols.dibal import DIBAL_POS
from drivers.scales.protocols.equals import YAOHUA_FWD, YAOHUA_REV
from drivers.scales.protocols.generic_ascii import GENERIC_ASCII
from drivers.scales.protocols.hid_scale import HID_SCALE
from drivers.scales.protocols.kern import KERN
from drivers.scales.protocols.mt_sics import MT_SICS
from drivers.scales.protocols.nci import NCI_SCP01
from drivers.scales.protocols.ohaus import OHAUS
from drivers.scales.protocols.rice_lake import CARDINAL, RICE_LAKE
from drivers.scales.protocols.sartorius import SARTORIUS_SBI
from drivers.scales.protocols.sma import SMA
from drivers.scales.protocols.st_gs import ST_GS
from drivers.scales.protocols.toledo_8217 import TOLEDO_8217
from drivers.scales.protocols.toledo_continuous import TOLEDO_CONTINUOUS
from drivers.scales.protocols.ups_worldship import UPS_WORLDSHIP
from drivers.scales.protocols.wn_text import WN_TEXT
from drivers.scales.protocols.yaohua_frames import YAOHUA_A9, YAOHUA_A12

PROTOCOLS: dict[str, Profile] = {
    profile.name: profile
    for profile in (
        YAOHUA_A9,
        YAOHUA_A12,
        TOLEDO_CONTINUOUS,
        CAS_PD2_ECR,
        DIBAL_POS,
        CAS_22,
        BCD_FF5,
        BCD_FF6,
        TOLEDO_8217,
        SMA,
        NCI_SCP01,
        MT_SICS,
        ST_GS,
        AND_STD,
        SARTORIUS_SBI,
        WN_TEXT,
        OHAUS,
        RICE_LAKE,
        CARDINAL,
        UPS_WORLDSHIP,
        KERN,
        YAOHUA_REV,
        YAOHUA_FWD,
        HID_SCALE,
        GENERIC_ASCII,
    )
}
"""Name to profile, names as on the configuration and the device screen."""


def find(protocol: str) -> Profile:
    """What is known of a protocol. Raises Problem naming the known ones."""
    found = PROTOCOLS.get(protocol)
    if found is None:
        raise Problem("scales.unknown_protocol", got=protocol, expected=", ".join(PROTOCOLS))
    return found
