"""The vault: personal values and parked rows, encrypted in a file of their own."""

from guanxi.engines.vault.database import FILE
from guanxi.engines.vault.erasures import ErasureJob, ErasureStore
from guanxi.engines.vault.keys import KEY_FILE
from guanxi.engines.vault.parked import ParkedGroup, ParkedRow, ParkedStore, Status
from guanxi.engines.vault.vault import Forgotten, Reveal, Tombstone, Vault

__all__ = [
    "FILE",
    "KEY_FILE",
    "ErasureJob",
    "ErasureStore",
    "Forgotten",
    "ParkedGroup",
    "ParkedRow",
    "ParkedStore",
    "Reveal",
    "Status",
    "Tombstone",
    "Vault",
]
