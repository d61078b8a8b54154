"""The words in which facts are recorded: the rulebook's vocabulary, so that no fact is written that no rule can read."""

from lianfang.cases.errors import UnknownWord
from lianfang.core.rules import site_rules

# Signs that carry a value instead of yes or no, and the onset itself.
MEASURED = frozenset({"temperature", "white_cells", "lymphocytes"})
_SIGN_GROUPS = {"imaging": "findings", "flag": "statements"}


def require_word(group: str, word: str) -> str:
    """Return `word` if the group (tests, specimens, exposures, ...) has it, else raise UnknownWord with those it has."""
    known = site_rules().vocabulary[group]  # type: ignore[index]
    if word not in known:
        raise UnknownWord(group=group, word=word, known=", ".join(sorted(known)))
    return word


def require_sign(code: str) -> str:
    """Return the sign's code if a rule could read it: a sign, a measured value, `imaging.finding` or `flag.statement`."""
    if code in MEASURED or code == "onset":
        return code
    prefix, dot, name = code.partition(".")
    if dot:
        require_word(_SIGN_GROUPS.get(prefix, "signs"), name)
    else:
        require_word("signs", code)
    return code
