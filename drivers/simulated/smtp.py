"""A simulated mail server on a real socket: takes letters, wants a password, can misbehave.

``fails`` is a queue of what happens to the next letters: ``busy`` (450 to its receivers),
``refused`` (550 to its receivers), ``drop`` (the line breaks before the text), ``drop_after``
(the letter is kept, its answer never leaves). With a TLS context it offers STARTTLS and takes
passwords only behind it.
"""

import socket
import ssl
import threading
from base64 import b64decode
from collections import deque
from contextlib import suppress
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import BinaryIO, Self


class _HungUp(Exception):  # noqa: N818
    pass


class SimulatedMail:
    """One mail server with one mailbox."""

    def __init__(self, *, user: str = "", password: str = "", tls: ssl.SSLContext | None = None):
        self.user, self.password, self.tls = user, password, tls
        self.letters: list[EmailMessage] = []
        self.receivers: list[list[str]] = []
        """The envelope of each letter."""
        self.fails: deque[str] = deque()
        self.said: list[str] = []
        """Every command as it came, passwords and all."""
        self._listener: socket.socket | None = None
        self._port = 0

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"smtp://localhost:{self._port}"

    def __enter__(self) -> Self:
        self._listener = socket.create_server(("127.0.0.1", self._port))
        self._port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._listener is not None:
            with suppress(OSError):  # accept() is woken by it; closing alone would not
                self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._listener = None

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        talk = _Talk(self, connection)
        with suppress(OSError, _HungUp):
            talk.run()
        with suppress(OSError):  # a file on the socket would keep it open
            talk.connection.shutdown(socket.SHUT_RDWR)
        talk.connection.close()


class _Talk:
    """One connection."""

    def __init__(self, server: SimulatedMail, connection: socket.socket) -> None:
        self.server = server
        self.connection = connection
        self.file: BinaryIO = connection.makefile("rb")
        self.secure = self.known = False
        self.to: list[str] = []

    def run(self) -> None:
        self.say("220 mail.example ESMTP")
        while True:
            line = self.file.readline().decode("utf-8", "replace").rstrip("\r\n")
            if not line:
                return
            self.server.said.append(line)
            self.obey(line)

    def obey(self, line: str) -> None:
        verb = line[:4].upper()
        if verb == "EHLO":
            self.greet()
        elif verb == "STAR":
            self.encrypt()
        elif verb == "AUTH":
            self.log_in(line)
        elif verb == "MAIL":
            self.begin()
        elif verb == "RCPT":
            self.receiver(line)
        elif verb == "DATA":
            self.letter()
        elif verb == "QUIT":
            self.say("221 bye")
            raise _HungUp
        else:
            self.say("250 ok" if verb in ("HELO", "RSET", "NOOP") else "502 unknown")

    def greet(self) -> None:
        self.say("250-mail.example")
        if self.server.tls is not None and not self.secure:
            self.say("250-STARTTLS")
        if self.server.user:
            self.say("250-AUTH PLAIN")
        self.say("250 8BITMIME")

    def encrypt(self) -> None:
        assert self.server.tls is not None
        self.say("220 go ahead")
        self.connection = self.server.tls.wrap_socket(self.connection, server_side=True)
        self.file = self.connection.makefile("rb")
        self.secure = True

    def log_in(self, line: str) -> None:
        given = b64decode(line.rsplit(maxsplit=1)[-1]).decode().split("\0")
        self.known = given[1:] == [self.server.user, self.server.password]
        self.say("235 welcome" if self.known else "535 authentication failed for this account")

    def begin(self) -> None:
        if self.server.user and not self.known:
            self.say("530 log in first")
            return
        self.to = []
        self.say("250 ok")

    def receiver(self, line: str) -> None:
        fault = self.server.fails[0] if self.server.fails else ""
        if fault in ("busy", "refused"):
            self.server.fails.popleft()
            self.say("450 busy, try later" if fault == "busy" else "550 no such mailbox")
            return
        self.to.append(line.partition("<")[2].partition(">")[0])
        self.say("250 ok")

    def letter(self) -> None:
        fault = self.server.fails.popleft() if self.server.fails else ""
        if fault == "drop":
            raise _HungUp
        self.say("354 go on")
        lines = []
        while (line := self.file.readline()) not in (b".\r\n", b""):
            lines.append(line[1:] if line.startswith(b".") else line)
        told = message_from_bytes(b"".join(lines), policy=policy.default)
        assert isinstance(told, EmailMessage)
        self.server.letters.append(told)
        self.server.receivers.append(self.to)
        if fault == "drop_after":
            raise _HungUp
        self.say("250 kept")

    def say(self, line: str) -> None:
        self.connection.sendall(f"{line}\r\n".encode())
