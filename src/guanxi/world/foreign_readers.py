"""Readers of public sets as foreign worlds: what was measured or simulated by others, with its truth."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from guanxi.core import DataError, NotFound, SettingError
from guanxi.events import EventBatch
from guanxi.world.foreign import Card, ForeignWorld, batch_of, day_ms
from guanxi.world.truth import Effect, Truths

REPLICATES: Final = 10  # files of causal_ihdp
UNITS: Final = 747  # rows of each
WINDOW: Final = 14  # days in which the outcomes of hillstrom_email were counted


def causal_ihdp(folder: Path, replicate: int = 1) -> ForeignWorld:
    """Return one replicate of IHDP: real children and real, confounded treatment, simulated outcomes.

    folder      holds ihdp_npci_1.csv .. ihdp_npci_10.csv: treatment, y_factual, y_cfactual, mu0, mu1, x1..x25
    replicate   1..10
    returns     events: Label Recorded for x1..x25 and the outcome `y`, Campaign Targeted for the treated; truth:
                Effect ate, att and cate on `y` (exact, from mu1 - mu0), labels mu0, mu1
    raises      SettingError for another replicate; NotFound or DataError for files that are not these
    source      Hill, "Bayesian Nonparametric Modeling for Causal Inference", JCGS 2011
    """
    if not 1 <= replicate <= REPLICATES:
        raise SettingError(f"there is no replicate {replicate}", f"Use one of 1..{REPLICATES}", "replicate")
    path = _file(folder, f"ihdp_npci_{replicate}.csv")
    names = ["treatment", "y_factual", "y_cfactual", "mu0", "mu1", *(f"x{n}" for n in range(1, 26))]
    try:
        data = pl.read_csv(path, has_header=False, new_columns=names, schema_overrides=[pl.Float64] * len(names))
    except pl.exceptions.PolarsError as error:
        said = str(error).splitlines()[0][:80]
        raise DataError(f"{path.name} is not 30 columns of numbers: {said}", "Use the file as published") from error
    if data.shape != (UNITS, len(names)) or not data["treatment"].is_in([0.0, 1.0]).all():
        raise DataError(f"{path.name} holds {data.height} x {data.width}, not {UNITS} x {len(names)}, or a treatment"
                        " that is not 0 or 1", "Use the file as published")  # fmt: skip
    who = _people("ihdp", data.height)
    start, told, came = day_ms(2010, 1, 1), day_ms(2010, 1, 2), day_ms(2010, 1, 3)
    lift, treated = (data["mu1"] - data["mu0"]).to_numpy(), data["treatment"].to_numpy() == 1
    truths = Truths.of_labels(who, {"mu0": data["mu0"].to_numpy(), "mu1": data["mu1"].to_numpy()}, since_ms=start)
    effects = [
        _on_y("ate", "all", told, lift),
        _on_y("att", "treated", told, lift[treated]),
        *(_on_y("cate", one, told, lift[[row]]) for row, one in enumerate(who.to_list())),
    ]
    covariates = {name: data[name].to_numpy() for name in names[5:]}
    batches = [
        _labels(f"ihdp {replicate} x", who, covariates, start),
        _labels(f"ihdp {replicate} y", who, {"y": data["y_factual"].to_numpy()}, came),
        batch_of("Campaign Targeted", "ihdp", at_ms=np.full(treated.sum(), told), role_actor=who.filter(treated),
                 ref_campaign=["treatment"] * int(treated.sum())),
    ]  # fmt: skip
    return ForeignWorld(_IHDP, _joined(batches), truths + Truths.of_effects(effects))


def hillstrom_email(folder: Path) -> ForeignWorld:
    """Return the e-mail test of 64,000 customers in three arms: an experiment, so its effects are known with an error.

    folder    holds hillstrom.parquet
    returns   events: Label Recorded for what was known before, Experiment Assigned, Message Sent, Session Started for
              a visit, Order Created and Order Completed (USD) for a purchase; truth: Effect ate of each e-mail, and of
              any, against none on visit, conversion, spend (USD), by "experiment", with standard errors
    raises    NotFound or DataError for a file that is not this one
    source    Hillstrom, MineThatData E-Mail Analytics Challenge, 2008
    """
    path = _file(folder, "hillstrom.parquet")
    try:
        data = pl.read_parquet(path)
    except (OSError, pl.exceptions.PolarsError):
        raise DataError(f"{path.name} is no Parquet file", "Use the file as published") from None
    wanted = {"recency", "history", "mens", "womens", "newbie", "channel", "segment", "visit", "conversion", "spend"}
    if wanted - set(data.columns) or set(data["segment"].unique()) != set(_ARMS):
        raise DataError(f"{path.name} lacks {', '.join(sorted(wanted - set(data.columns))) or 'one of the three arms'}",
                        "Use the file as published")  # fmt: skip
    who, arm = _people("hillstrom", data.height), data["segment"].replace_strict(_ARMS)
    truths = Truths.of_effects(
        effect
        for outcome in ("visit", "conversion", "spend")
        for effect in _contrasts(data[outcome].cast(pl.Float64).to_numpy(), arm.to_numpy(), outcome)
    )
    return ForeignWorld(_HILLSTROM, _hillstrom_events(data, who, arm), truths)


def _hillstrom_events(data: pl.DataFrame, who: pl.Series, arm: pl.Series) -> list[EventBatch]:
    known, sent = day_ms(2008, 3, 1), day_ms(2008, 3, 2)
    mailed, came, bought = (arm != "none"), (data["visit"] == 1), (data["conversion"] == 1)
    n, orders = data.height, int(bought.sum())
    names = ("recency", "history", "mens", "womens", "newbie")
    numbers = {name: data[name].cast(pl.Float64).to_numpy() for name in names}
    fen = (data["spend"].filter(bought) * 100).round().cast(pl.Int64)
    order = {"role_actor": who.filter(bought), "amount": fen, "currency": ["USD"] * orders,
             "ref_order": who.filter(bought).str.replace("account:store:", "")}  # fmt: skip
    return _joined([
        _labels("hillstrom", who, numbers, known),
        batch_of("Experiment Assigned", "hillstrom", at_ms=np.full(n, sent), role_actor=who, p_arm=arm,
                 p_experiment=["e-mail"] * n, p_propensity=np.full(n, 1 / 3)),
        batch_of("Message Sent", "hillstrom", at_ms=np.full(int(mailed.sum()), sent), role_actor=who.filter(mailed),
                 p_channel=["mail"] * int(mailed.sum()), p_template=arm.filter(mailed)),
        batch_of("Session Started", "hillstrom", at_ms=np.full(int(came.sum()), sent + 1), role_actor=who.filter(came)),
        batch_of("Order Created", "hillstrom", at_ms=np.full(orders, sent + 2), **order),
        batch_of("Order Completed", "hillstrom", at_ms=np.full(orders, sent + 3), **order),
    ])  # fmt: skip


def _contrasts(outcome: NDArray[np.float64], arm: NDArray[np.object_], name: str) -> list[Effect]:
    """Each e-mail, and any, against none: difference of means and its standard error."""
    none = outcome[arm == "none"]
    found = []
    for label, told in (("mens", arm == "mens"), ("womens", arm == "womens"), ("any", arm != "none")):
        some = outcome[told]
        error = float(np.sqrt(some.var(ddof=1) / len(some) + none.var(ddof=1) / len(none)))
        found.append(Effect(
            name=f"e-mail {label}", estimand="ate", outcome=name, population="customers of the last 12 months",
            since=day_ms(2008, 3, 2), window=WINDOW, people=len(some) + len(none),
            value=float(some.mean() - none.mean()), by="experiment", error=error,
        ))  # fmt: skip
    return found


def _on_y(estimand: Literal["ate", "att", "cate"], population: str, since: int, lift: NDArray[np.float64]) -> Effect:
    """The mean of exact effects on y."""
    return Effect(
        name="treatment", estimand=estimand, outcome="y", population=population, since=since, window=1,
        people=len(lift), value=float(lift.mean()),
    )  # fmt: skip


def _labels(author: str, who: pl.Series, values: Mapping[str, NDArray[np.float64]], at_ms: int) -> EventBatch:
    """One Label Recorded for each person and name."""
    n, m = len(who), len(values)
    return batch_of(
        "Label Recorded", author, at_ms=np.full(n * m, at_ms), role_object=pl.concat([who] * m),
        p_label=[name for name in values for _ in range(n)], p_score=np.concatenate(list(values.values())),
    )  # fmt: skip


def _joined(batches: list[EventBatch]) -> list[EventBatch]:
    """One batch for each kind."""
    kinds: dict[str, list[pl.DataFrame]] = {}
    for one in batches:
        kinds.setdefault(one.kind, []).append(one.frame)
    return [EventBatch(kind, pl.concat(frames, how="diagonal")) for kind, frames in kinds.items()]


def _people(name: str, count: int) -> pl.Series:
    return pl.Series([f"account:store:{name}-{row}" for row in range(1, count + 1)])


def _file(folder: Path, name: str) -> Path:
    path = folder / name
    if not path.is_file():
        raise NotFound(f"the folder {folder.name!r} holds no {name}", "Name the folder of the set as it was published")
    return path


_ARMS: Final = {"Mens E-Mail": "mens", "Womens E-Mail": "womens", "No E-Mail": "none"}
_IHDP: Final = Card(
    author="Jennifer Hill (outcomes); Infant Health and Development Program (children)",
    licence="none stated",
    source="AMLab-Amsterdam/CEVAE: datasets/IHDP/csv",
    true="The effect of the treatment on y for every child is mu1 - mu0: the outcomes were simulated from these means.",
    unknown="When anything happened: the days are made up. What x1..x25 mean beyond the paper. Propensities.",
)
_HILLSTROM: Final = Card(
    author="Kevin Hillstrom, MineThatData",
    licence="public challenge, none stated",
    source="MineThatData E-Mail Analytics Challenge, March 2008",
    true="Customers were assigned to three arms at random, a third each: differences of means are unbiased, with the"
    " stated standard errors.",
    unknown="The effect on any one customer. When visits and orders were in the two weeks: instants are made up.",
)
