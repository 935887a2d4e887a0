"""A furnished store on a real file, closed afterwards."""

import pytest

from tests.core.orders.warehouse import open_store


@pytest.fixture
def store(tmp_path):
    """Two shops, two warehouses, 50 of each product in the first, noon in Shanghai."""
    store = open_store(tmp_path / "packline.db")
    yield store
    store.close()
