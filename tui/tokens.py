"""The renewed tokens of one shop, beside the configuration, shared by every process there."""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from drivers.channels.access import Tokens


class TokenFile:
    """Keeps tokens for their owner only; called with new ones, it saves them.

    Renewing makes the old tokens worthless, so one process at a time renews (``alone``), and the
    others take what it was given (``newest``).
    """

    def __init__(self, path: Path, configured: "Tokens") -> None:
        """``configured`` are the tokens in the configuration; changed by hand, they win."""
        self.path = path
        self._configured = configured

    def newest(self) -> "Tokens":
        """The newest tokens there are."""
        from drivers.channels.access import Tokens

        try:
            kept = json.loads(self.path.read_text(encoding="utf-8"))
            if tuple(kept["configured"]) != self._pair(self._configured):
                return self._configured
            session, refresh_token, *times = kept["tokens"]
            return Tokens(str(session), str(refresh_token), *map(int, times))
        except (OSError, ValueError, KeyError, TypeError):
            return self._configured

    def __call__(self, tokens: "Tokens") -> None:
        """Keep new tokens before they are used: the old ones may already be worthless."""
        partial = self.path.with_suffix(".part")
        handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        told = [*self._pair(tokens), tokens.expires_at, tokens.given_at]
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump({"configured": self._pair(self._configured), "tokens": told}, file)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(self.path)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """While this lasts no other process renews; the lock dies with its process."""
        handle = os.open(self.path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    @staticmethod
    def _pair(tokens: "Tokens") -> tuple[str, str]:
        return tokens.session, tokens.refresh_token
