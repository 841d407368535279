"""The demo: the main job on an empty directory, again, with a model, and with what may stand in its way."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import structlog
from click.testing import CliRunner

from homeport.backends.llm.errors import Misconfigured
from homeport.entry import demo as module
from homeport.entry.cli.demo import command
from homeport.entry.data_dir import DataDirectoryInUse, held
from homeport.entry.demo import QUESTION, Demo, Loaded, run_demo
from homeport.entry.sample.read_sample import SampleFile, read_sample
from homeport.entry.settings import Settings, read_settings
from homeport.features.knowledge.parse.formats import ACCEPTED, extension_of
from homeport.runtime.config.sources import Sources
from tests.support.model_server import model_server

BICYCLE = "What does a bicycle cost on the ferry?"
SMALL = [
    SampleFile("ferry.md", b"# Bicycles\n\nA bicycle costs 3 pounds on every ferry.\n"),
    SampleFile("dogs.txt", b"Dogs travel free on the open deck.\n"),
]


@dataclass
class Recorder:
    """A screen that remembers."""

    people: list[tuple[str, str | None]] = field(default_factory=list)
    progress: list[tuple[int, int]] = field(default_factory=list)
    loaded: list[Loaded] = field(default_factory=list)
    questions: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)

    def administrator(self, email: str, password: str | None) -> None:
        self.people.append((email, password))

    def indexing(self, done: int, total: int) -> None:
        self.progress.append((done, total))

    def ready(self, loaded: Loaded) -> None:
        self.loaded.append(loaded)

    def question(self, question: str) -> None:
        self.questions.append(question)

    def text(self, text: str) -> None:
        self.texts.append(text)


def settings(**environment: str) -> Settings:
    return read_settings(Sources(environment))


def run(data_dir: Path, question: str = BICYCLE, **environment: str) -> Demo:
    return run_demo(settings(**environment), data_dir, question, Recorder())


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> dict[str, SampleFile]:
    """Two documents that need no child process; a test may change them."""
    sample = {file.name: file for file in SMALL}
    monkeypatch.setattr(module, "read_sample", lambda: list(sample.values()))
    return sample


def test_the_whole_sample_is_indexed_and_answers_with_citations(tmp_path: Path) -> None:
    screen = Recorder()
    demo = run_demo(settings(), tmp_path, QUESTION, screen)
    assert demo.loaded.failed == {}
    assert demo.loaded.documents == len(read_sample())
    assert "OLLAMA_BASE_URL" in demo.outcome.answer
    assert "[1]" in demo.outcome.answer
    assert demo.outcome.resources[0]["document_name"] == "models.md"
    assert "".join(screen.texts) == demo.outcome.answer
    assert screen.progress[-1] == (demo.loaded.documents, demo.loaded.documents)
    assert screen.people == [("demo@example.com", demo.password)]
    assert demo.password


def test_what_is_there_already_is_used_again(tmp_path: Path, small: dict[str, SampleFile]) -> None:
    first, second = run(tmp_path), run(tmp_path)
    assert second.loaded.dataset_id == first.loaded.dataset_id
    assert second.loaded.app_id == first.loaded.app_id
    assert second.loaded.documents == len(small)
    assert (second.email, second.password) == (first.email, None)
    assert second.outcome.answer == first.outcome.answer


def test_a_sample_that_has_changed_is_indexed_anew(tmp_path: Path, small: dict[str, SampleFile]) -> None:
    assert "3 pounds" in run(tmp_path).outcome.answer
    small["ferry.md"] = SampleFile("ferry.md", b"# Bicycles\n\nA bicycle costs 4 pounds on every ferry.\n")
    demo = run(tmp_path)
    assert "4 pounds" in demo.outcome.answer
    assert "3 pounds" not in demo.outcome.answer
    assert demo.loaded.documents == len(small)


def test_a_document_that_cannot_be_read_is_named_and_tried_again(tmp_path: Path, small: dict[str, SampleFile]) -> None:
    small["dogs.txt"] = SampleFile("dogs.txt", b"\x00\x01\x02\x03" * 50)
    assert list(run(tmp_path).loaded.failed) == ["dogs.txt"]
    small["dogs.txt"] = SMALL[1]
    assert run(tmp_path).loaded.failed == {}


@pytest.mark.usefixtures("small")
def test_a_configured_model_writes_the_answer(tmp_path: Path) -> None:
    with model_server(tokens=5, api_key="sk-right") as server:
        demo = run(tmp_path, OPENAI_API_BASE=server.url, OPENAI_API_KEY="sk-right", HOMEPORT_DEFAULT_LLM="fake-chat")
        asked = [call.body for call in server.calls if call.path.endswith("/chat/completions")]
    assert (demo.outcome.provider, demo.outcome.model) == ("openai", "fake-chat")
    assert demo.outcome.answer
    assert "A bicycle costs 3 pounds" in json.dumps(asked)


@pytest.mark.usefixtures("small")
def test_a_refused_key_is_said_in_a_sentence_without_the_key(tmp_path: Path) -> None:
    with (
        model_server(api_key="sk-right") as server,
        pytest.raises(Misconfigured, match="refused the API key") as raised,
    ):
        run(tmp_path, OPENAI_API_BASE=server.url, OPENAI_API_KEY="sk-wrong-one", HOMEPORT_DEFAULT_LLM="fake-chat")
    assert "sk-wrong-one" not in str(raised.value)


def test_a_directory_in_use_is_refused_with_a_way_out(tmp_path: Path) -> None:
    with held(tmp_path, "Homeport on port 5001"), pytest.raises(DataDirectoryInUse, match="port 5001") as raised:
        run(tmp_path)
    assert raised.value.hint == "Stop it, or choose another --data-dir."


@pytest.mark.usefixtures("small")
def test_a_server_with_an_init_password_lets_its_operator_in(tmp_path: Path) -> None:
    assert run(tmp_path, INIT_PASSWORD="only for me").password


@pytest.fixture
def terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[CliRunner]:
    """A terminal in an empty directory; what the command sets for its process is undone."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOMEPORT_DATA_DIR", "overruled by the option")
    root = logging.getLogger()
    level, handlers = root.level, root.handlers[:]
    yield CliRunner()
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(False)
    structlog.reset_defaults()


@pytest.mark.usefixtures("small")
def test_the_command_prints_one_json_object(tmp_path: Path, terminal: CliRunner) -> None:
    done = terminal.invoke(command, ["--data-dir", str(tmp_path / "data"), "--question", BICYCLE, "--json"])
    assert done.exit_code == 0, done.output
    answer = json.loads(done.stdout)
    assert answer["citations"][0]["document_name"] == "ferry.md"
    assert answer["question"] == BICYCLE
    assert answer["documents"] == len(SMALL)


@pytest.mark.usefixtures("small")
def test_the_command_shows_the_sources_and_the_way_to_the_browser(tmp_path: Path, terminal: CliRunner) -> None:
    done = terminal.invoke(command, ["--data-dir", str(tmp_path / "elsewhere"), "--question", BICYCLE])
    assert done.exit_code == 0, done.output
    assert "A bicycle costs 3 pounds" in done.stdout
    assert "[1] ferry.md" in done.stdout
    assert f" up --data-dir {tmp_path / 'elsewhere'}" in done.stdout
    assert "http://127.0.0.1:5001" in done.stdout


def test_an_empty_question_is_refused() -> None:
    done = CliRunner().invoke(command, ["--question", " "])
    assert done.exit_code == 2
    assert "The question is empty" in done.stderr


def test_the_sample_has_several_formats_and_small_files() -> None:
    sample = read_sample()
    extensions = {extension_of(file.name) for file in sample}
    assert {"md", "html", "csv", "eml", "docx", "pdf"} <= extensions <= set(ACCEPTED)
    assert {"quick-start.md", "models.md", "api.md"} <= {file.name for file in sample}
    assert max(len(file.content) for file in sample) <= 30_000
