"""The version number, for packaging, --version and the User-Agent header."""

VERSION = "0.1.0"
