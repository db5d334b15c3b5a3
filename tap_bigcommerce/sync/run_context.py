"""The objects that all streams of a run share: client, workers, state."""

from typing import NamedTuple

from tap_bigcommerce.api.client import Client
from tap_bigcommerce.api.workers import Workers
from tap_bigcommerce.config import Config
from tap_bigcommerce.pagination.memory_budget import MemoryBudget
from tap_bigcommerce.progress.tracker import ProgressTracker
from tap_bigcommerce.singer.messages import MessageWriter
from tap_bigcommerce.singer.state import State


class RunContext(NamedTuple):
    """The objects that all streams of a run share."""

    config: Config
    client: Client
    workers: Workers
    budget: MemoryBudget
    state: State
    messages: MessageWriter
    tracker: ProgressTracker
    sample: bool = False
    """Read only until each stream has one record (`--test`)."""
