"""What every template may use."""

from django.http import HttpRequest


def site(request: HttpRequest) -> dict[str, object]:
    """Return the actor and the moment of the request."""
    return {"actor": getattr(request, "actor", None), "at": getattr(request, "at", None)}
