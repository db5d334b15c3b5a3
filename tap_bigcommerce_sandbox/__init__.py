"""A fake BigCommerce store on loopback that answers like the REST API."""

from tap_bigcommerce_sandbox.control import Store
from tap_bigcommerce_sandbox.options import Options
from tap_bigcommerce_sandbox.sandbox import Sandbox

__all__ = ["Options", "Sandbox", "Store"]
