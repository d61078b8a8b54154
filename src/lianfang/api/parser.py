"""How a body is read: strictly, so that no text arrives that no database can hold."""

from typing import Any

from django.http import HttpRequest
from ninja.errors import HttpError
from ninja.parser import Parser
from pydantic_core import from_json


class StrictParser(Parser):
    """JSON as RFC 8259 has it: no NaN, no half of a surrogate pair, no endless nesting; nor the character NUL."""

    def parse_body(self, request: HttpRequest) -> Any:
        """Return what was sent; HttpError 400 says where it cannot be read."""
        try:
            found = from_json(request.body, allow_inf_nan=False)
        except ValueError as error:
            raise HttpError(400, f"The body is no JSON: {error}.") from error
        if b"\\u0000" in request.body and _holds_nul(found):
            raise HttpError(400, "A text holds the character NUL (\\u0000).")
        return found


def _holds_nul(value: Any) -> bool:
    if isinstance(value, dict):
        return any(_holds_nul(part) for pair in value.items() for part in pair)
    if isinstance(value, list):
        return any(map(_holds_nul, value))
    return isinstance(value, str) and "\x00" in value
