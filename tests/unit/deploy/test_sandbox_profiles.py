"""What engines are given so that the sandbox reaches its strongest level: well formed, and no wider than needed."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess

import pytest

from homeport_sandbox.linux import allowed
from tests.support.source_tree import ROOT

FOLDER = ROOT / "deploy" / "images" / "sandbox"
APPARMOR = FOLDER / "apparmor.profile"
#: What the layers are put on with.
NEEDED = {"unshare", "mount", "umount2", "pivot_root", "prctl", "seccomp", "capset", "close_range", "setresuid"}


def test_the_apparmor_profile_is_understood() -> None:
    parser = shutil.which("apparmor_parser", path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
    if parser is None:
        if os.environ.get("CI") == "true":
            pytest.fail("apparmor_parser is not installed (Debian: apparmor)", pytrace=False)
        pytest.skip("apparmor_parser is not installed (Debian: apparmor)")

    # Neither asks the kernel for anything nor loads it.
    read = subprocess.run(
        [parser, "--skip-kernel-load", "--skip-cache", str(APPARMOR)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert read.returncode == 0, read.stderr


def test_the_apparmor_profile_gives_the_capabilities_the_page_names() -> None:
    given = set(re.findall(r"^ +capability (\w+),$", APPARMOR.read_text(encoding="utf-8"), re.MULTILINE))
    page = (ROOT / "docs" / "operate" / "sandbox.md").read_text(encoding="utf-8")
    named = {name.lower() for name in re.findall(r"--cap-add (\w+)", page)}
    assert given == named


def test_the_seccomp_profile_refuses_what_code_may_never_do_and_nothing_the_layers_need() -> None:
    profile = json.loads((FOLDER / "seccomp.json").read_text(encoding="utf-8"))
    assert profile["defaultAction"] == "SCMP_ACT_ALLOW"
    [rule] = profile["syscalls"]
    assert rule["action"] == "SCMP_ACT_ERRNO"
    names = set(rule["names"])
    assert names <= allowed.NEVER
    assert not names & NEEDED
    assert {"ptrace", "bpf", "init_module", "kexec_load", "open_by_handle_at", "process_vm_writev"} <= names
