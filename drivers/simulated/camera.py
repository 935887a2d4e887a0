"""A network camera over a bench: real JPEGs over HTTP, with digest or basic authentication.

The picture shows a number, the time and what it is pointed at, so that a person who opens the
evidence sees which parcel it belongs to. It fails on demand.
"""

import base64
import hashlib
import io
import secrets
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.request import parse_http_list, parse_keqv_list

from drivers.printers import fonts

FAULTS = ("", "slow", "trickle", "truncated", "broken_off", "refused", "html", "error")
"""slow: answers after ``delay_s``; trickle: sends byte by byte; truncated: half a photo that
claims to be whole; broken_off: hangs up in the middle; refused: 401 whatever the password;
html: a login page; error: HTTP 500."""
REALM = "bench camera"
SIZE = (640, 480)


class SimulatedCamera:
    """A camera to photograph with; use as a context manager."""

    def __init__(self, user: str = "", password: str = "", auth: str = "digest") -> None:
        self.user, self.password, self.auth = user, password, auth
        self.caption = ""
        """What lies under the camera; shown in the picture."""
        self.taken = 0
        """Photos handed out."""
        self.delay_s = 5.0
        self.fault_name = ""
        self.nonce = secrets.token_hex(8)
        self._port = 0
        self._server: ThreadingHTTPServer | None = None
        self._mended = threading.Event()
        self.restore()

    def __enter__(self) -> "SimulatedCamera":
        return self

    def __exit__(self, *_: object) -> None:
        self.cut()

    @property
    def url(self) -> str:
        """The snapshot's address."""
        return f"http://127.0.0.1:{self._port}/ISAPI/Streaming/channels/101/picture"

    def fault(self, name: str = "") -> None:
        """Break it in one of the ways of FAULTS; "" mends it."""
        if name not in FAULTS:
            raise ValueError(name)
        self.fault_name = name
        self._mended.set()
        self._mended = threading.Event()

    def pause(self, seconds: float) -> None:
        """Wait, but not longer than the fault lasts."""
        self._mended.wait(seconds)

    def cut(self) -> None:
        """Pull the cable: connections are refused."""
        self._mended.set()
        if self._server:
            self._server.shutdown()
            self._server.server_close()
        self._server = None

    def restore(self) -> None:
        """Put the cable back in, at the same address."""
        if self._server:
            return
        self._mended = threading.Event()
        self._server = _Server(("127.0.0.1", self._port), self)
        self._port = self._server.server_address[1]
        threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        ).start()

    def photo(self) -> bytes:
        """The JPEG as of now."""
        self.taken += 1
        return photograph(self.caption, self.taken)

    def allows(self, method: str, header: str) -> bool:
        """Whether an Authorization header carries the right user and password."""
        if not self.user:
            return True
        kind, _, rest = header.partition(" ")
        if kind.lower() != self.auth:
            return False
        if self.auth == "basic":
            return rest == base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
        return self._digest_fits(method, parse_keqv_list(parse_http_list(rest)))

    def _digest_fits(self, method: str, said: dict[str, str]) -> bool:
        """RFC 7616 with MD5 and qop=auth, as cameras still speak it."""
        first = _md5(f"{self.user}:{REALM}:{self.password}")
        second = _md5(f"{method}:{said.get('uri', '')}")
        middle = (said.get(key, "") for key in ("nonce", "nc", "cnonce", "qop"))
        expected = _md5(f"{first}:{':'.join(middle)}:{second}")
        return said.get("nonce") == self.nonce and said.get("response") == expected


def photograph(caption: str, number: int) -> bytes:
    """A JPEG of a parcel on a bench with its caption, the photo's number and the time."""
    from PIL import Image, ImageDraw

    image = Image.new("RGB", SIZE, (92, 94, 98))
    draw = ImageDraw.Draw(image)
    draw.rectangle((120, 110, 520, 400), fill=(178, 134, 84), outline=(120, 86, 50), width=3)
    draw.rectangle((300, 110, 340, 400), fill=(206, 178, 132))
    shown = fonts.cut(fonts.printable(caption), 34, SIZE[0] - 40)
    draw.text((20, 20), shown, font=fonts.face(34), fill=(255, 255, 255))
    stamp = time.strftime("%Y-%m-%d %H:%M:%S") + f"  #{number:06d}"
    draw.text((20, 430), stamp, font=fonts.face(26), fill=(255, 230, 120))
    out = io.BytesIO()
    image.save(out, "JPEG", quality=80)
    return out.getvalue()


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], camera: SimulatedCamera) -> None:
        self.camera = camera
        super().__init__(address, _Handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up is ordinary here."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    server_version = "IPCamera"

    def do_GET(self) -> None:
        """Challenge, or answer with a photo, or fail as told."""
        camera = self.server.camera
        fault = camera.fault_name
        if fault == "refused" or not camera.allows("GET", self.headers.get("Authorization", "")):
            self._challenge(camera)
        elif fault == "error":
            self._send(500, "text/plain", b"busy")
        elif fault == "html":
            self._send(200, "text/html", b"<html>login</html>")
        else:
            self._photo(camera, fault)

    def _challenge(self, camera: SimulatedCamera) -> None:
        self.send_response(401)
        demand = f'Basic realm="{REALM}"'
        if camera.auth == "digest":
            demand = f'Digest realm="{REALM}", nonce="{camera.nonce}", qop="auth", algorithm=MD5'
        self.send_header("WWW-Authenticate", demand)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _photo(self, camera: SimulatedCamera, fault: str) -> None:
        if fault == "slow":
            camera.pause(camera.delay_s)
        photo = camera.photo()
        if fault == "truncated":
            photo = photo[: len(photo) // 2]
        sent = photo[:64] if fault in ("broken_off", "trickle") else photo
        self._send(200, "image/jpeg", sent, len(photo))
        for at in range(64, len(photo) if fault == "trickle" else 0):
            if camera.fault_name != "trickle":
                return
            self.wfile.write(photo[at : at + 1])
            camera.pause(0.02)

    def _send(self, status: int, kind: str, body: bytes, length: int | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Stay quiet: the terminal belongs to the screen."""
