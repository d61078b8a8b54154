"""Errors of the loop."""

from lianfang.common.errors import LianfangError


class NoRootUnit(LianfangError):  # noqa: N818
    """No unit answers for the whole area, so a duty could be left with nobody."""

    code = "loop.no_root_unit"
    hint = "Create one unit without a parent, such as the national or provincial health authority."
