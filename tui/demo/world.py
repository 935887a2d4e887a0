"""The made-up world outside: shops and a carrier over HTTP, and the devices of each bench.

Everything speaks its real wire format on 127.0.0.1 or a pseudo-terminal; the configuration that
``config`` writes names addresses and paths, as any other would.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from core.clock import Clock, SetClock
from drivers.simulated.camera import SimulatedCamera
from drivers.simulated.http import SimulatedServer
from drivers.simulated.kuaidi100 import SimulatedKuaidi100
from drivers.simulated.printer import SimulatedPrinter
from drivers.simulated.robots import SimulatedWecom
from drivers.simulated.scale import SimulatedScale
from drivers.simulated.scanner import SimulatedKeys, SimulatedScanner
from tui.commands.simulate import PLATFORMS, made
from tui.demo.orders import Wish
from tui.demo.paper import Paper, papers

SCALE = "mt_sics"
SCALE_BAUD = 12_000
"""Of the real wire: a fast clock must not make a polled scale talk without end."""
KEEP_LABELS = 20
"""Labels whose picture a printer remembers; the numbers of all others are kept."""


@dataclass(frozen=True, slots=True)
class ShopFront:
    """How one made-up shop is set up."""

    code: str
    name: str
    backhaul_on: str
    channel: str = "taobao"
    more: Mapping[str, Any] = field(default_factory=dict)
    """What is special about its platform's side."""


SHOPS = (
    ShopFront("MS", "棉时旗舰店", "labelled", more={"seller": "MS"}),
    ShopFront("XY", "小院家居", "handed_over", more={"seller": "XY", "mask": False}),
)
NAMES = {
    "taobao": "棉时淘宝店",
    "tmall": "棉时天猫旗舰店",
    "jd": "棉时京东自营店",
    "pdd": "棉时拼多多店",
    "ktt": "棉时快团团",
    "douyin": "棉时抖音小店",
    "kuaishou": "棉时快手小店",
    "wechat": "棉时微信小店",
    "shopify": "Mianshi Shopify",
    "woocommerce": "Mianshi WooCommerce",
    "vendure": "Mianshi Vendure",
}
"""The channels a made-up shop can be on, and what it is called there."""


def fronts(channels: Iterable[str]) -> tuple[ShopFront, ...]:
    """One shop on each of these channels; every other one reports at handover."""
    return tuple(
        ShopFront(
            f"{channel}-{number}",
            NAMES[channel],
            "handed_over" if number % 2 == 0 else "labelled",
            channel,
        )
        for number, channel in enumerate(channels, start=1)
    )


@dataclass(slots=True)
class Gear:
    """What stands on one bench."""

    station: str
    scale: SimulatedScale
    scanner: SimulatedScanner | SimulatedKeys
    printer: SimulatedPrinter
    camera: SimulatedCamera | None

    @classmethod
    def on(cls, station: str, folder: Path, speed: float, camera: bool, shape: "Shape") -> Self:
        """Set up and switch on."""
        scanner = SimulatedKeys if shape.scanner == "evdev" else SimulatedScanner
        return cls(
            station,
            SimulatedScale(
                shape.scale,
                path=folder / f"{station}-scale",
                speed=speed,
                baud=max(1, int(SCALE_BAUD / speed)),
            ),
            scanner(folder / f"{station}-scanner"),
            SimulatedPrinter(shape.printer, keep=KEEP_LABELS),
            SimulatedCamera() if camera else None,
        )

    def heal(self) -> None:
        """Everything plugged in and in order."""
        self.scale.freeze(False)
        self.scale.replug()
        if not self.scanner.plugged:
            self.scanner.replug()
        self.printer.fault("")
        self.printer.restore()
        if self.camera is not None:
            self.camera.fault("")
            self.camera.restore()

    def close(self) -> None:
        """Switch off."""
        self.scale.close()
        self.scanner.close()
        self.printer.close()
        if self.camera is not None:
            self.camera.cut()


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """How big a world is wanted."""

    fronts: tuple[ShopFront, ...] = SHOPS
    stations: tuple[str, ...] = ("B1",)
    wired: bool = True
    """Whether the benches have devices; without, hands are enough and labels are kept in a file."""
    cameras: int = 99
    """Benches that have a camera."""
    scale: str = SCALE
    """The protocol of the scales."""
    scanner: str = "serial"
    """``serial`` or ``evdev``: a keyboard scanner taken away from the console."""
    printer: str = "zpl"
    """``zpl`` or ``tspl``."""
    label_mm: tuple[int, int] = (100, 150)
    pull_every_s: int = 10
    late: tuple[float, float] = (0.0, 0.0)
    """The share of changes the shops list only up to so many seconds later."""
    refuse_refunds: bool = True
    """Whether the platforms themselves refuse to ship what money is asked back for."""
    seed: int = 1


@dataclass(slots=True)
class World:
    """Shops, carrier and benches; use as a context manager."""

    folder: Path
    clock: Clock
    shape: Shape = field(default_factory=Shape)
    shops: dict[str, Any] = field(default_factory=dict)
    gear: dict[str, Gear] = field(default_factory=dict)
    carrier: SimulatedKuaidi100 = field(init=False)
    robot: SimulatedWecom | None = None
    """Tells the group of whoever leads about alerts; none where a screen does."""
    online: bool = True

    def __post_init__(self) -> None:
        self.carrier = SimulatedKuaidi100(self.clock, "demo-key", "demo-secret")
        if not self.shape.wired:
            self.robot = SimulatedWecom(self.clock)
        for number, front in enumerate(self.shape.fronts):
            self.shops[front.code] = made(
                PLATFORMS[front.channel],
                self.clock,
                late=self.shape.late,
                refuse_refunds=self.shape.refuse_refunds,
                seed=self.shape.seed + number,
                **front.more,
            )

    def __enter__(self) -> Self:
        devices = self.folder / "devices"
        devices.mkdir(exist_ok=True)
        for server in self.servers:
            server.start()
        for number, station in enumerate(self.shape.stations if self.shape.wired else ()):
            has_camera = number < self.shape.cameras
            self.gear[station] = Gear.on(
                *(station, devices, self.clock.speed, has_camera, self.shape)
            )
        return self

    def __exit__(self, *_: object) -> None:
        for gear in self.gear.values():
            gear.close()
        for server in self.servers:
            server.stop()

    @property
    def servers(self) -> tuple[SimulatedServer, ...]:
        """Everything that is reached over the network."""
        robots = () if self.robot is None else (self.robot,)
        return (*self.shops.values(), self.carrier, *robots)

    @property
    def paper(self) -> list[Paper]:
        """Every label that came out, on whatever bench."""
        if not self.shape.wired:
            return [x for code in self.shape.stations for x in papers(self.folder, code)]
        printed = (label for gear in self.gear.values() for label in gear.printer.labels)
        return [Paper(x.waybill, x.number, x.copy) for x in printed if x.waybill]

    # --- what happens ---------------------------------------------------------------------------

    def buy(self, shop: str, wish: Wish) -> str:
        """A buyer places an order; the platform's number."""
        world = self.shops[shop]
        tid = str(world.place(wish.order))
        if wish.refund and world.tells_wishes:
            world.refund(tid)
        if wish.stopped:
            world.hold(tid)
        return tid

    @contextmanager
    def back_then(self, at: int) -> Iterator[None]:
        """What happens inside happened at that moment; before anybody asks the shops."""
        for shop in self.shops.values():
            shop.clock = SetClock(at)
        try:
            yield
        finally:
            for shop in self.shops.values():
                shop.clock = self.clock

    def cut(self) -> None:
        """Pull the network cable: shops and carrier are gone; the benches stay."""
        if self.online:
            self.online = False
            for server in self.servers:
                server.cut()

    def restore(self) -> None:
        """Put the cable back in."""
        if not self.online:
            for server in self.servers:
                server.restore()
            self.online = True

    def heal(self) -> None:
        """Nothing goes wrong from here on."""
        self.restore()
        for server in self.servers:
            server.calm()
        for gear in self.gear.values():
            gear.heal()

    # --- how it is reached ----------------------------------------------------------------------

    def config(self) -> str:
        """The configuration file of an installation in this world."""
        return "\n".join(
            [
                'language = "zh_CN"',
                'timezone = "Asia/Shanghai"',
                'prefix = "DB"',
                SENDER,
                '[[warehouses]]\ncode = "HZ1"\nname = "杭州一仓"\n',
                *(self._shop(front) for front in self.shape.fronts),
                self._carrier(),
                self._robot(),
                *(self._station(code) for code in self.shape.stations),
            ]
        )

    def _shop(self, front: ShopFront) -> str:
        shop, platform = self.shops[front.code], PLATFORMS[front.channel]
        return f"""[[shops]]
code = "{front.code}"
name = "{front.name}"
channel = "{front.channel}"
url = "{shop.url}{platform.path}"
app_key = "{shop.app_key}"
app_secret = "{platform.secret}"
session = "{shop.session}"
refresh_token = "{shop.refresh_token}"
tier = "standard"
carrier = "zto"
backhaul_on = "{front.backhaul_on}"
pull_every_s = {self.shape.pull_every_s}
"""

    def _carrier(self) -> str:
        return f"""[carrier]
kind = "kuaidi100"
url = "{self.carrier.url}"
key = "{self.carrier.key}"
secret = "{self.carrier.secret}"
account = "demo"
[carrier.partners.zto]
account = "demo-zto"
key = "demo-zto-key"
net = "杭州一部"
"""

    def _robot(self) -> str:
        if self.robot is None:
            return ""
        return f"""[[notifiers]]
code = "leads"
kind = "wecom"
url = "{self.robot.address}"
"""

    def _station(self, code: str) -> str:
        told = f"""[[stations]]
code = "{code}"
name = "{code[1:]} 号工位"
warehouse = "HZ1"
"""
        return told + self._devices(self.gear[code]) if code in self.gear else told

    def _devices(self, gear: Gear) -> str:
        printer, size = gear.printer, list(self.shape.label_mm)
        camera = f'camera = {{ kind = "http", url = "{gear.camera.url}" }}\n' if gear.camera else ""
        return f"""scanners = [{{ kind = "{self.shape.scanner}", url = "{gear.scanner.path}" }}]
scale = {{ kind = "{gear.scale.protocol}", url = "{gear.scale.path}" }}
printer = {{ kind = "{printer.language}", url = "{printer.address}", size_mm = {size} }}
{camera}"""


SENDER = """
[sender]
name = "棉时发货仓"
phone = "0571-86001234"
province = "浙江省"
city = "杭州市"
district = "余杭区"
address = "良渚街道物流路18号3号库"
"""
