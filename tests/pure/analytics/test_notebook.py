"""The tutorial notebook runs from top to bottom, without a warning, and prints what it shows."""

import importlib.util
import json
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
NOTEBOOKS = sorted((ROOT / "docs" / "tutorial").glob("*.ipynb"))


@pytest.fixture(scope="module")
def tool():
    found = importlib.util.spec_from_file_location("notebook_tool", ROOT / "tools" / "notebook.py")
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_prints_what_it_shows(path, tool):
    wrong = tool.differences(json.loads(path.read_text(encoding="utf-8")))
    assert not wrong, "\n".join(wrong) + "\nIf that is meant: python tools/notebook.py"


def test_a_notebook_that_lies_is_caught(tool):
    def cell(source, shown, *tags):
        output = {"output_type": "stream", "name": "stdout", "text": [shown]}
        return {
            "cell_type": "code",
            "source": [source],
            "outputs": [output],
            "metadata": {"tags": list(tags)},
        }

    assert not tool.differences({"cells": [cell("print(2 + 2)", "4\n")]})
    assert tool.differences({"cells": [cell("print(2 + 2)", "5\n")]})
    assert not tool.differences({"cells": [cell("print('near', 100)", "near 90\n", "estimate")]})
    assert tool.differences({"cells": [cell("print('near', 100)", "near 40\n", "estimate")]})
    with pytest.raises(RuntimeError, match="code cell 0: UserWarning"):
        tool.differences({"cells": [cell("import warnings; warnings.warn('old')", "")]})


def test_notebooks_stay_small():
    assert NOTEBOOKS
    assert all(path.stat().st_size < 200_000 for path in NOTEBOOKS)
