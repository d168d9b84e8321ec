"""Just before sending: who may no longer be touched, and where people can be reached."""

from collections.abc import Collection, Sequence
from typing import Final

import polars as pl

from guanxi.actions import SENT, Outgoing
from guanxi.app.deciding_people import Onlookers
from guanxi.app.identity import identities
from guanxi.app.stated import stated
from guanxi.app.workspace import Workspace
from guanxi.core import NotFound, SettingError
from guanxi.decisions import Context, Limit, Refusal, read_policy
from guanxi.events import split_ref
from guanxi.parties import is_masked

FIELDS: Final = {"sms": "phone", "mail": "email"}  # channel -> the personal value that is its address
PLATFORMS: Final = {"wechat": ("wechat",), "app": ("app",)}  # channel -> scopes of accounts that can be reached there
PURPOSE: Final = "marketing"  # of what names none and reaches somebody
CONSENT: Final = {"marketing": "message", "service": "", "": ""}  # purpose of an offer -> the consent that it needs
WHO: Final = "guanxi send"  # in the vault's list of looks


class Watch:
    """What is known of the people of the rows that are about to be sent, looked up together.

    What was looked up for a row is used once: by the next attempt, it is looked up anew.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._contexts: dict[str, Context] = {}  # by row
        self._limits: list[Limit] = []
        self._purposes: dict[str, tuple[str, ...]] = {}  # policy -> consents that it needs
        self._addresses: dict[tuple[str, str], str] = {}

    def prepare(self, rows: Sequence[Outgoing], now_ms: int) -> None:
        """Look up who is about to be touched."""
        self._workspace.refresh()
        self._limits = [one for one in self._workspace.control.limits.all().values() if one.hours and not one.cap]
        if not self._contexts:  # nobody waits for what was looked up before
            self._addresses = {}
        asked = sorted({row.party for row in rows if row.party})
        if not asked:
            return
        names, seen = identities(self._workspace), Onlookers(self._workspace, asked, (), until_ms=now_ms, at_ms=now_ms)
        people = {who: seen.context(place) for place, who in enumerate(seen.people)}
        # Beside what other senders' rows wait with: several are prepared before the first of them is sent.
        self._contexts |= {row.id: people[names.resolve(row.party, seen.known)] for row in rows if row.party}
        for channel in {row.channel for row in rows if row.channel in FIELDS}:
            wanted = {row.party for row in rows if row.channel == channel and row.party}
            found = self._values(wanted, channel, seen.known)
            self._addresses |= {(who, channel): found.get((who, channel), "") for who in wanted}

    def guard(self, row: Outgoing, now_ms: int) -> Refusal | None:
        """Return what refuses a row now: an erasure, a consent that was withdrawn, quiet hours; None when nothing does.

        Quiet hours only delay it: `resets_ms` says until when.
        """
        if row.kind not in SENT:
            return None
        if not row.party:
            return _ERASED
        if row.id not in self._contexts:
            self.prepare([row], now_ms)
        context, purpose = self._contexts.pop(row.id), _purpose(row)
        if context.erased:
            return _ERASED
        for consent in (CONSENT.get(purpose, purpose), *self._purposes_of(row)):
            if context.consents.get(consent) is False:
                return Refusal(by="consent", name=consent, zh="对方已撤回同意", en="consent was withdrawn")
        for limit in self._limits:
            if limit.counts(row.kind, channel=row.channel, purpose=purpose, at_ms=now_ms):
                return Refusal(by="limit", name=limit.name, zh=limit.zh, en=limit.en, resets_ms=limit.opens_ms(now_ms))
        return None

    def _purposes_of(self, row: Outgoing) -> tuple[str, ...]:
        """What else the policy asked consent for, by which the row was decided."""
        runs = self._workspace.control.runs
        try:
            record = None if row.run else self._workspace.control.decisions.kept(row.decision).record
            policy = runs.run(row.run).hash if row.run else record.policy if record else ""
            if policy not in self._purposes:
                kept = runs.policy(policy)
                self._purposes[policy] = read_policy(kept.text, self._workspace.traits, name=kept.name).purposes
        except (NotFound, SettingError):  # of no policy, or of one that reads traits which are gone
            return ()
        return self._purposes[policy]

    def address_of(self, party: str, channel: str) -> str:
        """Return where a person is reached on a channel; "" when nobody said.

        sms, mail: the newest phone number or e-mail address that the person gave; wechat, app: the account there;
        other channels: the reference of the party itself.
        """
        if channel in FIELDS:
            return self._addresses.get((party, channel), "")
        if channel not in PLATFORMS:
            return party
        for ref in identities(self._workspace).members(party):
            kind, scope, key = split_ref(ref)
            if kind == "account" and scope in PLATFORMS[channel] and not is_masked(ref):
                return key
        return ""

    def _values(self, parties: Collection[str], channel: str, known: int) -> dict[tuple[str, str], str]:
        """The newest value that each person gave, read from the vault, which keeps that it was looked at."""
        names, field = identities(self._workspace), FIELDS[channel]
        pairs = pl.DataFrame(
            [(ref, party) for party in sorted(parties) for ref in names.members(party, known)],
            {"ref": pl.String, "person": pl.String}, orient="row",
        ).unique()  # fmt: skip
        rows = stated(self._workspace, (field,), pairs, known=known, only=True).select("person", field).drop_nulls()
        tokens = {person: token for person, token in rows.iter_rows() if str(token).startswith("vt_")}
        clear = self._workspace.vault.reveal_many(tokens.values(), purpose=f"send {channel}", who=WHO)
        return {(person, channel): clear[token] for person, token in tokens.items() if token in clear}


def _purpose(row: Outgoing) -> str:
    """The purpose that was decided; "" for a coupon that is put into the account silently, which reaches nobody."""
    body = dict(row.body)
    silent = row.kind == "coupon" and "channel" not in body
    return str(body.get("purpose", "" if silent else PURPOSE))


_ERASED: Final = Refusal(by="erased", name="erased", zh="对方的资料已被删除", en="the person was erased")
