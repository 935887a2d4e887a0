"""What several commands begin with: the configuration, the language, the log."""

import argparse
import contextlib
import logging
from collections.abc import Iterator
from logging.handlers import RotatingFileHandler

from core.clock import Clock
from core.config import Config, read_config
from tui.wiring import Works
from tui.words import use


def configured(arguments: argparse.Namespace) -> Config:
    """Read the configuration, speak its language, open the log. Raises Problem."""
    config = read_config(arguments.config)
    if not arguments.language:
        use(config.language)
    keep_log(config)
    return config


def keep_log(config: Config) -> None:
    """Log to the file the configuration names; an unwritable folder is no reason to stop."""
    with contextlib.suppress(OSError):
        handler = RotatingFileHandler(config.log, maxBytes=2_000_000, backupCount=3, delay=True)
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
        root = logging.getLogger()
        root.addHandler(handler)
        root.setLevel(logging.INFO)
        logging.getLogger("httpx").setLevel(logging.WARNING)  # its lines carry whole addresses


@contextlib.contextmanager
def works(arguments: argparse.Namespace, clock: Clock | None = None) -> Iterator[Works]:
    """The opened installation of a command, closed at its end."""
    opened = Works(configured(arguments), clock)
    try:
        yield opened
    finally:
        opened.close()
