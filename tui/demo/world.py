"""The made-up world outside: two shops and a carrier over HTTP, and the devices of each bench.

Everything speaks its real wire format on 127.0.0.1 or a pseudo-terminal; the configuration that
``config`` writes names addresses and paths, as any other would.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from core.clock import Clock, SetClock
from drivers.simulated.camera import SimulatedCamera
from drivers.simulated.http import SimulatedServer
from drivers.simulated.kuaidi100 import SimulatedKuaidi100
from drivers.simulated.printer import SimulatedPrinter
from drivers.simulated.scale import SimulatedScale
from drivers.simulated.scanner import SimulatedScanner
from drivers.simulated.shop import SimulatedTaobao
from tui.demo.orders import Wish

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
    masked: bool
    backhaul_on: str


SHOPS = (
    ShopFront("MS", "棉时旗舰店", True, "labelled"),
    ShopFront("XY", "小院家居", False, "handed_over"),
)


@dataclass(slots=True)
class Gear:
    """What stands on one bench."""

    station: str
    scale: SimulatedScale
    scanner: SimulatedScanner
    printer: SimulatedPrinter
    camera: SimulatedCamera | None

    @classmethod
    def on(cls, station: str, folder: Path, speed: float, camera: bool, scale: str) -> Self:
        """Set up and switch on."""
        return cls(
            station,
            SimulatedScale(
                scale,
                path=folder / f"{station}-scale",
                speed=speed,
                baud=max(1, int(SCALE_BAUD / speed)),
            ),
            SimulatedScanner(folder / f"{station}-scanner"),
            SimulatedPrinter(keep=KEEP_LABELS),
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

    stations: tuple[str, ...] = ("B1",)
    cameras: int = 99
    """Benches that have a camera."""
    scale: str = SCALE
    """The protocol of the scales."""
    label_mm: tuple[int, int] = (100, 150)
    pull_every_s: int = 10
    late: tuple[float, float] = (0.0, 0.0)
    """The share of changes the shops list only up to so many seconds later."""
    seed: int = 1


@dataclass(slots=True)
class World:
    """Shops, carrier and benches; use as a context manager."""

    folder: Path
    clock: Clock
    shape: Shape = field(default_factory=Shape)
    shops: dict[str, SimulatedTaobao] = field(default_factory=dict)
    gear: dict[str, Gear] = field(default_factory=dict)
    carrier: SimulatedKuaidi100 = field(init=False)
    online: bool = True

    def __post_init__(self) -> None:
        self.carrier = SimulatedKuaidi100(self.clock, "demo-key", "demo-secret")
        for number, front in enumerate(SHOPS):
            self.shops[front.code] = SimulatedTaobao(
                self.clock,
                f"1234567{number}",
                f"demo-secret-{front.code}",
                f"session-{front.code}",
                refresh_token=f"refresh-{front.code}",
                seller=front.code,
                mask=front.masked,
                late=self.shape.late,
                seed=self.shape.seed + number,
            )

    def __enter__(self) -> Self:
        devices = self.folder / "devices"
        devices.mkdir(exist_ok=True)
        for server in self.servers:
            server.start()
        for number, station in enumerate(self.shape.stations):
            has_camera = number < self.shape.cameras
            self.gear[station] = Gear.on(
                *(station, devices, self.clock.speed, has_camera, self.shape.scale)
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
        return (*self.shops.values(), self.carrier)

    # --- what happens ---------------------------------------------------------------------------

    def buy(self, shop: str, wish: Wish) -> str:
        """A buyer places an order; the platform's number."""
        world = self.shops[shop]
        tid = world.place(wish.order)
        if wish.refund:
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
                *(self._shop(front) for front in SHOPS),
                self._carrier(),
                *(self._station(gear) for gear in self.gear.values()),
            ]
        )

    def _shop(self, front: ShopFront) -> str:
        shop = self.shops[front.code]
        return f"""[[shops]]
code = "{front.code}"
name = "{front.name}"
channel = "taobao"
url = "{shop.url}/router/rest"
app_key = "{shop.app_key}"
app_secret = "demo-secret-{front.code}"
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
"""

    def _station(self, gear: Gear) -> str:
        wide, high = self.shape.label_mm
        camera = f'camera = {{ kind = "http", url = "{gear.camera.url}" }}\n' if gear.camera else ""
        return f"""[[stations]]
code = "{gear.station}"
name = "{gear.station[1:]} 号工位"
warehouse = "HZ1"
scanners = [{{ kind = "serial", url = "{gear.scanner.path}" }}]
scale = {{ kind = "{gear.scale.protocol}", url = "{gear.scale.path}" }}
printer = {{ kind = "zpl", url = "{gear.printer.address}", size_mm = [{wide}, {high}] }}
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
