"""What arriving rows become here: contacts, who was in contact with whom, visits of observation, stays in isolation."""

from lianfang.contacts.targets.contact import ContactTarget
from lianfang.contacts.targets.follow_up import FollowUpTarget
from lianfang.contacts.targets.relationship import RelationshipTarget
from lianfang.contacts.targets.stay import StayTarget
from lianfang.intake.target import targets

for _target in (ContactTarget, RelationshipTarget, FollowUpTarget, StayTarget):
    targets.add(_target)

__all__ = ["ContactTarget", "FollowUpTarget", "RelationshipTarget", "StayTarget"]
