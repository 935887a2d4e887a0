"""The configuration file ``packline.toml``: read once, checked wholly, explained when wrong.

A secret may stand in the file (which must then be readable by its owner only) or in an
environment variable, written ``"env:NAME"``.
"""

from core.config.reading import KINDS, read_config
from core.config.table import SECRETS
from core.config.values import (
    BoxConfig,
    CarrierConfig,
    Config,
    DeviceConfig,
    ExportConfig,
    FloorConfig,
    NotifierConfig,
    PartnerConfig,
    PushConfig,
    ShopConfig,
    StationConfig,
    WarehouseConfig,
)

__all__ = [
    "KINDS",
    "SECRETS",
    "BoxConfig",
    "CarrierConfig",
    "Config",
    "DeviceConfig",
    "ExportConfig",
    "FloorConfig",
    "NotifierConfig",
    "PartnerConfig",
    "PushConfig",
    "ShopConfig",
    "StationConfig",
    "WarehouseConfig",
    "read_config",
]
