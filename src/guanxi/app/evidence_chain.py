"""The chain of evidence (证据链) as the desk's routes and the console's page say it: heads, proofs, checks, exports."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Final

import msgspec

from guanxi.app.ledger import PUBLIC_KEY
from guanxi.app.ledger_words import Words
from guanxi.app.workspace import Workspace
from guanxi.core import DataError, NotFound
from guanxi.engines.control import Audit
from guanxi.engines.ledger_keys import LEDGER_KEY, make_signing_key, read_signing_key
from guanxi.ledger import GENESIS, SignedHead, export_lines, fingerprint, leaf_hash, public_pem, verify_run

STEP: Final = 100_000  # entries that one step of a check reads


class HeadLine(msgspec.Struct, frozen=True, kw_only=True):
    """A signed head: the ledger's size, root and chain at an instant, and the fingerprint of the key."""

    size: int
    root: str
    chain: str
    at_ms: int
    key: str
    signature: str


class ChainState(msgspec.Struct, frozen=True, kw_only=True):
    """Where the chain and the tree end.

    unsigned   entries since the newest signed head
    key        fingerprint of the workspace's public key, "" = none was made yet
    heads      signed ones, newest first
    """

    ledger: str
    size: int
    root: str
    chain: str
    last_ms: int | None
    unsigned: int
    key: str
    heads: tuple[HeadLine, ...]


class ProvenEntry(msgspec.Struct, frozen=True, kw_only=True):
    """An entry with what proves that it stands in the tree of `size` entries, whose root is `root`.

    line    its canonical bytes as text; leaf: their hash; path: siblings from the leaf up
    signed  the oldest signed head that covers it, with its size and root; None = none does yet
    """

    number: int
    at_ms: int
    kind: str
    giver: str
    taker: str
    unit: str
    amount: int
    transfer: str
    key: str
    line: str
    leaf: str
    path: tuple[str, ...]
    size: int
    root: str
    signed: HeadLine | None
    giver_zh: str
    giver_en: str
    taker_zh: str
    taker_en: str


class ConsistencyProof(msgspec.Struct, frozen=True, kw_only=True):
    """What proves that the ledger of `new` entries begins with that of `old` entries."""

    old: int
    new: int
    old_root: str
    new_root: str
    path: tuple[str, ...]


class CheckStep(msgspec.Struct, frozen=True, kw_only=True):
    """A step of a check: entries `start` to before `stop` of `size` were hashed again.

    chain    hash of the chain after them, to begin the next step with
    fault    what does not fit, and in which entry (`fault_at`); "" = nothing
    audit    with the last step: balances, holds, dated amounts and the tree counted again
    """

    start: int
    stop: int
    size: int
    chain: str
    fault: str
    fault_at: int | None
    done: bool
    sound: bool
    audit: Audit | None


def chain_state(workspace: Workspace) -> ChainState:
    """Return where the chain and the tree end, and every signed head."""
    ledger, key = workspace.control.ledger, workspace.folder / LEDGER_KEY
    size = ledger.size()
    last = next(ledger.rows(size - 1, size), None) if size else None
    heads = tuple(_head(one) for one in reversed(ledger.heads()))
    return ChainState(
        ledger=workspace.control.accounting.ledger_id(), size=size, root=ledger.root(size).hex(),
        chain=(last[1] if last else GENESIS).hex(), last_ms=int(last[0].split(b",", 2)[1]) if last else None,
        unsigned=size - (heads[0].size if heads else 0), heads=heads,
        key=fingerprint(read_signing_key(key).public_key()) if key.exists() else "",
    )  # fmt: skip


def prove(workspace: Workspace, number: int) -> ProvenEntry:
    """Return an entry with the proof that it stands in the tree of the oldest signed head that covers it.

    raises   NotFound when the ledger has no such entry
    """
    ledger, words = workspace.control.ledger, Words(workspace)
    if not 0 <= number < ledger.size():
        raise NotFound(f"the ledger has no entry {number}", f"Name one of 0 to {ledger.size() - 1}")
    signed = next((one for one in ledger.heads() if one.head.size > number), None)
    proof = ledger.inclusion(number, signed.head.size if signed else None)
    entry, (row, _) = proof.entry, next(ledger.rows(number, number + 1))
    with workspace.control.snapshot() as connection:
        ends = {one.id: words.of(one) for one in
                workspace.control.accounting.accounts_in(connection, [entry.giver, entry.taker])}  # fmt: skip
    giver, taker = ends.get(entry.giver, ("", "")), ends.get(entry.taker, ("", ""))
    return ProvenEntry(
        **{name: getattr(entry, name) for name in entry.__struct_fields__}, line=row.decode(),
        leaf=leaf_hash(row).hex(), path=proof.path, size=proof.size, root=ledger.root(proof.size).hex(),
        signed=_head(signed) if signed else None, giver_zh=giver[0], giver_en=giver[1], taker_zh=taker[0],
        taker_en=taker[1],
    )  # fmt: skip


def prove_growth(workspace: Workspace, old: int, new: int | None = None) -> ConsistencyProof:
    """Return the proof that the ledger of `new` entries, None = of now, begins with that of `old`.

    raises   DataError when the ledger has not so many entries
    """
    ledger = workspace.control.ledger
    proof = ledger.consistency(old, new)
    roots = ledger.root(old).hex(), ledger.root(proof.new).hex()
    return ConsistencyProof(old=old, new=proof.new, old_root=roots[0], new_root=roots[1], path=proof.path)


def check(workspace: Workspace, *, start: int = 0, chain: str = "") -> CheckStep:
    """Hash the next 100,000 entries again, and with the last of them count the whole ledger again.

    chain    what the step before gave; "" at the start
    raises   DataError when the chain is no hash, or the start lies behind the end
    """
    ledger = workspace.control.ledger
    size = ledger.size()
    if not 0 <= start <= size or (start and len(chain) != 64):
        raise DataError(f"a check cannot begin at {start}", "Begin at 0, or with stop and chain of the step before")
    try:
        previous = bytes.fromhex(chain) if start else GENESIS
    except ValueError:
        raise DataError("the chain is no hash", "Give the chain of the step before", "chain") from None
    stop = min(start + STEP, size)
    rows = list(ledger.rows(start, stop))
    broken = verify_run([row for row, _ in rows], [made for _, made in rows], first=start, previous=previous)
    done = stop == size or broken is not None
    audit = ledger.audit() if done else None
    fault = broken or (audit.broken if audit else None)
    return CheckStep(
        start=start, stop=stop, size=size, chain=(rows[-1][1] if rows else previous).hex(),
        fault=fault.what if fault else "", fault_at=fault.number if fault else None, done=done,
        sound=broken is None and (audit is None or audit.is_sound), audit=audit,
    )  # fmt: skip


def sign(workspace: Workspace, *, now_ms: int) -> HeadLine:
    """Sign the ledger as it stands; the key is made the first time."""
    path = workspace.folder / LEDGER_KEY
    key = read_signing_key(path) if path.exists() else make_signing_key(path)
    (workspace.folder / PUBLIC_KEY).write_bytes(public_pem(key))
    return _head(workspace.control.ledger.sign(key, now_ms=now_ms))


def public_key(workspace: Workspace) -> Path:
    """Return the file of the public key.

    raises   NotFound when nothing was signed yet
    """
    path = workspace.folder / PUBLIC_KEY
    if not path.exists():
        raise NotFound("nothing was signed yet, so there is no key", "Sign the ledger, or run: guanxi ledger export")
    return path


class ExportFile:
    """An export on its way out: `rows` entries up to the newest signed head, in chunks of some thousand lines."""

    def __init__(self, workspace: Workspace) -> None:
        ledger, heads = workspace.control.ledger, workspace.control.ledger.heads()
        if not heads:
            raise NotFound("nothing was signed yet", "Sign the ledger first")
        self._ledger, self._last = ledger, heads[-1]
        self._heads = [one for one in heads if one.key == self._last.key and one.head.size <= self._last.head.size]
        self.rows = self._last.head.size

    def chunks(self) -> Iterator[bytes]:
        """The file's bytes; what the ledger holds cannot change meanwhile, so this may take long."""
        rows = (row for row, _ in self._ledger.rows(0, self.rows))
        lines = export_lines(self._last.head.ledger, rows, heads=self._heads)
        while some := b"".join(islice(lines, 4_096)):
            yield some


def export_file(workspace: Workspace) -> ExportFile:
    """Return an export that ends with the newest signed head.

    raises   NotFound when nothing was signed yet
    """
    return ExportFile(workspace)


def _head(one: SignedHead) -> HeadLine:
    head = one.head
    return HeadLine(
        size=head.size, root=head.root, chain=head.chain, at_ms=head.at_ms, key=one.key, signature=one.signature
    )
