"""The stage on which every duty is put to the test."""

import pytest
from tests.conformance.histories import Stage, a_stage


@pytest.fixture(autouse=True)
def _chains_as_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Histories make hundreds of runs; here the loop is on trial, and the sampling of chains in tests/apps/outlook."""
    from lianfang.outlook import chains

    monkeypatch.setattr(chains, "FEWEST", 10**6)


@pytest.fixture
def stage(db: None) -> Stage:
    return a_stage()
