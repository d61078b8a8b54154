"""Links by which a person under observation reports temperature and signs without an account."""

from typing import Any, ClassVar

from django.db import models

from lianfang.common.fields import MomentField
from lianfang.contacts.models.contact import Contact


class SelfLink(models.Model):
    """A link for one person: signed, ends on a day, can be revoked. The token itself is not kept, only its number."""

    contact = models.ForeignKey(Contact, models.CASCADE, related_name="self_links")
    uid = models.UUIDField(unique=True)
    made_at = MomentField()
    made_by = models.ForeignKey("access.User", models.PROTECT, null=True, related_name="+")
    expires_at = MomentField()
    revoked_at = MomentField(null=True)

    def __str__(self) -> str:
        return f"self-report of {self.contact_id}"


class SelfLinkUse(models.Model):
    """A link was used: counted so that nobody can send more than a person would."""

    link = models.ForeignKey(SelfLink, models.CASCADE, related_name="uses")
    at = MomentField()

    class Meta:
        indexes: ClassVar[list[Any]] = [models.Index(fields=["link", "at"], name="self_link_use")]

    def __str__(self) -> str:
        return f"use of {self.link_id}"
