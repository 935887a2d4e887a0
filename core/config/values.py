"""What Packline is told about this place: shops, benches, devices, people to tell."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import tzinfo
from pathlib import Path
from typing import Any

from core.clock import SHANGHAI
from core.errors import Problem
from core.ports import Sender


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportConfig:
    """How a shop's file of tracking numbers looks."""

    columns: tuple[str, ...] = ()
    """Its columns, ``name`` or ``name=what``; () for order number, carrier, waybill."""
    encoding: str = "gbk"
    """``gbk`` or ``utf-8``; a workbook has none to choose."""
    format: str = "csv"
    """``csv`` or ``xlsx``, where the file's own name does not say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopConfig:
    """One shop: how it is reached and how its orders are treated."""

    code: str
    name: str
    channel: str
    url: str = ""
    """Base address of the platform's gateway; "" for a shop that only has files."""
    app_key: str = ""
    app_secret: str = ""
    session: str = ""
    refresh_token: str = ""
    session_ends: int = 0
    """When ``session`` ends, UTC milliseconds; 0 when nobody said."""
    tier: str = ""
    carrier: str = "zto"
    carrier_then: tuple[str, ...] = ()
    """Carriers asked next, in this order, when one has no waybills left or does not go there."""
    backhaul_on: str = "labelled"
    pull_every_s: int = 60
    folder: Path | None = None
    """Export files put here are taken in by themselves; None for none."""
    export: ExportConfig = field(default_factory=ExportConfig)
    """The file that takes its tracking numbers back."""
    carriers: Mapping[str, str] = field(default_factory=dict)
    """Our carrier code -> this platform's, where it differs from the connector's own table."""
    platform: str = ""
    """Where the shop is, for one that is reached through an aggregator."""
    push_path: str = ""
    """Where its platform's messages come in, below ``[push]``; "" where it is only pulled."""
    push_secret: str = ""
    """What they are signed with, where it is not the app's secret."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerConfig:
    """The contract with one carrier's branch; which parts it has differs by carrier."""

    account: str
    key: str = field(default="", repr=False)
    secret: str = field(default="", repr=False)
    name: str = ""
    net: str = ""
    code: str = ""
    exp_type: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CarrierConfig:
    """The account that sells waybills."""

    kind: str
    url: str
    key: str
    secret: str
    account: str = ""
    """The account at every carrier without a contract of its own in ``partners``."""
    partners: Mapping[str, PartnerConfig] = field(default_factory=dict)
    """Our carrier code -> the contract with its branch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotifierConfig:
    """One group or person that alerts reach, and which of them."""

    code: str
    kind: str
    url: str = field(default="", repr=False)
    """A robot's whole address holds its key: it is a secret."""
    key: str = field(default="", repr=False)
    secret: str = field(default="", repr=False)
    user: str = ""
    sender: str = ""
    to: tuple[str, ...] = ()
    mobiles: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    """Empty takes every rule."""
    after_minutes: int = 0
    """Told only of what nobody acknowledged for so long."""
    fallback: str = ""
    """The notifier that is told too when this one does not deliver for ``fallback_minutes``."""
    fallback_minutes: int = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class PushConfig:
    """Where pushed messages come in."""

    host: str
    port: int
    url: str = ""
    """How the outside reaches it, through a proxy or relay; "" when it does not."""
    most_kb: int = 8192
    patience_s: int = 10
    threads: int = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class WarehouseConfig:
    """One warehouse; the default rule tries them in the order they stand."""

    code: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BoxConfig:
    """A box type: chosen at the bench by ``PKBOXnn``, known by its empty weight in grams."""

    number: int
    name: str
    tare_g: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FloorConfig:
    """How the benches work; what each setting means stands at ``core.floor.rules``."""

    pick_first: bool = True
    bin_required: bool = False
    partial_ok: bool = False
    single_scan: bool = True
    error_lock: bool = False
    confirm_notes: bool = True
    in_store: tuple[str, ...] = ()
    """How weighed goods are coded, e.g. ``21IIIIIWWWWWC``."""
    boxes: tuple[BoxConfig, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceConfig:
    """One device: what kind, where it is, and its own settings."""

    kind: str
    url: str
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class StationConfig:
    """One bench and what stands on it."""

    code: str
    name: str
    warehouse: str
    scanners: tuple[DeviceConfig, ...] = ()
    scale: DeviceConfig | None = None
    printer: DeviceConfig | None = None
    slip_printer: DeviceConfig | None = None
    """Prints the slips where the label printer should not."""
    camera: DeviceConfig | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """Everything Packline is told about this place."""

    path: Path
    database: Path
    photos: Path
    log: Path
    language: str = "zh_CN"
    zone: tzinfo = SHANGHAI
    prefix: str = "DB"
    tolerance_g: int = 20
    tolerance_percent: int = 3
    keep_photos_days: int = 180
    """Photos stay at least this long: the time in which a parcel may be disputed."""
    repeat_ms: int = 1000
    """A scanner that reads the same code again within this time read it twice."""
    repeat_counting_ms: int = 300
    """The same while units are counted, where the same code is also the next unit."""
    repeat_command_ms: int = 1500
    """The same for commands."""
    floor: FloorConfig = FloorConfig()
    sender: Sender = field(default_factory=lambda: Sender(name="", phone=""))
    warehouses: tuple[WarehouseConfig, ...] = ()
    shops: tuple[ShopConfig, ...] = ()
    stations: tuple[StationConfig, ...] = ()
    carrier: CarrierConfig | None = None
    notifiers: tuple[NotifierConfig, ...] = ()
    push: PushConfig | None = None
    sound: str = ""
    """A command that plays a tone's sound; "" rings the terminal bell.

    ``{file}`` is replaced by the sound that ships for the tone, ``{tone}`` by the tone's name.
    """

    def station(self, code: str) -> StationConfig:
        """A station by code. Raises Problem."""
        for station in self.stations:
            if station.code == code:
                return station
        known = " ".join(station.code for station in self.stations) or "-"
        raise Problem("config.no_station", file=str(self.path), code=code, known=known)
