"""Network cameras: one HTTP GET gives one JPEG.

Usual addresses: Hikvision ``/ISAPI/Streaming/channels/101/picture``, Dahua
``/cgi-bin/snapshot.cgi?channel=1``, Axis ``/axis-cgi/jpg/image.cgi``, all with digest.
"""

import time
from typing import TYPE_CHECKING

from core.errors import Problem
from core.text import clean
from drivers.cameras.jpeg import LIMIT_MB, whole

if TYPE_CHECKING:
    import httpx

TIMEOUT_S = 2.0


class SnapshotCamera:
    """One camera that answers ``url`` with a JPEG, behind digest, basic or no authentication."""

    def __init__(
        self, name: str, url: str, user: str = "", password: str = "", timeout: float = TIMEOUT_S
    ) -> None:
        if not url.startswith(("http://", "https://")):
            raise Problem("camera.bad_address", camera=name, address=url)
        self.name = name
        self.url = url
        self._user = user
        self._password = password
        self._timeout = timeout
        self._login: httpx.Auth | None = None

    def snap(self) -> bytes:
        """One whole JPEG within the timeout. Raises Problem."""
        import httpx

        try:
            # Bench cameras carry self-made certificates; their network is the warehouse's own.
            with httpx.Client(timeout=self._timeout, verify=False, trust_env=False) as client:
                return whole(self._fetched(client), self.name)
        except httpx.TimeoutException as error:
            raise self._late() from error
        except httpx.RemoteProtocolError as error:
            raise Problem("camera.truncated", camera=self.name, bytes=0) from error
        except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
            raise Problem("camera.bad_address", camera=self.name, address=self.url) from error
        except httpx.HTTPError as error:
            raise Problem("camera.unreachable", camera=self.name) from error

    def _fetched(self, client: "httpx.Client") -> bytes:
        """The answer's bytes, asked for with whatever authentication the camera demands.

        The way that worked is kept: later photos cost one request instead of three.
        """
        deadline = time.monotonic() + self._timeout
        with client.stream("GET", self.url, auth=self._login) as answer:
            if answer.status_code != 401 or self._login or not self._user:
                return self._body(answer, deadline)
            login = self._auth(answer)
        with client.stream("GET", self.url, auth=login) as answer:
            photo = self._body(answer, deadline)
        self._login = login
        return photo

    def _auth(self, challenge: "httpx.Response") -> "httpx.Auth":
        import httpx

        offered = ",".join(challenge.headers.get_list("www-authenticate")).lower()
        kind = httpx.DigestAuth if "digest" in offered else httpx.BasicAuth
        return kind(self._user, self._password)

    def _body(self, answer: "httpx.Response", deadline: float) -> bytes:
        """The body of a good answer; one that trickles does not outlast the timeout."""
        if answer.status_code in (401, 403):
            self._login = None
            raise Problem("camera.refused", camera=self.name)
        if answer.status_code != 200:
            raise Problem("camera.answered", camera=self.name, status=answer.status_code)
        kind = clean(answer.headers.get("content-type", ""), 60)
        if kind and not kind.startswith(("image/", "application/octet-stream")):
            raise Problem("camera.not_jpeg", camera=self.name, kind=kind)
        photo = bytearray()
        for piece in answer.iter_bytes():
            photo += piece
            if time.monotonic() > deadline:
                raise self._late()
            if len(photo) > LIMIT_MB << 20:
                raise Problem("camera.too_big", camera=self.name, limit=LIMIT_MB)
        return bytes(photo)

    def _late(self) -> Problem:
        return Problem("camera.timeout", camera=self.name, seconds=f"{self._timeout:g}")
