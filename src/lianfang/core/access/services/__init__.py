"""Everything that writes users, roles, keys and emergency access, and signing in."""

from lianfang.core.access.services.emergency import break_glass, review_break_glass
from lianfang.core.access.services.signing_in import issue_token, revoke_token, sign_in, user_of_token
from lianfang.core.access.services.users import (
    change_user,
    close_user,
    create_user,
    grant_role,
    revoke_grant,
    set_password,
)
from lianfang.core.access.services.views import drop_view, save_view

__all__ = [
    "break_glass",
    "change_user",
    "close_user",
    "create_user",
    "drop_view",
    "grant_role",
    "issue_token",
    "review_break_glass",
    "revoke_grant",
    "revoke_token",
    "save_view",
    "set_password",
    "sign_in",
    "user_of_token",
]
