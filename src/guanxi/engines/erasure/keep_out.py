"""Keeping out: an old file imported again does not bring an erased person back."""

from collections.abc import Sequence

import polars as pl
from msgspec.structs import replace

from guanxi.engines.erasure.person import GONE, OWNERS
from guanxi.engines.vault import Vault
from guanxi.events import ROLE, Event, split_ref


def keep_out(frame: pl.DataFrame, vault: Vault) -> tuple[pl.DataFrame, int]:
    """Return an import's rows without those of erased people, and how many were left out.

    What happened before a person was erased stays erased; what they do later is new. In rows of others the person's
    references become the reference by which the log knows the erased.

    frame   columns of an EventBatch, `at_ms` and `role_…` among them
    """
    roles = [name for name in frame.columns if name.startswith(ROLE)]
    if not vault.anyone_forgotten or not roles or not frame.height:
        return frame, 0
    refs = {ref for name in roles for ref in frame[name].drop_nulls().unique()}
    stones = vault.forgotten_among(refs)
    if not stones:
        return frame, 0
    when = {ref: stone.at_ms for ref, stone in stones.items()}
    stand_ins = {ref: f"{split_ref(ref)[0]}:{GONE}:{stone.surrogate}" for ref, stone in stones.items()}

    def past(name: str) -> pl.Expr:
        erased_at = pl.col(name).replace_strict(when, default=None, return_dtype=pl.Int64)
        return (pl.col("at_ms") < erased_at).fill_null(False)

    owners = [ROLE + role for role in OWNERS if ROLE + role in roles]
    kept = frame.filter(~pl.any_horizontal(past(name) for name in owners)) if owners else frame
    others = [name for name in roles if name not in owners]
    hidden = kept.with_columns(
        pl.when(past(name)).then(pl.col(name).replace(stand_ins)).otherwise(pl.col(name)).alias(name) for name in others
    )
    return hidden, frame.height - kept.height


def keep_out_events(events: Sequence[Event], vault: Vault) -> list[Event]:
    """Return events without those of erased people, and with others' references to them hidden, as `keep_out` does."""
    refs = {ref for event in events for ref in event.roles.values()}
    stones = vault.forgotten_among(refs) if refs else {}
    if not stones:
        return list(events)
    kept = []
    for event in events:
        past = {role for role, ref in event.roles.items() if ref in stones and event.at_ms < stones[ref].at_ms}
        if not past:
            kept.append(event)
        elif past.isdisjoint(OWNERS):
            hidden = {
                role: f"{split_ref(ref)[0]}:{GONE}:{stones[ref].surrogate}" if role in past else ref
                for role, ref in event.roles.items()
            }
            kept.append(replace(event, roles=hidden))
    return kept
