"""Pushes to one phone: ntfy takes the text as it is, Bark takes JSON; one POST each."""

from typing import Any

from core.clock import Clock
from core.ports import CallFailed, Fault, Notice
from core.text import clean, within
from drivers.channels.calls import Answer, Line
from drivers.notifiers.access import Access

_BY_STATUS = {
    400: Fault.PERMISSION,
    401: Fault.AUTH,
    403: Fault.AUTH,
    404: Fault.AUTH,
    413: Fault.PERMISSION,
}


class _Push:
    """One POST; the status and the answer's own word must both be good."""

    limit = 3_500
    """ntfy makes an attachment of what is longer than 4096 bytes, title and all."""

    def __init__(self, access: Access, clock: Clock) -> None:
        self.access = access
        self.line = Line(
            access.url, clock, per_second=0, connect_s=access.connect_s, read_s=access.read_s
        )

    def close(self) -> None:
        """Let the connections go."""
        self.line.close()

    def _check(self, answer: Answer, proof: str) -> None:
        """Raises CallFailed unless the answer is a success and carries the proof of it."""
        told: dict[str, Any] = answer.told if isinstance(answer.told, dict) else {}
        if answer.status == 200 and proof in told and str(told.get("code", 200)) == "200":
            return
        text = self.access.hide(clean(told.get("error") or told.get("message"), 200))
        fault = _BY_STATUS.get(answer.status, Fault.UNKNOWN)
        raise CallFailed(fault, f"http{answer.status}", text)


class Ntfy(_Push):
    """A topic on ntfy.sh or on a server of one's own: ``url`` is the whole topic."""

    def send(self, notice: Notice) -> None:
        """Tell the phone. Raises CallFailed."""
        headers = {"Authorization": f"Bearer {self.access.key}"} if self.access.key else {}
        body = within(notice.text, self.limit).encode()
        try:
            answer = self.line.ask(
                lambda client: client.post(self.line.base_url, content=body, headers=headers),
                writes=True,
            )
        except CallFailed as failure:
            raise self.access.hidden(failure) from None
        self._check(answer, "id")


class Bark(_Push):
    """The Bark app: ``url`` is the server's /push, ``key`` the phone's."""

    def send(self, notice: Notice) -> None:
        """Tell the phone. Raises CallFailed."""
        body = {
            "device_key": self.access.key,
            "title": notice.title,
            "body": within("\n".join(notice.lines) or notice.title, self.limit),
            "group": "Packline",
        }
        try:
            answer = self.line.ask(
                lambda client: client.post(self.line.base_url, json=body), writes=True
            )
        except CallFailed as failure:
            raise self.access.hidden(failure) from None
        self._check(answer, "code")
