"""From the file to the values, each table by a function of its own; then what only the whole shows:
names that must exist, and a file with secrets that others can read.
"""

import stat
import tomllib
from pathlib import Path
from typing import Any, TypeVar, cast
from zoneinfo import ZoneInfo

from core.config.table import Table
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
from core.errors import Problem
from core.orders.policy import TIERS
from core.ports import Sender
from core.watch.rules import RULES, URGENT

T = TypeVar("T")


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
    zone = zone_of(top)
    config = Config(
        path=path,
        database=path.parent / top.text("database", "packline.db"),
        photos=path.parent / top.text("photos", "photos"),
        log=path.parent / top.text("log", "packline.log"),
        language=top.text("language", "zh_CN", ("zh_CN", "en")),
        zone=zone,
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
        shops=unique(tuple(shop_of(t, zone, secrets) for t in top.tables("shops")), path),
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


def shop_of(table: Table, zone: ZoneInfo, secrets: list[bool]) -> ShopConfig:
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
        session_ends=table.moment("session_ends", zone),
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
        partners=partners_of(table.table("partners"), secrets),
    )
    table.finish()
    secrets.append(table.secret)
    return carrier


def partners_of(table: Table | None, secrets: list[bool]) -> dict[str, PartnerConfig]:
    """The contracts with single carriers: ``[carrier.partners.zto]``."""
    if table is None:
        return {}
    partners = {}
    for code in list(table.values):
        told = Table(table.file, f"{table.name}.{code}", table.values.pop(code))
        partners[code] = partner_of(told)
        secrets.append(told.secret)
    return partners


def partner_of(table: Table) -> PartnerConfig:
    """The contract with one carrier."""
    names = ("key", "secret", "name", "net", "code", "exp_type")
    partner = PartnerConfig(
        account=table.text("account"), **{name: table.text(name, "") for name in names}
    )
    table.finish()
    return partner


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
            key = f"stations.{station.code}.warehouse"
            raise nobody_has(config, key, known or {"[[warehouses]]"}, station.warehouse)


def check_fallbacks(config: Config) -> None:
    """Every fallback is another notifier that exists."""
    codes = {notifier.code for notifier in config.notifiers}
    for notifier in config.notifiers:
        others = codes - {notifier.code}
        if notifier.fallback and notifier.fallback not in others:
            key = f"notifiers.{notifier.code}.fallback"
            raise nobody_has(config, key, others or {"[[notifiers]]"}, notifier.fallback)


def nobody_has(config: Config, key: str, known: set[str], came: str) -> Problem:
    """A name that stands nowhere else in the file; ``known`` are those that do."""
    expected = " | ".join(sorted(known))
    return Problem("config.wrong", file=str(config.path), key=key, expected=expected, came=came)


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
