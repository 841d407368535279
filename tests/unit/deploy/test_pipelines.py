"""The pipelines: valid, modest in what they may do, and calling nothing that is not there."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from homeport.entry.version import VERSION
from tests.support.source_tree import ROOT

GITHUB = ROOT / ".github"
FILES = sorted((GITHUB / "workflows").glob("*.yml"))
MAKE = set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
# A major version, or the branch that its author keeps for releases. Commit hashes cannot be looked up here.
PINNED = re.compile(r"[\w.-]+/[\w.-]+@(v\d+|release/v\d+)")
# What somebody outside writes (titles, branch names, texts) must not become part of a script.
OUTSIDE = re.compile(r"\$\{\{[^}]*github\.(event|head_ref|base_ref)")
each_file = pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)


def workflow(file: Path) -> dict[str, Any]:
    tree: dict[Any, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
    # YAML 1.1 reads the key `on` as true.
    return {"on" if key is True else str(key): value for key, value in tree.items()}


def jobs(file: Path) -> dict[str, Any]:
    found: dict[str, Any] = workflow(file)["jobs"]
    return found


def steps(file: Path) -> Iterator[dict[str, Any]]:
    for job in jobs(file).values():
        yield from job.get("steps", [])


def scripts(file: Path) -> str:
    return "\n".join(step["run"] for step in steps(file) if "run" in step)


def test_there_is_a_pipeline_for_each_purpose() -> None:
    assert {file.stem for file in FILES} == {"tests", "migrations", "vectors", "style", "images", "release"}


@pytest.mark.parametrize("file", [*FILES, GITHUB / "dependabot.yml"], ids=lambda file: file.name)
def test_a_file_is_valid(file: Path) -> None:
    schema = "vendor.dependabot" if file.stem == "dependabot" else "vendor.github-workflows"
    done = subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, str(file)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


@each_file
def test_a_pipeline_may_read_and_nothing_else_unless_a_job_says_so(file: Path) -> None:
    assert workflow(file)["permissions"] == {"contents": "read"}
    assert "pull_request_target" not in workflow(file)["on"]
    for name, job in jobs(file).items():
        more = {scope for scope, level in job.get("permissions", {}).items() if level == "write"}
        assert more <= {
            "package": {"id-token", "attestations"},
            "pypi": {"id-token"},
            "build": {"id-token"},
            "images": {"id-token"},
            "page": {"contents"},
        }.get(name, set())


@each_file
def test_a_pipeline_ends_and_does_not_pile_up(file: Path) -> None:
    assert workflow(file)["concurrency"]["group"]
    for name, job in jobs(file).items():
        assert "uses" in job or job["timeout-minutes"] <= 120, name


@each_file
def test_actions_are_pinned(file: Path) -> None:
    used = [step["uses"] for step in steps(file) if "uses" in step]
    assert [action for action in used if not PINNED.fullmatch(action)] == []
    for step in steps(file):
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False


@each_file
def test_a_script_takes_in_no_text_from_outside(file: Path) -> None:
    assert not OUTSIDE.search(scripts(file))
    assert "secrets." not in scripts(file)


@each_file
def test_what_a_script_calls_is_there(file: Path) -> None:
    for step in steps(file):
        folder = ROOT / step.get("working-directory", ".")
        for line in step.get("run", "").splitlines():
            for words in _commands(line):
                if words[0] == "make":
                    assert words[1] in MAKE
                    tests = [word.partition("=")[2] for word in words if word.startswith("TESTS=")]
                    assert all((ROOT / path).exists() for path in tests)
                elif words[0].startswith(("./", ".ci/", "deploy/", "tools/")):
                    assert (folder / words[0]).is_file()


def _commands(line: str) -> Iterator[list[str]]:
    """The simple commands of a line that call something of this repository."""
    for part in re.split(r"&&|;|\|", line):
        if re.match(r"\s*(make|\.ci|\./|deploy/|tools/)", part):
            yield shlex.split(part)


@each_file
def test_pipelines_that_are_called_exist(file: Path) -> None:
    for job in jobs(file).values():
        if "uses" in job:
            called = ROOT / job["uses"]
            given, taken = set(job.get("with", {})), workflow(called)["on"]["workflow_call"] or {}
            assert given <= set(taken.get("inputs", {}))
            assert set(job.get("secrets", {})) <= set(taken.get("secrets", {}))


@each_file
def test_a_job_needs_jobs_that_exist(file: Path) -> None:
    for job in jobs(file).values():
        needed = job.get("needs", [])
        assert set([needed] if isinstance(needed, str) else needed) <= set(jobs(file))


@each_file
def test_paths_that_start_a_pipeline_exist(file: Path) -> None:
    for event in workflow(file)["on"].values():
        for path in (event or {}).get("paths", []) if isinstance(event, dict) else []:
            assert any(ROOT.glob(path)), path


def test_every_supported_python_is_tested() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    tested = jobs(GITHUB / "workflows" / "tests.yml")["everything"]["strategy"]["matrix"]["python"]
    assert project["requires-python"] == f">={tested[0]},<3.{int(tested[-1].partition('.')[2]) + 1}"
    assert len(tested) == int(tested[-1].partition(".")[2]) - int(tested[0].partition(".")[2]) + 1


def test_every_image_is_built_for_both_architectures_described_and_signed() -> None:
    file = GITHUB / "workflows" / "images.yml"
    build = jobs(file)["build"]
    images = build["strategy"]["matrix"]["image"]
    assert {path.parent.name for path in (ROOT / "deploy" / "images").glob("*/Dockerfile")} <= set(images)
    (step,) = (one["with"] for one in build["steps"] if one.get("id") == "build")
    assert step["platforms"] == "linux/amd64,linux/arm64"
    assert step["sbom"] is True
    assert step["provenance"] == "mode=max"
    assert (ROOT / step["file"].replace("${{ matrix.image }}", "server")).is_file()
    assert 'cosign sign --yes "$NAME@$DIGEST"' in scripts(file)


def test_a_release_is_published_after_the_tests() -> None:
    release = jobs(GITHUB / "workflows" / "release.yml")
    for name in ("pypi", "images"):
        assert "tests" in release[name]["needs"]
    assert set(release["page"]["needs"]) >= {"pypi", "images"}


def test_dependencies_are_watched_wherever_they_are_named() -> None:
    updates = yaml.safe_load((GITHUB / "dependabot.yml").read_text(encoding="utf-8"))["updates"]
    for update in updates:
        for folder in update.get("directories", [update.get("directory")]):
            assert (ROOT / folder.lstrip("/")).is_dir()
    assert {update["package-ecosystem"] for update in updates} == {
        *("uv", "npm", "docker", "docker-compose", "github-actions"),
    }


def test_the_version_is_the_same_in_every_deployment_file() -> None:
    texts = [path.read_text(encoding="utf-8") for path in (ROOT / "deploy").rglob("*.yaml")]
    composed = {version for text in texts for version in re.findall(r"\$\{HOMEPORT_VERSION:-([^}]+)\}", text)}
    tags = {
        image["newTag"]
        for image in yaml.safe_load(
            (ROOT / "deploy" / "kubernetes" / "base" / "kustomization.yaml").read_text(encoding="utf-8")
        )["images"]
    }
    assert composed == tags == {VERSION}
