"""Every public service takes the actor and the clock by name, and leaves a record of the act."""

import importlib
import inspect
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from typing import Any

from django.apps import apps

from lianfang.core.audit.services import record, record_many

# What stands among the services and is none, with the reason; a name that no longer needs its line fails, too.
NOT_AN_ACT = {
    "lianfang.cases.services.next_number": "reads the last number of a place and year",
    "lianfang.core.access.services.sign_in": "`by` is whoever signs in, and that is found out here",
    "lianfang.core.access.services.user_of_token": "reads whose key it is",
    "lianfang.core.audit.services.record": "is the record",
    "lianfang.core.audit.services.record_many": "is the record",
    "lianfang.core.registry.services.expired_people": "reads who is past the term of keeping",
    "lianfang.core.registry.services.index_people": "writes keyed hashes anew from what is on file",
    "lianfang.core.registry.services.propose_successions": "reads two tables of places",
    "lianfang.intake.services.dry_run": "does it and takes it back",
    "lianfang.intake.services.propose_mapping": "reads the columns of a file",
}


def services() -> Iterator[tuple[str, Callable[..., Any]]]:
    """Yield (name, function) of what each `services` module or package offers."""
    for config in apps.get_app_configs():
        if not config.name.startswith("lianfang.") or not find_spec(f"{config.name}.services"):
            continue
        module = importlib.import_module(f"{config.name}.services")
        names = getattr(module, "__all__", None) or [
            name
            for name, thing in vars(module).items()
            if getattr(thing, "__module__", "") == module.__name__
        ]
        for name in names:
            if not name.startswith("_") and inspect.isfunction(inspect.unwrap(getattr(module, name))):
                yield f"{module.__name__}.{name}", getattr(module, name)


SERVICES = dict(services())


def is_by_name(function: Callable[..., Any], name: str) -> bool:
    found = inspect.signature(function).parameters.get(name)
    return found is not None and found.kind is inspect.Parameter.KEYWORD_ONLY


def leaves_a_record(function: Callable[..., Any], seen: set[Any] | None = None) -> bool:
    """Return whether the function, or one that it calls in the package, writes an audit event."""
    plain: Any = inspect.unwrap(function)
    seen = seen if seen is not None else set()
    if plain in {record, record_many}:
        return True
    if plain in seen or not plain.__module__.startswith("lianfang."):
        return False
    seen.add(plain)
    called = (plain.__globals__.get(name) for name in names_in(plain.__code__))
    return any(leaves_a_record(one, seen) for one in called if inspect.isfunction(_unwrapped(one)))


def _unwrapped(thing: Any) -> Any:
    return inspect.unwrap(thing) if callable(thing) else None


def names_in(code: Any) -> set[str]:
    inner = [constant for constant in code.co_consts if inspect.iscode(constant)]
    return set(code.co_names).union(*(names_in(one) for one in inner))


def test_there_are_services_in_every_app_that_writes() -> None:
    writing = {name.removeprefix("lianfang.").rpartition(".services.")[0] for name in SERVICES}
    assert writing >= {"cases", "contacts", "loop", "intake", "core.registry", "core.access", "core.audit"}
    assert len(SERVICES) > 60


def test_every_service_takes_actor_and_clock_by_name() -> None:
    acts = {name: one for name, one in SERVICES.items() if name not in NOT_AN_ACT}
    wrong = [name for name, one in acts.items() if not (is_by_name(one, "by") and is_by_name(one, "at"))]
    assert wrong == []


def test_every_service_leaves_a_record() -> None:
    acts = {name: one for name, one in SERVICES.items() if name not in NOT_AN_ACT}
    assert [name for name, one in acts.items() if not leaves_a_record(one)] == []


def test_every_exception_is_still_one() -> None:
    assert set(NOT_AN_ACT) <= set(SERVICES)
    own = {"lianfang.core.audit.services.record", "lianfang.core.audit.services.record_many"}
    needless = [
        name
        for name in set(NOT_AN_ACT) - own
        if is_by_name(SERVICES[name], "by")
        and is_by_name(SERVICES[name], "at")
        and leaves_a_record(SERVICES[name])
    ]
    assert needless == []


def test_every_service_says_what_it_does() -> None:
    assert [name for name, one in SERVICES.items() if not (one.__doc__ or "").strip()] == []
