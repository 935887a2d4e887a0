"""What people are told when something fails: a problem in words, a defect by a number."""

import logging
import secrets
from concurrent.futures import Future
from typing import Any

from core.errors import Problem
from core.messages import Message, message

_log = logging.getLogger(__name__)


def problem_of(future: "Future[Any]") -> Message | None:
    """Why a Future failed, in words; None when it did not."""
    if future.cancelled():
        return message("trouble.cancelled")
    error = future.exception()
    return None if error is None else told(error)


def told(error: BaseException) -> Message:
    """A problem's own words; anything else is a defect and goes to the log."""
    return error.message if isinstance(error, Problem) else logged(error)


def logged(error: BaseException) -> Message:
    """Write a defect to the log; what a person is told carries the same number."""
    ref = secrets.token_hex(3)
    _log.error("shown to a person as %s", ref, exc_info=error)
    return message("trouble.internal", ref=ref)
