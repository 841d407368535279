"""Kubernetes objects for one `.env`: the base, the components that are needed, the settings."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from homeport.entry.deploy.errors import NotDeployable
from homeport.entry.deploy.kustomize import build
from homeport.entry.deploy.plan import VECTOR_HOSTS, Plan, plan_of, redis_password, stop_seconds
from homeport.entry.deploy.read_env import DeployedEnv
from homeport.entry.deploy.read_yaml import Document, dump_all
from homeport.entry.deploy.rendering import RenderedFile, Rendering

SECRET = "homeport-secrets"  # noqa: S105 # its name
_NAMESPACE = "homeport"
#: What each pod says itself, or what names the containers of Compose.
_OF_PODS = {
    *("MODE", "DIFY_BIND_ADDRESS", "DIFY_PORT", "HOMEPORT_DATA_DIR", "CELERY_WORKER_QUEUES", "CELERY_QUEUES"),
    *("CODE_EXECUTION_ENDPOINT", "SSRF_PROXY_HTTP_URL", "SSRF_PROXY_HTTPS_URL", "INTERNAL_FILES_URL"),
    *("HOMEPORT_VERSION", "OPENDAL_FS_ROOT", "STORAGE_LOCAL_PATH", "METRICS_PORT"),
    *("RESPECT_XFORWARD_HEADERS_ENABLED", "FORWARDED_ALLOW_IPS"),
}
#: Where people and programs outside find it.
_PUBLIC = ("CONSOLE_WEB_URL", "CONSOLE_API_URL", "SERVICE_API_URL", "APP_WEB_URL", "APP_API_URL", "FILES_URL")
_PROCESSES = {"prefork", "processes"}
_DATABASE_PLACE = ("DB_TYPE", "DB_HOST", "DB_PORT")
_PGVECTOR_PLACE = ("PGVECTOR_HOST", "PGVECTOR_PORT", "PGVECTOR_USER", "PGVECTOR_DATABASE", "PGVECTOR_PASSWORD")
#: Vector stores with a component, and the secret that one needs.
_VECTOR_KEYS = {"qdrant": "QDRANT_API_KEY", "weaviate": "WEAVIATE_API_KEY"}


def render_kubernetes(env: DeployedEnv, folder: Path, *, with_secrets: bool, only_secrets: bool) -> Rendering:
    """One file of objects, to be applied in its order. `folder` holds the templates.

    Raises `NotDeployable`, `TemplateUnreadable`.
    """
    plan = plan_of(env)
    _check(plan, env)
    kept, needed = _secrets(plan, env)
    rendering = Rendering()
    missing = [name for name in needed if name not in kept]
    if missing:
        rendering.notes.append(
            f"The Secret {SECRET} also needs {', '.join(missing)}: set it in the .env file. "
            "Make one: openssl rand -hex 32."
        )
    if only_secrets:
        rendering.files.append(RenderedFile("homeport-secrets.yaml", dump_all([_secret(kept)]), private=True))
        return rendering
    documents = build(folder / "kubernetes", _content(plan, env))
    _publish(documents, env)
    if {env.get("CELERY_WORKER_CLASS"), env.get("CELERY_WORKER_POOL")} & _PROCESSES:
        _take_probes_away(documents)
    _wait_as_long(documents, env)
    if with_secrets:
        place = next(at for at, document in enumerate(documents) if document["kind"] == "ConfigMap")
        documents.insert(place, _secret(kept))
    else:
        rendering.notes.append(
            f"The Secret {SECRET} is not in the output. Make it after the namespace, before the rest: "
            "homeport deploy render kubernetes --only-secrets | kubectl apply -f -"
        )
    head = "# Made by homeport deploy render kubernetes. Apply it with: kubectl apply -f homeport.yaml\n"
    rendering.files.append(RenderedFile("homeport.yaml", head + dump_all(documents), private=with_secrets))
    return rendering


def _check(plan: Plan, env: DeployedEnv) -> None:
    place = VECTOR_HOSTS.get(plan.vectors)
    if (
        plan.vectors == "pgvector"
        and plan.vectors_inside
        and (plan.database != "postgresql" or not plan.database_inside)
    ):
        raise NotDeployable(
            "VECTOR_STORE is 'pgvector' without PGVECTOR_HOST; on Kubernetes it is part of the PostgreSQL that is "
            "deployed, and none is deployed with these settings.",
            hint="Set PGVECTOR_HOST to a PostgreSQL server with pgvector, or VECTOR_STORE to qdrant or weaviate.",
        )
    if plan.vectors_inside and plan.vectors != "pgvector" and plan.vectors not in _VECTOR_KEYS:
        raise NotDeployable(
            f"VECTOR_STORE is {plan.vectors!r}, for which there is no server among the Kubernetes files.",
            hint=f"Set {place} to where one runs.",
        )
    if env.get("STORAGE_TYPE", "opendal") == "opendal" and env.get("OPENDAL_SCHEME") == "memory":
        raise NotDeployable(
            "OPENDAL_SCHEME is 'memory', which several pods cannot share.", hint="Set it to fs, or STORAGE_TYPE to s3."
        )


def _content(plan: Plan, env: DeployedEnv) -> Document:
    components = [plan.database.replace("postgresql", "postgres")] if plan.database_inside else []
    components += ["redis"] if plan.redis_inside else []
    components += [plan.vectors] if plan.vectors_inside and plan.vectors in _VECTOR_KEYS else []
    # One volume that one node mounts, or as many pods as are needed.
    components.append("storage-volume" if plan.volume else "autoscale")
    content: Document = {
        "namespace": _NAMESPACE,
        "resources": ["base"],
        "components": [f"components/{name}" for name in components],
        "configMapGenerator": [
            {
                "name": "homeport-settings",
                "behavior": "merge",
                "literals": [f"{name}={text}" for name, text in _settings(plan, env).items()],
            }
        ],
    }
    if version := env.get("HOMEPORT_VERSION"):
        content["images"] = [{"name": f"homeport/{name}", "newTag": version} for name in ("server", "web", "sandbox")]
    return content


def _settings(plan: Plan, env: DeployedEnv) -> dict[str, str]:
    left_out = set(_OF_PODS)
    more: dict[str, str] = {"VECTOR_STORE": plan.vectors}
    if plan.database_inside:
        left_out |= {*_DATABASE_PLACE, *(["DB_USERNAME"] if plan.database == "mysql" else [])}
        if plan.database == "postgresql":
            left_out |= set(_PGVECTOR_PLACE) if plan.vectors_inside else set()
            shared = {"PGVECTOR_USER": "DB_USERNAME", "PGVECTOR_DATABASE": "DB_DATABASE"}
            more |= {
                name: env.get(source) for name, source in shared.items() if plan.vectors_inside and env.get(source)
            }
    if plan.redis_inside:
        left_out |= {"REDIS_HOST", "REDIS_PORT", "REDIS_DB", "CELERY_BROKER_URL"}
    if plan.vectors_inside and plan.vectors in _VECTOR_KEYS:
        left_out |= {VECTOR_HOSTS[plan.vectors], "WEAVIATE_GRPC_ENDPOINT"}
    of_server = env.of_server
    return {name: text for name, text in env.plain.items() if name in of_server and name not in left_out} | more


def _secrets(plan: Plan, env: DeployedEnv) -> tuple[dict[str, str], tuple[str, ...]]:
    """What the Secret holds, and what it has to hold."""
    of_server = env.of_server
    kept = {name: text for name, text in env.secrets.items() if name in of_server}
    key = env.get("CODE_EXECUTION_API_KEY") or env.get("SANDBOX_API_KEY")
    kept |= {"CODE_EXECUTION_API_KEY": key} if key else {}
    needed = ["SECRET_KEY", "DB_PASSWORD", "CODE_EXECUTION_API_KEY"]
    if plan.redis_inside:
        kept.pop("CELERY_BROKER_URL", None)
        password = redis_password(env)
        kept |= {"REDIS_PASSWORD": password} if password else {}
        needed.append("REDIS_PASSWORD")
    if plan.vectors_inside:
        needed += [_VECTOR_KEYS[plan.vectors]] if plan.vectors in _VECTOR_KEYS else []
    elif plan.vectors == "pgvector":
        needed.append("PGVECTOR_PASSWORD")
    if not plan.redis_inside and "CELERY_BROKER_URL" not in env.values:
        needed.append("CELERY_BROKER_URL")
    return kept, tuple(needed)


def _secret(values: dict[str, str]) -> Document:
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": SECRET, "namespace": _NAMESPACE},
        "type": "Opaque",
        "stringData": values,
    }


def _wait_as_long(documents: list[Document], env: DeployedEnv) -> None:
    """No pod of the server is killed before its time to stop is over."""
    seconds = stop_seconds(env)
    for document in documents:
        labels = document["metadata"].get("labels", {})
        if seconds and document["kind"] == "Deployment" and labels.get("homeport.dev/image") == "server":
            document["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] = seconds + 20


def _take_probes_away(documents: list[Document]) -> None:
    """Of the workers: a worker of several processes has no port to ask."""
    for document in documents:
        if document["kind"] == "Deployment" and document["metadata"]["name"].startswith("worker-"):
            for container in document["spec"]["template"]["spec"]["containers"]:
                for name in ("startupProbe", "livenessProbe", "readinessProbe", "ports"):
                    container.pop(name, None)


def _publish(documents: list[Document], env: DeployedEnv) -> None:
    """The Ingress answers to the hosts that the settings name, with TLS when they say https."""
    addresses = [urlsplit(text) for name in _PUBLIC if (text := env.get(name))]
    hosts = list(dict.fromkeys(address.hostname for address in addresses if address.hostname))
    if not hosts:
        return
    path = next((address.path for address in addresses if address.path.strip("/")), "")
    if path:
        raise NotDeployable(
            f"A public address has the path {path!r}; the Ingress serves the root of a host.",
            hint="Give Homeport a host name of its own.",
        )
    for document in documents:
        if document["kind"] == "Ingress":
            rule = document["spec"]["rules"][0]
            document["spec"]["rules"] = [{**rule, "host": host} for host in hosts]
            if any(address.scheme == "https" for address in addresses):
                document["spec"]["tls"] = [{"hosts": hosts, "secretName": "homeport-tls"}]
