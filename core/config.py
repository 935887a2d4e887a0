"""The configuration file ``packline.toml``: read once, checked wholly, explained when wrong.

A secret may stand in the file (which must then be readable by its owner only) or in an
environment variable, written ``"env:NAME"``.
"""

import os
import stat
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import tzinfo
from pathlib import Path
from typing import Any, TypeVar, cast
from zoneinfo import ZoneInfo

from core.clock import SHANGHAI
from core.errors import Problem
from core.messages import Message
from core.orders.policy import TIERS
from core.ports import Sender
from core.watch.rules import RULES, URGENT

T = TypeVar("T")
SECRETS = frozenset(
    {"app_secret", "session", "secret", "key", "password", "refresh_token", "push_secret"}
)


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
class CarrierConfig:
    """The account that sells waybills."""

    kind: str
    url: str
    key: str
    secret: str
    account: str = ""


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


class Table:
    """One TOML table being read: every mistake names file, key and what is expected."""

    def __init__(self, file: Path, name: str, values: object) -> None:
        self.file = file
        self.name = name
        if not isinstance(values, dict):
            raise self.wrong("", Message("config.expect_table"), values)
        self.values: dict[str, Any] = dict(values)
        self.secret = False

    def wrong(self, key: str, expected: str | Message, came: object) -> Problem:
        """What is wrong with a key."""
        where = f"{self.name}.{key}".strip(".")
        return Problem("config.wrong", file=str(self.file), key=where, expected=expected, came=came)

    def text(self, key: str, default: str | None = None, choices: tuple[str, ...] = ()) -> str:
        """A text; without a default it is required."""
        value = self.values.pop(key, default)
        if value is None:
            raise Problem(
                "config.missing", file=str(self.file), key=f"{self.name}.{key}".strip(".")
            )
        if not isinstance(value, str):
            raise self.wrong(key, "text", value)
        if choices and value not in choices:
            raise self.wrong(key, " | ".join(choices), value)
        return self.resolved(key, value)

    def resolved(self, key: str, value: str) -> str:
        """A value from the environment when it says so; remembers that a secret stands here."""
        if value.startswith("env:"):
            found = os.environ.get(value[4:])
            if found is None:
                raise Problem("config.no_variable", file=str(self.file), key=key, name=value[4:])
            return found
        if value and key in SECRETS:
            self.secret = True
        return value

    def number(self, key: str, default: int, least: int = 0) -> int:
        """A whole number."""
        value = self.values.pop(key, default)
        if not isinstance(value, int) or isinstance(value, bool) or value < least:
            raise self.wrong(key, f">= {least}", value)
        return value

    def flag(self, key: str, default: bool) -> bool:
        """Yes or no."""
        value = self.values.pop(key, default)
        if not isinstance(value, bool):
            raise self.wrong(key, "true | false", value)
        return value

    def texts(self, key: str, choices: frozenset[str] = frozenset()) -> tuple[str, ...]:
        """A list of texts; empty when it is absent."""
        value = self.values.pop(key, [])
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self.wrong(key, '["...", "..."]', value)
        for item in value:
            if choices and item not in choices:
                raise self.wrong(key, " | ".join(sorted(choices)), item)
        return tuple(value)

    def tables(self, key: str) -> list["Table"]:
        """A list of tables; empty when it is absent."""
        value = self.values.pop(key, [])
        if not isinstance(value, list):
            raise self.wrong(key, f"[[{key}]]", value)
        return [Table(self.file, f"{key}[{n}]", item) for n, item in enumerate(value, 1)]

    def table(self, key: str) -> "Table | None":
        """A table; None when it is absent."""
        if key not in self.values:
            return None
        return Table(self.file, f"{self.name}.{key}".strip("."), self.values.pop(key))

    def finish(self) -> None:
        """Nothing may be left: a misspelt key must not pass for an absent one.

        What stands behind it is not repeated: it may be a secret.
        """
        for key, value in self.values.items():
            came = "***" if isinstance(value, str) else value
            raise self.wrong(key, Message("config.expect_known_key"), came)


def read_config(path: Path) -> Config:
    """Read and check the file. Raises Problem naming file, key and what is expected."""
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise Problem("config.absent", file=str(path)) from error
    except (OSError, UnicodeDecodeError) as error:
        raise Problem("config.unreadable", file=str(path), reason=str(error)) from error
    except tomllib.TOMLDecodeError as error:
        raise Problem("config.not_toml", file=str(path), reason=str(error)) from error
    top = Table(path, "", told)
    secrets: list[bool] = []
    config = Config(
        path=path,
        database=path.parent / top.text("database", "packline.db"),
        photos=path.parent / top.text("photos", "photos"),
        log=path.parent / top.text("log", "packline.log"),
        language=top.text("language", "zh_CN", ("zh_CN", "en")),
        zone=zone_of(top),
        prefix=prefix_of(top),
        tolerance_g=top.number("tolerance_g", 20),
        tolerance_percent=top.number("tolerance_percent", 3),
        keep_photos_days=top.number("keep_photos_days", 180, least=1),
        repeat_ms=top.number("repeat_ms", 1000),
        repeat_counting_ms=top.number("repeat_counting_ms", 300),
        repeat_command_ms=top.number("repeat_command_ms", 1500),
        sound=top.text("sound", ""),
        floor=floor_of(top.table("floor")),
        sender=sender_of(top.table("sender")),
        warehouses=unique(tuple(warehouse_of(t) for t in top.tables("warehouses")), path),
        shops=unique(tuple(shop_of(t, secrets) for t in top.tables("shops")), path),
        stations=unique(tuple(station_of(t, secrets) for t in top.tables("stations")), path),
        carrier=carrier_of(top.table("carrier"), secrets),
        notifiers=unique(tuple(notifier_of(t, secrets) for t in top.tables("notifiers")), path),
        push=push_of(top.table("push")),
    )
    top.finish()
    check_names(config)
    check_fallbacks(config)
    check_push(config)
    if any(secrets):
        check_private(path)
    return config


def zone_of(top: Table) -> ZoneInfo:
    """The local time zone."""
    name = top.text("timezone", "Asia/Shanghai")
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise top.wrong("timezone", "Asia/Shanghai", name) from error


def prefix_of(top: Table) -> str:
    """Two upper-case letters before every internal number."""
    prefix = top.text("prefix", "DB")
    if len(prefix) != 2 or not prefix.isascii() or not prefix.isupper() or prefix == "PK":
        raise top.wrong("prefix", "AA..ZZ, not PK", prefix)
    return prefix


def sender_of(table: Table | None) -> Sender:
    """Who sends."""
    if table is None:
        return Sender(name="", phone="")
    names = ("name", "phone", "province", "city", "district", "address")
    sender = Sender(**{name: table.text(name, "") for name in names})
    table.finish()
    return sender


def floor_of(table: Table | None) -> FloorConfig:
    """How the benches work."""
    if table is None:
        return FloorConfig()
    usual = FloorConfig()
    names = ("pick_first", "bin_required", "partial_ok", "single_scan", "error_lock")
    floor = FloorConfig(
        **{name: table.flag(name, getattr(usual, name)) for name in (*names, "confirm_notes")},
        in_store=in_store_of(table),
        boxes=tuple(box_of(each) for each in table.tables("boxes")),
    )
    table.finish()
    return floor


def in_store_of(table: Table) -> tuple[str, ...]:
    """Patterns of weighed goods."""
    from core.floor.content import InStorePattern

    patterns = table.texts("in_store")
    for pattern in patterns:
        try:
            InStorePattern(pattern)
        except Problem as problem:
            raise table.wrong("in_store", problem.message, pattern) from problem
    return patterns


def box_of(table: Table) -> BoxConfig:
    """One box type; its number is the one of its command code."""
    number = table.number("number", 0)
    if number not in range(1, 21):
        raise table.wrong("number", "1..20", number)
    box = BoxConfig(number=number, name=table.text("name"), tare_g=table.number("tare_g", 0))
    table.finish()
    return box


def warehouse_of(table: Table) -> WarehouseConfig:
    """One warehouse."""
    warehouse = WarehouseConfig(code=table.text("code"), name=table.text("name"))
    table.finish()
    return warehouse


def shop_of(table: Table, secrets: list[bool]) -> ShopConfig:
    """One shop."""
    shop = ShopConfig(
        code=table.text("code"),
        name=table.text("name"),
        channel=table.text("channel"),
        url=table.text("url", ""),
        app_key=table.text("app_key", ""),
        app_secret=table.text("app_secret", ""),
        session=table.text("session", ""),
        refresh_token=table.text("refresh_token", ""),
        tier=table.text("tier", "", ("", *TIERS)),
        carrier=table.text("carrier", "zto"),
        carrier_then=carriers_of(table, "carrier_then"),
        backhaul_on=table.text("backhaul_on", "labelled", ("labelled", "handed_over")),
        pull_every_s=table.number("pull_every_s", 60, least=5),
        folder=folder_of(table),
        export=export_of(table.table("export")),
        carriers=words_of(table.table("carriers")),
        platform=table.text("platform", ""),
        push_path=table.text("push_path", ""),
        push_secret=table.text("push_secret", ""),
    )
    table.finish()
    secrets.append(table.secret)
    return shop


def carriers_of(table: Table, key: str) -> tuple[str, ...]:
    """A list of carrier codes."""
    told = table.values.pop(key, [])
    if not isinstance(told, list) or not all(isinstance(x, str) and x.isalnum() for x in told):
        raise table.wrong(key, '["yto", "sto"]', told)
    return tuple(told)


def folder_of(table: Table) -> Path | None:
    """A folder beside the configuration, or anywhere when its path is whole."""
    folder = table.text("folder", "")
    return table.file.parent / folder if folder else None


def export_of(table: Table | None) -> ExportConfig:
    """How the file of tracking numbers looks."""
    if table is None:
        return ExportConfig()
    columns = table.values.pop("columns", [])
    if not isinstance(columns, list) or not all(isinstance(name, str) for name in columns):
        raise table.wrong("columns", '["订单号", "快递公司", "快递单号"]', columns)
    export = ExportConfig(
        columns=tuple(columns),
        encoding=table.text("encoding", "gbk", ("gbk", "utf-8")),
        format=table.text("format", "csv", ("csv", "xlsx")),
    )
    table.finish()
    return export


def words_of(table: Table | None) -> dict[str, str]:
    """A table of texts."""
    if table is None:
        return {}
    words = {name: table.text(name) for name in list(table.values)}
    table.finish()
    return words


def carrier_of(table: Table | None, secrets: list[bool]) -> CarrierConfig | None:
    """The waybill account."""
    if table is None:
        return None
    carrier = CarrierConfig(
        kind=table.text("kind", "kuaidi100", ("kuaidi100",)),
        url=table.text("url"),
        key=table.text("key"),
        secret=table.text("secret"),
        account=table.text("account", ""),
    )
    table.finish()
    secrets.append(table.secret)
    return carrier


ROBOTS = ("wecom", "dingtalk", "feishu")
KINDS = (*ROBOTS, "email", "ntfy", "bark")


def notifier_of(table: Table, secrets: list[bool]) -> NotifierConfig:
    """One notifier: who is told, of what, and what each kind cannot do without."""
    in_file = str(table.values.get("url", "env:"))  # before it is read from the environment
    kind = table.text("kind", choices=KINDS)
    severity = table.text("severity", "all", ("all", "urgent"))
    rules = table.texts("rules", RULES)
    notifier = NotifierConfig(
        code=table.text("code"),
        kind=kind,
        url=table.text("url", ""),
        key=table.text("key", ""),
        secret=table.text("secret", ""),
        user=table.text("user", ""),
        sender=table.text("sender", ""),
        to=table.texts("to"),
        mobiles=table.texts("mobiles"),
        rules=rules or (tuple(sorted(URGENT)) if severity == "urgent" else ()),
        after_minutes=table.number("after_minutes", 0),
        fallback=table.text("fallback", ""),
        fallback_minutes=table.number("fallback_minutes", 5, least=1),
    )
    check_reach(table, notifier)
    table.finish()
    secrets.append(table.secret or (kind in ROBOTS and not in_file.startswith("env:")))
    return notifier


def check_reach(table: Table, notifier: NotifierConfig) -> None:
    """What is needed to reach it is there. Raises Problem; never repeats an address."""
    where = f"{table.name}.{{}} ({notifier.code})"
    if notifier.kind in ROBOTS and not (notifier.url or notifier.key):
        missing = "url"
    elif notifier.kind == "email" and not notifier.to:
        missing = "to"
    elif notifier.kind == "email" and not (notifier.sender or notifier.user):
        missing = "sender"
    elif notifier.kind not in ROBOTS and not notifier.url:
        missing = "url"
    elif notifier.kind == "bark" and not notifier.key:
        missing = "key"
    else:
        wanted = ("smtp://", "smtps://") if notifier.kind == "email" else ("http://", "https://")
        if notifier.url and not notifier.url.startswith(wanted):
            raise table.wrong("url", " | ".join(f"{start}..." for start in wanted), "***")
        for mobile in notifier.mobiles:
            if not (mobile.isascii() and mobile.removeprefix("+").isdigit()):
                raise table.wrong("mobiles", '["13800001234"]', mobile)
        return
    raise Problem("config.missing", file=str(table.file), key=where.format(missing))


def push_of(table: Table | None) -> PushConfig | None:
    """Where pushed messages come in: ``listen = "127.0.0.1:8765"``."""
    if table is None:
        return None
    listen = table.text("listen")
    host, _, port = listen.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65_535:
        raise table.wrong("listen", "127.0.0.1:8765", listen)
    push = PushConfig(
        host=host.strip("[]"),
        port=int(port),
        url=table.text("url", "").rstrip("/"),
        most_kb=table.number("most_kb", 8192, least=16),
        patience_s=table.number("patience_s", 10, least=1),
        threads=table.number("threads", 8, least=1),
    )
    table.finish()
    return push


def station_of(table: Table, secrets: list[bool]) -> StationConfig:
    """One bench."""
    station = StationConfig(
        code=table.text("code"),
        name=table.text("name", ""),
        warehouse=table.text("warehouse"),
        scanners=tuple(device_of(t, secrets) for t in table.tables("scanners")),
        scale=maybe_device(table.table("scale"), secrets),
        printer=maybe_device(table.table("printer"), secrets),
        slip_printer=maybe_device(table.table("slip_printer"), secrets),
        camera=maybe_device(table.table("camera"), secrets),
    )
    table.finish()
    return station


def maybe_device(table: Table | None, secrets: list[bool]) -> DeviceConfig | None:
    """A device, if there is one."""
    return None if table is None else device_of(table, secrets)


def device_of(table: Table, secrets: list[bool]) -> DeviceConfig:
    """One device; what its driver does not know, the driver refuses by name."""
    kind, url = table.text("kind"), table.text("url", "")
    for key, value in table.values.items():
        if isinstance(value, str):
            table.values[key] = table.resolved(key, value)
    secrets.append(table.secret)
    return DeviceConfig(kind=kind, url=url, options=table.values)


def unique(items: tuple[T, ...], path: Path) -> tuple[T, ...]:
    """No code twice."""
    codes = [cast("Any", item).code for item in items]
    for code in codes:
        if codes.count(code) > 1:
            raise Problem("config.twice", file=str(path), code=code)
    return items


def check_names(config: Config) -> None:
    """Every station stands in a warehouse that exists."""
    known = {warehouse.code for warehouse in config.warehouses}
    for station in config.stations:
        if station.warehouse not in known:
            raise Problem(
                "config.wrong",
                file=str(config.path),
                key=f"stations.{station.code}.warehouse",
                expected=" | ".join(sorted(known)) or "[[warehouses]]",
                came=station.warehouse,
            )


def check_fallbacks(config: Config) -> None:
    """Every fallback is another notifier that exists."""
    codes = {notifier.code for notifier in config.notifiers}
    for notifier in config.notifiers:
        others = codes - {notifier.code}
        if notifier.fallback and notifier.fallback not in others:
            raise Problem(
                "config.wrong",
                file=str(config.path),
                key=f"notifiers.{notifier.code}.fallback",
                expected=" | ".join(sorted(others)) or "[[notifiers]]",
                came=notifier.fallback,
            )


def check_push(config: Config) -> None:
    """Every shop that pushes has a door, a path of its own, and a secret to prove itself with."""
    paths = [shop.push_path for shop in config.shops]
    for shop in config.shops:
        path = shop.push_path
        if not path:
            continue
        if config.push is None:
            raise push_wrong(config, shop, "push_path", "[push]", path)
        if not path.startswith("/") or "?" in path or paths.count(path) > 1:
            raise push_wrong(config, shop, "push_path", f"/{shop.code}", path)
        if not shop.push_secret and not shop.app_secret:
            raise push_wrong(config, shop, "push_secret", "push_secret", "")


def push_wrong(config: Config, shop: ShopConfig, key: str, expected: str, came: str) -> Problem:
    """What is wrong with how a shop pushes."""
    where = f"shops.{shop.code}.{key}"
    return Problem("config.wrong", file=str(config.path), key=where, expected=expected, came=came)


def check_private(path: Path) -> None:
    """A file with secrets is its owner's alone. Raises Problem."""
    mode = path.stat().st_mode
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise Problem("config.not_private", file=str(path), mode=f"{stat.S_IMODE(mode):o}")
