"""The size budgets of the house; the worst ten of each kind are printed (pytest -rP shows them)."""

import ast

from tests.conformance.source_tree import REPOSITORY, Function, functions, parsed, sources

FILE_LINES = 600
FUNCTION_LINES = 60
POSITIONAL = 5
# ninja and Typer read what a door takes from the signature of a function.
DOORS = {"api", "cli"}


def test_files_stay_small() -> None:
    sized = sorted(((len(path.read_text("utf-8").splitlines()), path) for path in sources()), reverse=True)
    for n_lines, path in sized[:10]:
        print(f"{n_lines:5} {path.relative_to(REPOSITORY)}")
    tests = ((len(p.read_text("utf-8").splitlines()), p) for p in (REPOSITORY / "tests").rglob("*.py"))
    too_long = [
        (n, str(path)) for n, path in (*sized, *tests) if n > FILE_LINES and not _is_stories(path.name)
    ]
    assert too_long == []


def _is_stories(name: str) -> bool:
    """One story for each duty stands in one file, where CONTRIBUTING sends whoever adds a duty."""
    return name == "histories.py"


def test_functions_stay_short() -> None:
    found = sorted(functions(), key=lambda one: -one.n_lines)
    for one in found[:10]:
        print(f"{one.n_lines:5} {one}")
    assert [str(one) for one in found if one.n_lines > FUNCTION_LINES] == []


def test_few_positional_parameters() -> None:
    found = sorted((f for f in functions() if f.floor not in DOORS), key=lambda one: -one.n_positional)
    for one in found[:10]:
        print(f"{one.n_positional:5} {one}")
    kernels = compiled()
    assert [str(f) for f in found if f.n_positional > POSITIONAL and (f.path, f.line) not in kernels] == []


def compiled() -> set[tuple[object, int]]:
    """Return where numba compiles a function: its calls inside other compiled functions are by position."""
    return {
        (path, node.lineno)
        for path in sources()
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.FunctionDef)
        and any("njit" in ast.dump(decorator) for decorator in node.decorator_list)
    }


def test_lengths_are_counted_without_docstrings() -> None:
    by_name = {(one.path.name, one.name): one for one in functions()}
    clock: Function = by_name["clock.py", "now"]
    assert (clock.n_lines, clock.n_positional) == (2, 0)
