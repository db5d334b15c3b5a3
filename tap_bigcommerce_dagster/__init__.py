"""A fleet on Dagster: many BigCommerce stores, a partition for each."""

from tap_bigcommerce_dagster.errors import FleetError, StoreBusy, SyncFailed
from tap_bigcommerce_dagster.facts import Reports
from tap_bigcommerce_dagster.fleet import Retries, build_fleet
from tap_bigcommerce_dagster.states import FolderStates, SqlStates, StateStore
from tap_bigcommerce_dagster.stores import FolderOfConfigs, Stores, StoresOf, Target

__all__ = [
    "FleetError",
    "FolderOfConfigs",
    "FolderStates",
    "Reports",
    "Retries",
    "SqlStates",
    "StateStore",
    "StoreBusy",
    "Stores",
    "StoresOf",
    "SyncFailed",
    "Target",
    "build_fleet",
]
