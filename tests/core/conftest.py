"""A furnished store on a real file, closed afterwards."""

import pytest

from tests.core.orders.warehouse import open_store, quick_folder


@pytest.fixture
def store():
    """Two shops, two warehouses, 50 of each product in the first, noon in Shanghai."""
    with quick_folder() as folder:
        store = open_store(folder / "packline.db")
        yield store
        store.close()
