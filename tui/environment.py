"""What Textual reads from the environment, set before it is imported; and where it cannot run.

Nothing here imports Textual: its constants are read once, at import.
"""

import os
import sys
from collections.abc import MutableMapping

from core.errors import Problem


def low_bandwidth(environ: MutableMapping[str, str], wanted: bool | None = None) -> bool:
    """Whether to spare the line: as the setting says, else whenever we are reached over SSH."""
    return "SSH_CONNECTION" in environ if wanted is None else wanted


def prepare(
    environ: MutableMapping[str, str] = os.environ,
    *,
    sparing: bool | None = None,
    kitty_keys: bool = False,
) -> bool:
    """Set Textual's defaults and return whether the low-bandwidth mode is on.

    A variable that is already set wins. ``sparing`` is the setting, None chooses by SSH.
    """
    low = low_bandwidth(environ, sparing)
    # Textual paints from a timer: at 60 the slowest frames come a whole period late.
    environ.setdefault("TEXTUAL_FPS", "30" if low else "120")
    environ.setdefault("TEXTUAL_ANIMATIONS", "none")
    environ.setdefault("TEXTUAL_SMOOTH_SCROLL", "0")
    if low and _colours_unsaid(environ):
        environ["TEXTUAL_COLOR_SYSTEM"] = "256"
    if not kitty_keys:
        # The kitty protocol swallows Chinese input in several terminals.
        environ.setdefault("TEXTUAL_DISABLE_KITTY_KEY", "1")
    return low


def _colours_unsaid(environ: MutableMapping[str, str]) -> bool:
    """Whether 256 colours are safe to choose: nobody asked for others, the terminal has them."""
    term = environ.get("TERM", "")
    able = "256color" in term or bool(environ.get("COLORTERM"))
    return able and "TEXTUAL_COLOR_SYSTEM" not in environ and "NO_COLOR" not in environ


def require_terminal() -> None:
    """Raise Problem unless every end is a terminal; without one Textual spins for ever.

    Textual draws on the error stream: a log kept with ``2>`` would swallow the whole screen.
    """
    for stream in (sys.__stdin__, sys.__stdout__, sys.__stderr__):
        if stream is None or stream.closed or not stream.isatty():
            raise Problem("start.no_terminal")
