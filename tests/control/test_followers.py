"""Followers: a place in the log that stands or falls with what was made of it."""

from pathlib import Path

import pytest

from guanxi.core import DataError
from guanxi.engines.control import Control


def test_a_place_is_kept(control: Control) -> None:
    with control.transaction() as connection:
        assert control.followers.get_in(connection, "bank") == 0
        control.followers.set_in(connection, "bank", 7, 1_000)
        control.followers.set_in(connection, "bank", 7, 2_000)
        control.followers.set_in(connection, "bank", 9, 3_000)
        control.followers.set_in(connection, "answers", 2, 3_000)
    with control.snapshot() as connection:
        assert control.followers.all_in(connection) == {"answers": 2, "bank": 9}


def test_a_place_falls_with_its_transaction(control: Control) -> None:
    def half_done() -> None:
        with control.transaction() as connection:
            control.followers.set_in(connection, "bank", 7, 1_000)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        half_done()
    with control.snapshot() as connection:
        assert control.followers.get_in(connection, "bank") == 0


def test_nobody_reads_backwards(control: Control) -> None:
    with control.transaction() as connection:
        control.followers.set_in(connection, "bank", 7, 1_000)
        with pytest.raises(DataError, match="has read up to 7, not 6"):
            control.followers.set_in(connection, "bank", 6, 2_000)
        control.followers.forget_in(connection, "bank")
        control.followers.set_in(connection, "bank", 1, 3_000)
        assert control.followers.get_in(connection, "bank") == 1


@pytest.mark.parametrize("name", ["", "x" * 65])
def test_a_name_has_a_length(control: Control, name: str) -> None:
    with control.transaction() as connection, pytest.raises(DataError, match="characters"):
        control.followers.set_in(connection, name, 1, 1_000)


def test_another_process_sees_it(control: Control, tmp_path: Path) -> None:
    with control.transaction() as connection:
        control.followers.set_in(connection, "bank", 7, 1_000)
    other = Control.open(tmp_path)
    with other.snapshot() as connection:
        assert other.followers.get_in(connection, "bank") == 7
    other.close()
