"""The example for a cluster, checked as far as possible without one."""

import importlib.util
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import yaml
from dagster._config import process_config
from dagster._config.field import resolve_to_config_type
from dagster._core.instance.config import dagster_instance_config
from dagster_k8s import K8sRunLauncher, construct_dagster_k8s_job
from fleet_runs import dagster_home
from kubernetes.client import ApiClient
from packaging.requirements import Requirement

from scripts.locks import FOLDER, asked_for, head
from tap_bigcommerce_dagster import FleetError

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "fleet"

KUBECONFIG = {
    "apiVersion": "v1",
    "kind": "Config",
    "clusters": [{"name": "none", "cluster": {"server": "https://127.0.0.1:1"}}],
    "users": [{"name": "none", "user": {}}],
    "contexts": [{"name": "none", "context": {"cluster": "none", "user": "none"}}],
    "current-context": "none",
}


def check_schema(path: Path) -> None:
    """Check the manifests in a file against the schemas of Kubernetes."""
    program = os.environ.get("FLEET_KUBERNETES")
    if program is None:
        pytest.skip("`make fleet-test` installs kubernetes-validate, which this needs")
    ended = subprocess.run(
        [program, "--strict", path], capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_the_manifests_fit_the_schemas_of_kubernetes(tmp_path: Path) -> None:
    check_schema(EXAMPLE / "kubernetes.yaml")
    text = (EXAMPLE / "kubernetes.yaml").read_text("utf-8")
    (tmp_path / "wrong.yaml").write_text(text.replace("replicas: 1", "replica: 1"))
    with pytest.raises(AssertionError, match="replica"):
        check_schema(tmp_path / "wrong.yaml")


def test_the_instance_is_valid_and_its_jobs_fit_the_schemas_of_kubernetes(tmp_path: Path) -> None:
    (tmp_path / "dagster.yaml").write_text((EXAMPLE / "dagster.yaml").read_text("utf-8"))
    config, _ = dagster_instance_config(str(tmp_path))
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(yaml.safe_dump(KUBECONFIG))
    given = {
        **config["run_launcher"]["config"],
        "load_incluster_config": False,
        "kubeconfig_file": str(kubeconfig),
    }
    checked = process_config(resolve_to_config_type(K8sRunLauncher.config_type()), given)
    assert checked.success, checked.errors
    launcher = K8sRunLauncher.from_config_value(None, checked.value)
    run = dg.DagsterRun(job_name="bigcommerce_job", run_id="a-run")
    context = launcher.get_container_context_for_run(run)
    job = construct_dagster_k8s_job(
        job_config=context.get_k8s_job_config("registry.example.com/fleet:1", launcher),
        args=["dagster", "api", "execute_run", "{}"],
        job_name="dagster-run-1",
        component="run_worker",
        user_defined_k8s_config=context.run_k8s_config,
    )
    path = tmp_path / "job.yaml"
    made = ApiClient().sanitize_for_serialization(job)
    path.write_text(json.dumps(made))
    check_schema(path)
    pod = made["spec"]["template"]["spec"]
    assert pod["securityContext"] == {"runAsNonRoot": True, "runAsUser": 10001}
    (container,) = pod["containers"]
    assert {"mountPath": "/etc/stores", "name": "stores", "readOnly": True} in (
        container["volumeMounts"]
    )
    secrets = [one["secretRef"]["name"] for one in container["envFrom"] if "secretRef" in one]
    assert {"dagster-postgres", "warehouse"} <= set(secrets)


def test_the_code_location_loads(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("STATES_URL", "sqlite://")
    monkeypatch.setenv("STORES_FOLDER", str(tmp_path))
    for name in ("HOST", "USER", "PASSWORD"):
        monkeypatch.setenv(f"WAREHOUSE_{name}", name.lower())
    spec = importlib.util.spec_from_file_location("location", EXAMPLE / "location.py")
    assert spec is not None
    assert spec.loader is not None
    location = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(location)
    dg.Definitions.validate_loadable(location.defs)
    names = ["shoes-uk", "shoes_uk", "shoes--uk", "shoes_-uk", "shoes-_uk", "shoes__uk", "Shoes"]
    schemas = [location.postgres(name)["default_target_schema"] for name in names]
    assert schemas[:2] == ["bigcommerce_shoes$uk", "bigcommerce_shoes_uk"]
    assert len(set(schemas)) == len(names)
    with pytest.raises(FleetError, match="longer than 63"):
        location.postgres("x" * 60)


def instructions(path: Path) -> list[tuple[str, str]]:
    """The instructions of a Dockerfile with their arguments."""
    lines = path.read_text("utf-8").replace("\\\n", " ").splitlines()
    words = [line.partition(" ") for line in lines if line and not line.startswith("#")]
    return [(word, rest) for word, _, rest in words]


@pytest.mark.parametrize("path", [ROOT / "Dockerfile", EXAMPLE / "Dockerfile"], ids=str)
def test_an_image_copies_existing_files_and_runs_as_an_unprivileged_user(path: Path) -> None:
    given = instructions(path)
    copied = [rest.split()[:-1] for word, rest in given if word == "COPY" and "--from" not in rest]
    assert copied
    ignored = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    for name in (name for names in copied for name in names):
        assert (ROOT / name).exists(), name
        assert f"!{name}" in ignored, f"{name} is not sent to Docker"
    users = [rest for word, rest in given if word == "USER"]
    assert users
    assert int(users[-1]) > 0
    assert any(word == "HEALTHCHECK" for word, _ in given)
    bases = [rest.split()[0] for word, rest in given if word == "FROM"]
    assert all(re.fullmatch(r"python:3\.\d+-slim-[a-z]+", base) for base in bases)
    steps = " ".join(rest for word, rest in given if word == "RUN")
    for words in steps.split("pip")[1:]:
        if words.lstrip('" ').startswith("install"):
            assert "--require-hashes" in words or "--no-deps --no-build-isolation ." in words


@pytest.mark.timeout(600)
def test_the_steps_of_the_tap_image_install_a_small_working_tap(tmp_path: Path) -> None:
    source, installed = tmp_path / "source", tmp_path / "tap"
    source.mkdir()
    given = instructions(ROOT / "Dockerfile")
    second = [number for number, (word, _) in enumerate(given) if word == "FROM"][1]
    for word, rest in given[:second]:
        if word == "COPY":
            *names, _ = rest.split()
            subprocess.run(["cp", "-r", *names, source], cwd=ROOT, check=True)
        elif word == "RUN":
            here = rest.replace("/opt/tap", str(installed))
            subprocess.run(
                ["sh", "-ec", here], cwd=source, timeout=600, check=True, capture_output=True
            )
    assert ("COPY", "--from=build /opt/tap /opt/tap") in given
    tap = installed / "bin" / "tap-bigcommerce"
    text = (ROOT / "Dockerfile").read_text("utf-8")
    check = json.loads(text.partition("HEALTHCHECK")[2].partition("CMD ")[2].splitlines()[0])
    assert check == ["tap-bigcommerce", "--version"]
    assert subprocess.check_output([tap, "--version"], timeout=60).startswith(b"tap-bigcommerce ")
    assert len(json.loads(subprocess.check_output([tap, "--discover"], timeout=60))["streams"]) > 60
    size = sum(path.stat().st_size for path in installed.rglob("*") if path.is_file())
    assert size < 45_000_000
    # Only the tap, without Dagster and installers.
    for name in ("dagster", "pip", "setuptools"):
        assert not list(installed.glob(f"lib/*/site-packages/{name}"))


@pytest.mark.skipif(sys.version_info < (3, 11), reason="reads pyproject.toml")
@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.in")), ids=lambda path: path.stem)
def test_a_lock_is_up_to_date_and_has_hashes_for_all_packages(path: Path) -> None:
    text = path.with_suffix(".txt").read_text("utf-8")
    assert text.startswith(head(path.stem)), "`make locks` writes it anew"
    name, marker = r"[\w.-]+(\[[\w,-]+\])?==[\w.]+", r"( ; [\w\s.'<>=!]+)?"
    content = re.compile(rf"{name}{marker}(\s+--hash=sha256:[0-9a-f]{{64}})+")
    locked = text.partition("\n")[2].replace("\\\n", "").splitlines()
    assert locked
    assert [line for line in locked if not content.fullmatch(line)] == []
    found = {re.split(r"[\[=]", line)[0]: line.split()[0].partition("==")[2] for line in locked}
    for wanted in map(Requirement, asked_for(path.stem)):
        assert wanted.specifier.contains(found[wanted.name])
