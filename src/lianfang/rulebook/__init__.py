"""The rules of outbreak response and household protection as dated, sourced data, and the functions that apply them.

Pure: needs no Django and no other part of Lianfang. Numbers stand in the TOML files under `editions` and `packs`,
never in code; a deployment adds folders of its own (see docs/how-to/add-a-disease-pack.md).
"""

from lianfang.rulebook.book import NoEditionError, Pack, Rulebook, Unsure, default, load
from lianfang.rulebook.classification import Classification, classify
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
from lianfang.rulebook.terms import CONFIDENCE_MEANING, Confidence, Interval, Status, Text, Threshold

__all__ = [
    "CONFIDENCE_MEANING",
    "Assessment",
    "BloodCount",
    "CaseFacts",
    "Classification",
    "Confidence",
    "Doubt",
    "Evidence",
    "Exposure",
    "Imaging",
    "Interval",
    "ItemFinding",
    "LabTest",
    "NoEditionError",
    "Pack",
    "RuleEdition",
    "Rulebook",
    "RulebookError",
    "Status",
    "Temperature",
    "Text",
    "Threshold",
    "Unsure",
    "Vitals",
    "classify",
    "default",
    "load",
]
