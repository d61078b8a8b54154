"""The examples in the docstrings do what they say."""

import doctest
import importlib
import pkgutil
from pathlib import Path

import pytest

import lianfang.simulate

MODULES = [module.name for module in pkgutil.iter_modules(lianfang.simulate.__path__)]


@pytest.mark.parametrize("name", MODULES)
def test_examples(name):
    module = importlib.import_module(f"lianfang.simulate.{name}")
    assert doctest.testmod(module).failed == 0


def test_there_are_examples():
    finder = doctest.DocTestFinder()
    found = sum(
        bool(test.examples)
        for name in MODULES
        for test in finder.find(importlib.import_module(f"lianfang.simulate.{name}"))
    )
    assert found >= 9


def test_examples_of_the_reference_page():
    page = Path(__file__).resolve().parents[3] / "docs" / "reference" / "simulate.md"
    result = doctest.testfile(str(page), module_relative=False)
    assert result.attempted >= 8
    assert result.failed == 0
