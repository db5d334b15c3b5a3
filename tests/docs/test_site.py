"""The documentation as a site: nothing in it comes from elsewhere, and all links lead somewhere."""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from documents import ROOT

from scripts.docs.check_site import mistakes


def test_what_a_page_loads_has_to_be_in_the_site(tmp_path: Path) -> None:
    assert mistakes(tmp_path) == [f"there are no pages in {tmp_path}"]
    (tmp_path / "page.html").write_text(
        '<a href="https://a.example">out</a><link rel="next" href="https://a.example/">'
        '<script src="https://a.example/x.js"></script><img src="x.svg">'
        '<link rel="stylesheet" href="//a.example/x.css">'
    )
    (tmp_path / "a.css").write_text("@font-face{src:url('https://a.example/f.woff')}")
    assert mistakes(tmp_path) == [
        "page.html loads https://a.example/x.js",
        "page.html loads x.svg, which does not exist",
        "page.html loads //a.example/x.css",
        "a.css loads https://a.example/f.woff",
    ]


@pytest.mark.skipif(not find_spec("mkdocs"), reason="`make docs` installs it, and checks this")
def test_the_documentation_builds_into_a_site_that_needs_no_network(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path)]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    subprocess.run(command, cwd=ROOT, env=environment, timeout=120, check=True)
    assert mistakes(tmp_path) == []
    # The search has its index in a script: pages that are opened as files may read no other file.
    index = (tmp_path / "search" / "search_index.js").read_text("utf-8")
    assert all(word in index for word in ("PII", "GDPR", "webhook"))
