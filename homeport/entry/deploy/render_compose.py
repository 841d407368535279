"""A Compose file for one `.env`: the services that are needed and nothing that could be switched on."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from homeport.entry.deploy.errors import TemplateUnreadable
from homeport.entry.deploy.plan import Plan, plan_of, redis_password, stop_seconds
from homeport.entry.deploy.read_env import DeployedEnv
from homeport.entry.deploy.read_yaml import Document, dump_all, load_all
from homeport.entry.deploy.rendering import RenderedFile, Rendering, env_lines

FILE = "docker-compose.yaml"
_PROXY = "../proxy"
_DATABASES = {"postgresql": "db_postgres", "mysql": "db_mysql"}
_REQUIRED = re.compile(r"\$\{(\w+):\?[^}]*\}")
_SERVER = {"api", "worker", "worker_beat"}


def render_compose(env: DeployedEnv, folder: Path, *, with_secrets: bool) -> Rendering:
    """The Compose file, the `.env` beside it, and the files its containers mount. `folder` holds the templates.

    Values stay references to the `.env` file, so no secret is in the Compose file. Raises `NotDeployable`,
    `TemplateUnreadable`.
    """
    plan = plan_of(env)
    compose = _read(folder / "compose")
    services = compose["services"]
    wanted = {name: service for name, service in services.items() if _is_wanted(name, service, plan, env)}
    for service in wanted.values():
        _adapt(service, wanted)
    for name in _SERVER & wanted.keys():
        _point(wanted[name], plan)
        if seconds := stop_seconds(env):
            wanted[name]["stop_grace_period"] = f"{seconds + 20}s"
    text = dump_all([{"services": wanted} | _used(compose, wanted)])
    rendering = Rendering()
    head = "# Made by homeport deploy render compose. Start it with: docker compose up -d\n"
    rendering.files.append(RenderedFile(FILE, head + _REQUIRED.sub(r"${\1:?set it in the file .env}", text)))
    needed = ("SECRET_KEY", "DB_PASSWORD", "REDIS_PASSWORD", "SANDBOX_API_KEY")
    values = {name: text for name, text in env.values.items() if name != "COMPOSE_PROFILES"}
    if "REDIS_PASSWORD" not in values and (password := redis_password(env)):
        values["REDIS_PASSWORD"] = password
    lines = env_lines(values, with_secrets=with_secrets, needed=needed)
    rendering.files.append(RenderedFile(".env", lines, private=True, attached=True))
    rendering.files += _mounted(folder, wanted)
    init = (folder / "compose" / "init.sh").read_text(encoding="utf-8")
    rendering.files.append(RenderedFile("init.sh", init, attached=True))
    rendering.notes.append(
        "It needs a .env file and what it mounts beside it: --output writes them all to a folder. "
        "Run ./init.sh there once: it makes the passwords that are missing, and the address of the vector store."
    )
    if not with_secrets:
        rendering.notes.append(
            "Secrets of the given file are not in the new one: fill them in, or ask for --with-secrets."
        )
    return rendering


def _read(folder: Path) -> Document:
    """The main file with those it includes laid into it."""
    documents = load_all(folder / FILE)
    if len(documents) != 1:
        raise TemplateUnreadable(f"{folder / FILE} holds {len(documents)} documents; accepted is one.")
    compose = documents[0]
    for entry in compose.pop("include", ()):
        if not isinstance(entry, str):
            raise TemplateUnreadable(f"{folder / FILE}: an include is understood as the name of a file alone.")
        for part in load_all(folder / entry):
            for key in ("services", "networks", "volumes", "configs", "secrets"):
                if part.get(key):
                    compose[key] = (compose.get(key) or {}) | part[key]
    return {key: value for key, value in compose.items() if not key.startswith("x-")}


def _is_wanted(name: str, service: Document, plan: Plan, env: DeployedEnv) -> bool:
    if name == "redis":
        return plan.redis_inside
    if name == "init_permissions":
        return plan.volume
    if name in _DATABASES.values():
        return plan.database_inside and name == _DATABASES[plan.database]
    profiles = set(service.get("profiles", ()))
    if not profiles:
        return True
    chosen = {one.strip() for one in env.get("COMPOSE_PROFILES").split(",")}
    # The profiles of the given .env name databases and stores too; those follow from the other settings.
    more = {one for one in chosen if one in ("plugins", "certbot", "unstructured")}
    return bool(profiles & ({plan.vectors} if plan.vectors_inside else set()) | profiles & more)


def _adapt(service: Document, wanted: Document) -> None:
    service.pop("profiles", None)
    service.pop("build", None)  # what it would be built from is not there
    before = service.get("depends_on")
    if before is not None:
        names = [name for name in before if name in wanted]
        if isinstance(before, dict):
            kept: Any = {name: {k: v for k, v in before[name].items() if k != "required"} for name in names}
        else:
            kept = names
        if kept:
            service["depends_on"] = kept
        else:
            del service["depends_on"]
    if "init_permissions" not in wanted:
        _drop_volume(service, "./volumes/app/storage:")
    if "volumes" in service:
        service["volumes"] = [_beside(volume) for volume in service["volumes"]]


def _drop_volume(service: Document, start: str) -> None:
    volumes = [one for one in service.get("volumes", ()) if not (isinstance(one, str) and one.startswith(start))]
    if volumes:
        service["volumes"] = volumes
    else:
        service.pop("volumes", None)


def _beside(volume: Any) -> Any:
    if isinstance(volume, str) and volume.startswith(_PROXY):
        return "./proxy" + volume.removeprefix(_PROXY)
    return volume


def _point(service: Document, plan: Plan) -> None:
    """The server finds the databases that are deployed with it."""
    if plan.database_inside:
        place = {"DB_TYPE": plan.database, "DB_HOST": _DATABASES[plan.database]}
        service["environment"] |= place | ({"DB_USERNAME": "root"} if plan.database == "mysql" else {})
    if plan.redis_inside:
        service["environment"] |= {
            "REDIS_HOST": "redis",
            "CELERY_BROKER_URL": "redis://:${REDIS_PASSWORD}@redis:6379/1",
        }


def _used(compose: Document, services: Document) -> Document:
    """The networks and named volumes that are still used."""
    networks = {name for service in services.values() for name in service.get("networks", ())}
    volumes = {str(one).partition(":")[0] for service in services.values() for one in service.get("volumes", ())}
    kept = {
        "networks": {name: value for name, value in (compose.get("networks") or {}).items() if name in networks},
        "volumes": {name: value for name, value in (compose.get("volumes") or {}).items() if name in volumes},
    }
    return {key: value for key, value in kept.items() if value}


def _mounted(folder: Path, services: Document) -> list[RenderedFile]:
    """Files of the templates that containers read: of the proxies, and what lies beside the Compose file."""
    found: dict[str, RenderedFile] = {}
    for service in services.values():
        for volume in service.get("volumes", ()):
            source = str(volume).partition(":")[0]
            root = folder / "proxy" if source.startswith("./proxy") else folder / "compose"
            path = root / source.removeprefix("./proxy" if root.name == "proxy" else "./").strip("/")
            files = sorted(path.rglob("*")) if path.is_dir() else [path]
            for file in files if source.startswith("./") and "/volumes/" not in source else ():
                if file.is_file():
                    target = ("proxy/" if root.name == "proxy" else "") + file.relative_to(root).as_posix()
                    found[target] = RenderedFile(target, file.read_text(encoding="utf-8"), attached=True)
    return list(found.values())
