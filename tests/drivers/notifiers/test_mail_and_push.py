"""E-mail against a mail server on a socket, pushes against a service that can say no."""

import ssl
import subprocess

import pytest

from core.clock import SetClock
from core.ports import CallFailed, Fault, Notice, ToldSome
from drivers.notifiers import NOTIFIERS, Access
from drivers.notifiers.mail import Mail
from drivers.simulated.http import Reply, SimulatedServer, packed, unpacked
from drivers.simulated.smtp import SimulatedMail

CLOCK = SetClock(1_768_881_600_000)
NEWS = Notice("Packline 预警 2 条", ("12:00 [超时] DB20260120001", ".", "12:01 [叫人] 一号台"))
PASSWORD = "correct horse battery"


def letters(server, **more):
    told = {"url": server.url, "sender": "packline@example.com", "to": ("a@x.cn", "b@x.cn")}
    return Access(**(told | more), read_s=3)


def fails(notifier, notice=NEWS):
    with pytest.raises(CallFailed) as failed:
        notifier.send(notice)
    return failed.value


@pytest.fixture
def mail():
    with SimulatedMail() as server:
        yield server


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate for localhost that signed itself."""
    folder = tmp_path_factory.mktemp("tls")
    done = subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"),
            *("-keyout", folder / "key.pem", "-out", folder / "cert.pem"),
        ],
        capture_output=True,
        check=False,
    )
    if done.returncode:
        pytest.skip("openssl makes no certificate here")
    return folder


def server_side(folder):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return context


def test_a_letter_arrives_whole_at_everybody(mail):
    Mail(letters(mail), CLOCK).send(NEWS)
    (letter,) = mail.letters
    assert letter["Subject"] == NEWS.title
    assert letter.get_content().splitlines() == NEWS.text.splitlines()
    assert mail.receivers == [["a@x.cn", "b@x.cn"]]
    assert letter["Date"].startswith("Tue, 20 Jan 2026 04:00:00")


def test_a_title_from_outside_writes_no_header(mail):
    Mail(letters(mail), CLOCK).send(Notice("x\r\nBcc: thief@x.cn"))
    assert mail.letters[0]["Bcc"] is None


@pytest.mark.parametrize(
    ("trouble", "fault", "doubt", "kept"),
    [
        ("busy", Fault.PERMISSION, False, 1),
        ("refused", Fault.PERMISSION, False, 1),
        ("drop", Fault.TRANSIENT, True, 0),
        ("drop_after", Fault.TRANSIENT, True, 1),
    ],
)
def test_what_did_not_reach_everybody_is_no_success(mail, trouble, fault, doubt, kept):
    mail.fails.append(trouble)
    failure = fails(Mail(letters(mail), CLOCK))
    assert (failure.fault, failure.in_doubt) == (fault, doubt)
    assert len(mail.letters) == kept
    assert isinstance(failure, ToldSome) is (trouble in ("busy", "refused"))


def test_a_mailbox_that_is_not_there_and_one_that_is_busy(mail):
    mail.fails.extend(["refused"])
    failure = fails(Mail(letters(mail, to=("a@x.cn",)), CLOCK))
    assert (failure.fault, failure.code) == (Fault.PERMISSION, "smtp550")
    mail.fails.extend(["busy"])
    failure = fails(Mail(letters(mail, to=("a@x.cn",)), CLOCK))
    assert (failure.fault, failure.code) == (Fault.TRANSIENT, "smtp450")


def test_nobody_at_home():
    with SimulatedMail() as server:
        access = letters(server)
    failure = fails(Mail(access, CLOCK))
    assert (failure.code, failure.in_doubt) == ("no_connection", False)


def test_a_password_goes_over_no_open_line():
    with SimulatedMail(user="u@x.cn", password=PASSWORD) as server:
        failure = fails(Mail(letters(server, user="u@x.cn", key=PASSWORD), CLOCK))
        assert failure.code == "not_encrypted"
        assert not [line for line in server.said if line.startswith("AUTH")]


def test_starttls_then_the_password_then_the_letter(certificate):
    trusting = ssl.create_default_context(cafile=certificate / "cert.pem")
    told = {"user": "u@x.cn", "key": PASSWORD}
    tls = server_side(certificate)
    with SimulatedMail(user="u@x.cn", password=PASSWORD, tls=tls) as server:
        Mail(letters(server, **told), CLOCK, context=trusting).send(NEWS)
        assert len(server.letters) == 1
        wrong = Mail(letters(server, **told | {"key": "wrong"}), CLOCK, context=trusting)
        failure = fails(wrong)
        assert (failure.fault, failure.code) == (Fault.AUTH, "smtp535")
        stranger = fails(Mail(letters(server, **told), CLOCK))
        assert (stranger.fault, stranger.code) == (Fault.PERMISSION, "certificate")
        assert PASSWORD not in str(failure) + str(stranger)
        assert len(server.letters) == 1


# --- pushes ----------------------------------------------------------------------------------


class Push(SimulatedServer):
    """ntfy and Bark in one, with the answers they give."""

    answer_with = None

    def answer(self, request):
        if self.answer_with is not None:
            return self.answer_with
        if request.path == "/topic":
            if request.headers.get("Authorization") != "Bearer tk_0123456789":
                return packed({"code": 40301, "http": 403, "error": "forbidden"}, 403)
            self.commit(text=request.body.decode())
            return packed({"id": "abc", "event": "message"})
        told = unpacked(request.body)
        if told.get("device_key") != "phone-key":
            return packed({"code": 400, "message": "failed to get device token"}, 400)
        self.commit(text=told["title"] + "\n" + told["body"])
        return packed({"code": 200, "message": "success"})


WAYS = {"ntfy": ("/topic", "tk_0123456789"), "bark": ("/push", "phone-key")}


@pytest.mark.parametrize("kind", WAYS)
def test_a_push_arrives_and_a_wrong_key_does_not(kind):
    path, key = WAYS[kind]
    with Push(CLOCK) as server:
        NOTIFIERS[kind](Access(url=server.url + path, key=key), CLOCK).send(NEWS)
        assert [entry["text"] for entry in server.journal] == [NEWS.text]
        failure = fails(NOTIFIERS[kind](Access(url=server.url + path, key="nonsense-key"), CLOCK))
        assert failure.fault in (Fault.AUTH, Fault.PERMISSION)
        assert "nonsense-key" not in str(failure)


@pytest.mark.parametrize("kind", WAYS)
@pytest.mark.parametrize(
    "reply",
    [
        packed({}),
        packed([]),
        packed({"code": 500, "id": "x"}),
        packed({"error": "limit reached", "id": "x", "code": 200}, 413),
        Reply(b"ok"),
    ],
)
def test_a_push_is_believed_only_with_its_proof(kind, reply):
    path, key = WAYS[kind]
    with Push(CLOCK) as server:
        server.answer_with = reply
        fails(NOTIFIERS[kind](Access(url=server.url + path, key=key), CLOCK))


@pytest.mark.parametrize("kind", WAYS)
def test_a_push_that_is_too_many_waits_as_long_as_it_is_told(kind):
    path, key = WAYS[kind]
    with Push(CLOCK) as server:
        server.answer_with = packed({"code": 42901}, 429, {"Retry-After": "17"})
        failure = fails(NOTIFIERS[kind](Access(url=server.url + path, key=key), CLOCK))
        assert (failure.fault, failure.wait_s) == (Fault.RATE, 17)
