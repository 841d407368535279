"""The Compose files: valid, complete for every choice, and without a secret that others know."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

import pytest
import yaml
from compose_spec import PyCompose

from tests.support.compose_file import (
    MissingVariable,
    Tree,
    active,
    flat,
    interpolate,
    load,
    numbered,
    profiles_of,
    read_env,
    variables,
)
from tests.support.source_tree import ROOT

FOLDER = ROOT / "deploy" / "compose"
BASE, MIDDLEWARE = FOLDER / "docker-compose.yaml", FOLDER / "docker-compose.middleware.yaml"
EXAMPLES = {BASE: FOLDER / ".env.example", MIDDLEWARE: FOLDER / "middleware.env.example"}
SECRETS = {"SECRET_KEY", "DB_PASSWORD", "REDIS_PASSWORD", "SANDBOX_API_KEY"}
STORES = (
    *("chroma", "couchbase", "elasticsearch", "iris", "matrixone", "milvus", "myscale", "oceanbase", "opengauss"),
    *("opensearch", "oracle", "pgvecto-rs", "pgvector", "qdrant", "tidb", "tidb_vector", "weaviate"),
)
ALWAYS = {"init_permissions", "api", "worker", "worker_beat", "web", "redis", "sandbox", "ssrf_proxy", "nginx"}
#: Values of public sample files.
PUBLISHED = re.compile(
    r"difyai123456|dify-sandbox|minioadmin|Dify@?123|Qazwsxedc|sk-9f73s3|lYkiYYT6|QaHbTe77|WVF5YThaH"
)


def example(path: Any = BASE, **more: str) -> dict[str, str]:
    """What init.sh makes of the example: the same, with the secrets filled in."""
    found = read_env(EXAMPLES[path].read_text(encoding="utf-8"))
    return {**found, **{name: f"own-{name.lower()}" for name in SECRETS}, **more}


@cache
def loaded(path: Any) -> Tree:
    return load(path)


def started(path: Any = BASE, **more: str) -> Tree:
    """The services of one choice."""
    services: Tree = flat(path, example(path, **more))["services"]
    return services


def every_profile() -> list[tuple[Any, str]]:
    return sorted(
        {
            (path, profile)
            for path in EXAMPLES
            for service in loaded(path)["services"].values()
            for profile in service.get("profiles", ["-"])
        },
        key=str,
    )


@pytest.mark.parametrize(("path", "profile"), every_profile(), ids=lambda value: getattr(value, "name", value))
def test_every_profile_is_valid_and_whole(path: Any, profile: str) -> None:
    tree = numbered(flat(path, example(path, COMPOSE_PROFILES=f"{profile},postgresql")))
    assert set(PyCompose.from_yaml(yaml.safe_dump(tree)).service_names()) == set(tree["services"])


def test_the_check_finds_a_key_that_compose_does_not_know() -> None:
    tree = numbered(flat(BASE, example()))
    tree["services"]["api"]["imagee"] = "a"
    with pytest.raises(ValueError, match="imagee"):
        PyCompose.from_yaml(yaml.safe_dump(tree))


def test_without_any_choice_a_database_and_a_vector_store_are_started() -> None:
    assert set(started()) == ALWAYS | {"db_postgres", "pgvector"}


@pytest.mark.parametrize("store", STORES)
@pytest.mark.parametrize("database", ["postgresql", "mysql"])
def test_the_choices_of_env_choose_the_profiles(store: str, database: str) -> None:
    text = f"VECTOR_STORE={store}\nDB_TYPE={database}\n" + EXAMPLES[BASE].read_text(encoding="utf-8")
    chosen = profiles_of(read_env(text))
    names = set(active(loaded(BASE), chosen)["services"]) - ALWAYS
    assert chosen == {store, database}
    assert {"postgresql": "db_postgres", "mysql": "db_mysql"}[database] in names
    assert len(names) >= 2


def test_a_database_elsewhere_needs_no_profile() -> None:
    services = started(COMPOSE_PROFILES="", DB_HOST="db.example.org")
    assert set(services) == ALWAYS
    assert services["api"]["environment"]["DB_HOST"] == "db.example.org"


@pytest.mark.parametrize("name", sorted(SECRETS))
@pytest.mark.parametrize("value", [None, ""])
def test_a_missing_secret_is_said_in_a_sentence(name: str, value: str | None) -> None:
    environment = example()
    environment.pop(name)
    if value is not None:
        environment[name] = value
    with pytest.raises(MissingVariable, match=rf"{name}: run \./init\.sh once, it writes a \w+ of your own to \.env"):
        interpolate(loaded(BASE), environment)


@pytest.mark.parametrize("path", [*EXAMPLES, *EXAMPLES.values(), FOLDER / "docker-compose.vectors.yaml"], ids=str)
def test_no_secret_ships(path: Any) -> None:
    text = path.read_text(encoding="utf-8")
    assert PUBLISHED.search(text) is None
    if path.suffix == ".yaml":
        secret = re.compile(r"(PASSWORD|SECRET|API_KEY|CREDENTIALS|ALLOWED_KEYS|SERVER_KEY)(_|$)")
        given = {name: default for name, kind, default in variables(load(path)) if kind == ":-" and secret.search(name)}
        assert {name: default for name, default in given.items() if default and not default.startswith("${")} == {}
    else:
        filled = [line for line in text.splitlines() if re.match(r"[A-Z_]*(PASSWORD|KEY|SECRET)[A-Z_]*=.", line)]
        assert filled == []


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_every_variable_is_in_the_example_with_its_default(path: Any) -> None:
    shown = dict(re.findall(r"^#?([A-Z][A-Z0-9_]*)=(.*)$", EXAMPLES[path].read_text(encoding="utf-8"), re.MULTILINE))
    used = {name: default if kind == ":-" else "" for name, kind, default in _by_default(loaded(path))}
    missing = {name for name in used if name not in shown}
    different = {name: (shown[name], used[name]) for name in used if name in shown and shown[name] != used[name]}
    different.pop("DB_PORT", None)  # the server finds it by the kind of database
    assert missing == set()
    assert different == {}


def _by_default(tree: Tree) -> list[tuple[str, str, str]]:
    """Each variable once; where it stands with a default and without, with the default."""
    found: dict[str, tuple[str, str, str]] = {}
    for name, kind, default in variables(tree):
        if name not in found or (kind == ":-" and not found[name][2]):
            found[name] = (name, kind, default)
    return list(found.values())


def test_a_variable_has_one_default() -> None:
    defaults: dict[str, set[str]] = {}
    for name, kind, default in variables(loaded(BASE)):
        if kind == ":-":
            defaults.setdefault(name, set()).add(default)
    several = {name: found for name, found in defaults.items() if len(found) > 1}
    # The server finds the port by the kind of database; the plugin daemon wants to be told.
    several.pop("DB_PORT")
    # Not the server's own pair is the other half of one secret.
    several.pop("PGVECTOR_POSTGRES_PASSWORD")
    assert several == {}


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_what_runs_long_is_watched_and_started_again(path: Any) -> None:
    for name, service in loaded(path)["services"].items():
        if service.get("restart") == "no":
            continue
        assert service["restart"] in ("always", "unless-stopped"), name
        assert {"test", "interval", "timeout", "retries"} <= set(service["healthcheck"]), name
        assert service["logging"]["options"] == {"max-size": "20m", "max-file": "5"}, name


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_images_have_a_version_and_come_from_the_usual_place(path: Any) -> None:
    for name, service in interpolate(loaded(path), example(path))["services"].items():
        image, _, tag = service["image"].partition(":")
        # A name with a dot before the first slash would be a registry of its own.
        assert re.fullmatch(r"[a-z0-9-]+(/[a-z0-9-]+)?", image), name
        assert tag, name
        assert "latest" not in tag, name


def test_the_sandbox_has_no_way_out_but_the_proxy() -> None:
    tree = flat(BASE, example())
    assert tree["networks"]["ssrf_proxy_network"]["internal"] is True
    assert tree["services"]["sandbox"]["networks"] == ["ssrf_proxy_network"]
    assert "ports" not in tree["services"]["sandbox"]
    members = {name for name, one in tree["services"].items() if "ssrf_proxy_network" in one.get("networks", ())}
    assert members == {"api", "worker", "worker_beat", "sandbox", "ssrf_proxy"}


@pytest.mark.parametrize("name", ["api", "worker", "worker_beat", "web", "sandbox", "ssrf_proxy"])
def test_containers_of_our_own_have_no_privileges(name: str) -> None:
    service = started()[name]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not service.get("privileged")
    assert service.get("read_only", False) == (name in {"web", "sandbox", "ssrf_proxy"})


def test_only_the_door_is_published() -> None:
    ports = {name: service["ports"] for name, service in started().items() if "ports" in service}
    assert ports == {"nginx": ["80:80", "443:443"]}


def test_what_developers_start_listens_on_this_machine_alone() -> None:
    for service in interpolate(loaded(MIDDLEWARE), example(MIDDLEWARE))["services"].values():
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ()))


def test_what_developers_start_is_what_operators_start() -> None:
    base = interpolate(loaded(BASE), example())["services"]
    for name, service in interpolate(loaded(MIDDLEWARE), example(MIDDLEWARE))["services"].items():
        same = (
            "image",
            "healthcheck",
            "volumes",
            "user",
            "entrypoint",
            "security_opt",
            "cap_drop",
            "read_only",
            "tmpfs",
        )
        assert {key: service.get(key) for key in same} == {key: base[name].get(key) for key in same}, name


VOLUMES = {
    "db_postgres": "./volumes/db/data:/var/lib/postgresql/data",
    "db_mysql": "./volumes/mysql/data:/var/lib/mysql",
    "redis": "./volumes/redis/data:/data",
    "api": "./volumes/app/storage:/app/api/storage",
    "worker": "./volumes/app/storage:/app/api/storage",
    "sandbox": "./volumes/sandbox/dependencies:/dependencies:ro",
    "weaviate": "./volumes/weaviate:/var/lib/weaviate",
    "qdrant": "./volumes/qdrant:/qdrant/storage",
    "pgvector": "./volumes/pgvector/data:/var/lib/postgresql/data",
}


@pytest.mark.parametrize("name", sorted(VOLUMES))
def test_data_is_where_established_installations_keep_it(name: str) -> None:
    assert VOLUMES[name] in interpolate(loaded(BASE), example())["services"][name]["volumes"]


def test_every_container_that_keeps_data_keeps_it_outside() -> None:
    without = {
        name
        for name, service in loaded(BASE)["services"].items()
        if not service.get("volumes") and service.get("restart") != "no"
    }
    assert without == {"web", "kibana"}


STARTS_AFTER: Mapping[str, Mapping[str, str]] = {
    "api": {
        "init_permissions": "service_completed_successfully",
        "db_postgres": "service_healthy",
        "redis": "service_healthy",
    },
    "nginx": {"api": "service_started", "web": "service_started"},
}


@pytest.mark.parametrize("name", sorted(STARTS_AFTER))
def test_containers_wait_for_what_they_need(name: str) -> None:
    terms = {other: one["condition"] for other, one in started()[name]["depends_on"].items()}
    assert terms == STARTS_AFTER[name]


@pytest.mark.parametrize("name", ["api", "worker", "worker_beat"])
def test_each_part_of_the_server_has_its_mode_and_the_same_settings(name: str) -> None:
    services = started()
    own, of_api = services[name]["environment"], services["api"]["environment"]
    assert own.pop("MODE") == {"api": "api", "worker": "worker", "worker_beat": "beat"}[name]
    # A part without an API shows its health at a port of its own.
    assert own.pop("METRICS_PORT", None) == (None if name == "api" else 9108)
    assert own == {key: value for key, value in of_api.items() if key != "MODE"}
    assert own["CELERY_BROKER_URL"] == "redis://:own-redis_password@redis:6379/1"
    assert own["CODE_EXECUTION_API_KEY"] == services["sandbox"]["environment"]["API_KEY"]


ESTABLISHED = """
DB_USERNAME=postgres
DB_PASSWORD=an-own-password
DB_HOST=db_postgres
DB_PORT=5432
DB_DATABASE=dify
REDIS_HOST=redis
REDIS_PORT=6379
REDIS_PASSWORD=another
CELERY_BROKER_URL=redis://:another@redis:6379/1
SECRET_KEY=key
STORAGE_TYPE=opendal
OPENDAL_SCHEME=fs
OPENDAL_FS_ROOT=storage
VECTOR_STORE=pgvector
PGVECTOR_HOST=pgvector
PGVECTOR_PASSWORD=third
PGVECTOR_POSTGRES_PASSWORD=third
SANDBOX_API_KEY=fourth
SANDBOX_PORT=8194
SSRF_HTTP_PORT=3128
NGINX_HTTPS_ENABLED=true
NGINX_CLIENT_MAX_BODY_SIZE=200M
EXPOSE_NGINX_PORT=8080
EXPOSE_NGINX_SSL_PORT=8443
COMPOSE_PROFILES=${VECTOR_STORE:-weaviate},${DB_TYPE:-postgresql}
"""


def test_an_established_env_file_works_as_it_is() -> None:
    services = flat(BASE, read_env(ESTABLISHED))["services"]
    assert set(services) == ALWAYS | {"db_postgres", "pgvector"}
    server, nginx = services["api"]["environment"], services["nginx"]
    assert server["DB_PASSWORD"] == services["db_postgres"]["environment"]["POSTGRES_PASSWORD"] == "an-own-password"
    assert server["PGVECTOR_PASSWORD"] == services["pgvector"]["environment"]["POSTGRES_PASSWORD"] == "third"
    # Files are found where the former server has left them.
    assert server["OPENDAL_FS_ROOT"] == "/app/api/storage"
    assert nginx["ports"] == ["8080:80", "8443:443"]
    assert nginx["environment"]["NGINX_HTTPS_ENABLED"] == "true"
    assert nginx["environment"]["NGINX_CLIENT_MAX_BODY_SIZE"] == "200M"


def test_mounted_files_exist() -> None:
    for path in EXAMPLES:
        for service in interpolate(loaded(path), example(path))["services"].values():
            for volume in service.get("volumes", ()):
                source = volume.split(":")[0]
                if "volumes/" not in source and source != "./nginx/ssl":
                    assert (FOLDER / source).exists(), volume
            if "build" in service:
                assert (FOLDER / service["build"]["context"]).resolve() == ROOT
