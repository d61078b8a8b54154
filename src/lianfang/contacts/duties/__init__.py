"""What is owed about contacts: listed, told, observed, tested, placed, looked after, and released."""

from lianfang.contacts.duties import isolating, observing

__all__ = ["isolating", "observing"]
