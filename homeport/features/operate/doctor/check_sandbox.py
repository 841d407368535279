"""Code is run, and confined."""

from __future__ import annotations

from homeport.backends.sandbox.errors import Unsupported
from homeport.backends.sandbox.port import Language, Sandbox
from homeport.features.operate.doctor.findings import Finding, ok, problem, warning

_CODE = "def main(number): return {'doubled': number * 2}"


async def check_sandbox(sandbox: Sandbox) -> list[Finding]:
    """Asks how strongly code is confined, and has a small function run. Closes `sandbox`."""
    try:
        status = await sandbox.check()
        if status.problem:
            return [problem(status.problem, cause="Code and template nodes of workflows do not run.")]
        result = await sandbox.run(Language.PYTHON, _CODE, {"number": 21})
    except Unsupported as error:
        return [warning(error.message, cause="Code and template nodes of workflows do not run.", fix=error.hint or "")]
    finally:
        await sandbox.close()
    if result != {"doubled": 42}:
        return [problem(f"The sandbox answered {result} where 42 was right.", fix="Please report this.")]
    return [ok(f"Code is run{f', at the level {status.level}' if status.level else ''}.")]
