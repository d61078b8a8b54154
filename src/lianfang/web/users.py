"""Users of the units in one's area: who holds which role where, new users, passwords, keys for machines."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from lianfang.core.access import services
from lianfang.core.access.models import ApiToken, Grant, User
from lianfang.core.access.permissions import HOLDS, Permission, Role
from lianfang.core.access.selectors import get_user, users_in
from lianfang.core.registry.models import Place, Unit
from lianfang.web.area import chosen_area
from lianfang.web.door import page

GRANT = Permission.ACCESS_GRANT
_LIMIT = 200


class UnitCodeField(forms.CharField):
    """A unit by its code."""

    def clean(self, value: Any) -> Any:
        code = super().clean(value)
        unit = Unit.objects.open().filter(code=code).first()
        if unit is None:
            raise forms.ValidationError(gettext("No open unit has this code; see the list of units."))
        return unit


class NewUser(forms.Form):
    """A person of a unit who may sign in; without a role they see nothing."""

    login = forms.SlugField(label=_("Sign-in name"), max_length=60)
    name = forms.CharField(label=_("Name"), max_length=120)
    unit = UnitCodeField(label=_("Code of the unit"), max_length=40)
    email = forms.EmailField(label=_("E-mail"), required=False)
    password = forms.CharField(
        label=_("First password"),
        widget=forms.PasswordInput({"autocomplete": "new-password"}),
        help_text=_("Ten characters or more."),
    )


class RoleForm(forms.Form):
    """A role in an area."""

    role = forms.ChoiceField(label=_("Role"), choices=Role.choices)
    place = forms.CharField(label=_("Code of the area"), max_length=24)
    until_at = forms.DateTimeField(
        label=_("Until"),
        required=False,
        widget=forms.DateTimeInput({"type": "datetime-local"}, "%Y-%m-%dT%H:%M"),
        help_text=_("Empty: for good."),
    )

    def clean_place(self) -> Place:
        place: Place | None = Place.objects.filter(code=self.cleaned_data["place"].strip()).first()
        if place is None:
            raise forms.ValidationError(gettext("No place has this code; see the list of places."))
        return place


class PasswordForm(forms.Form):
    """A new password."""

    password = forms.CharField(
        label=_("New password"), widget=forms.PasswordInput({"autocomplete": "new-password"})
    )


class KeyForm(forms.Form):
    """A key for a machine."""

    name = forms.CharField(label=_("What the key is for"), max_length=60)


class CloseForm(forms.Form):
    """Why somebody signs in no more."""

    reason = forms.CharField(label=_("Reason"))


@page("users", name="users", permission=GRANT)
def users(request: Any) -> HttpResponse:
    """List the users of the area with the roles they hold now."""
    return _list(request, NewUser())


def _list(request: Any, form: NewUser, status: int = 200) -> HttpResponse:
    area = chosen_area(request, GRANT)
    rows = list(users_in(request.actor, request.at, area.path)[:_LIMIT])
    return render(request, "users/list.html", {"area": area, "users": rows, "form": form}, status=status)


@page("users", name="users", permission=GRANT, method="POST")
def new_user(request: Any) -> HttpResponse:
    """Make a user, who sees nothing until a role is given."""
    form = NewUser(request.POST)
    if form.is_valid() and not request.actor.may(GRANT, form.cleaned_data["unit"].path):
        form.add_error("unit", gettext("This unit is not in your area."))
    if not form.is_valid():
        return _list(request, form, status=422)
    user = services.create_user(**form.cleaned_data, by=request.actor, at=request.at)
    messages.success(request, gettext("%s can sign in; give a role now.") % user.name)
    return redirect("web:user", login=user.login)


@page("users/<str:login>", name="user", permission=GRANT)
def user(request: Any, login: str) -> HttpResponse:
    """Show one user: roles held and past, keys, and what can be done."""
    return _show(request, get_user(request.actor, login, request.at))


def _show(
    request: Any,
    row: User,
    *,
    act: str = "",
    form: forms.Form | None = None,
    secret: str = "",
    status: int = 200,
) -> HttpResponse:
    grants = list(Grant.objects.filter(user=row).select_related("place").order_by("-from_at"))
    context = {
        "shown": row,
        "grants": [(grant, grant.until_at is None or grant.until_at > request.at) for grant in grants],
        "keys": ApiToken.objects.filter(user=row).order_by("-pk"),
        "secret": secret,
        "act": act,
        "forms": [
            (code, title, form if form is not None and code == act else made())
            for code, (title, made, _do) in ACTS.items()
        ],
        "roles": [(role.label, sorted(map(str, HOLDS[role]))) for role in Role],
    }
    return render(request, "users/user.html", context, status=status)


def _grant(row: User, form: Any, request: Any) -> str:
    said = form.cleaned_data
    services.grant_role(user=row, **{**said, "role": Role(said["role"])}, by=request.actor, at=request.at)
    return ""


def _password(row: User, form: Any, request: Any) -> str:
    services.set_password(user=row, **form.cleaned_data, by=request.actor, at=request.at)
    return ""


def _key(row: User, form: Any, request: Any) -> str:
    return services.issue_token(user=row, **form.cleaned_data, by=request.actor, at=request.at).secret


def _close(row: User, form: Any, request: Any) -> str:
    services.close_user(user=row, **form.cleaned_data, by=request.actor, at=request.at)
    return ""


# act -> (title, form, what it does and returns to be shown this once)
ACTS: dict[str, tuple[Any, type[forms.Form], Callable[[User, Any, Any], str]]] = {
    "role": (_("Give a role"), RoleForm, _grant),
    "password": (_("Set a password"), PasswordForm, _password),
    "key": (_("Issue a key for a machine"), KeyForm, _key),
    "close": (_("End the access"), CloseForm, _close),
}


@page("users/<str:login>/<str:act>", name="user_act", permission=GRANT, method="POST")
def act_on_user(request: Any, login: str, act: str) -> HttpResponse:
    """Do one of the acts on a user, or take back a role or a key."""
    row = get_user(request.actor, login, request.at)
    if act == "revoke":
        return _revoke(request, row)
    if act not in ACTS:
        return redirect("web:user", login=login)
    form = ACTS[act][1](request.POST)
    if not form.is_valid():
        return _show(request, row, act=act, form=form, status=422)
    secret = ACTS[act][2](row, form, request)
    if secret:
        return _show(request, row, secret=secret)
    messages.success(request, gettext("Recorded."))
    return redirect("web:user", login=login)


def _revoke(request: Any, row: User) -> HttpResponse:
    said = request.POST
    grant = Grant.objects.filter(user=row, pk=said.get("grant") or 0).first()
    key = ApiToken.objects.filter(user=row, pk=said.get("key") or 0).first()
    if grant is not None:
        services.revoke_grant(grant=grant, by=request.actor, at=request.at, reason=said.get("reason", ""))
    if key is not None:
        services.revoke_token(token=key, by=request.actor, at=request.at)
    messages.success(request, gettext("Recorded."))
    return redirect("web:user", login=row.login)
