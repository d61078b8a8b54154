"""What is known of treatments, as one reader sees it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from lianfang.core.access.actor import Actor
from lianfang.core.access.permissions import Permission
from lianfang.outlook.models import Run, Study


@dataclass(frozen=True, kw_only=True)
class Known:
    """One treatment of one disease: the effect as it was last worked out, or why there is none."""

    disease: str
    what: str
    run: Run
    effect: dict[str, Any]

    @property
    def estimate(self) -> float | None:
        """Hazard ratio of death, treated against untreated days, adjusted."""
        return self.effect["ratio"][0] if self.effect["ratio"] else None

    @property
    def low(self) -> float | None:
        """Lower end of its 95 % interval."""
        return self.effect["ratio"][1] if self.effect["ratio"] else None

    @property
    def high(self) -> float | None:
        """Upper end of its 95 % interval."""
        return self.effect["ratio"][2] if self.effect["ratio"] else None

    @property
    def sureness(self) -> str:
        """Return fewer, more, unclear (the interval holds no difference), or refused."""
        if self.estimate is None or self.low is None or self.high is None:
            return "refused"
        return "fewer" if self.high < 1 else "more" if self.low > 1 else "unclear"


def treatments_known(actor: Actor) -> list[Known]:
    """Return what is known of every treatment; counts only, for all who see patients anywhere."""
    return list(_known()) if actor.may(Permission.CARE_VIEW) else []


def _known() -> Iterator[Known]:
    for study in (
        Study.objects.filter(method="treatments", latest__isnull=False)
        .select_related("latest")
        .order_by("disease")
    ):
        run = study.latest
        assert run is not None
        for what, effect in sorted(run.result.get("treatments", {}).items()):
            yield Known(disease=study.disease, what=what, run=run, effect=effect)
