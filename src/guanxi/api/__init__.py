"""The HTTP doors: the gate's listener takes events in, the desk serves everything else."""

from guanxi.api.desk import desk_app
from guanxi.api.errors import ErrorBody, Problem
from guanxi.api.gate import gate_app

__all__ = ["ErrorBody", "Problem", "desk_app", "gate_app"]
