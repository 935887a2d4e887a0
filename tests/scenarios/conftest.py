"""A street of shops for every scenario that wants one."""

from contextlib import ExitStack

import pytest

from tests.core.orders.warehouse import (
    open_store,
    quick_folder,
)
from tests.scenarios.street import Street


@pytest.fixture
def street():
    with quick_folder() as folder, ExitStack() as stack:
        store = open_store(folder / "packline.db", units=5000)
        stack.callback(store.close)
        yield Street(store, stack)


@pytest.fixture
def stall(street):
    return street.open(mask=False)
