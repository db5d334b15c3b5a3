"""The version number, for packaging, --version and the User-Agent header."""

VERSION = "2.0.0"
