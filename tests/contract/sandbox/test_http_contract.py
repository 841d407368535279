"""The HTTP contract of the established sandbox service: its clients notice nothing."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.sandbox_server import container_command, require_linux, require_node, running_sandbox

RUN = "/v1/sandbox/run"


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    require_linux()
    log = tmp_path_factory.mktemp("sandbox") / "log"
    with running_sandbox(log, MAX_WORKERS="2", WORKER_TIMEOUT="20") as client:
        yield client


@pytest.fixture(scope="module")
def narrow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """With one worker, two requests at once, and preload."""
    require_linux()
    log = tmp_path_factory.mktemp("narrow") / "log"
    settings = {"MAX_WORKERS": "1", "MAX_REQUESTS": "2", "WORKER_TIMEOUT": "30", "ENABLE_PRELOAD": "true"}
    with running_sandbox(log, SANDBOX_OUTPUT_MB="1", **settings) as client:
        yield client


def run(client: httpx.Client, code: str, language: str = "python3", **fields: Any) -> dict[str, Any]:
    answer = client.post(RUN, json={"language": language, "code": code, **fields})
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert (told["code"], told["message"]) == (0, "success"), told
    assert set(told["data"]) == {"stdout", "stderr", "error", "exit_code"}
    return dict(told["data"])


def test_health_answers_ok_without_a_key(sandbox: httpx.Client) -> None:
    answer = sandbox.get("/health", headers={"X-Api-Key": ""})
    assert (answer.status_code, answer.json()) == (200, "ok")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", RUN),
        ("GET", "/v1/sandbox/dependencies"),
        ("GET", "/v1/sandbox/dependencies/refresh"),
        ("POST", "/v1/sandbox/dependencies/update"),
        ("GET", "/v1/sandbox/status"),
        ("GET", "/metrics"),
    ],
)
@pytest.mark.parametrize("key", ["", "wrong", "a-key-for-test"])
def test_a_wrong_key_is_answered_401_with_an_empty_body(
    sandbox: httpx.Client, method: str, path: str, key: str
) -> None:
    answer = sandbox.request(method, path, headers={"X-Api-Key": key})
    assert (answer.status_code, answer.content) == (401, b"")


def test_code_is_run_and_its_output_told(sandbox: httpx.Client) -> None:
    assert run(sandbox, "print('hello')") == {"stdout": "hello\n", "stderr": "", "error": "", "exit_code": 0}


def test_a_form_is_taken_like_json(sandbox: httpx.Client) -> None:
    fields = {"language": "python3", "code": "print(1 + 1)", "enable_network": "false"}
    for answer in (sandbox.post(RUN, data=fields), sandbox.post(RUN, files={k: (None, v) for k, v in fields.items()})):
        assert answer.json()["data"]["stdout"] == "2\n"


def test_a_wrapped_function_gives_its_result_between_marks(sandbox: httpx.Client) -> None:
    inputs = base64.b64encode(json.dumps({"name": "Wörld 🌍"}).encode()).decode()
    code = f"""
def main(name: str) -> dict:
    return {{"greeting": "Hello " + name}}
import json
from base64 import b64decode
inputs = json.loads(b64decode("{inputs}").decode("utf-8"))
print("<<RESULT>>" + json.dumps(main(**inputs), indent=4) + "<<RESULT>>")
"""
    result = run(sandbox, code)["stdout"].split("<<RESULT>>")[1]
    assert json.loads(result) == {"greeting": "Hello Wörld 🌍"}


def test_time_zones_are_known(sandbox: httpx.Client) -> None:
    code = (
        "from datetime import datetime, timezone\nfrom zoneinfo import ZoneInfo\n"
        "print(datetime(2024, 1, 1, tzinfo=timezone.utc).astimezone(ZoneInfo('Asia/Shanghai')).isoformat())"
    )
    assert run(sandbox, code)["stdout"] == "2024-01-01T08:00:00+08:00\n"


@pytest.mark.parametrize("turn", range(5))
def test_much_output_arrives_whole(sandbox: httpx.Client, turn: int) -> None:
    told = run(sandbox, "import sys\nsys.stdout.write('x' * 304487)")
    assert (len(told["stdout"]), told["exit_code"]) == (304487, 0)


def test_logging_goes_to_standard_error_and_is_no_error(sandbox: httpx.Client) -> None:
    told = run(sandbox, "import logging\nlogging.basicConfig(level=logging.INFO)\nlogging.info('seen')\nprint('out')")
    assert (told["stdout"], told["error"], told["exit_code"]) == ("out\n", "", 0)
    assert "seen" in told["stderr"]


def test_an_exception_is_told_with_its_line(sandbox: httpx.Client) -> None:
    told = run(sandbox, "x = 1\nraise ValueError('this one')")
    assert told["exit_code"] == 1
    assert "ValueError: this one" in told["stderr"]
    assert "line 2" in told["stderr"]
    assert "homeport_sandbox" not in told["stderr"]
    assert told["error"].startswith("process exited with code 1\n")
    assert told["stderr"] in told["error"]


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("def broken(:\n", "SyntaxError"),
        ("x = 1\0", "null bytes"),
        ("def f(): return f()\nf()", "RecursionError"),
        ("print('\\ud800')", "UnicodeEncodeError"),
        ("import nothing_of_that_name", "ModuleNotFoundError"),
    ],
)
def test_code_that_cannot_work_is_told_so(sandbox: httpx.Client, code: str, said: str) -> None:
    told = run(sandbox, code)
    assert told["exit_code"] == 1
    assert said in told["error"]


@pytest.mark.parametrize(
    ("code", "status"), [("raise SystemExit(7)", 7), ("import sys; sys.exit('bye')", 1), ("import os; os._exit(9)", 9)]
)
def test_the_exit_status_is_told(sandbox: httpx.Client, code: str, status: int) -> None:
    told = run(sandbox, code)
    assert told["exit_code"] == status
    assert told["error"].startswith(f"process exited with code {status}")


def test_ten_megabytes_of_code_are_run(sandbox: httpx.Client) -> None:
    assert run(sandbox, f"x = '{'a' * 10_000_000}'\nprint(len(x))")["stdout"] == "10000000\n"


def test_a_request_beyond_the_limit_is_refused(sandbox: httpx.Client) -> None:
    answer = sandbox.post(RUN, json={"language": "python3", "code": "#" * (17 << 20)})
    assert (answer.status_code, answer.json()["code"]) == (413, -400)


@pytest.mark.parametrize(
    "code",
    [
        "import os\nos.execv('/bin/sh', ['sh'])",
        "import subprocess\nsubprocess.run(['ls'])",
        "import os\nprint(os.fork())",
        "import os\nos.posix_spawn('/bin/true', ['true'], {})",
    ],
)
def test_other_processes_are_refused_in_the_words_of_the_contract(sandbox: httpx.Client, code: str) -> None:
    told = run(sandbox, code)
    assert told["exit_code"] != 0
    assert "process exited with code" in told["error"]
    assert "operation not permitted" in told["error"]


def test_a_forbidden_system_call_ends_the_code(sandbox: httpx.Client) -> None:
    told = run(sandbox, "import ctypes\nctypes.CDLL(None).ptrace(0, 0, 0, 0)\nprint('still here')")
    assert (told["stdout"], told["exit_code"]) == ("", -1)
    assert "error: operation not permitted" in told["error"]


def test_the_password_file_is_out_of_reach(sandbox: httpx.Client) -> None:
    told = run(sandbox, "open('/etc/passwd').read()")
    level = sandbox.get("/v1/sandbox/status").json()["data"]["level"]
    words = "No such file or directory" if level == "isolated" else "Permission denied"
    assert words in told["stderr"]
    assert words in told["error"]


def test_too_long_a_run_is_ended_and_called_a_timeout(tmp_path: Path) -> None:
    require_linux()
    with running_sandbox(tmp_path / "log", MAX_WORKERS="1", WORKER_TIMEOUT="4") as hasty:
        for _ in range(5):  # on a busy machine the limit may be over before the code has said anything
            told = run(hasty, "print('begun', flush=True)\nwhile True: pass")
            assert told["exit_code"] == -1
            assert "error: timeout" in told["error"]
            if told["stdout"]:
                break
    assert told["stdout"] == "begun\n"


def test_too_much_output_ends_the_run(narrow: httpx.Client) -> None:
    told = run(narrow, "while True: print('x' * 10000)")
    assert told["exit_code"] == -1
    assert len(told["stdout"]) <= 1 << 20
    assert "error: output limit" in told["error"]


def test_too_much_memory_ends_the_run(sandbox: httpx.Client) -> None:
    told = run(sandbox, "x = bytearray(700 << 20)")
    assert "error: memory limit" in told["error"]


def test_preload_runs_first_where_it_is_enabled(narrow: httpx.Client, sandbox: httpx.Client) -> None:
    assert run(narrow, "print(before)", preload="before = 5")["stdout"] == "5\n"
    assert "NameError" in run(sandbox, "print(before)", preload="before = 5")["error"]


def test_requests_wait_for_a_worker_and_too_many_are_refused(narrow: httpx.Client) -> None:
    def ask(_: int) -> httpx.Response:
        return narrow.post(RUN, json={"language": "python3", "code": "import time\ntime.sleep(0.4)\nprint('done')"})

    with ThreadPoolExecutor(6) as threads:
        answers = list(threads.map(ask, range(6)))
    done = [answer for answer in answers if answer.status_code == 200]
    refused = [answer for answer in answers if answer.status_code == 503]
    assert len(done) + len(refused) == 6
    assert len(done) >= 2
    assert refused
    assert {answer.json()["code"] for answer in refused} == {-503}
    assert {answer.json()["message"] for answer in refused} == {"Too many requests"}
    assert {answer.json()["data"]["stdout"] for answer in done} == {"done\n"}


@pytest.mark.parametrize("language", ["ruby", "Python3", "python"])
def test_another_language_is_refused(sandbox: httpx.Client, language: str) -> None:
    answer = sandbox.post(RUN, json={"language": language, "code": "1"})
    assert (answer.status_code, answer.json()["code"]) == (400, -400)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", "application/json"),
        (b"{", "application/json"),
        (b"[]", "application/json"),
        (b"null", "application/json"),
        (b"\xff\xfe", "application/json"),
        (b"[" * 100_000, "application/json"),
        (b"{}", "application/json"),
        (b'{"language": "python3"}', "application/json"),
        (b'{"language": "python3", "code": ""}', "application/json"),
        (b'{"language": 3, "code": "1"}', "application/json"),
        (b'{"language": "python3", "code": ["1"]}', "application/json"),
        (b'{"language": "python3", "code": "1", "enable_network": "yes"}', "application/json"),
        (b'{"language": "python3", "code": "1", "preload": 1}', "application/json"),
        (b'{"language": "python3", "code": "\\ud800"}', "application/json"),
        (b"--x\r\nbroken", "multipart/form-data; boundary=x"),
        (b"language=python3", "application/x-www-form-urlencoded"),
    ],
)
def test_a_body_that_cannot_be_read_is_answered_with_its_reason(sandbox: httpx.Client, body: bytes, kind: str) -> None:
    answer = sandbox.post(RUN, content=body, headers={"Content-Type": kind})
    assert answer.status_code == (400 if kind == "application/json" else 200)
    told = answer.json()
    assert told["code"] == -400
    assert told["message"]
    assert told["data"] is None


def test_network_is_refused_where_it_is_disabled(sandbox: httpx.Client) -> None:
    answer = sandbox.post(RUN, json={"language": "python3", "code": "1", "enable_network": True})
    assert (answer.status_code, answer.json()["code"]) == (200, -400)
    assert "ENABLE_NETWORK" in answer.json()["message"]


def test_packages_are_listed_for_python_only(sandbox: httpx.Client) -> None:
    for path in ("/v1/sandbox/dependencies", "/v1/sandbox/dependencies/refresh"):
        told = sandbox.get(path, params={"language": "python3"}).json()
        assert (told["code"], type(told["data"]["dependencies"])) == (0, list)
        refused = sandbox.get(path, params={"language": "nodejs"})
        assert (refused.status_code, refused.json()["code"]) == (400, -400)
    told = sandbox.post("/v1/sandbox/dependencies/update", json={"language": "python3"}).json()
    assert told == {"code": 0, "message": "success", "data": {}}
    assert sandbox.post("/v1/sandbox/dependencies/update", json={"language": "nodejs"}).status_code == 400


def test_javascript_is_run_and_its_errors_are_told(sandbox: httpx.Client) -> None:
    require_node()
    told = run(sandbox, "console.log(JSON.stringify({a: [1, 'ü']}))", "nodejs")
    assert told == {"stdout": '{"a":[1,"ü"]}\n', "stderr": "", "error": "", "exit_code": 0}
    logged = run(sandbox, "console.error('only said'); console.log('done')", "nodejs")
    assert (logged["stdout"], logged["error"], logged["exit_code"]) == ("done\n", "", 0)
    assert "only said" in logged["stderr"]
    thrown = run(sandbox, "throw new Error('this one')", "nodejs")
    assert thrown["exit_code"] == 1
    assert "this one" in thrown["stderr"]
    assert "this one" in thrown["error"]


def test_javascript_cannot_start_processes(sandbox: httpx.Client) -> None:
    require_node()
    code = "require('child_process').spawn('ls', ['-l']).stdout.on('data', (d) => console.log(`${d}`));"
    told = run(sandbox, code, "nodejs")
    assert "process exited with code" in told["error"]
    assert "operation not permitted" in told["error"]


def test_redefining_what_a_wrapper_uses_runs_nothing_early(sandbox: httpx.Client) -> None:
    require_node()
    code = """
global.parseInt = () => { console.log('early'); return 0; };
function main() { return {ran: true}; }
console.log('<<RESULT>>' + JSON.stringify(main()) + '<<RESULT>>');
"""
    assert run(sandbox, code, "nodejs")["stdout"] == '<<RESULT>>{"ran":true}<<RESULT>>\n'


def test_nodejs_code_of_two_megabytes_is_run(sandbox: httpx.Client) -> None:
    require_node()
    assert run(sandbox, f"console.log('{'a' * 2_000_000}'.length)", "nodejs")["stdout"] == "2000000\n"


def test_runs_share_nothing(sandbox: httpx.Client) -> None:
    run(sandbox, "import json, builtins, os\njson.dumps = None\nbuiltins.left = 1\nos.environ['LEFT'] = '1'")
    told = run(
        sandbox, "import json, builtins, os\nprint(json.dumps([hasattr(builtins, 'left'), 'LEFT' in os.environ]))"
    )
    assert told["stdout"] == "[false, false]\n"


def test_the_counters_tell_what_was_run(sandbox: httpx.Client) -> None:
    run(sandbox, "print(1)")
    text = sandbox.get("/metrics").text
    assert 'sandbox_runs_total{language="python3",ended="ok"}' in text
    assert 'sandbox_run_seconds_bucket{language="python3",le="+Inf"}' in text
    assert "sandbox_level" in text


def test_the_configuration_file_is_read_under_the_environment(tmp_path: Path) -> None:
    require_linux()
    if container_command() is not None:
        pytest.skip("a container does not see this file")
    file = tmp_path / "config.yaml"
    file.write_text("app:\n  key: from-file\nworker_timeout: 4\nenable_preload: true\nmax_workers: 1\n")
    with running_sandbox(tmp_path / "log", SANDBOX_CONFIG=str(file), WORKER_TIMEOUT="30") as client:
        assert run(client, "print(x)", preload="x = 3")["stdout"] == "3\n"
    with running_sandbox(tmp_path / "log", SANDBOX_CONFIG=str(file)) as client:
        assert "ran longer than 4 seconds" in run(client, "import time\ntime.sleep(30)")["error"]
