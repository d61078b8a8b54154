"""Reading the source of the package as text and as syntax: what the conformance tests count and compare."""

import ast
import configparser
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
PACKAGE = REPOSITORY / "src" / "lianfang"

Def = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Function:
    """A function of the package: where it is, how long without its docstring, how many positional parameters."""

    path: Path
    name: str
    line: int
    n_lines: int
    n_positional: int
    floor: str

    def __str__(self) -> str:
        return f"{self.path.relative_to(REPOSITORY)}:{self.line} {self.name}"


def sources() -> list[Path]:
    """Return the modules of the package, without migrations."""
    return sorted(path for path in PACKAGE.rglob("*.py") if "migrations" not in path.parts)


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def floor_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def functions() -> Iterator[Function]:
    for path in sources():
        for node in ast.walk(parsed(path)):
            if isinstance(node, Def):
                yield Function(
                    path=path,
                    name=node.name,
                    line=node.lineno,
                    n_lines=_length(node),
                    n_positional=_positional(node),
                    floor=floor_of(path),
                )


def _length(node: Def) -> int:
    """Return the lines from `def` to the end, without the docstring; decorators do not count."""
    first = node.body[0]
    doc = ast.get_docstring(node, clean=False)
    said = (first.end_lineno or first.lineno) - first.lineno + 1 if doc is not None else 0
    return (node.end_lineno or node.lineno) - node.lineno + 1 - said


def _positional(node: Def) -> int:
    names = [argument.arg for argument in (*node.args.posonlyargs, *node.args.args)]
    return len([name for name in names if name not in {"self", "cls"}])


def floors() -> list[list[str]]:
    """Return the floors of the house from the top, as import-linter's contract has them; a row of equals is one floor."""
    contracts = configparser.ConfigParser()
    contracts.read(REPOSITORY / ".importlinter")
    layers = contracts["importlinter:contract:floors"]["layers"].strip().splitlines()
    return [[name.strip(" ()") for name in line.split("|")] for line in layers]
