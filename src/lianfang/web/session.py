"""Signing in and out."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth import login, logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST

from lianfang.common.errors import LianfangError
from lianfang.core.access import services
from lianfang.core.access.models import Grant
from lianfang.demo.ground import CAST, PASSWORD


class SignIn(forms.Form):
    """Name and password."""

    login = forms.CharField(
        label=_("Sign-in name"), max_length=60, widget=forms.TextInput({"autocomplete": "username"})
    )
    password = forms.CharField(
        label=_("Password"), widget=forms.PasswordInput({"autocomplete": "current-password"})
    )


@require_http_methods(["GET", "POST"])
def sign_in(request: Any) -> HttpResponse:
    """Sign a person in and go on to where they wanted to go; failures are counted and slow the next try down."""
    form = SignIn(request.POST or None)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                user = services.sign_in(**form.cleaned_data, at=request.at)
            except LianfangError as error:
                form.add_error(None, f"{error.sentence} {error.advice}")
                status = error.status
            else:
                login(request, user)
                return redirect(_safe_next(request))
    context = {
        "form": form,
        "next": request.GET.get("next", ""),
        "demo": _demo() if settings.IS_DEMO else None,
    }
    return render(request, "web/sign_in.html", context, status=status)


def _demo() -> dict[str, Any]:
    """Return the people of the demo world: one for each role."""
    rows = (
        Grant.objects.filter(user__login__in=CAST)
        .select_related("user", "user__unit", "place")
        .order_by("pk")
    )
    return {
        "password": PASSWORD,
        "people": [(grant.user, grant.get_role_display(), grant.place) for grant in rows],
    }


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """Sign the person out."""
    logout(request)
    return redirect("web:login")


def _safe_next(request: HttpRequest) -> str:
    target = request.POST.get("next", "")
    return target if url_has_allowed_host_and_scheme(target, {request.get_host()}) else "web:start"
