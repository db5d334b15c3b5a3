"""examples/meltano runs as it stands; plugin.yml is a definition that Meltano takes."""

import json
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from documents import examples
from installed_tools import ROOT, installed
from tap_runner import clean_environment

from tap_bigcommerce import config
from tap_bigcommerce_sandbox import Options, Sandbox

pytestmark = [pytest.mark.tools, pytest.mark.timeout(600)]

EXAMPLE = ROOT / "examples" / "meltano"
INSTALLED_FROM = (
    "tap_bigcommerce",
    "tap_bigcommerce_dagster",
    "tap_bigcommerce_sandbox",
    "pyproject.toml",
    "setup.py",
    "LICENSE",
)
DOCUMENT = ROOT / "docs" / "meltano.md"
IN_SANDBOX = ("--environment=sandbox",)
FOUR = ("coupons", "customers", "orders", "products")

CHECK_SCHEMA = """
import json, sys
from importlib import resources
import jsonschema, yaml
schema = json.loads(resources.files("meltano.schemas").joinpath("meltano.schema.json").read_text())
jsonschema.validate(yaml.safe_load(open(sys.argv[1])), schema)
"""


TARGET = """
name: target-jsonl
namespace: target_jsonl
pip_url: target-jsonl==0.1.4
executable: target-jsonl
settings:
- name: destination_path
- name: do_timestamp_file
  kind: boolean
"""


class Project:
    """A Meltano project in a folder of its own, and a store that it reads."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.folder = folder
        self.program = installed("meltano", "meltano")
        quiet = {"NO_COLOR": "1", "MELTANO_SEND_ANONYMOUS_USAGE_STATS": "false"}
        self.environment = {**clean_environment(), **quiet, **environment}

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            words,
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=300,
            stdin=subprocess.DEVNULL,
        )
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
        return done

    def __call__(self, *words: str) -> subprocess.CompletedProcess[str]:
        return self.run(str(self.program), *words)

    def rows(self, stream: str) -> list[dict[str, Any]]:
        text = (self.folder / "output" / f"{stream}.jsonl").read_text("utf-8")
        return [json.loads(line) for line in text.splitlines()]


@pytest.fixture(scope="module")
def shop() -> Iterator[Sandbox]:
    with Sandbox(Options(orders=60, customers=40, products=40, coupons=8)) as running:
        yield running


@pytest.fixture(scope="module")
def project(shop: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The example in a clone, with its plugins. Only the store's address is another one."""
    clone = tmp_path_factory.mktemp("clone")
    for name in INSTALLED_FROM:
        (clone / name).symlink_to(ROOT / name)
    folder = clone / "examples" / "meltano"
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns(".meltano", ".env", "*.jsonl"))
    project = Project(folder, {"TAP_BIGCOMMERCE_API_URL": shop.api_url})
    install, *_ = shown()
    project(*install)
    return project


SANDBOX, IN_THE_SANDBOX, SETTINGS, OWN_STORE, FROM_REF = range(5)
"""The blocks that the documentation shows."""


def block(number: int) -> str:
    shell = [example.text for example in examples(DOCUMENT) if example.language == "sh"]
    assert len(shell) == FROM_REF + 1
    return shell[number]


def shown(number: int = IN_THE_SANDBOX) -> list[list[str]]:
    """The commands of Meltano's in a block: their arguments."""
    lines = [shlex.split(line) for line in block(number).splitlines()]
    assert all(program == "meltano" for program, *_ in lines)
    return [arguments for _, *arguments in lines]


def test_meltano_takes_the_project_and_its_settings_and_shows_no_secret(project: Project) -> None:
    python = str(project.program.parent / "python")
    project.run(python, "-c", CHECK_SCHEMA, str(EXAMPLE / "meltano.yml"))
    listed = project(*IN_SANDBOX, "config", "list", "--all", "tap-bigcommerce").stdout
    for name, setting in config.SETTINGS.items():
        assert f"{name} [env: TAP_BIGCOMMERCE_{name.upper()}]" in listed
        assert setting["description"] in listed
    assert "sandbox-access-token" not in listed
    _, test, *_ = shown()
    tested = project(*test)
    assert "Plugin configuration is valid" in tested.stdout + tested.stderr


def test_two_runs_load_the_store_and_then_what_has_changed(project: Project, shop: Sandbox) -> None:
    since = "2024-01-01"
    _, _, run, run_again = shown()
    project(*run)
    first = {stream: project.rows(stream) for stream in FOUR}
    assert ids(first["coupons"]) == ids(shop.records("coupons"))
    assert ids(first["products"]) == ids(shop.records("products"))
    assert all(row["date_modified"] >= since for row in first["orders"])
    for row in first["orders"]:
        assert "line_items" not in str(row.get("consignments"))
        assert row["products"] is not None
    changed = sorted(row["id"] for row in shop.records("orders"))[-3:]
    shop.change("orders", ids=changed)
    shop.clear_requests()
    project(*run_again)
    second = project.rows("orders")[len(first["orders"]) :]
    assert set(changed) <= ids(second)
    assert len(second) <= len(changed) + 2  # and those of the bookmark's last minute
    assert len(project.rows("coupons")) == 2 * len(first["coupons"])
    project("run", "store-to-files")  # the job, too
    assert len(project.rows("coupons")) == 3 * len(first["coupons"])


def test_a_store_of_ones_own_is_read_with_the_settings_in_a_file(
    project: Project, shop: Sandbox
) -> None:
    text = block(SETTINGS).replace("abc123", shop.store_hash)
    text = text.replace("the-token-of-your-API-account", shop.access_token)
    (project.folder / ".env").write_text(text)
    before = len(project.rows("coupons"))
    (run,) = shown(OWN_STORE)
    # Nothing but the file says which store it is.
    shop.clear_requests()
    project(*run)
    assert len(project.rows("coupons")) == before + len(shop.records("coupons"))
    assert shop.requests()


def test_the_sandbox_shown_is_the_one_that_the_project_reads() -> None:
    words = shlex.split(block(SANDBOX))
    port = words[words.index("--port") + 1]
    assert f"api_url: http://127.0.0.1:{port}\n" in (EXAMPLE / "meltano.yml").read_text("utf-8")
    # Any free port: this one may be taken.
    command = [str(Path(sys.executable).with_name(words[0])), *words[1:]]
    command[command.index(port)] = "0"
    command.append("--until-stdin-closes")
    started = subprocess.check_output(command, cwd=ROOT, stdin=subprocess.DEVNULL, timeout=60)
    assert json.loads(started)["api_url"].startswith("http://127.0.0.1:")


def test_the_definition_for_the_hub_makes_a_plugin_that_runs(shop: Sandbox, tmp_path: Path) -> None:
    settings = {
        "TAP_BIGCOMMERCE_API_URL": shop.api_url,
        "TAP_BIGCOMMERCE_STORE_HASH": shop.store_hash,
        "TAP_BIGCOMMERCE_ACCESS_TOKEN": shop.access_token,
    }
    outside = Project(tmp_path, settings)
    outside("init", "--no-usage-stats", "project")
    made = Project(tmp_path / "project", settings)
    shutil.copy(ROOT / "plugin.yml", made.folder)
    source = tmp_path / "source"  # pip does not build in the repository
    source.mkdir()
    for name in INSTALLED_FROM:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, source / name)
    text = block(FROM_REF)
    setting, add = text.splitlines()
    path = setting.partition("=")[2].partition("'")[0]
    made.run("bash", "-c", setting.replace(path, str(source)))
    made(*shlex.split(add)[1:])
    (made.folder / "target.yml").write_text(TARGET)
    (made.folder / "output").mkdir(exist_ok=True)
    made("add", "--from-ref", "target.yml", "target-jsonl")
    made("config", "set", "target-jsonl", "destination_path", "output")
    made("config", "set", "target-jsonl", "do_timestamp_file", "false")
    made("run", "tap-bigcommerce", "target-jsonl")
    assert {path.stem for path in (made.folder / "output").glob("*.jsonl")} == set(FOUR)
    for stream in FOUR:
        assert ids(made.rows(stream)) == ids(shop.records(stream)), stream
    tested = made("config", "test", "tap-bigcommerce")
    assert "Plugin configuration is valid" in tested.stdout + tested.stderr
    printed = made("config", "print", "tap-bigcommerce").stdout
    assert shop.store_hash in printed
    assert shop.access_token not in printed


def ids(rows: list[dict[str, Any]]) -> set[int]:
    return {row["id"] for row in rows}
