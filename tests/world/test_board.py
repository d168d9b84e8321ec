"""The board: one owner a column, read by name, planted in the order of the reads."""

from dataclasses import dataclass, field

import numpy as np
import pytest

from guanxi.core import SettingError
from guanxi.world.board import Board, plant, planting_order
from guanxi.world.draws import Draws


@dataclass(frozen=True)
class Adder:
    """Writes columns that hold one more than the sum of what it reads."""

    name: str
    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    really_reads: tuple[str, ...] | None = None
    really_writes: tuple[str, ...] | None = None
    seen: list[str] = field(default_factory=list)

    def plant(self, board: Board, draw: Draws) -> None:
        reads = self.reads if self.really_reads is None else self.really_reads
        total = 1 + sum(int(board[name][0]) for name in reads)
        self.seen.append(draw.mechanism)
        for name in self.writes if self.really_writes is None else self.really_writes:
            board.add(self.name, name, np.array([total]))


A = Adder("a", writes=("t.a",))
B = Adder("b", reads=("t.a",), writes=("t.b",))
C = Adder("c", reads=("t.a", "t.b"), writes=("t.c",))


def test_parts_are_planted_in_the_order_of_their_reads() -> None:
    board = plant(Board(), [C, B, A], seed=7)
    assert [int(board[f"t.{name}"][0]) for name in "abc"] == [1, 2, 4]
    assert board.owner("t.c") == "c"
    assert A.seen[-1] == "a"


def test_the_order_of_the_list_is_free() -> None:
    assert plant(Board(), [A, B, C], seed=7).digest() == plant(Board(), [C, A, B], seed=7).digest()
    assert [part.name for part in planting_order([C, B, A])] == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("parts", "says"),
    [
        pytest.param([A, Adder("z", writes=("t.a",))], "planted by a and by z", id="two-owners"),
        pytest.param([B], "which nobody writes", id="unknown-read"),
        pytest.param(
            [Adder("x", reads=("t.y",), writes=("t.x",)), Adder("y", reads=("t.x",), writes=("t.y",))],
            "go in a circle",
            id="circle",
        ),
        pytest.param([A, Adder("a")], "two parts have one name", id="one-name-twice"),
        pytest.param([Adder("x", writes=("t.x",), really_writes=())], "other columns than it plants", id="word-broken"),
        pytest.param([A, Adder("x", writes=("t.x",), really_reads=("t.a",))], "does not say so", id="secret-read"),
        pytest.param([Adder("x", writes=("plain",))], "no name of a column", id="no-table"),
    ],
)
def test_parts_that_do_not_fit_are_refused(parts: list[Adder], says: str) -> None:
    with pytest.raises(SettingError, match=says):
        plant(Board(), parts, seed=7)


def test_what_stands_on_the_board_already_has_an_owner() -> None:
    board = Board()
    board.add("given", "t.a", np.array([5]))
    assert int(plant(board, [B], seed=1)["t.b"][0]) == 6
    with pytest.raises(SettingError, match="planted by"):
        plant(board, [A], seed=1)


def test_columns_are_read_only() -> None:
    board = Board()
    board.add("x", "t.a", np.arange(3))
    with pytest.raises(ValueError, match="read-only"):
        board["t.a"][0] = 9


def test_notes_and_counts_are_kept() -> None:
    board = Board(counts={"people": 3})
    board.note("x", "t.names", ["a", "b"])
    board.size("cities", 2)
    assert board.texts("t.names") == ("a", "b")
    assert (board.count("people"), board.count("cities")) == (3, 2)
    for ask in (lambda: board.count("moons"), lambda: board["t.b"], lambda: board.texts("t.b"),
                lambda: board.size("cities", 4)):  # fmt: skip
        with pytest.raises(SettingError):
            ask()


def test_the_digest_sees_every_byte_and_the_size_counts_them() -> None:
    one, other = Board(), Board()
    one.add("x", "t.a", np.arange(3, dtype=np.int32))
    other.add("x", "t.a", np.array([0, 1, 3], np.int32))
    assert one.bytes() == 12
    assert one.digest() != other.digest()
