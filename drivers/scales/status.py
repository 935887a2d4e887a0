"""What a live scale tells of itself: one frozen snapshot, and the words for a port that is away."""

import errno
from dataclasses import dataclass

from core.messages import Message
from core.ports import DeviceState
from core.text import clean
from drivers.scales.reading import Reading


@dataclass(frozen=True, slots=True, kw_only=True)
class ScaleStatus:
    """What a scale can say about itself at this moment."""

    connected: bool = False
    since_ms: int = 0
    """When ``connected`` last changed."""
    last_raw: bytes = b""
    """The last bytes heard, at most 64."""
    last: Reading | None = None
    last_ms: int = 0
    rate: float = 0.0
    """Readings a second over the last two seconds."""
    wants_empty: bool = False
    """A weight is asked for, but the load of the last booking must come off first."""
    error: Message | None = None

    def device_state(self, name: str) -> DeviceState:
        """The snapshot as the device screen shows it."""
        return DeviceState(
            name=name,
            kind="scale",
            connected=self.connected,
            since=self.since_ms,
            last_raw=self.last_raw,
            last_value=_shown(self.last),
            last_at=self.last_ms,
            rate=self.rate,
            trouble=self.error,
        )


_CAUSES = {
    errno.ENOENT: "scales.absent",
    errno.ENODEV: "scales.absent",
    errno.ENXIO: "scales.absent",
    errno.EACCES: "scales.permission",
    errno.EPERM: "scales.permission",
    errno.EBUSY: "scales.busy",
    errno.EAGAIN: "scales.busy",
}


def away(port: str, why: BaseException, *, was_there: bool) -> Message:
    """What to tell a person about a port that cannot be read."""
    if was_there:
        return Message("scales.unplugged", {"port": port})
    cause = _CAUSES.get(getattr(why, "errno", None) or 0)
    if cause:
        return Message(cause, {"port": port})
    return Message("scales.away", {"port": port, "why": clean(why, 80)})


def _shown(reading: Reading | None) -> str:
    if reading is None:
        return ""
    if reading.weight is None:
        return reading.status
    return f"{reading.weight} {reading.unit or ''}".strip()
