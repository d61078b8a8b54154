"""What is made once and asked by several tests: each of them finds it as it was made."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import transaction


@contextmanager
def kept(blocker: Any) -> Iterator[None]:
    """Keep what is written inside while the tests of a module run; what each of them writes is undone after it.

    For fixtures of a module that ask for `django_db_setup` and `django_db_blocker`. Their objects are shared: a test
    that changes one works on a copy.
    """
    with blocker.unblock(), transaction.atomic():
        yield
        transaction.set_rollback(True)
