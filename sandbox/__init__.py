"""A fake BigCommerce store on loopback: answers like the REST API, for demo, tests and benches."""

from sandbox.control import Store
from sandbox.local import Sandbox
from sandbox.options import Options
from sandbox.remote import RemoteStore

__all__ = ["Options", "RemoteStore", "Sandbox", "Store"]
