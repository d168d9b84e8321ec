"""The state of traits: one plan, one array, one compiled loop for live events and for history alike."""

from guanxi.traits.state.arena import LAYOUT
from guanxi.traits.state.plan import Plan, compile_plan
from guanxi.traits.state.state import TraitState, zeroed

__all__ = ["LAYOUT", "Plan", "TraitState", "compile_plan", "zeroed"]
