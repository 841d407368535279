"""Makes a program of a function and its inputs, and finds the result in what the program wrote."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

from homeport.backends.sandbox.errors import InvalidResult
from homeport.backends.sandbox.port import Language

_MARK = "<<RESULT>>"

_PYTHON = """{code}

def _homeport_main():
    import json, sys
    from base64 import b64decode
    result = main(**json.loads(b64decode("{inputs}").decode("utf-8")))
    sys.stdout.write("{mark}" + json.dumps(result, ensure_ascii=False) + "{mark}")

_homeport_main()
"""

_JAVASCRIPT = """{code}

;(function () {{
  const inputs = JSON.parse(Buffer.from("{inputs}", "base64").toString("utf-8"));
  const write = (result) => process.stdout.write("{mark}" + JSON.stringify(result) + "{mark}");
  const result = main(inputs);
  if (result !== null && typeof result === "object" && typeof result.then === "function") {{
    result.then(write);
  }} else {{
    write(result);
  }}
}})();
"""

_TEMPLATE = """
def main(**inputs):
    from base64 import b64decode
    from jinja2 import Template
    return {{"result": Template(b64decode("{template}").decode("utf-8")).render(**inputs)}}
"""

#: The language of the sandbox in which each language of an app runs.
RUNS_AS = {Language.PYTHON: "python3", Language.JAVASCRIPT: "nodejs", Language.JINJA2: "python3"}


def wrap(language: Language, code: str, inputs: Mapping[str, Any]) -> str:
    """The program. Inputs travel as base64, so that nothing in them is read as code. Raises `InvalidResult`."""
    try:
        packed = _pack(json.dumps(dict(inputs), ensure_ascii=False))
    except (TypeError, ValueError) as error:
        raise InvalidResult(f"The inputs of the code cannot be written as JSON: {error}.") from error
    if language is Language.JAVASCRIPT:
        return _JAVASCRIPT.format(code=code, inputs=packed, mark=_MARK)
    body = code if language is Language.PYTHON else _TEMPLATE.format(template=_pack(code))
    return _PYTHON.format(code=body, inputs=packed, mark=_MARK)


def unwrap(stdout: str) -> dict[str, Any]:
    """The result in what the program wrote; the code's own output around it is left out. Raises `InvalidResult`."""
    # From the end: what the code itself wrote stands before it.
    before, end, _ = stdout.rpartition(_MARK)
    _, start, text = before.rpartition(_MARK)
    if not end or not start:
        raise InvalidResult(
            "The code gave no result.", hint="Its function main has to return, without leaving the process."
        )
    try:
        result = json.loads(text)
    except ValueError as error:
        raise InvalidResult(
            f"The code gave a result that is not JSON: {error}.",
            hint="Accepted are texts, numbers, true, false, null, lists and objects.",
        ) from error
    if not isinstance(result, dict):
        kind = {list: "a list", str: "a text", bool: "true or false", type(None): "nothing"}.get(
            type(result), "a number"
        )
        raise InvalidResult(
            f"The code gave {kind} as its result; accepted is an object whose keys are the output variables."
        )
    return result


def _pack(text: str) -> str:
    return base64.b64encode(text.encode("utf-8", "surrogatepass")).decode("ascii")
