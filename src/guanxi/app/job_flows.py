"""Flows of the house: what takes long, in steps that survive a crash."""

from collections.abc import Callable, Mapping
from typing import Final, cast

import msgspec

from guanxi.app.audience import find_audience
from guanxi.app.deciding import run_policy
from guanxi.app.workspace import Workspace
from guanxi.core import DataError
from guanxi.decisions import Mode
from guanxi.engines.log import now_ms
from guanxi.plays import Json, Steps

POLICY_RUN: Final = "policy_run"


class PolicyRun(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A run of a policy that goes by itself.

    when            cron of China's time
    segment, label  whom it decides about, as for `guanxi decide run`; "" = everybody
    mode            "" = as the policy says
    send            True: for real; False: dry
    """

    policy: str
    when: str = ""
    segment: str = ""
    label: str = ""
    mode: str = ""
    send: bool = False


def policy_run(workspace: Workspace, steps: Steps, args: Mapping[str, Json]) -> Json:
    """Decide about an audience by a policy, once for each job; return the run's id.

    What a process that died left half-written is taken back by the next run: no job decides about somebody twice.
    """
    asked = msgspec.convert(dict(args), PolicyRun)
    who = f"job:{steps.id}"[:128]

    def decide() -> Json:
        for run in workspace.control.runs.runs(policy=asked.policy):
            if run.who == who and run.state not in ("deciding", "failed"):
                return run.id
        audience = find_audience(workspace, segment=asked.segment, label=asked.label)
        return run_policy(
            workspace, asked.policy, audience.people, audience=audience.zh, audience_en=audience.en, who=who,
            now_ms=now_ms(), mode=cast("Mode | None", asked.mode or None), send=asked.send,
            progress=lambda word, done, of: None,
        ).id  # fmt: skip

    made = steps.do("decide", decide)
    if not isinstance(made, str):
        raise DataError(f"the run is {made!r:.40}", "Look at the log of the server")
    counts = workspace.control.runs.run(made).counts
    steps.tell(int(counts.get("people", 0)), int(counts.get("people", 0)), "decided")
    return made


#: name -> flow, which is handed a workspace of its own
FLOWS: Final[dict[str, Callable[[Workspace, Steps, Mapping[str, Json]], Json]]] = {POLICY_RUN: policy_run}
