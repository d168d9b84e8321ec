"""What a policy may see of people as of an instant: traits, consents, what they switched off or had deleted."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import polars as pl

from guanxi.app.consents import PURPOSES, spoken
from guanxi.app.identity import identities
from guanxi.app.stated import stated
from guanxi.app.traits import as_of
from guanxi.app.workspace import Workspace
from guanxi.decisions import Context, Pairs
from guanxi.events import CONSENT_BITS

USE: Final = "profile"  # what traits are read for: those of people who do not allow it are withheld
BLOCK: Final = 50_000  # people read at once


class Onlookers:
    """People as a policy may see them; a row becomes a `Context` when it is asked for.

    people  references that name them, each once
    known   up to which sequence number the log was read
    """

    def __init__(
        self, workspace: Workspace, asked: Sequence[str], reads: Sequence[str], *, until_ms: int, at_ms: int,
        known: int | None = None, facts: Pairs = (),
    ) -> None:  # fmt: skip
        """Look at people.

        asked     references; several of one person count once
        reads     names of the traits that the policy reads
        until_ms  traits of events with a trait clock before it
        at_ms     when what is chosen would happen
        known     only what had been learnt up to this sequence number; None = all
        facts     what the caller states of the moment
        """
        last = workspace.reader.last_seq()
        self.known = last if known is None else min(known, last)
        self._until_ms, self._at_ms, self._facts = until_ms, at_ms, facts
        names = identities(workspace)
        self.people: list[str] = list(dict.fromkeys(names.resolve(ref, self.known) for ref in asked))
        self._gone = frozenset(workspace.vault.forgotten_among([*self.people, *asked]))
        self._consents = _consents(workspace, self.people, self.known)
        self._traits = _traits(workspace, self.people, reads, until_ms=until_ms, known=self.known)

    def __len__(self) -> int:
        return len(self.people)

    def context(self, place: int) -> Context:
        """Return what a policy sees of the person at a place."""
        who = self.people[place]
        said = {name: value for name, value in zip(PURPOSES, self._consents[place], strict=True) if value is not None}
        return Context(
            party=who, at_ms=self._at_ms, until_ms=self._until_ms, known=self.known,
            traits={name: column[place] for name, column in self._traits.items()}, consents=said,
            personalise=said.get("personalise", True) and said.get("analyse", True), erased=who in self._gone,
            facts=self._facts,
        )  # fmt: skip

    def contexts(self) -> Iterator[Context]:
        """Yield what a policy sees of each."""
        for place in range(len(self)):
            yield self.context(place)


def _consents(workspace: Workspace, people: Sequence[str], known: int) -> list[tuple[bool | None, ...]]:
    """What each person says of each purpose: their last word, else the newest bits that came with another event."""
    frame = pl.DataFrame({"person": list(people)}, {"person": pl.String})
    names = identities(workspace)
    own = [(ref, who) for who in people for ref in names.members(who, known)]
    pairs = pl.DataFrame(own, {"ref": pl.String, "person": pl.String}, orient="row").unique()
    words = spoken(workspace, known, pairs).pivot(on="purpose", index="person", values="given")
    bits = stated(workspace, ("city",), pairs, known=known, only=True).select("person", "consent")
    joined = frame.join(words, on="person", how="left", maintain_order="left")
    joined = joined.join(bits, on="person", how="left", maintain_order="left")
    said = [
        pl.coalesce(
            pl.col(purpose) if purpose in joined.columns else pl.lit(None, pl.Boolean),
            (pl.col("consent") & CONSENT_BITS[purpose]) != 0,
        ).alias(purpose)
        for purpose in PURPOSES
    ]
    return joined.select(said).rows()


def _traits(
    workspace: Workspace, people: Sequence[str], reads: Sequence[str], *, until_ms: int, known: int
) -> dict[str, list[Any]]:  # fmt: skip
    """The values of traits by name, in the order of the people; null = unknown, withheld or deleted."""
    if not reads or not people:
        return {name: [None] * len(people) for name in reads}
    parts = [
        as_of(workspace, people[at : at + BLOCK], reads, until=until_ms, known=known, use=USE)
        for at in range(0, len(people), BLOCK)
    ]
    frame = pl.concat(parts, how="vertical_relaxed")
    return {name: frame[name].to_list() for name in reads}
