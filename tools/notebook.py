"""Runs the notebooks of docs/tutorial in order of their cells, warnings as errors, and keeps what they print.

`python tools/notebook.py` runs them and stores the outputs; `--check` fails where what is printed differs from what is
stored. A notebook needs no Jupyter for that: its format is JSON, and a cell is Python. Figures are kept small, as PNG,
and not compared. Numbers of a cell with the tag "estimate", whose method may get better, may differ by a third.
"""

import argparse
import ast
import base64
import contextlib
import io
import json
import math
import re
import sys
import warnings
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "tutorial"
DPI = 50
NUMBER = re.compile(r"\d+(?:\.\d+)?")


def run_cell(source: str, names: dict[str, Any]) -> list[dict[str, Any]]:
    """Run the source of one cell in `names`; return its outputs as the notebook format has them."""
    tree = ast.parse(source)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    printed, value = io.StringIO(), None
    with contextlib.redirect_stdout(printed), warnings.catch_warnings():
        warnings.simplefilter("error")
        exec(compile(tree, "<cell>", "exec"), names)  # noqa: S102 - our own notebook
        if isinstance(last, ast.Expr):
            value = eval(compile(ast.Expression(last.value), "<cell>", "eval"), names)  # noqa: S307
    outputs: list[dict[str, Any]] = []
    if printed.getvalue():
        outputs.append({"output_type": "stream", "name": "stdout", "text": lines(printed.getvalue())})
    if value is not None:
        outputs.append(
            {"output_type": "execute_result", "execution_count": None, "metadata": {}, "data": shown(value)}
        )
    return outputs


def shown(value: Any) -> dict[str, Any]:
    figure = getattr(value, "figure", None)
    if figure is None or not hasattr(figure, "savefig"):
        return {"text/plain": lines(repr(value))}
    picture = io.BytesIO()
    figure.savefig(picture, format="png", dpi=DPI)
    return {"text/plain": ["<figure>"], "image/png": base64.b64encode(picture.getvalue()).decode()}


def lines(text: str) -> list[str]:
    return text.splitlines(keepends=True)


def run(notebook: dict[str, Any]) -> list[list[dict[str, Any]]]:
    """Return the outputs of each code cell, run in order; an error names its cell."""
    names: dict[str, Any] = {"__name__": "__notebook__"}
    found = []
    for number, cell in enumerate(cell for cell in notebook["cells"] if cell["cell_type"] == "code"):
        try:
            found.append(run_cell("".join(cell["source"]), names))
        except Exception as error:
            raise RuntimeError(f"code cell {number}: {type(error).__name__}: {error}") from error
    return found


def texts(outputs: list[dict[str, Any]]) -> list[str]:
    """Return what is compared: everything but pictures."""
    return ["".join(one.get("text") or one["data"]["text/plain"]) for one in outputs]


def differences(notebook: dict[str, Any]) -> list[str]:
    """Return where a fresh run prints something else than is stored."""
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    return [
        f"code cell {number}:\nstored {texts(cell['outputs'])}\nnow    {texts(outputs)}"
        for number, (cell, outputs) in enumerate(zip(cells, run(notebook), strict=True))
        if not alike(cell, outputs)
    ]


def alike(cell: dict[str, Any], outputs: list[dict[str, Any]]) -> bool:
    stored, now = "\n".join(texts(cell["outputs"])), "\n".join(texts(outputs))
    if "estimate" not in cell["metadata"].get("tags", ()):
        return stored == now
    if NUMBER.sub("#", stored) != NUMBER.sub("#", now):
        return False
    pairs = zip(map(float, NUMBER.findall(stored)), map(float, NUMBER.findall(now)), strict=True)
    return all(math.isclose(a, b, rel_tol=1 / 3, abs_tol=3) for a, b in pairs)


def store(path: Path) -> None:
    notebook = json.loads(path.read_text(encoding="utf-8"))
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    for number, (cell, outputs) in enumerate(zip(cells, run(notebook), strict=True)):
        for output in outputs:
            if "execution_count" in output:
                output["execution_count"] = number + 1
        cell["outputs"], cell["execution_count"] = outputs, number + 1
    path.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    if parser.parse_args().check:
        wrong = [
            text
            for path in sorted(FOLDER.glob("*.ipynb"))
            for text in differences(json.loads(path.read_text("utf-8")))
        ]
        sys.exit("\n".join(wrong) or 0)
    for notebook_path in sorted(FOLDER.glob("*.ipynb")):
        store(notebook_path)
