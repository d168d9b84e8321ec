"""Whatever is done in whatever order, a read equals a plain model's: a list, some sets and a dict."""

import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

KINDS = ("Product Viewed", "Tea Tasted")


@dataclass
class Model:
    """What a log must hold: (identity, name) in order, who replaced whom at which number."""

    stored: list[tuple[object, str]] = field(default_factory=list)
    gone: dict[object, int] = field(default_factory=dict)
    newest: dict[object, object] = field(default_factory=dict)

    def put(self, identity: object, name: str, key: object = None) -> None:
        if any(identity == known for known, _ in self.stored):
            return
        self.stored.append((identity, name))
        if key is not None:
            if key in self.newest:
                self.gone.setdefault(self.newest[key], len(self.stored))
            self.newest[key] = identity

    def load(self, rows: list[tuple[str, str | None, str]]) -> None:
        count: dict[object, int] = {}
        for kind, key, content in rows:
            if key is None:
                nth = count[kind, content] = count.get((kind, content), 0) + 1
                self.put((kind, content, nth), content)
            else:
                self.put((kind, key, content, "keyed"), content, (kind, key))

    def read(self, known: int) -> list[str]:
        return [name for i, name in self.stored[:known] if self.gone.get(i, known + 1) > known]


rows = st.lists(
    st.tuples(st.sampled_from(KINDS), st.sampled_from([None, None, "k1", "k2"]), st.sampled_from("abcd")), max_size=12
)
steps = st.one_of(
    st.tuples(st.just("live"), st.lists(st.sampled_from("uvwxyz"), max_size=4)),
    st.tuples(st.just("load"), rows, st.integers(1, 12)),
    st.tuples(st.just("again"), st.integers(0, 5), st.integers(1, 12)),
    st.tuples(st.just("cut"), rows, st.integers(1, 4), st.integers(0, 3)),
    st.tuples(st.just("seal")),
    st.tuples(st.just("tidy")),
    st.tuples(st.just("reopen")),
)


def run(make: type, plan: list[tuple], looks: list[int]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store, model, files = make(Path(folder) / "log"), Model(), []
        try:
            for verb, *given_ in plan:
                if verb == "live":
                    store.live(*given_[0])
                    for name in given_[0]:
                        model.put(("live", name), name)
                elif verb == "load":
                    files.append(given_[0])
                    store.load(*given_)
                    model.load(given_[0])
                elif verb == "again" and files:
                    old = files[given_[0] % len(files)]
                    assert store.load(old, given_[1]) == 0
                elif verb == "cut":
                    data, chunk, stop = given_
                    store.load(data, chunk, stop=stop)
                    model.load(data[: chunk * stop])
                    store.load(data, chunk + 1)  # the whole file again, cut otherwise
                    model.load(data)
                    files.append(data)
                elif verb in ("seal", "tidy", "reopen"):
                    (store.sealer.tidy if verb == "tidy" else getattr(store, verb))()
                assert store.names() == model.read(len(model.stored))
            for look in looks:
                known = look % (len(model.stored) + 1)
                assert store.names(known) == model.read(known)
            found = [event.seq for event in store.reader.newest(1000)]
            assert sorted(set(found)) == sorted(found)
            sizes = store.reader.sizes()
            assert sizes["hot"] + sizes["staged"] + sizes["sealed"] == len(model.stored)
            assert sum(store.reader.counts().values()) == len(model.stored)
        finally:
            store.close()


@settings(max_examples=7)
@given(plan=st.lists(steps, min_size=3, max_size=8), looks=st.lists(st.integers(0, 60), min_size=2, max_size=2))
def test_reads_equal_the_model(store_type: type, plan: list[tuple], looks: list[int]) -> None:
    run(store_type, plan, looks)


@pytest.mark.slow
@settings(max_examples=20)
@given(plan=st.lists(steps, min_size=4, max_size=14), looks=st.lists(st.integers(0, 99), min_size=4, max_size=4))
def test_reads_equal_the_model_for_longer(store_type: type, plan: list[tuple], looks: list[int]) -> None:
    run(store_type, plan, looks)
