"""What every sender must do: tests that a sender's own test class inherits.

A class gives `make(reached)`: a sender whose receiver answers well, or, with `reached=False`, one that cannot be
reached; and `effects()`: ids of what its receiver did, in order.
"""

# ruff: noqa: D102, S101 - the names of the tests say what they check

import asyncio
from collections.abc import Sequence

from guanxi.actions.outgoing import Outgoing
from guanxi.actions.senders import Outcome, Sender

NOW_MS = 1_767_326_400_000
ADDRESS = "receiver@example.com"
WORDS = ("receiver@example.com", "13800138000", "whsec_", "s3cret-password")  # never said in an outcome


def notice(name: str = "0", *, kind: str = "notice", channel: str = "wecom", **params: str) -> Outgoing:
    """Return a row as a courier hands it to a sender."""
    body = tuple(sorted({"title": "今日审批", "text": "有 3 项待审批", **params}.items()))
    return Outgoing(
        id=name.rjust(32, "a"), kind=kind, channel=channel, body=body, not_before_ms=NOW_MS,
        not_after_ms=NOW_MS + 3_600_000, made_ms=NOW_MS, attempts=1, dry=False,
    )  # fmt: skip


def attempt(sender: Sender, *rows: Outgoing, address: str = ADDRESS) -> list[Outcome]:
    """Send rows one after another, then give back connections."""

    async def run() -> list[Outcome]:
        try:
            return [await sender.send(row, address, row.attempts) for row in rows]
        finally:
            await sender.close()

    return asyncio.run(run())


class SenderContract:
    """The suite."""

    def make(self, reached: bool = True) -> Sender:
        """Return a sender, whose receiver is there or not."""
        raise NotImplementedError

    def effects(self) -> Sequence[str]:
        """Return the ids of what was done, in order."""
        raise NotImplementedError

    def test_what_is_accepted_was_done(self) -> None:
        outcomes = attempt(self.make(), notice("1"), notice("2"))
        assert [one.kind for one in outcomes] == ["accepted", "accepted"]
        assert list(self.effects()) == [notice("1").id, notice("2").id]

    def test_nobody_there_is_an_outcome(self) -> None:
        (outcome,) = attempt(self.make(reached=False), notice())
        assert outcome.kind == "unreachable"
        assert outcome.text
        assert list(self.effects()) == []

    def test_outcomes_keep_secrets(self) -> None:
        outcomes = [*attempt(self.make(), notice()), *attempt(self.make(reached=False), notice())]
        assert not [word for one in outcomes for word in WORDS if word in f"{one.text}{one.receipt}"]

    def test_the_same_key_twice_is_done_once_by_who_honours_keys(self) -> None:
        sender = self.make()
        attempt(sender, notice("1"), notice("1"))
        assert len(self.effects()) == (1 if sender.keys else 2)

    def test_what_was_done_can_be_asked_of_who_can_tell(self) -> None:
        sender = self.make()
        attempt(sender, notice("1"))
        done, other = asyncio.run(_ask(self.make(), "1")), asyncio.run(_ask(self.make(), "2"))
        assert other is None
        assert (done is not None and done.accepted) is sender.asks

    def test_it_can_be_closed_and_used_again(self) -> None:
        sender = self.make()
        assert [attempt(sender, notice(name))[0].kind for name in "12"] == ["accepted", "accepted"]


async def _ask(sender: Sender, name: str) -> Outcome | None:
    try:
        return await sender.did(notice(name))
    finally:
        await sender.close()
