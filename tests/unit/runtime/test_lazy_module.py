"""A module that is loaded when it is first used."""

from __future__ import annotations

import subprocess
import sys

import pytest

from homeport.runtime.lazy_module import LazyModule


def test_it_is_loaded_when_something_of_it_is_asked_for() -> None:
    program = (
        "import sys\n"
        "from homeport.runtime.lazy_module import LazyModule\n"
        "colors = LazyModule('colorsys')\n"
        "before = 'colorsys' in sys.modules\n"
        "print(before, colors.rgb_to_hsv(0, 0, 1)[2], 'colorsys' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["False", "1", "True"], done.stderr


def test_what_is_not_there_is_told_as_by_an_import() -> None:
    with pytest.raises(ModuleNotFoundError, match="nowhere"):
        _ = LazyModule("nowhere").anything
    with pytest.raises(AttributeError, match="nothing"):
        _ = LazyModule("colorsys").nothing
