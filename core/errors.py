"""The one exception a person may meet: what was expected, what came, what to do."""

from core.messages import Message


class Problem(Exception):  # noqa: N818 - the field's word: a problem is shown, an error is logged
    """Something a person can understand and act on; carries a Message, never a traceback."""

    def __init__(self, id: str, **data: object) -> None:
        self.message = Message(id, data)
        super().__init__(str(self.message))
