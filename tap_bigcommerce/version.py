"""The version, in the one place that packaging, --version and the User-Agent read."""

VERSION = "0.1.0"
