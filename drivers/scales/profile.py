"""What Packline knows about a protocol: how to decode it, ask it, zero it, and open its line."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from core.errors import Problem
from core.messages import Message
from drivers.scales.decoder import Decoder


@dataclass(frozen=True, slots=True)
class Line:
    """Serial line settings."""

    baud: int = 9600
    bytesize: int = 8
    parity: str = "N"
    stopbits: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One protocol. Adding one is one file that ends in such a value, plus its registration."""

    name: str
    build: Callable[..., Decoder]
    """Makes a decoder from the options below."""
    options: Mapping[str, tuple[object, ...]] = field(default_factory=dict)
    """Option name to the values it may take; the first is the default."""
    line: Line = Line()
    hid: bool = False
    """True for USB HID scales: one report per ``feed``, no serial line."""
    ask: bytes = b""
    """What makes the scale tell the weight; "" when it only speaks by itself."""
    polled: bool = False
    """Whether it must be asked every time."""
    ask_every_ms: int = 300
    reply: Mapping[bytes, bytes] = field(default_factory=dict)
    """Handshake: when the scale's bytes end with the key, answer with the value."""
    zero: bytes = b""
    """The zero command; "" when there is none we can rely on."""
    tare: bytes = b""
    confirm: int = 1
    """Equal stable frames needed before one is believed: more for weakly framed protocols."""

    @property
    def label(self) -> Message:
        """The name people choose it by."""
        return Message(f"scales.protocol.{self.name}")

    def decoder(self, **options: object) -> Decoder:
        """A fresh decoder. Raises Problem naming what is expected."""
        for name, value in options.items():
            self._check(name, value)
        return self.build(**options)

    def _check(self, name: str, value: object) -> None:
        allowed = self.options.get(name)
        if allowed is None:
            raise Problem(
                "scales.unknown_option",
                protocol=self.name,
                option=name,
                expected=", ".join(self.options) or "-",
            )
        if not any(value == one and type(value) is type(one) for one in allowed):
            raise Problem(
                "scales.bad_option",
                protocol=self.name,
                option=name,
                got=value,
                expected=", ".join(str(one) for one in allowed),
            )


SEVEN_BIT: Mapping[str, tuple[object, ...]] = {"seven_bit": (False, True)}
"""The option every text protocol takes: drop the parity bit of a 7E1/7O1 sender."""
