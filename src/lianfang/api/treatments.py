"""What is known of each treatment, and how surely; refusals with their reason."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ninja import Schema

from lianfang.api.door import endpoint
from lianfang.common.errors import NotVisible
from lianfang.core.access.permissions import Permission
from lianfang.outlook.selectors import treatments_known


class TreatmentKnownOut(Schema):
    """A treatment of a disease: `sureness` is fewer, more or unclear (deaths on treated days), or refused with the reason.

    `estimate` is the hazard ratio of death in hospital, treated against untreated days, with its 95 % interval;
    `ever_never` the comparison that counts the time before the treatment for it, and is wrong.
    """

    disease: str
    what: str
    made_at: datetime
    sureness: str
    refused: str
    estimate: float | None
    low: float | None
    high: float | None
    n: int
    n_treated: int
    deaths: int
    deaths_treated: int
    adjusted_for: list[str]
    missing: dict[str, int]
    n_left_out: int
    ever_never: float | None


def _told(known: Any) -> Mapping[str, Any]:
    names = ("disease", "what", "sureness", "estimate", "low", "high")
    return {
        **known.effect,
        **{name: getattr(known, name) for name in names},
        "made_at": known.run.at,
    }


@endpoint("GET", "/treatments", Permission.CARE_VIEW, response=list[TreatmentKnownOut])
def known(request: Any) -> Any:
    """List what is known of every treatment given."""
    return [_told(one) for one in treatments_known(request.actor)]


@endpoint("GET", "/treatments/{disease}/{path:what}", Permission.CARE_VIEW, response=TreatmentKnownOut)
def one(request: Any, disease: str, what: str) -> Any:
    """Return what is known of one treatment of a disease."""
    found = [k for k in treatments_known(request.actor) if (k.disease, k.what) == (disease, what)]
    if not found:
        raise NotVisible(thing="treatment")
    return _told(found[0])
