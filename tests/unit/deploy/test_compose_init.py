"""The script that writes .env: own passwords, nothing lost, nothing told."""

from __future__ import annotations

import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from tests.support.compose_file import flat, profiles_of, read_env
from tests.support.source_tree import ROOT

_SOURCE = ROOT / "deploy" / "compose"
_ALWAYS = ("SECRET_KEY", "DB_PASSWORD", "REDIS_PASSWORD", "SANDBOX_API_KEY")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("init.sh", ".env.example", "middleware.env.example"):
        shutil.copy(_SOURCE / name, tmp_path)
    return tmp_path


def init(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sh", str(folder / "init.sh"), *options], capture_output=True, text=True, timeout=60, check=False
    )


def env(folder: Path, name: str = ".env") -> dict[str, str]:
    return read_env((folder / name).read_text(encoding="utf-8"))


def test_the_first_run_makes_all_that_is_needed(folder: Path) -> None:
    done = init(folder)
    made = env(folder)
    assert done.returncode == 0
    assert all(len(made[name]) >= 32 for name in (*_ALWAYS, "PGVECTOR_PASSWORD"))
    assert len({made[name] for name in _ALWAYS}) == len(_ALWAYS)
    assert made["PGVECTOR_POSTGRES_PASSWORD"] == made["PGVECTOR_PASSWORD"]
    assert flat(_SOURCE / "docker-compose.yaml", made)["services"]["api"]["environment"]["SECRET_KEY"]
    assert stat.S_IMODE((folder / ".env").stat().st_mode) == 0o600


def test_what_it_says_holds_no_secret(folder: Path) -> None:
    done = init(folder)
    assert "wrote to .env: SECRET_KEY" in done.stdout or "SECRET_KEY" in done.stdout
    made = env(folder)
    assert not any(made[name] in done.stdout + done.stderr for name in _ALWAYS)


def test_the_second_run_changes_nothing(folder: Path) -> None:
    init(folder)
    before = (folder / ".env").read_bytes()
    done = init(folder)
    assert "nothing to add" in done.stdout
    assert (folder / ".env").read_bytes() == before


def test_what_is_set_stays_as_it_is_written(folder: Path) -> None:
    lines = ["# mine", "DB_PASSWORD='a b$c\\n&'", 'REDIS_PASSWORD="quoted"', "  SECRET_KEY=indented", "UNKNOWN=1", ""]
    (folder / ".env").write_text("\n".join(lines), encoding="utf-8")
    assert init(folder).returncode == 0
    written = (folder / ".env").read_text(encoding="utf-8")
    assert written.startswith("\n".join(lines))
    assert env(folder)["SANDBOX_API_KEY"]


def test_an_empty_value_is_filled_where_it_stands(folder: Path) -> None:
    (folder / ".env").write_text("A=1\r\nDB_PASSWORD=\r\nB=2\r\n", encoding="utf-8")
    init(folder)
    names = [line.split("=")[0] for line in (folder / ".env").read_text(encoding="utf-8").splitlines()]
    assert names[:3] == ["A", "DB_PASSWORD", "B"]
    assert len(env(folder)["DB_PASSWORD"]) >= 32


def test_a_password_that_everybody_knows_is_warned_of_and_kept(folder: Path) -> None:
    (folder / ".env").write_text("DB_PASSWORD=difyai123456\n", encoding="utf-8")
    done = init(folder)
    assert "everybody knows it: DB_PASSWORD" in done.stderr
    assert env(folder)["DB_PASSWORD"] == "difyai123456"


@pytest.mark.parametrize(
    ("chosen", "made"),
    [
        ("VECTOR_STORE=qdrant", {"QDRANT_URL": "http://qdrant:6333", "QDRANT_API_KEY": ""}),
        ("VECTOR_STORE=weaviate", {"WEAVIATE_ENDPOINT": "http://weaviate:8080", "WEAVIATE_API_KEY": ""}),
        ("VECTOR_STORE=milvus", {"MILVUS_URI": "http://milvus-standalone:19530", "MINIO_SECRET_KEY": ""}),
        ("VECTOR_STORE=opensearch", {"OPENSEARCH_HOST": "opensearch", "OPENSEARCH_PASSWORD": ""}),
        ("VECTOR_STORE=pgvecto-rs", {"PGVECTO_RS_HOST": "pgvecto-rs", "PGVECTO_RS_PASSWORD": ""}),
        ("DB_TYPE=mysql", {"DB_HOST": "db_mysql", "DB_PORT": "3306", "DB_USERNAME": "root"}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_it_writes_what_the_choice_needs(folder: Path, chosen: str, made: dict[str, str]) -> None:
    shutil.copy(folder / ".env.example", folder / ".env")
    with (folder / ".env").open("a", encoding="utf-8") as lines:
        lines.write(f"{chosen}\n")
    assert init(folder).returncode == 0
    found = env(folder)
    for name, value in made.items():
        assert found[name] == value if value else len(found[name]) >= 24, name
    profile = chosen.split("=")[1]
    assert profile in profiles_of(found)
    services = flat(_SOURCE / "docker-compose.yaml", found)["services"]
    assert len(services) >= 11


def test_check_changes_nothing_and_names_what_is_missing(folder: Path) -> None:
    missing = init(folder, "--check")
    assert missing.returncode == 1
    assert "SECRET_KEY" in missing.stderr
    assert not (folder / ".env").exists()
    init(folder)
    assert init(folder, "--check").returncode == 0


def test_the_settings_of_developers_are_a_file_of_their_own(folder: Path) -> None:
    assert init(folder, "--middleware").returncode == 0
    made = env(folder, "middleware.env")
    assert {"DB_PASSWORD", "REDIS_PASSWORD", "SANDBOX_API_KEY", "PGVECTOR_PASSWORD"} <= {
        k for k, v in made.items() if v
    }
    assert made["COMPOSE_PROJECT_NAME"] != "compose"
    assert "SECRET_KEY" not in made
    assert not (folder / ".env").exists()


def test_another_option_is_refused(folder: Path) -> None:
    done = init(folder, "--force")
    assert (done.returncode, "--force is not understood" in done.stderr) == (2, True)
