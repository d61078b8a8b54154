"""The rules of outbreak response and household protection as dated, sourced data, and the functions that apply them.

Pure: needs no Django and no other part of Lianfang. Numbers stand in the TOML files under `editions` and `packs`,
never in code; a deployment adds folders of its own (see docs/how-to/add-a-disease-pack.md).
"""

from lianfang.rulebook.areas import (
    Cluster,
    ClusterMember,
    Grade,
    cluster,
    community_spread,
    event_alerts,
    grade,
    measures,
    timeliness,
    worst,
)
from lianfang.rulebook.book import NoEditionError, Pack, Rulebook, Unsure, default, load
from lianfang.rulebook.classification import Classification, classify
from lianfang.rulebook.clocks import Clock, is_quiet, level_reached, quiet_until
from lianfang.rulebook.discharge import Discharge, discharge, recurrence
from lianfang.rulebook.edition import Doubt, RuleEdition
from lianfang.rulebook.expression import ItemFinding
from lianfang.rulebook.facts import (
    Assessment,
    BloodCount,
    CaseFacts,
    Exposure,
    Imaging,
    LabTest,
    Temperature,
    Vitals,
)
from lianfang.rulebook.leaves import Evidence
from lianfang.rulebook.loading import RulebookError
from lianfang.rulebook.observation import (
    ContactWindow,
    Release,
    contact_window,
    observation_end,
    place_window_opens,
    release,
)
from lianfang.rulebook.reference import render_reference
from lianfang.rulebook.severity import Severity, severity
from lianfang.rulebook.terms import CONFIDENCE_MEANING, Confidence, Interval, Status, Text, Threshold
from lianfang.rulebook.verdict import Verdict

__all__ = [
    "CONFIDENCE_MEANING",
    "Assessment",
    "BloodCount",
    "CaseFacts",
    "Classification",
    "Clock",
    "Cluster",
    "ClusterMember",
    "Confidence",
    "ContactWindow",
    "Discharge",
    "Doubt",
    "Evidence",
    "Exposure",
    "Grade",
    "Imaging",
    "Interval",
    "ItemFinding",
    "LabTest",
    "NoEditionError",
    "Pack",
    "Release",
    "RuleEdition",
    "Rulebook",
    "RulebookError",
    "Severity",
    "Status",
    "Temperature",
    "Text",
    "Threshold",
    "Unsure",
    "Verdict",
    "Vitals",
    "classify",
    "cluster",
    "community_spread",
    "contact_window",
    "default",
    "discharge",
    "event_alerts",
    "grade",
    "is_quiet",
    "level_reached",
    "load",
    "measures",
    "observation_end",
    "place_window_opens",
    "quiet_until",
    "recurrence",
    "release",
    "render_reference",
    "severity",
    "timeliness",
    "worst",
]
