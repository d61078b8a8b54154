"""Commands about users, their roles, and keys for machines."""

import secrets
import sys
from typing import Annotated, Any

import typer

from lianfang.cli.door import As, At, Json, Reason, acting, moment, out, progress, show_rows

users = typer.Typer(no_args_is_help=True)
tokens = typer.Typer(no_args_is_help=True)

_Login = Annotated[str, typer.Argument(help="Under what name the user signs in.")]
# The words of `Role`, which is loaded only once Django is set up; a test compares them.
ROLES = "field_worker, clinician, bed_desk, laboratorian, epidemiologist, supervisor, analyst, registrar, auditor, administrator"
_Role = Annotated[str, typer.Option(help=f"{ROLES}.")]
_Place = Annotated[str, typer.Option("--area", help="Code of the place where the role is held.")]
_FromStdin = Annotated[
    bool,
    typer.Option("--password-stdin", help="Read the password from stdin; else one is made and printed once."),
]


@users.command("add")
def add(
    login: _Login,
    name: Annotated[str, typer.Option(help="The user's name.")],
    unit: Annotated[str, typer.Option(help="Code of the unit that the user belongs to.")] = "",
    role: _Role = "",
    area: _Place = "",
    email: str = "",
    no_password: Annotated[
        bool, typer.Option("--no-password", help="Only keys can sign in: a machine.")
    ] = False,
    password_stdin: _FromStdin = False,
    as_user: As = None,
    at: At = None,
) -> None:
    """Create a user, and give a role in an area where both are named; without one the user sees nothing."""
    when = moment(at)
    by = acting(as_user, when)
    from django.db import transaction

    from lianfang.core.access.services import create_user
    from lianfang.core.registry.selectors import get_unit

    password = "" if no_password else _password(given=password_stdin)
    with transaction.atomic():
        user = create_user(
            login=login,
            name=name,
            unit=get_unit(unit) if unit else None,
            email=email,
            password=password,
            by=by,
            at=when,
        )
        if role:
            _give(user, role, area, by, when)
    if password and not password_stdin:
        progress.print("The password, shown this once:")
        out.print(password, markup=False)


def _password(*, given: bool) -> str:
    return sys.stdin.readline().rstrip("\n") if given else secrets.token_urlsafe(12)


def _give(user: Any, role: str, area: str, by: Any, when: Any) -> None:
    from lianfang.core.access.permissions import Role
    from lianfang.core.access.services import grant_role
    from lianfang.core.registry.selectors import get_place

    if role not in Role.values:
        raise typer.BadParameter(f"write one of {', '.join(Role.values)}", param_hint="--role")
    grant_role(user=user, role=Role(role), place=get_place(area), by=by, at=when)


@users.command("grant")
def grant(login: _Login, role: _Role, area: _Place, as_user: As = None, at: At = None) -> None:
    """Give a role in an area."""
    when = moment(at)
    by = acting(as_user, when)
    from lianfang.core.access.selectors import get_user

    _give(get_user(by, login, when), role, area, by, when)
    out.print("Given.")


@users.command("revoke")
def revoke(
    login: _Login, role: _Role, area: _Place, reason: Reason = "", as_user: As = None, at: At = None
) -> None:
    """Take a role in an area back."""
    when = moment(at)
    by = acting(as_user, when)
    from lianfang.core.access.selectors import get_grant, get_user
    from lianfang.core.access.services import revoke_grant

    revoke_grant(grant=get_grant(get_user(by, login, when), role, area, when), reason=reason, by=by, at=when)
    out.print("Taken back.")


@users.command("password")
def password(login: _Login, password_stdin: _FromStdin = False, as_user: As = None, at: At = None) -> None:
    """Set a new password."""
    when = moment(at)
    by = acting(as_user, when)
    from lianfang.core.access.selectors import get_user
    from lianfang.core.access.services import set_password

    text = _password(given=password_stdin)
    set_password(user=get_user(by, login, when), password=text, by=by, at=when)
    if not password_stdin:
        progress.print("The password, shown this once:")
        out.print(text, markup=False)


@users.command("close")
def close(login: _Login, reason: Reason, as_user: As = None, at: At = None) -> None:
    """Let a user sign in no more; what the user did stays on record."""
    when = moment(at)
    by = acting(as_user, when)
    from lianfang.core.access.selectors import get_user
    from lianfang.core.access.services import close_user

    close_user(user=get_user(by, login, when), reason=reason, by=by, at=when)
    out.print("Closed.")


@users.command("list")
def list_all(as_user: As = None, as_json: Json = False) -> None:
    """List the users with their units and the roles that they hold now."""
    when = moment(None)
    by = acting(as_user, when)
    from lianfang.core.access.selectors import users_in

    rows = [
        {
            "login": user.login,
            "name": user.name,
            "unit": user.unit.code if user.unit else "",
            "active": user.is_active,
            "roles": "; ".join(f"{one.role} in {one.place.code}" for one in user.held),
        }
        for user in users_in(by, when)
    ]
    show_rows(rows, ("login", "name", "unit", "active", "roles"), as_json=as_json)


# ---- keys


@tokens.command("issue")
def issue(
    login: _Login,
    name: Annotated[str, typer.Option(help="What the key is for.")],
    as_user: As = None,
    at: At = None,
) -> None:
    """Issue a key by which a machine acts as the user; it is printed this once and kept nowhere."""
    when = moment(at)
    by = acting(as_user, when)
    from lianfang.core.access.selectors import get_user
    from lianfang.core.access.services import issue_token

    issued = issue_token(user=get_user(by, login, when), name=name, by=by, at=when)
    progress.print(f"Key {issued.token.pk}, shown this once:")
    out.print(issued.secret, markup=False)


@tokens.command("revoke")
def revoke_key(
    token: Annotated[int, typer.Argument(help="Number of the key.")], as_user: As = None, at: At = None
) -> None:
    """Let a key sign in no more."""
    when = moment(at)
    by = acting(as_user, when)
    from lianfang.core.access.selectors import get_token
    from lianfang.core.access.services import revoke_token

    revoke_token(token=get_token(by, token, when), by=by, at=when)
    out.print("Revoked.")


@tokens.command("list")
def list_keys(as_user: As = None, as_json: Json = False) -> None:
    """List the keys: whose, what for, since when, whether in force."""
    when = moment(None)
    by = acting(as_user, when)
    from lianfang.core.access.selectors import tokens_in

    rows = [
        {
            "id": one.pk,
            "login": one.user.login,
            "name": one.name,
            "created_at": one.created_at.isoformat(),
            "revoked_at": one.revoked_at.isoformat() if one.revoked_at else "",
        }
        for one in tokens_in(by, when)
    ]
    show_rows(rows, ("id", "login", "name", "created_at", "revoked_at"), as_json=as_json)
