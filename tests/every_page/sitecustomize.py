"""Makes the tap write a STATE after every page: see `EVERY_PAGE` in tap_runner."""

import contextlib

# Other Python programs with the same PYTHONPATH import this file, too.
with contextlib.suppress(ImportError):
    from tap_bigcommerce.singer import messages

    messages.STATE_INTERVAL = 0.0
