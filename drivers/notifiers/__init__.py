"""Tells people where they are: group robots of three platforms, e-mail, and pushes to a phone.

One file per kind on one port, ``core.ports.Notifier``. Never decides who is told or when, keeps
nothing, and never takes HTTP 200 for success: the code in the answer decides. No failure carries
an address or a secret.
"""

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Protocol

from core.clock import Clock
from core.ports import Notifier
from drivers.notifiers.access import Access

__all__ = ["NOTIFIERS", "Access", "Connection"]


class Connection(Notifier, Protocol):
    """A notifier that may hold connections of its own."""

    def close(self) -> None:
        """Let the connections go; the next message opens new ones."""


Maker = Callable[[Access, Clock], Connection]


def _kind(module: str, name: str) -> Maker:
    """A kind's driver; its file is read when the first message needs it."""

    def make(access: Access, clock: Clock) -> Connection:
        made: Connection = getattr(import_module(f"drivers.notifiers.{module}"), name)(
            access, clock
        )
        return made

    return make


NOTIFIERS: Mapping[str, Maker] = {
    "wecom": _kind("wecom", "WecomRobot"),
    "dingtalk": _kind("dingtalk", "DingtalkRobot"),
    "feishu": _kind("feishu", "FeishuRobot"),
    "email": _kind("mail", "Mail"),
    "ntfy": _kind("push", "Ntfy"),
    "bark": _kind("push", "Bark"),
}
"""Kind -> how it is reached."""
