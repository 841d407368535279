"""Settings come from a file, the environment and secret files; every wrong one is told at once, in a sentence."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, Field, PositiveInt, SecretStr, field_validator, model_validator

from homeport.runtime.config.errors import ConfigurationError
from homeport.runtime.config.load import load
from homeport.runtime.config.section import CommaSeparated, Duration, Prefixed, Section, WholeNumbers
from homeport.runtime.config.sources import Sources


class Shop(Section):
    """A section."""

    shop_name: str = Field("Corner", description="Name.")
    shop_size: PositiveInt = Field(3, description="Size.")
    shop_ratio: float = Field(0.5, ge=0, le=1, description="Ratio.")
    shop_open: bool = Field(True, description="Open.")
    shop_kind: Literal["food", "books"] = Field("food", description="Kind.")
    shop_hosts: CommaSeparated = Field((), description="Hosts.")
    shop_url: str | None = Field(None, pattern="^https?://", description="Address.")
    shop_pause: Duration = Field(timedelta(minutes=5), description="Pause.")
    shop_floors: WholeNumbers = Field((), description="Floors.")
    shop_code: str = Field("abc", min_length=2, max_length=4, description="Code.")


class Safe(Section):
    """Another."""

    safe_key: SecretStr | None = Field(None, max_length=10, description="Key.")
    safe_proxy: str | None = Field(None, description="Proxy, and who it is for.")
    safe_options: Annotated[dict[str, str], Prefixed("SAFE_OPTION_")] = Field({}, description="Options.")

    @field_validator("safe_key")
    @classmethod
    def _not_weak(cls, key: SecretStr | None) -> SecretStr | None:
        if key is not None and key.get_secret_value() == "weak":
            raise ValueError("this key is known to everybody")
        return key

    @field_validator("safe_proxy")
    @classmethod
    def _proxy(cls, address: str | None) -> str | None:
        if address is not None and not address.startswith("http"):
            raise ValueError("accepted is the address of a proxy")
        return address

    @model_validator(mode="after")
    def _key_with_proxy(self) -> Safe:
        if self.safe_proxy and self.safe_key is None:
            raise ValueError("with SAFE_PROXY, SAFE_KEY is needed")
        return self


class Tree(BaseModel):
    """All."""

    shop: Shop
    safe: Safe


def read(environment: dict[str, str], env_file: Path | None = None) -> Tree:
    return load(Tree, Sources(environment, env_file))


def problems(environment: dict[str, str], env_file: Path | None = None) -> list[str]:
    with pytest.raises(ConfigurationError) as wrong:
        read(environment, env_file)
    return wrong.value.problems


def test_what_is_not_set_has_its_default_and_an_empty_text_is_not_set() -> None:
    tree = read({"SHOP_NAME": "", "SHOP_SIZE": "", "SHOP_URL": "", "SAFE_KEY": ""})

    assert tree.shop == Shop()
    assert tree.safe == Safe()


def test_values_are_read_as_their_type() -> None:
    environment = {
        "SHOP_NAME": "  Mine ",
        "SHOP_SIZE": "7",
        "SHOP_RATIO": "0.25",
        "SHOP_OPEN": "false",
        "SHOP_KIND": "books",
        "SHOP_HOSTS": " a, b ,,c",
        "SHOP_URL": "http://x",
    }

    shop = read(environment).shop

    assert (shop.shop_name, shop.shop_size, shop.shop_ratio) == ("Mine", 7, 0.25)
    assert (shop.shop_open, shop.shop_kind, shop.shop_hosts) == (False, "books", ("a", "b", "c"))


def test_the_environment_stands_before_the_file(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("# shop\nSHOP_NAME='From file'\nexport SHOP_SIZE=4\nSHOP_CODE=$A\nSHOP_KIND=\n")

    shop = read({"SHOP_SIZE": "5"}, file).shop

    assert (shop.shop_name, shop.shop_size, shop.shop_kind, shop.shop_code) == ("From file", 5, "food", "$A")
    assert problems({"SHOP_CODE": "x"}, file) == [
        "SHOP_CODE is 'x' (from environment): accepted is a text of at least 2 characters."
    ]


def test_an_empty_variable_of_the_environment_leaves_the_files_value(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("SHOP_NAME=Filed")

    assert read({"SHOP_NAME": ""}, file).shop.shop_name == "Filed"


def test_a_secret_is_read_from_the_file_its_variable_names(tmp_path: Path) -> None:
    secret = tmp_path / "key"
    secret.write_text("hidden\n")

    safe = read({"SAFE_KEY_FILE": str(secret)}).safe
    assert safe.safe_key == SecretStr("hidden")
    direct = read({"SAFE_KEY_FILE": str(secret), "SAFE_KEY": "direct"}).safe
    assert direct.safe_key == SecretStr("direct")
    secret.write_text("\n")
    assert read({"SAFE_KEY_FILE": str(secret)}).safe.safe_key is None


@pytest.mark.parametrize("kind", ["missing", "directory", "binary"])
def test_a_secret_file_that_cannot_be_read_is_told(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "key"
    if kind == "directory":
        path.mkdir()
    if kind == "binary":
        path.write_bytes(b"\xff\xfe\xff")

    [problem] = problems({"SAFE_KEY_FILE": str(path)})

    assert problem.startswith("SAFE_KEY_FILE names a file that cannot be read: ")


def test_a_settings_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_bytes(b"SHOP_NAME=\xff\xfe")

    [problem] = problems({}, file)

    assert problem.startswith(f"The file {file} cannot be read: ")


def test_variables_with_a_prefix_are_collected() -> None:
    safe = read({"SAFE_OPTION_FS_ROOT": "/x", "SAFE_OPTION_B": "", "OTHER_OPTION_C": "1"}).safe

    assert safe.safe_options == {"fs_root": "/x"}


def test_variables_with_a_prefix_are_read_from_files_too(tmp_path: Path) -> None:
    secret = tmp_path / "key"
    secret.write_text("hidden\n")

    safe = read({"SAFE_OPTION_S3_KEY_FILE": str(secret), "SAFE_OPTION_B": "1"}).safe

    assert safe.safe_options == {"s3_key": "hidden", "b": "1"}
    [problem] = problems({"SAFE_OPTION_S3_KEY_FILE": str(tmp_path / "none")})
    assert problem.startswith("SAFE_OPTION_S3_KEY_FILE names a file that cannot be read: ")


def test_a_secret_file_named_in_the_environment_stands_before_a_value_in_the_file(tmp_path: Path) -> None:
    secret = tmp_path / "key"
    secret.write_text("new")
    file = tmp_path / ".env"
    file.write_text(f"SAFE_KEY=old\nSHOP_NAME_FILE={secret}\n")

    tree = read({"SAFE_KEY_FILE": str(secret), "SHOP_NAME": "Set"}, file)

    assert tree.safe.safe_key == SecretStr("new")
    assert tree.shop.shop_name == "Set"


def test_what_several_variables_say_together_is_told_by_their_names() -> None:
    assert problems({"SAFE_PROXY": "http://x"}) == ["With SAFE_PROXY, SAFE_KEY is needed."]


def test_the_password_in_an_address_is_not_shown() -> None:
    assert problems({"SAFE_PROXY": "socks5://me:se/c@ret@host:1", "SAFE_KEY": "k"}) == [
        "SAFE_PROXY is 'socks5://me:***@host:1' (from environment): accepted is the address of a proxy."
    ]


@pytest.mark.parametrize(
    ("text", "seconds"), [("90", 90), ("1.5", 1.5), ("90s", 90), ("30m", 1800), ("1h30m", 5400), ("250ms", 0.25)]
)
def test_durations_are_written_with_units_or_as_seconds(text: str, seconds: float) -> None:
    assert read({"SHOP_PAUSE": text}).shop.shop_pause == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["soon", "5x", "m", "-5", "9" * 400, "9" * 30 + "d"])
def test_what_is_no_duration_is_told(text: str) -> None:
    [problem] = problems({"SHOP_PAUSE": text})

    assert problem == (
        f"SHOP_PAUSE is {text!r} (from environment): "
        "accepted is a duration such as 90s, 30m or 1h30m; a number alone counts seconds."
    )


def test_lists_of_numbers_are_read() -> None:
    assert read({"SHOP_FLOORS": "0, 1,2"}).shop.shop_floors == (0, 1, 2)
    assert problems({"SHOP_FLOORS": "0,one"}) == [
        "SHOP_FLOORS is '0,one' (from environment): accepted is whole numbers, separated by commas."
    ]


def test_all_wrong_values_of_all_sections_are_told_at_once_with_where_they_came_from(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("SHOP_KIND=toys\n")
    secret = tmp_path / "key"
    secret.write_text("weak")
    environment = {
        "SHOP_SIZE": "many",
        "SHOP_RATIO": "2",
        "SHOP_OPEN": "perhaps",
        "SHOP_URL": "ftp://x",
        "SHOP_CODE": "abcde",
        "SAFE_KEY_FILE": str(secret),
    }

    assert problems(environment, file) == [
        "SHOP_SIZE is 'many' (from environment): accepted is a whole number above 0.",
        "SHOP_RATIO is '2' (from environment): accepted is a number of at least 0 and at most 1.",
        "SHOP_OPEN is 'perhaps' (from environment): accepted is true or false.",
        f"SHOP_KIND is 'toys' (from file {file}): accepted is 'food' or 'books'.",
        "SHOP_URL is 'ftp://x' (from environment): accepted is an address that begins with http:// or https://.",
        "SHOP_CODE is 'abcde' (from environment): accepted is a text of at most 4 characters.",
        f"SAFE_KEY is (hidden) (from file {secret} (named by SAFE_KEY_FILE)): this key is known to everybody.",
    ]


def test_a_secret_is_never_shown() -> None:
    [problem] = problems({"SAFE_KEY": "a-very-long-secret"})

    assert problem == "SAFE_KEY is (hidden) (from environment): accepted is a text of at most 10 characters."


@pytest.mark.parametrize(("text", "problem"), [("7.5", True), ("0", True), ("x", True), ("", False)])
def test_numbers_are_told_what_they_may_be(text: str, *, problem: bool) -> None:
    if not problem:
        assert read({"SHOP_SIZE": text}).shop.shop_size == 3
        return
    accepted = "accepted is a whole number above 0"
    assert problems({"SHOP_SIZE": text}) == [f"SHOP_SIZE is {text!r} (from environment): {accepted}."]
