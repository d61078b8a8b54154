"""The stage on which every duty is put to the test."""

import pytest
from tests.conformance.histories import Stage, a_stage


@pytest.fixture
def stage(db: None) -> Stage:
    return a_stage()
