"""systemd units for one `.env`: one process, or a fleet where there is a broker."""

from __future__ import annotations

from pathlib import Path

from homeport.entry.deploy.plan import stop_seconds
from homeport.entry.deploy.read_env import DeployedEnv, host_of
from homeport.entry.deploy.rendering import RenderedFile, Rendering, env_lines

_ONE = ("homeport.service",)
_FLEET = (
    "homeport.target",
    "homeport-migrate.service",
    "homeport-api.service",
    "homeport-worker@.service",
    "homeport-beat.service",
    "homeport-sandbox.service",
)
_SANDBOX_KEYS = ("CODE_EXECUTION_API_KEY", "SANDBOX_API_KEY")
_SANDBOX = "http://127.0.0.1:8194"
_LOCAL = {"localhost", "127.0.0.1", "::1"}
_SERVERS = {"postgresql": "postgresql.service", "mysql": "mysql.service mariadb.service"}
#: Set by the units themselves.
_OF_UNITS = {"MODE", "CELERY_WORKER_QUEUES", "CELERY_QUEUES"}


def render_systemd(env: DeployedEnv, folder: Path, *, with_secrets: bool) -> Rendering:
    """The units, the user they run as, and the settings. `folder` holds the templates."""
    source = folder / "systemd"
    fleet = is_fleet(env)
    after, writable = _local_servers(env), _writable(env)
    rendering = Rendering()
    for name in _FLEET if fleet else _ONE:
        text = (source / name).read_text(encoding="utf-8")
        rendering.files.append(RenderedFile(f"systemd/system/{name}", _adapt(text, env, after, writable)))
    text = (source / "homeport.sysusers").read_text(encoding="utf-8")
    rendering.files.append(RenderedFile("sysusers.d/homeport.conf", text))
    if fleet:
        for file in sorted((source / "queues").glob("*.env")):
            rendering.files.append(RenderedFile(f"homeport/queues/{file.name}", file.read_text(encoding="utf-8")))
    of_server = env.of_server
    values = {name: text for name, text in env.values.items() if name in of_server and name not in _OF_UNITS}
    needed = ("SECRET_KEY", "DB_PASSWORD", "CODE_EXECUTION_API_KEY") if fleet else ()
    if fleet:
        _add_sandbox(rendering, env, values, with_secrets=with_secrets)
    settings = env_lines(values, with_secrets=with_secrets, needed=needed)
    rendering.files.append(RenderedFile("homeport/homeport.env", settings, private=True))
    rendering.notes.append(
        "The paths are those below /etc. After copying: systemd-sysusers, systemctl daemon-reload, "
        f"systemctl enable --now {'homeport.target' if fleet else 'homeport.service'}."
    )
    if not with_secrets:
        rendering.notes.append("Secrets are not in homeport.env: fill them in, or ask for --with-secrets.")
    return rendering


def _add_sandbox(rendering: Rendering, env: DeployedEnv, values: dict[str, str], *, with_secrets: bool) -> None:
    """The sandbox has one secret, which the server knows by another name."""
    key = next((env.get(name) for name in _SANDBOX_KEYS if env.get(name)), "")
    # Where the containers of Compose find it, there is nothing here.
    values["CODE_EXECUTION_ENDPOINT"] = _SANDBOX
    values |= {"CODE_EXECUTION_API_KEY": key} if key else {}
    lines = env_lines({"API_KEY": key} if key else {}, with_secrets=with_secrets, needed=("API_KEY",))
    rendering.files.append(RenderedFile("homeport/sandbox.env", lines, private=True))
    rendering.notes.append("API_KEY in sandbox.env and CODE_EXECUTION_API_KEY in homeport.env are the same key.")


def is_fleet(env: DeployedEnv) -> bool:
    """Whether there is a broker and a database that several processes may use."""
    server = env.get("DB_TYPE", "postgresql" if env.get("DB_HOST") else "sqlite") != "sqlite"
    return server and bool(env.get("CELERY_BROKER_URL"))


def _adapt(text: str, env: DeployedEnv, after: list[str], writable: list[str]) -> str:
    lines = []
    for line in text.splitlines():
        if line.startswith("After=") and after:
            line = " ".join((line, *after))
        if line.startswith("ExecStart=") and " up " in line and (port := env.get("DIFY_PORT")):
            line = line.replace("--port 5001", f"--port {port}")
        if line.startswith("TimeoutStopSec=") and (seconds := stop_seconds(env)):
            line = f"TimeoutStopSec={seconds + 20}"
        lines.append(line)
        if line == "ProtectSystem=strict":
            lines += [f"ReadWritePaths={path}" for path in writable]
    return "\n".join(lines) + "\n"


def _local_servers(env: DeployedEnv) -> list[str]:
    """Units of servers on this machine, which have to be there first; those that do not exist are ignored."""
    found = []
    if host_of(env.get("DB_HOST")) in _LOCAL:
        found += _SERVERS.get(env.get("DB_TYPE", "postgresql"), "").split()
    if host_of(env.get("CELERY_BROKER_URL")) in _LOCAL:
        found.append("redis-server.service")
    return found


def _writable(env: DeployedEnv) -> list[str]:
    """Folders outside the state directory that the settings name."""
    named = [env.get(name) for name in ("HOMEPORT_DATA_DIR", "STORAGE_LOCAL_PATH", "OPENDAL_FS_ROOT")]
    log = env.get("LOG_FILE")
    named.append(str(Path(log).parent) if log else "")
    return list(dict.fromkeys(path for path in named if path.startswith("/") and not _is_in_state(path)))


def _is_in_state(path: str) -> bool:
    return Path(path).is_relative_to("/var/lib/homeport")
