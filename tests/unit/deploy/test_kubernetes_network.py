"""Who reaches whom under the NetworkPolicies."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.kubernetes_objects import OVERLAYS, Network, copy_with_secrets, resolve

PUBLIC = "93.184.216.34"
METADATA = ("169.254.169.254", "fd00:ec2::254", "100.100.100.200")
PRIVATE = ("10.0.0.1", "172.16.5.5", "192.168.1.1", "127.0.0.1", "100.64.0.1", "0.0.0.0", "fd12::1", "::1", "fe80::1")
SERVER = ("api", "worker-knowledge", "worker-workflows", "worker-background", "beat", "migration")


@pytest.fixture(scope="module")
def networks(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Network]:
    resolved = resolve(copy_with_secrets(Path(tmp_path_factory.mktemp("deploy"))))
    return {name: Network(objects) for name, objects in resolved.items()}


@pytest.fixture(params=OVERLAYS)
def network(request: pytest.FixtureRequest, networks: dict[str, Network]) -> Network:
    return networks[request.param]


def test_the_sandbox_reaches_the_proxy(network: Network) -> None:
    assert network.lets("sandbox", "ssrf-proxy", 3128)


@pytest.mark.parametrize("target", ["api", "web", "sandbox", PUBLIC, "namespace:kube-system", *METADATA, *PRIVATE])
@pytest.mark.parametrize("port", [53, 80, 443, 5001, 8194])
def test_the_sandbox_reaches_nothing_else(network: Network, target: str, port: int) -> None:
    assert not network.lets("sandbox", target, port)


@pytest.mark.parametrize("source", [*SERVER, "ssrf-proxy", "sandbox", "web"])
@pytest.mark.parametrize("address", METADATA)
def test_nobody_reaches_the_metadata_of_the_cloud(network: Network, source: str, address: str) -> None:
    assert not network.lets(source, address, 80)


@pytest.mark.parametrize("address", PRIVATE)
def test_the_proxy_reaches_no_private_address(network: Network, address: str) -> None:
    assert not network.lets("ssrf-proxy", address, 80)


def test_the_proxy_reaches_the_internet_and_names(network: Network) -> None:
    assert network.lets("ssrf-proxy", PUBLIC, 443)
    assert network.lets("ssrf-proxy", "namespace:kube-system", 53)
    assert not network.lets("ssrf-proxy", "namespace:kube-system", 443)


@pytest.mark.parametrize("source", SERVER)
def test_the_server_reaches_what_it_works_with(network: Network, source: str) -> None:
    assert network.lets(source, "sandbox", 8194)
    assert network.lets(source, "ssrf-proxy", 3128)
    assert network.lets(source, PUBLIC, 443)
    assert network.lets(source, "10.0.0.1", 5432)
    assert network.lets(source, "namespace:kube-system", 53)


@pytest.mark.parametrize("source", SERVER)
def test_the_server_reaches_databases_in_the_cluster_and_others_do_not(
    networks: dict[str, Network], source: str
) -> None:
    network = networks["single-node"]
    for database, port in (("postgres", 5432), ("redis", 6379)):
        assert network.lets(source, database, port)
        for other in ("web", "sandbox", "ssrf-proxy", "namespace:ingress-nginx"):
            assert not network.lets(other, database, port)


def test_only_the_ingress_comes_in(network: Network) -> None:
    for target, port in (("api", 5001), ("web", 3000)):
        assert network.lets("namespace:ingress-nginx", target, port)
        assert not network.lets("namespace:somebody", target, port)
    for target, port in (("sandbox", 8194), ("ssrf-proxy", 3128), ("worker-knowledge", 5001)):
        assert not network.lets("namespace:ingress-nginx", target, port)


def test_the_console_calls_nobody(network: Network) -> None:
    for target in ("api", PUBLIC, "namespace:kube-system"):
        assert not network.lets("web", target, 443)


def test_prometheus_reads_the_figures_of_workers_and_nobody_else_does(network: Network) -> None:
    for target in ("worker-knowledge", "worker-workflows", "worker-background", "beat"):
        assert network.lets("namespace:monitoring", target, 9108)
        assert not network.lets("namespace:ingress-nginx", target, 9108)
        assert not network.lets("sandbox", target, 9108)
        assert not network.lets("web", target, 9108)
