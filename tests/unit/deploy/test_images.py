"""The images: what their Dockerfiles promise, how they are built, and the console's addresses in the one of the web."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from homeport.entry.addresses import Addresses
from homeport.entry.console_files import page_headers
from tests.support.source_tree import ROOT, committed_files
from tests.support.web_image import write_only

IMAGES = ROOT / "deploy" / "images"
NAMES = ("server", "web", "sandbox")
PAGE = ROOT / "console" / "index.html"
SCRIPTS = [ROOT / "deploy" / "build.sh", *sorted(IMAGES.glob("*/*.sh"))]


def dockerfile(name: str) -> str:
    return (IMAGES / name / "Dockerfile").read_text(encoding="utf-8")


def build(*arguments: str, path: str | None = None) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": path or os.environ["PATH"], "COMMIT_SHA": "0123abc"}
    command = ["bash", str(ROOT / "deploy" / "build.sh"), *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("name", NAMES)
def test_hadolint_finds_nothing(name: str) -> None:
    program = shutil.which("hadolint", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    if program is None:
        if os.environ.get("CI") == "true":
            pytest.fail("hadolint is not installed (it is one of the development packages)", pytrace=False)
        pytest.skip("hadolint is not installed (it is one of the development packages)")
    found = subprocess.run([program, str(IMAGES / name / "Dockerfile")], capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout


@pytest.mark.parametrize("name", NAMES)
def test_an_image_runs_as_nobody_special_is_watched_and_says_what_it_is(name: str) -> None:
    last = dockerfile(name).rsplit("\nFROM ", 1)[1]

    user = re.search(r"^USER (\d+):(\d+)$", last, re.MULTILINE)
    assert user is not None
    assert int(user[1]) >= 1000
    assert "HEALTHCHECK" in last
    assert "EXPOSE" in last
    assert "org.opencontainers.image.revision" in last


@pytest.mark.parametrize("name", NAMES)
def test_bases_can_be_chosen_and_name_no_registry(name: str) -> None:
    text = dockerfile(name)
    arguments = dict(re.findall(r"^ARG (\w+_IMAGE)=(\S+)$", text, re.MULTILINE))

    assert arguments
    for base in arguments.values():
        assert "/" not in base, base
        assert re.fullmatch(r"[a-z]+:\d[\w.-]+", base), f"{base} is no fixed version"
    stages = set(re.findall(r" AS (\w+)$", text, re.MULTILINE))
    for source in re.findall(r"^FROM (\S+)", text, re.MULTILINE):
        assert source in stages or re.fullmatch(r"\$\{\w+_IMAGE\}", source), source
    # The two older builders know no mounts in RUN and no modes in COPY.
    assert "--mount" not in text
    assert "--chmod" not in text


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: str(script.relative_to(ROOT)))
def test_scripts_are_executable_and_can_be_read_by_their_shell(script: Path) -> None:
    shell = "bash" if script.read_text(encoding="utf-8").startswith("#!/usr/bin/env bash") else "sh"

    assert os.access(script, os.X_OK)
    assert subprocess.run([shell, "-n", script], check=False).returncode == 0


def test_what_a_dockerfile_copies_is_let_into_the_build() -> None:
    allowed = [
        line.removeprefix("!").strip()
        for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
        if line.startswith("!")
    ]
    for name in NAMES:
        for words in re.findall(r"^COPY (?!--from)(.+)$", dockerfile(name), re.MULTILINE):
            for source in words.split()[:-1]:
                assert (ROOT / source).exists(), f"{name}: {source}"
                assert any(Path(source).is_relative_to(one) for one in allowed), f"{name}: {source}"


def test_no_wheel_is_committed() -> None:
    assert [file for file in committed_files() if file.suffix == ".whl"] == []


def test_a_dry_run_prints_what_would_be_run() -> None:
    done = build("--dry-run", "--engine", "docker", "--tag", "1.2", "--tag", "latest", "--name", "a/b", "server", "web")

    assert done.returncode == 0, done.stderr
    server, web = done.stdout.splitlines()
    assert server.startswith("+ docker build --file deploy/images/server/Dockerfile --tag a/b/server:1.2")
    assert "--tag a/b/server:latest" in server
    assert "--build-arg COMMIT_SHA=0123abc" in server
    assert "push" not in done.stdout
    assert "deploy/images/web/Dockerfile" in web


@pytest.mark.parametrize(
    ("arguments", "printed"),
    [
        (["--engine", "buildx", "--push", "--platform", "linux/amd64,linux/arm64"], "docker buildx build --push"),
        (["--engine", "buildx"], "docker buildx build --load"),
        (["--engine", "podman"], "podman build --format docker"),
        (["--engine", "buildah", "--push", "--tag", "7"], "+ buildah push homeport/web:7"),
        (["--engine", "docker", "--platform", "linux/arm64"], "docker build --platform linux/arm64"),
        (["--engine", "docker", "--build-arg", "NGINX_IMAGE=mine:1"], "--build-arg NGINX_IMAGE=mine:1"),
    ],
)
def test_every_engine_is_spoken_to_in_its_own_words(arguments: list[str], printed: str) -> None:
    done = build("--dry-run", *arguments, "web")

    assert done.returncode == 0, done.stderr
    assert printed in done.stdout


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["nothing"], "nothing is neither an option nor an image"),
        (["--tag"], "--tag needs a value"),
        (["--engine", "rkt"], "the engine rkt is unknown"),
        (["--engine", "docker", "--platform", "linux/amd64,linux/arm64"], "several platforms"),
        (["--engine", "docker", "--offline", "/nowhere"], "make console|there are no wheels in /nowhere"),
    ],
)
def test_a_wrong_word_is_told_before_anything_is_done(arguments: list[str], sentence: str) -> None:
    done = build(*arguments)

    assert done.returncode == 2
    assert re.search(sentence, done.stderr)
    assert done.stdout == ""


def test_the_build_command_explains_itself() -> None:
    done = build("--help")

    assert done.returncode == 0
    for option in re.findall(r"^ +(--[a-z-]+)", done.stdout, re.MULTILINE):
        assert f"{option})" in (ROOT / "deploy" / "build.sh").read_text() or f"{option} |" in SCRIPTS[0].read_text()


@pytest.mark.parametrize(
    ("web", "api", "service"),
    [
        ("", "", ""),
        ("https://example.org", "https://example.org", ""),
        ("https://example.org/homeport/", "https://example.org/homeport", "https://example.org/homeport"),
        ("http://localhost:3000", "http://localhost:5001/", "http://localhost:5001"),
        ("https://Example.org/a.b/(c)", "https://api.example.org?x=1&y=%22", "https://example.org/?a&b"),
    ],
)
def test_the_image_of_the_console_writes_the_page_the_server_writes(
    tmp_path: Path, web: str, api: str, service: str
) -> None:
    done = write_only(PAGE.parent, tmp_path, CONSOLE_WEB_URL=web, CONSOLE_API_URL=api, SERVICE_API_URL=service)
    assert done.returncode == 0, done.stderr

    web, api, service = (address.rstrip("/") for address in (web, api, service))
    named = Addresses(web, "" if api == web else api, service)
    written = (tmp_path / "run" / "index.html").read_text(encoding="utf-8")
    assert written == named.write_into(PAGE.read_text(encoding="utf-8"))
    configuration = (tmp_path / "run" / "nginx.conf").read_text(encoding="utf-8")
    for name, value in page_headers(named).items():
        assert re.search(rf'add_header {name} "?{re.escape(value)}"?;', configuration), name


@pytest.mark.parametrize(("given", "embed"), [("true", True), ("1", True), ("false", False), ("", False)])
def test_the_image_of_the_console_lets_itself_be_framed_as_the_server_does(
    tmp_path: Path, given: str, embed: bool
) -> None:
    assert write_only(PAGE.parent, tmp_path, ALLOW_EMBED=given).returncode == 0

    policy = page_headers(Addresses(), embed=embed)["Content-Security-Policy"]
    assert f'"{policy}"' in (tmp_path / "run" / "nginx.conf").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "wrong", ["example.org", 'https://a"b', "https://a;b", "https://a{b", "https://a\nb", "http://"]
)
@pytest.mark.parametrize("variable", ["CONSOLE_WEB_URL", "CONSOLE_API_URL", "SERVICE_API_URL"])
def test_the_image_of_the_console_refuses_what_is_no_address(tmp_path: Path, variable: str, wrong: str) -> None:
    done = write_only(PAGE.parent, tmp_path, **{variable: wrong})

    assert done.returncode == 1
    assert done.stderr.startswith(f"{variable}: accepted is an address that begins with http:// or https://")
    assert not (tmp_path / "run" / "nginx.conf").exists()
