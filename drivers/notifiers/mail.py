"""E-mail over SMTP: ``smtps://host:465`` is TLS from the start, ``smtp://host:587`` STARTTLS.

A password never goes over a line that is not encrypted. A server may take the message for some
of the receivers and refuse others: it is not sent again to those who have it, but it is said.
"""

import smtplib
import ssl
from contextlib import suppress
from email.message import EmailMessage
from email.utils import formatdate, make_msgid, parseaddr
from urllib.parse import urlsplit

from core.clock import Clock
from core.ports import CallFailed, Fault, Notice, ToldSome
from core.text import clean
from drivers.notifiers.access import Access


class Mail:
    """One list of receivers. Implements ``core.ports.Notifier``."""

    limit = 60_000

    def __init__(
        self, access: Access, clock: Clock, *, context: ssl.SSLContext | None = None
    ) -> None:
        """``context`` is whom to trust, the system's authorities by default.

        Raises ValueError for an address that is no mail server's.
        """
        parts = urlsplit(access.url)
        if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
            raise ValueError("expected smtp://host:587 or smtps://host:465")
        self.access, self.clock = access, clock
        self._host, self._secure = parts.hostname, parts.scheme == "smtps"
        self._port = parts.port or (465 if self._secure else 587)
        self._context = context

    def close(self) -> None:
        """Every message has a connection of its own."""

    def send(self, notice: Notice) -> None:
        """Tell them. Raises CallFailed; in doubt once the text was on its way."""
        server, sending = None, False
        try:
            server = self._connected()
            self._log_in(server)
            sending = True
            left = server.send_message(self._letter(notice))
        except (smtplib.SMTPException, OSError, UnicodeError) as error:
            raise self._failure(error, sending) from None
        finally:
            if server is not None:
                with suppress(smtplib.SMTPException, OSError):  # it was taken; manners come after
                    server.quit()
        if left:
            address, (code, words) = next(iter(left.items()))
            text = f"{address}: {words.decode('utf-8', 'replace')}"
            raise ToldSome(Fault.PERMISSION, f"smtp{code}", self.access.hide(text))

    def _connected(self) -> smtplib.SMTP:
        context = self._context or ssl.create_default_context()
        if self._secure:
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                self._host, self._port, timeout=self.access.read_s, context=context
            )
        else:
            server = smtplib.SMTP(self._host, self._port, timeout=self.access.read_s)
        server.ehlo_or_helo_if_needed()
        if not self._secure and server.has_extn("starttls"):
            server.starttls(context=context)
            server.ehlo()
        return server

    def _log_in(self, server: smtplib.SMTP) -> None:
        if not self.access.user:
            return
        if not isinstance(server.sock, ssl.SSLSocket):
            raise CallFailed(Fault.PERMISSION, "not_encrypted")
        server.login(self.access.user, self.access.key)

    def _letter(self, notice: Notice) -> EmailMessage:
        letter = EmailMessage()
        letter["Subject"] = clean(notice.title, 120)
        letter["From"] = self.access.sender or self.access.user
        letter["To"] = ", ".join(self.access.to)
        letter["Date"] = formatdate(self.clock.now() / 1000)
        domain = parseaddr(letter["From"])[1].partition("@")[2]
        letter["Message-ID"] = make_msgid(domain=domain or "packline.invalid")
        letter.set_content(notice.text + "\n")
        return letter

    def _failure(self, error: Exception, sending: bool) -> CallFailed:
        code, text = getattr(error, "smtp_code", 0), str(error)
        if isinstance(error, smtplib.SMTPResponseException):
            said = error.smtp_error
            text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
        if isinstance(error, smtplib.SMTPRecipientsRefused):
            code, words = next(iter(error.recipients.values()))
            text = words.decode("utf-8", "replace")
        text = self.access.hide(text)
        if isinstance(error, smtplib.SMTPAuthenticationError):
            return CallFailed(Fault.AUTH, f"smtp{code}", text)
        if isinstance(error, ssl.SSLCertVerificationError):
            return CallFailed(Fault.PERMISSION, "certificate", text)
        if code and 500 <= code < 600:
            return CallFailed(Fault.PERMISSION, f"smtp{code}", text)
        if code:  # 4xx: it says itself that it did not take the message
            return CallFailed(Fault.TRANSIENT, f"smtp{code}", text)
        if isinstance(error, smtplib.SMTPException | TimeoutError | OSError) and not sending:
            return CallFailed(Fault.TRANSIENT, "no_connection", text)
        return CallFailed(Fault.TRANSIENT, "broken", text, in_doubt=True)
