"""The one place that joins core and drivers: from a configuration to running works.

``Works`` is everything that runs without a screen: the store, the shops, the carrier, the sync
engine and the stations with their devices. The command line, the screens, the demo and the
rehearsal all start it; none of them learns whether a device or a shop is simulated.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar, cast

from core.clock import Clock, SystemClock
from core.config import (
    Config,
    DeviceConfig,
    NotifierConfig,
    ShopConfig,
    StationConfig,
)
from core.errors import Problem
from core.messages import Message
from core.place import furnish
from core.ports import Camera, Carrier, Deliveries, Notifier, Printer, Scan
from core.store import Store
from core.text import clean
from tui.tokens import TokenFile

if TYPE_CHECKING:  # the command line opens a place without the floor, the scheduler or a device
    from core.sync import Engine, Shop
    from core.sync.door import Door
    from core.sync.folder import WatchedFolder
    from core.watch.delivery import Delivery
    from core.watch.sessions import Session
    from drivers.channels import Connection
    from drivers.doorbell import Ring
    from drivers.scales.live import LiveScale
    from drivers.scanners import LiveScanner
    from tui.station import Station

T = TypeVar("T")
LINE_SETTINGS = ("baud", "bytesize", "parity", "stopbits")
"""Options of a serial device that belong to its line and not to its protocol."""


class Works:
    """One installation at work in this process."""

    def __init__(self, config: Config, clock: Clock | None = None) -> None:
        """Open the database and make everything ready; nothing runs yet. Raises Problem."""
        self.config = config
        self.clock: Clock = clock or SystemClock(config.zone)
        self.store = Store(config.database, self.clock)
        self.place = self.store.do(lambda tx: furnish(tx, config))
        self._engine: Engine | None = None
        self._delivery: Delivery | None = None
        self._door: Door | None = None
        self._stations: dict[str, Station] = {}

    @property
    def engine(self) -> "Engine":
        """The sync engine; made on first use, because it brings httpx and the scheduler."""
        from core.sync import Engine

        if self._engine is None:
            config = self.config
            self._door = door_of(self)
            self._engine = Engine(
                self.store,
                shops_of(self),
                carrier_of(config, self.clock),
                config.sender,
                pull_every_s={
                    self.place.shops[shop.code]: float(shop.pull_every_s) for shop in config.shops
                },
                chores=self._chores(),
            )
        return self._engine

    def _chores(self) -> dict[str, Callable[[], object]]:
        """What is looked after beside the shops: folders, people to tell, the door."""
        folders = (shop for shop in self.config.shops if shop.folder)
        chores: dict[str, Callable[[], object]] = {
            f"folder:{shop.code}": folder_of(self, shop).look for shop in folders
        }
        chores["sessions"] = self._look_at_sessions
        for code in self.delivery.notifiers:
            chores[f"send:notifier:{code}"] = partial(self.delivery.deliver, code)
        if self._door is not None:
            chores["door"] = self._door.look
        return chores

    def _look_at_sessions(self) -> None:
        """Say which shops cannot be called much longer."""
        from core.watch import sessions

        sessions.look(self.store, [session_of(x, self.config) for x in self.config.shops if x.url])

    @property
    def delivery(self) -> "Delivery":
        """What tells people of alerts; only the process that syncs lets it tick."""
        from core.watch.delivery import Delivery
        from tui.telling import Digest

        if self._delivery is None:
            self._delivery = Delivery(
                self.store,
                {
                    notifier.code: notifier_of(notifier, self.config, self.clock)
                    for notifier in self.config.notifiers
                },
                Digest(self.config.language, self.config.zone),
            )
        return self._delivery

    def station(self, code: str) -> "Station":
        """A bench with its devices, made on first use. Raises Problem."""
        from tui.station import Station

        if code not in self._stations:
            self._stations[code] = Station(
                self.store, self.config, self.config.station(code), self.clock
            )
        return self._stations[code]

    def close(self) -> None:
        """Stop everything in order: devices, sync, then the store."""
        for station in self._stations.values():
            station.stop()
        if self._engine is not None:
            for shop in self._engine.shops.values():
                cast("Connection", shop.channel).leave()
            self._engine.stop()
        if self._door is not None:
            self._door.close()  # only now: the engine would have opened it again
        self.store.close()


def shops_of(works: Works) -> "dict[int, Shop]":
    """Shop id -> shop, for every shop that can be asked over the network."""
    from core.sync import Shop
    from core.sync.deliveries import StoredDeliveries

    config, ids = works.config, works.place.shops
    return {
        ids[shop.code]: Shop(
            shop.code,
            channel_of(shop, config, works.clock, StoredDeliveries(works.store, ids[shop.code])),
            works.place.policies[ids[shop.code]],
        )
        for shop in config.shops
        if shop.url
    }


def door_of(works: Works) -> "Door | None":
    """The door for pushed messages, where one is configured and some shop uses it."""
    push, shops = works.config.push, [shop for shop in works.config.shops if shop.push_path]
    if push is None or not shops:
        return None
    from core.sync.door import Door
    from drivers.doorbell import Doorbell

    rings = {shop.push_path: (shop.code, ring_of(shop, works)) for shop in shops}
    return Door(
        works.store,
        works.place.shops,
        lambda keep: Doorbell(
            *(push.host, push.port, rings, keep),
            most_bytes=push.most_kb * 1024,
            patience_s=push.patience_s,
            threads=push.threads,
        ),
    )


def ring_of(shop: ShopConfig, works: Works) -> "Ring":
    """How a shop's platform rings. Raises Problem for one that does not."""
    from drivers.doorbell import RINGS, ring_of

    if shop.channel not in RINGS:
        raise Problem(
            "config.wrong",
            file=str(works.config.path),
            key=f"shops.{shop.code}.push_path",
            expected=" | ".join(RINGS),
            came=shop.channel,
        )
    return ring_of(shop.channel, shop.app_key, shop.push_secret or shop.app_secret, works.clock)


def folder_of(works: Works, shop: ShopConfig) -> "WatchedFolder":
    """A shop's watched folder; what is put there is imported as by hand."""
    from core.orders.columns import columns_of
    from core.sync.folder import WatchedFolder
    from tui.commands.import_ import import_watched

    assert shop.folder is not None
    return WatchedFolder(
        works.store,
        shop.code,
        shop.folder,
        lambda paths: import_watched(works, paths, shop.code),
        lambda: columns_of(works.store.read, works.place.shops[shop.code]),
    )


def channel_of(
    shop: ShopConfig, config: Config, clock: Clock, deliveries: Deliveries | None = None
) -> "Connection":
    """The connector for a shop. Raises Problem for a channel without one.

    ``deliveries`` is where an aggregator's orders are kept.
    """
    from drivers.channels import CHANNELS, ShopAccess

    if shop.channel not in CHANNELS:
        raise Problem(
            "config.wrong",
            file=str(config.path),
            key=f"shops.{shop.code}.channel",
            expected=" | ".join(CHANNELS),
            came=shop.channel,
        )
    kept = tokens_of(shop, config)
    access = ShopAccess(
        code=shop.code,
        url=shop.url,
        app_key=shop.app_key,
        app_secret=shop.app_secret,
        tokens=kept.newest(),
        carriers=shop.carriers,
        save_tokens=kept,
        platform=shop.platform,
        callback=callback_of(shop, config),
        push_secret=shop.push_secret or shop.app_secret,
        deliveries=deliveries,
    )
    return CHANNELS[shop.channel](access, clock)


def tokens_of(shop: ShopConfig, config: Config) -> TokenFile:
    """Where a shop's tokens are kept."""
    from drivers.channels.access import Tokens

    configured = Tokens(shop.session, shop.refresh_token, shop.session_ends)
    return TokenFile(config.path.parent / f".tokens-{shop.code}.json", configured)


def session_of(shop: ShopConfig, config: Config) -> "Session":
    """How long a shop can be called, and whether what it is called with is renewed by itself."""
    from core.watch.sessions import Session
    from drivers.channels.access import ahead_ms

    tokens = tokens_of(shop, config).newest()
    renews = shop.refresh_token or not shop.session  # some platforms give tokens for the key alone
    return Session(
        shop.code,
        tokens.expires_at,
        tokens.renewed_from(ahead_ms(shop.channel)) if renews else None,
    )


def callback_of(shop: ShopConfig, config: Config) -> str:
    """Where the outside rings for a shop; "" when it cannot."""
    known = config.push is not None and config.push.url and shop.push_path
    return f"{config.push.url}{shop.push_path}" if config.push and known else ""


def carrier_of(config: Config, clock: Clock) -> Carrier | None:
    """The account that sells waybills, if there is one. Raises Problem for a contract with a
    carrier that it does not know."""
    carrier = config.carrier
    if carrier is None:
        return None
    from drivers.carriers.kuaidi100 import CODES, Kuaidi100, Partner

    for code in carrier.partners:
        if code not in CODES:
            raise Problem(
                "config.wrong",
                file=str(config.path),
                key=f"carrier.partners.{code}",
                expected=" | ".join(CODES),
                came=code,
            )
    partners = {
        code: Partner(
            id=told.account,
            key=told.key,
            secret=told.secret,
            name=told.name,
            net=told.net,
            code=told.code,
            exp_type=told.exp_type,
        )
        for code, told in carrier.partners.items()
    }
    return Kuaidi100(
        *(carrier.url, carrier.key, carrier.secret, clock),
        account=carrier.account,
        partners=partners,
    )


def notifier_of(notifier: NotifierConfig, config: Config, clock: Clock) -> Notifier:
    """How one group or person is told. Raises Problem."""
    from drivers.notifiers import NOTIFIERS, Access

    access = Access(
        url=notifier.url,
        key=notifier.key,
        secret=notifier.secret,
        mobiles=notifier.mobiles,
        user=notifier.user,
        sender=notifier.sender,
        to=notifier.to,
    )
    return refuse_unknown(
        lambda: NOTIFIERS[notifier.kind](access, clock), config, f"notifiers.{notifier.code}"
    )


def printer_of(device: DeviceConfig, name: str, config: Config) -> Printer:
    """A station's label printer. Raises Problem."""
    from drivers.printers.printer import LabelPrinter

    options = dict(device.options)
    size = options.pop("size_mm", [100, 150])
    return refuse_unknown(
        lambda: LabelPrinter(
            name,
            device.url,
            language=device.kind,
            size_mm=(int(size[0]), int(size[1])),
            lang=config.language,
            zone=config.zone,
            **options,
        ),
        config,
        f"{name}.printer",
    )


def printers_of(station: StationConfig, config: Config) -> Printer | None:
    """What a station prints on: one printer, or labels and slips apart. Raises Problem."""
    labels = printer_of(station.printer, station.code, config) if station.printer else None
    if station.slip_printer is None:
        return labels
    slips = printer_of(station.slip_printer, f"{station.code} slips", config)
    if labels is None:
        return slips
    from drivers.printers.pair import LabelsAndSlips

    return LabelsAndSlips(labels, slips)


def camera_of(device: DeviceConfig, name: str, config: Config) -> Camera:
    """A station's camera. Raises Problem."""
    from drivers.cameras import CommandCamera, SnapshotCamera

    makers: dict[str, Callable[..., Camera]] = {"http": SnapshotCamera, "command": CommandCamera}
    if device.kind not in makers:
        raise Problem(
            "config.wrong",
            file=str(config.path),
            key=f"{name}.camera.kind",
            expected=" | ".join(makers),
            came=device.kind,
        )
    return refuse_unknown(
        lambda: makers[device.kind](name, device.url, **device.options), config, f"{name}.camera"
    )


def scale_of(device: DeviceConfig, name: str, config: Config, **told: Any) -> "LiveScale":
    """A station's scale; ``told`` are the callbacks and the clock. Raises Problem."""
    from drivers.scales.hid import live_hid
    from drivers.scales.live import LiveScale
    from drivers.scales.protocols import find

    options = dict(device.options)
    line = {key: options.pop(key) for key in LINE_SETTINGS if key in options}
    told["polled"] = options.pop("polled", None)
    told["name"] = f"{name} scale"
    profile = find(device.kind)
    if profile.hid:
        return live_hid(device.url, options=options, **told)
    return refuse_unknown(
        lambda: LiveScale(
            device.url, device.kind, options=options, line=replace(profile.line, **line), **told
        ),
        config,
        f"{name}.scale",
    )


def scanner_of(
    device: DeviceConfig, name: str, config: Config, on_scan: Callable[[Scan], None], clock: Clock
) -> "LiveScanner":
    """One of a station's scanners. Raises Problem."""
    from drivers.scanners import AltNumpad, EvdevScanner, HidPosScanner, SerialScanner, Suffix

    makers: dict[str, Callable[..., LiveScanner]] = {
        "serial": SerialScanner,
        "evdev": EvdevScanner,
        "hidpos": HidPosScanner,
    }
    if device.kind not in makers:
        raise Problem(
            "config.wrong",
            file=str(config.path),
            key=f"{name}.scanners.kind",
            expected=" | ".join(makers),
            came=device.kind,
        )
    options = {"name": f"{name} {device.kind}", **device.options}

    def make() -> "LiveScanner":
        readers: dict[str, Callable[[Any], Any]] = {
            "alt_numpad": AltNumpad,
            "wake": bytes.fromhex,
        }
        if device.kind == "serial":
            readers["suffix"] = lambda word: Suffix[word.upper()]
        read = {key: readers[key](value) for key, value in options.items() if key in readers}
        return makers[device.kind](
            device.url, on_scan, lambda state: None, clock, **(options | read)
        )

    return refuse_unknown(make, config, f"{name}.scanners")


def refuse_unknown(make: Callable[[], T], config: Config, key: str) -> T:
    """An option (or a value of one) that a driver does not know is a mistake in the file."""
    try:
        return make()
    except (TypeError, ValueError, KeyError) as error:
        raise Problem(
            "config.wrong",
            file=str(config.path),
            key=key,
            expected=Message("config.expect_known_option"),
            came=clean(error, 120),
        ) from error
