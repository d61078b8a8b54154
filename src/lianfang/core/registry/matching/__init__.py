"""Are these two records one person: keys to find look-alikes, comparisons, weights in bits, and the verdict."""

from lianfang.core.registry.matching.candidate import PersonCandidate, Profile
from lianfang.core.registry.matching.matcher import LookAlike, MatchResult, Verdict, match_many
from lianfang.core.registry.matching.weights import Evidence

__all__ = ["Evidence", "LookAlike", "MatchResult", "PersonCandidate", "Profile", "Verdict", "match_many"]
