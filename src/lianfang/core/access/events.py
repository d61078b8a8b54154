"""The acts of access that are recorded."""

from django.utils.translation import gettext_lazy as _

from lianfang.core.audit.tags import Tag


class AccessEvent(Tag):
    """What is done to users, roles, keys and emergency access."""

    USER_CREATED = "access.user_created", _("a user was created")
    USER_CHANGED = "access.user_changed", _("a user was changed")
    USER_CLOSED = "access.user_closed", _("a user can no longer sign in")
    PASSWORD_SET = "access.password_set", _("a password was set")
    ROLE_GRANTED = "access.role_granted", _("a role was given")
    ROLE_REVOKED = "access.role_revoked", _("a role was taken back")
    TOKEN_ISSUED = "access.token_issued", _("a key for a machine was issued")
    TOKEN_REVOKED = "access.token_revoked", _("a key for a machine was revoked")
    SIGNED_IN = "access.signed_in", _("a user signed in")
    SIGN_IN_FAILED = "access.sign_in_failed", _("signing in failed")
    GLASS_BROKEN = "access.glass_broken", _("emergency access was taken")
    GLASS_REVIEWED = "access.glass_reviewed", _("emergency access was reviewed")
    VIEW_SAVED = "access.view_saved", _("a view of a list was kept")
    VIEW_DROPPED = "access.view_dropped", _("a view of a list was removed")
