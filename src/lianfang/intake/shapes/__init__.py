"""The forms in which records are given out: our own, and those that other systems take in.

A shape turns the rows of a target's export into the lines of a file. Our own form loses nothing; the others hold what
their system has a column for. All of them come back through `intake.formats` with nothing created.
"""

from lianfang.intake.shapes.base import Places, Shape, Sheet
from lianfang.intake.shapes.godata import GODATA
from lianfang.intake.shapes.own import OWN
from lianfang.intake.shapes.sormas import SORMAS, SORMAS_LINE_LIST

SHAPES: dict[str, Shape] = {shape.code: shape for shape in (OWN, SORMAS, SORMAS_LINE_LIST, GODATA)}

__all__ = ["SHAPES", "Places", "Shape", "Sheet"]
