"""State storage: one state per store, and its lock."""

from tap_bigcommerce_dagster.states.database import SqlStates
from tap_bigcommerce_dagster.states.folder import FolderStates
from tap_bigcommerce_dagster.states.state import SavedState, StateLock, StateStore

__all__ = ["FolderStates", "SavedState", "SqlStates", "StateLock", "StateStore"]
