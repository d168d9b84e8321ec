"""The state of traits: one plan, one array, one compiled loop for live events and for history alike."""

from guanxi.traits.state.plan import Plan, compile_plan
from guanxi.traits.state.state import TraitState

__all__ = ["Plan", "TraitState", "compile_plan"]
