"""What the group robots have in common: one JSON message to one secret address, a code back."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from core.clock import Clock
from core.ports import CallFailed, Fault, Notice
from core.text import clean, within
from drivers.channels.calls import Line
from drivers.notifiers.access import Access, Meanings, refused

_CLOCK_OFF_MS = 60_000


class Robot:
    """One robot; safe across threads. A platform says where, what, and what its codes mean."""

    home = ""
    """The platform's own address, for a robot that is given by its key alone."""
    most = 0
    """UTF-8 bytes of text the platform takes."""
    code, words = "errcode", "errmsg"
    """Names of the answer's fields."""
    meanings: Meanings

    def __init__(self, access: Access, clock: Clock) -> None:
        self.access = access
        self.limit = self.most - len(self.mention().encode())
        self.line = Line(
            access.url or self.home,
            clock,
            per_second=0,  # the core counts, over restarts
            connect_s=access.connect_s,
            read_s=access.read_s,
        )

    def close(self) -> None:
        """Let the connections go."""
        self.line.close()

    def send(self, notice: Notice) -> None:
        """Tell the group. Raises CallFailed.

        Refused while the clock turned out to be wrong: signed once more with the platform's own.
        """
        text = within(notice.text, self.limit) + self.mention()
        signed_at = self.line.server_now()
        try:
            self._post(text, signed_at)
        except CallFailed as failure:
            now = self.line.server_now()
            if failure.fault is not Fault.AUTH or abs(now - signed_at) < _CLOCK_OFF_MS:
                raise self.access.hidden(failure) from None
        else:
            return
        try:
            self._post(text, now)
        except CallFailed as failure:
            raise self.access.hidden(failure) from None

    def _post(self, text: str, at: int) -> None:
        url, query, body = self.message(text, at)
        if query:  # httpx would put it in the place of the address's own
            url += ("&" if "?" in url else "?") + urlencode(query)
        told = self.line.send(lambda client: client.post(url, json=body), writes=True)
        code = clean(told.get(self.code), 20)
        if code == "0":
            return
        if not code:  # somebody else's JSON: a proxy, a sign-in page
            raise CallFailed(Fault.TRANSIENT, "no_code", in_doubt=True)
        raise self.refusal(code, clean(told.get(self.words), 200))

    # --- what a platform says -------------------------------------------------------------------

    def message(self, text: str, at: int) -> tuple[str, Mapping[str, str], dict[str, Any]]:
        """Address, more of its query, and body, signed for that moment (UTC ms)."""
        raise NotImplementedError

    def mention(self) -> str:
        """What the text must end with for people to be called."""
        return ""

    def refusal(self, code: str, text: str) -> CallFailed:
        """What a code other than 0 means."""
        return refused(code, text, self.meanings)
