"""The same log in one folder as the tests of the log use."""

from tests.log.conftest import make_store, store, store_type

__all__ = ["make_store", "store", "store_type"]
