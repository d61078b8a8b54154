"""A register of declared things by their `code`; filled while the apps load and read ever after."""

from collections.abc import Iterator
from typing import Any, Generic, TypeVar

from lianfang.common.errors import LianfangError

T = TypeVar("T")


class Register(Generic[T]):
    """One instance of each declared class, by its code; a code used twice is an error."""

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._known: dict[str, T] = {}

    def add(self, declared: type[T]) -> type[T]:
        """Register a class (usable as a decorator)."""
        one: Any = declared()
        if one.code in self._known:
            raise DoubleCode(kind=self._kind, taken=one.code)
        self._known[one.code] = one
        return declared

    def get(self, code: str) -> T:
        """Return the one with that code, or raise UnknownCode."""
        try:
            return self._known[code]
        except KeyError:
            raise UnknownCode(kind=self._kind, wanted=code, known=", ".join(sorted(self._known))) from None

    def __iter__(self) -> Iterator[T]:
        return iter([self._known[code] for code in sorted(self._known)])

    def __len__(self) -> int:
        return len(self._known)


class DoubleCode(LianfangError):  # noqa: N818
    """Two {kind} have the code {taken}."""

    code = "loop.double_code"
    hint = "Give one of them another code."


class UnknownCode(LianfangError):  # noqa: N818
    """There is no {kind} {wanted}."""

    code = "loop.unknown_code"
    hint = "Use one of: {known}."
