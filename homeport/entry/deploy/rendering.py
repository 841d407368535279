"""What a renderer makes: files, and what a person has to know about them."""

from __future__ import annotations

from dataclasses import dataclass, field

from homeport.entry.deploy.read_env import is_secret

_RANDOM = "openssl rand -hex 32"


@dataclass(frozen=True, slots=True)
class RenderedFile:
    """One file; `path` is relative to the folder it is written to."""

    path: str
    text: str
    #: Holds secrets, or has the place for them: readable by its owner only.
    private: bool = False
    #: Goes with the others, but is not what one wants to see on a screen.
    attached: bool = False


@dataclass(slots=True)
class Rendering:
    """Files, and one sentence each about what is left to do."""

    files: list[RenderedFile] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def env_lines(values: dict[str, str], *, with_secrets: bool, needed: tuple[str, ...] = ()) -> str:
    """A `.env` file. Secrets are left out, or `with_secrets`; those `needed` have a line in any case."""
    lines = [f"{name}={_quoted(text)}" for name, text in values.items() if not is_secret(name, text)]
    secrets = {name: text for name, text in values.items() if is_secret(name, text)}
    if secrets or needed:
        lines.append("# Secrets.")
    for name in dict.fromkeys((*secrets, *needed)):
        if name not in secrets:
            lines += [f"# Not set so far. Make one: {_RANDOM}", f"{name}="]
        elif with_secrets:
            lines.append(f"{name}={_quoted(secrets[name])}")
        else:
            lines += ["# Is set in the given file; left out here.", f"{name}="]
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    """As both systemd and Compose read it back: bare where that is safe, else in quotes."""
    if all(character.isalnum() or character in "._/:,@%+=-*?&~^" for character in text):
        return text
    if "'" not in text:
        return f"'{text}'"
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$") + '"'
