"""Where the fleet keeps what the tap will need next time: one state a store, and its lock."""

from tap_bigcommerce_dagster.states.folder import FolderStates
from tap_bigcommerce_dagster.states.state import Held, Saved, StateStore
from tap_bigcommerce_dagster.states.database import SqlStates

__all__ = ["FolderStates", "Held", "Saved", "SqlStates", "StateStore"]
