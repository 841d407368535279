"""Find the driver of an account, load it when first needed, put the guards around what it gives."""

from __future__ import annotations

import asyncio
import importlib
from dataclasses import dataclass
from typing import Protocol, cast

from homeport.backends.llm import drivers
from homeport.backends.llm.check_installed import how_to_install, refuse_if_missing
from homeport.backends.llm.choice import LlmChoice
from homeport.backends.llm.choose_account import Choice, default_chat, default_embedding, environment_account
from homeport.backends.llm.discover import find_specs
from homeport.backends.llm.errors import Misconfigured
from homeport.backends.llm.guards import GuardedEmbedder, GuardedProvider
from homeport.backends.llm.port import Account, Driver
from homeport.backends.llm.settings import LlmSettings
from homeport.backends.llm.spec import DriverSpec
from homeport.runtime.drivers.patience import Patience


class DriverModule(Protocol):
    """What the `driver.py` of every driver offers."""

    async def open_driver(self, settings: LlmChoice) -> Driver:
        """The bare driver; it opens no connection before it is used. Raises `Misconfigured`."""
        ...


@dataclass(frozen=True, slots=True)
class OpenChat:
    """A provider and the model of it that answers."""

    provider: GuardedProvider
    model: str
    account: Account


async def open_models(settings: LlmSettings) -> Models:
    """The models of this process; no driver is loaded before it is needed."""
    return Models(settings)


class Models:
    """The drivers of one process and the connections they own; closed at shutdown."""

    def __init__(self, settings: LlmSettings) -> None:
        """Opens nothing yet."""
        self._settings = settings
        self._patience = Patience(
            timeout=settings.llm_timeout, attempts=settings.llm_max_attempts, first_pause=0.5, longest_pause=20.0
        )
        self._drivers: dict[str, Driver] = {}
        self._opening = asyncio.Lock()
        self._first_listed: dict[str, str] = {}

    async def open_llm(self, account: Account) -> GuardedProvider:
        """A provider for the account, guarded; cheap after the first of its driver. Raises `Misconfigured`."""
        driver = self._drivers.get(account.driver) or await self._open_driver(account.driver)
        return GuardedProvider(driver.connect(account), account.provider, self._patience, account.base_url)

    def environment_account(self) -> Account | None:
        """The account the settings give, or None."""
        return environment_account(self._settings)

    async def open_default_chat(self) -> OpenChat:
        """The model of the settings, or the one that quotes when they name none.

        Where a server but no model is named it is the first chat model the server lists, asked once per process.
        """
        choice = default_chat(self._settings)
        provider = await self.open_llm(choice.account)
        return OpenChat(provider, choice.model or await self._first_model(choice, provider), choice.account)

    async def open_default_embedder(self) -> GuardedEmbedder:
        """The embedding model of the settings, or the local one when they name none."""
        choice = default_embedding(self._settings)
        return (await self.open_llm(choice.account)).embedder(choice.model)

    async def close(self) -> None:
        """Close every driver; running streams end."""
        while self._drivers:
            _, driver = self._drivers.popitem()
            await driver.close()

    async def _open_driver(self, name: str) -> Driver:
        async with self._opening:
            if name not in self._drivers:
                spec = find_specs().get(name)
                if spec is None:
                    raise Misconfigured(
                        f"The model driver {name!r} is unknown; accepted are {', '.join(sorted(find_specs()))}."
                    )
                assert isinstance(self._settings, spec.settings)
                # In a thread: the first import of an SDK takes long enough to be noticed by other requests.
                module = await asyncio.to_thread(load_driver, spec)
                self._drivers[name] = await module.open_driver(self._settings)
            return self._drivers[name]

    async def _first_model(self, choice: Choice, provider: GuardedProvider) -> str:
        address = choice.account.base_url
        if address not in self._first_listed:
            names = [model.name for model in await provider.list_models() if model.type == "llm"]
            if not names:
                raise Misconfigured(
                    f"The model provider {choice.account.provider} at {address} lists no chat model.",
                    hint="Name one in HOMEPORT_DEFAULT_LLM.",
                )
            self._first_listed[address] = names[0]
        return self._first_listed[address]


def load_driver(spec: DriverSpec) -> DriverModule:
    """Import the driver and with it the SDK; a missing SDK is said with the extra to install."""
    refuse_if_missing(spec)
    try:
        module = importlib.import_module(f"{drivers.__name__}.{spec.name}.driver")
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith("homeport"):
            raise
        raise Misconfigured(
            f"The model driver {spec.name} needs the package {error.name!r}, which is not installed.",
            hint=f"Install it: {how_to_install(spec, error.name)}.",
        ) from error
    return cast("DriverModule", module)
