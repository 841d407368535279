"""`homeport deploy render`: what comes of a `.env` is valid, has what it chooses, and hides its secrets."""

from __future__ import annotations

import shutil
import stat
import subprocess
import sys
import tomllib
from pathlib import Path

import kubernetes_validate  # type: ignore[import-untyped]
import pytest
from click.testing import CliRunner, Result

from homeport.backends.vectors.discover import find_specs
from homeport.backends.vectors.registry import PLANNED
from homeport.entry.cli.main import cli
from homeport.entry.deploy import leave_out, plan, read_yaml, templates
from homeport.entry.deploy.errors import NotDeployable, TemplatesMissing
from homeport.entry.deploy.read_env import is_secret
from homeport.entry.deploy.read_yaml import Document, parse_all
from homeport.entry.fleet import ExtraMissing
from homeport.entry.settings import read_settings
from homeport.runtime.config.errors import ConfigurationError
from homeport.runtime.config.sources import Sources
from tests.support.env_files import ENV_FILES, HIDDEN, REFUSED, EnvFile
from tests.support.kubernetes_objects import (
    Network,
    assert_restricted,
    component,
    containers,
    find_values,
    named,
    of_kind,
    workloads,
)
from tests.support.source_tree import ROOT
from tests.support.unit_files import read_environment, read_unit

TARGETS = ("compose", "kubernetes", "systemd")
each_env = pytest.mark.parametrize("env", ENV_FILES, ids=lambda env: env.name)


def run(folder: Path, text: str, target: str, *options: str) -> Result:
    file = folder / "given.env"
    file.write_text(text, encoding="utf-8")
    arguments = ["deploy", "render", target, "--env-file", str(file), *options]
    return CliRunner().invoke(cli, arguments, catch_exceptions=False)


def render(folder: Path, env: EnvFile, target: str, *options: str) -> str:
    done = run(folder, env.text, target, *options)
    assert done.exit_code == 0, done.output
    return done.stdout


def written(folder: Path, env: EnvFile, target: str, *options: str) -> Path:
    output = folder / "output"
    render(folder, env, target, "--output", str(output), *options)
    return output


@each_env
@pytest.mark.parametrize("target", TARGETS)
def test_secrets_are_not_shown(tmp_path: Path, env: EnvFile, target: str) -> None:
    done = run(tmp_path, env.text, target)
    assert done.exit_code == 0
    assert HIDDEN not in done.output
    for file in written(tmp_path, env, target).rglob("*"):
        assert not file.is_file() or HIDDEN not in file.read_text(encoding="utf-8")


@each_env
def test_compose_files_are_valid_and_have_what_is_chosen(tmp_path: Path, env: EnvFile) -> None:
    output = written(tmp_path, env, "compose")
    file = output / "docker-compose.yaml"
    checked = subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(file)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout
    (compose,) = parse_all(file.read_text(encoding="utf-8"), "output")
    services = compose["services"]
    assert set(services) == env.services
    assert not list(find_values(services, "profiles"))
    for service in services.values():
        assert set(service.get("depends_on", ())) <= set(services)
        networks = set(compose.get("networks", ())) | {"default"}
        assert set(service.get("networks", ())) <= networks
        for volume in service.get("volumes", ()):
            source = volume.partition(":")[0]
            assert not source.startswith("..")
            assert not source.startswith("./proxy") or (output / source).exists()


@each_env
def test_the_server_of_compose_is_pointed_to_the_databases_beside_it(tmp_path: Path, env: EnvFile) -> None:
    (compose,) = parse_all(render(tmp_path, env, "compose"), "output")
    given = compose["services"]["api"]["environment"]
    for database in {"db_postgres", "db_mysql"} & env.services:
        assert given["DB_HOST"] == database
    if "redis" in env.services:
        assert given["CELERY_BROKER_URL"] == "redis://:${REDIS_PASSWORD}@redis:6379/1"
    assert ("./volumes/app/storage" in str(compose["services"]["api"].get("volumes"))) == (
        "init_permissions" in env.services
    )


@each_env
def test_the_env_file_of_compose_has_a_place_for_each_secret(tmp_path: Path, env: EnvFile) -> None:
    hidden = read_environment((written(tmp_path, env, "compose") / ".env").read_text(encoding="utf-8"))
    whole = read_environment(
        (written(tmp_path, env, "compose", "--with-secrets", "--yes") / ".env").read_text(encoding="utf-8")
    )
    given = read_environment(env.text)
    given.pop("COMPOSE_PROFILES", None)
    assert {name: whole[name] for name in given} == given
    assert hidden.keys() == whole.keys() >= {"SECRET_KEY", "DB_PASSWORD", "REDIS_PASSWORD", "SANDBOX_API_KEY"}
    assert {name for name, text in whole.items() if text and not hidden[name]} == {
        name for name, text in given.items() if HIDDEN in text
    } | ({"REDIS_PASSWORD"} if f":{HIDDEN}@redis" in env.text else set())


@each_env
def test_kubernetes_objects_are_valid_and_have_what_is_chosen(tmp_path: Path, env: EnvFile) -> None:
    objects = parse_all(render(tmp_path, env, "kubernetes"), "output")
    for one in objects:
        kubernetes_validate.validate(one, kubernetes_validate.latest_version(), strict=True)
    assert_restricted(objects)
    network = Network(objects)
    for database in of_kind(objects, "StatefulSet"):
        for port in containers(database)[0]["ports"]:
            assert network.lets("api", component(database), port["containerPort"])
            assert network.lets("worker-knowledge", component(database), port["containerPort"])
            assert not network.lets("sandbox", component(database), port["containerPort"])
        assert not network.lets(component(database), "93.184.216.34", 443)
    kept = {one["metadata"]["name"] for one in of_kind(objects, "StatefulSet", "PersistentVolumeClaim")}
    assert kept == env.kubernetes
    # Several pods on several nodes only where no volume ties them to one.
    assert bool(of_kind(objects, "HorizontalPodAutoscaler")) == ("storage" not in env.kubernetes)
    settings = named(objects, "ConfigMap", "homeport-settings")["data"]
    assert {name: settings[name] for name in env.settings} == env.settings
    assert not [name for name in settings if is_secret(name, settings[name]) or name in ("MODE", "EXPOSE_NGINX_PORT")]


@each_env
def test_each_pod_starts_with_settings_that_are_accepted(tmp_path: Path, env: EnvFile) -> None:
    objects = parse_all(render(tmp_path, env, "kubernetes", "--with-secrets"), "output")
    settings = named(objects, "ConfigMap", "homeport-settings")["data"]
    secrets = named(objects, "Secret", "homeport-secrets")["stringData"]
    for workload in workloads(objects):
        (container,) = containers(workload)
        if container["name"] == "homeport":
            own = {one["name"]: one["value"] for one in container["env"] if "value" in one}
            read_settings(Sources(environment={**settings, **secrets, **own}))


@each_env
def test_the_secret_has_what_was_given_and_the_rest_is_named(tmp_path: Path, env: EnvFile) -> None:
    done = run(tmp_path, env.text, "kubernetes", "--only-secrets")
    (secret,) = parse_all(done.stdout, "output")
    kubernetes_validate.validate(secret, kubernetes_validate.latest_version(), strict=True)
    objects = parse_all(render(tmp_path, env, "kubernetes"), "output")
    wanted = {one["key"] for workload in workloads(objects) for one in find_values(workload, "secretKeyRef")}
    for name in {*wanted, "SECRET_KEY", "DB_PASSWORD"} - set(secret["stringData"]):
        assert name in done.stderr
    given = {name for name, text in read_environment(env.text).items() if HIDDEN in text}
    renamed = {"SANDBOX_API_KEY": "CODE_EXECUTION_API_KEY"}
    if "redis" in env.kubernetes:
        renamed["CELERY_BROKER_URL"] = "REDIS_PASSWORD"
    assert set(secret["stringData"]) == {renamed.get(name, name) for name in given}


@pytest.mark.parametrize("target", TARGETS)
def test_settings_of_stores_that_are_not_chosen_are_left_out(tmp_path: Path, target: str) -> None:
    text = f"""VECTOR_STORE=clickzetta
CLICKZETTA_INSTANCE=chosen-store
CLICKZETTA_VOLUME_TYPE=other-storage
QDRANT_URL=http://other-store:6333
QDRANT_API_KEY={HIDDEN}
STORAGE_TYPE=s3
S3_BUCKET_NAME=chosen-storage
AZURE_BLOB_ACCOUNT_NAME=other-storage
REDIS_USERNAME=not-a-store
"""
    output = tmp_path / "output"
    run(tmp_path, text, target, "--output", str(output), "--with-secrets")
    shown = "".join(file.read_text(encoding="utf-8") for file in output.rglob("*") if file.is_file())
    assert "chosen-store" in shown
    assert "chosen-storage" in shown
    assert "other-" not in shown
    assert HIDDEN not in shown
    assert "not-a-store" in shown or target == "kubernetes"


def test_every_vector_store_is_known_by_what_its_settings_begin_with() -> None:
    stores = {name for spec in find_specs().values() for name in (spec.name, *spec.aliases)} | PLANNED
    assert set(leave_out._VECTORS) == stores - {"sqlite", "memory", "redis"}
    for store, place in plan.VECTOR_HOSTS.items():
        assert place.startswith(leave_out._VECTORS[store])


def test_the_ingress_answers_to_the_public_addresses(tmp_path: Path) -> None:
    text = "CONSOLE_WEB_URL=https://port.example.net\nFILES_URL=https://files.example.net/\nAPP_WEB_URL=https://port.example.net\n"
    objects = parse_all(run(tmp_path, text, "kubernetes").stdout, "output")
    (ingress,) = of_kind(objects, "Ingress")
    hosts = ["port.example.net", "files.example.net"]
    assert [rule["host"] for rule in ingress["spec"]["rules"]] == hosts
    assert ingress["spec"]["rules"][0]["http"] == ingress["spec"]["rules"][1]["http"]
    assert ingress["spec"]["tls"] == [{"hosts": hosts, "secretName": "homeport-tls"}]


def test_whoever_stops_slowly_is_waited_for(tmp_path: Path) -> None:
    text = "HOMEPORT_STOP_SECONDS=300\nDB_HOST=db.example.net\nCELERY_BROKER_URL=redis://redis.example.net\n"
    text += "PGVECTOR_HOST=db.example.net\n"
    objects = parse_all(run(tmp_path, text, "kubernetes").stdout, "output")
    for name in ("api", "worker-knowledge", "beat"):
        spec = named(objects, "Deployment", name)["spec"]["template"]["spec"]
        assert spec["terminationGracePeriodSeconds"] == 320
    (compose,) = parse_all(run(tmp_path, text, "compose").stdout, "output")
    assert {compose["services"][name]["stop_grace_period"] for name in ("api", "worker", "worker_beat")} == {"320s"}
    units = run(tmp_path, text, "systemd").stdout
    assert "TimeoutStopSec=320\n" in units
    assert "TimeoutStopSec=30\n" not in units


def test_a_worker_of_processes_has_no_probes(tmp_path: Path) -> None:
    objects = parse_all(run(tmp_path, "CELERY_WORKER_CLASS=prefork\n", "kubernetes").stdout, "output")
    for name, probed in (("worker-knowledge", False), ("beat", True), ("api", True)):
        (container,) = containers(named(objects, "Deployment", name))
        assert ("livenessProbe" in container) is probed


@each_env
def test_systemd_units_are_those_of_one_process_or_of_a_fleet(tmp_path: Path, env: EnvFile) -> None:
    output = written(tmp_path, env, "systemd")
    units = {file.name for file in (output / "systemd" / "system").iterdir()}
    if env.fleet:
        assert {"homeport.target", "homeport-worker@.service"} <= units
        assert "homeport.service" not in units
        assert (output / "homeport" / "queues" / "knowledge.env").is_file()
        assert "API_KEY" in read_environment((output / "homeport" / "sandbox.env").read_text(encoding="utf-8"))
    else:
        assert units == {"homeport.service"}
    for file in (output / "systemd" / "system").iterdir():
        read_unit(file.read_text(encoding="utf-8"), file.name)
    values = read_environment((output / "homeport" / "homeport.env").read_text(encoding="utf-8"))
    assert not {"MODE", "EXPOSE_NGINX_PORT", "NGINX_CLIENT_MAX_BODY_SIZE"} & values.keys()


def test_units_wait_for_servers_of_the_same_machine_and_may_write_where_they_must(tmp_path: Path) -> None:
    text = (
        "DB_HOST=127.0.0.1\nCELERY_BROKER_URL=redis://localhost:6379/1\n"
        "OPENDAL_FS_ROOT=/srv/files\nLOG_FILE=/var/log/homeport/server.log\nHOMEPORT_DATA_DIR=/var/lib/homeport/data\n"
    )
    output = tmp_path / "output"
    assert run(tmp_path, text, "systemd", "--output", str(output)).exit_code == 0
    file = output / "systemd" / "system" / "homeport-api.service"
    unit = read_unit(file.read_text(encoding="utf-8"), file.name)
    assert {"postgresql.service", "redis-server.service"} <= set(unit.words("Unit", "After"))
    assert unit.all("Service", "ReadWritePaths") == ["/srv/files", "/var/log/homeport"]


def test_one_process_listens_on_the_port_that_is_set(tmp_path: Path) -> None:
    done = run(tmp_path, "DIFY_PORT=8080\n", "systemd")
    assert "up --host 127.0.0.1 --port 8080\n" in done.stdout


@pytest.mark.parametrize(("text", "target", "words"), REFUSED)
def test_what_cannot_be_deployed_is_said_in_one_sentence(tmp_path: Path, text: str, target: str, words: str) -> None:
    with pytest.raises(NotDeployable) as caught:
        run(tmp_path, text, target)
    assert words in str(caught.value)
    assert HIDDEN not in str(caught.value)


@pytest.mark.parametrize("target", TARGETS)
def test_a_missing_env_file_is_said(tmp_path: Path, target: str) -> None:
    arguments = ["deploy", "render", target, "--env-file", str(tmp_path / "none.env")]
    with pytest.raises(ConfigurationError, match=r"none\.env cannot be read"):
        CliRunner().invoke(cli, arguments, catch_exceptions=False)


def test_files_with_secrets_are_for_their_owner_alone(tmp_path: Path) -> None:
    for target, name in (("compose", ".env"), ("kubernetes", "homeport.yaml"), ("systemd", "homeport/homeport.env")):
        output = tmp_path / target
        run(tmp_path, ENV_FILES[0].text, target, "--with-secrets", "--output", str(output))
        assert stat.S_IMODE((output / name).stat().st_mode) == 0o600
        assert HIDDEN in (output / name).read_text(encoding="utf-8")


def test_files_are_replaced_after_a_question(tmp_path: Path) -> None:
    output = tmp_path / "output"
    options = ("--output", str(output))
    run(tmp_path, ENV_FILES[0].text, "kubernetes", *options)
    file = output / "homeport.yaml"
    file.write_text("mine", encoding="utf-8")
    assert run(tmp_path, ENV_FILES[0].text, "kubernetes", *options).exit_code == 1
    assert file.read_text(encoding="utf-8") == "mine"
    assert run(tmp_path, ENV_FILES[0].text, "kubernetes", *options, "--yes").exit_code == 0
    assert file.read_text(encoding="utf-8") != "mine"


def test_the_environment_of_the_shell_is_not_deployed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DB_HOST", "elsewhere.example.net")
    assert "elsewhere" not in render(tmp_path, ENV_FILES[0], "kubernetes")


def test_only_secrets_is_for_kubernetes(tmp_path: Path) -> None:
    assert run(tmp_path, "", "compose", "--only-secrets").exit_code == 2


def test_without_pyyaml_one_sentence_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "yaml", None)
    with pytest.raises(ExtraMissing) as caught:
        run(tmp_path, "", "kubernetes")
    assert str(caught.value) == (
        "homeport deploy needs PyYAML, which is not installed. Install it: pip install 'homeport[deploy]'."
    )
    # Units are no YAML.
    assert run(tmp_path, "", "systemd").exit_code == 0


def test_a_package_carries_the_files_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(templates, "_OF_CHECKOUT", tmp_path / "gone")
    with pytest.raises(TemplatesMissing):
        templates.templates()
    (tmp_path / "files").symlink_to(ROOT / "deploy")
    monkeypatch.setattr(templates, "_INSTALLED", tmp_path / "files")
    assert templates.templates() == tmp_path / "files"
    assert "kind: Deployment" in render(tmp_path, ENV_FILES[0], "kubernetes")


def test_a_built_package_carries_all_that_rendering_reads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    included: dict[str, str] = project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    carried = {source: target for source, target in included.items() if source.startswith("deploy/")}
    assert carried
    for source, target in carried.items():
        place = tmp_path / "package" / target
        place.parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / source).is_dir():
            shutil.copytree(ROOT / source, place)
        else:
            shutil.copy(ROOT / source, place)
    files = tmp_path / "package" / "homeport" / "entry" / "deploy" / "files"
    whole = {target: [render(tmp_path, env, target) for env in ENV_FILES] for target in TARGETS}
    monkeypatch.setattr(templates, "_INSTALLED", files)
    assert templates.templates() == files
    assert {target: [render(tmp_path, env, target) for env in ENV_FILES] for target in TARGETS} == whole
    # What an operator has filled in beside the templates stays at home.
    assert not [path for path in files.rglob("*") if path.name in (".env", "secrets.env")]


def test_texts_of_several_lines_stay_readable() -> None:
    document: Document = {"text": "one\ntwo\n", "same": ["x"], "again": ["x"]}
    dumped = read_yaml.dump_all([document])
    assert "text: |\n" in dumped
    assert parse_all(dumped, "here") == [document]


@pytest.mark.parametrize(
    ("name", "text", "secret"),
    [
        ("DB_PASSWORD", "x", True),
        ("S3_ACCESS_KEY", "x", True),
        ("MY_OWN_TOKEN", "x", True),
        ("SENTRY_DSN", "x", True),
        ("ANYTHING", "https://user:word@example.net", True),
        ("ANYTHING", "sentinel://a:26379;sentinel://:word@b:26379", True),
        ("ANYTHING", "https://example.net/@user", False),
        ("ACCESS_TOKEN_EXPIRE_MINUTES", "60", False),
        ("DB_PASSWORD_FILE", "/run/secrets/db", False),
        ("ENABLE_EMAIL_PASSWORD_LOGIN", "true", False),
        ("LOG_LEVEL", "INFO", False),
    ],
)
def test_a_secret_is_known_by_its_setting_its_name_or_its_form(name: str, text: str, *, secret: bool) -> None:
    assert is_secret(name, text) is secret


def test_values_survive_the_way_into_a_secret(tmp_path: Path) -> None:
    value = 'it\'s "quoted" $HOME #not a comment \\ ü'
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    done = run(tmp_path, f'SECRET_KEY="{escaped}"\n', "kubernetes", "--only-secrets")
    assert parse_all(done.stdout, "output")[0]["stringData"]["SECRET_KEY"] == value
    output = tmp_path / "output"
    run(tmp_path, f'SECRET_KEY="{escaped}"\n', "systemd", "--with-secrets", "--output", str(output))
    given = read_environment((output / "homeport" / "homeport.env").read_text(encoding="utf-8"))
    assert given["SECRET_KEY"] == value
