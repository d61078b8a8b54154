"""The acts on a team as forms: its people, where it works, rest, exposures and infections, allowances."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from lianfang.common.clock import local_day, start_of
from lianfang.core.access.permissions import Permission
from lianfang.core.registry.matching.candidate import PersonCandidate
from lianfang.core.registry.models import Sex, Unit
from lianfang.core.registry.services import resolve_people
from lianfang.teams import services
from lianfang.teams.health import ailing
from lianfang.teams.models import Deployment, Exposure, Hazard, Rate, Skill, Team, Worker
from lianfang.teams.rosters import propose_shifts
from lianfang.teams.selectors import facilities_for
from lianfang.web.language import UnitField

P = Permission
_LONGEST = 28
_DAY = {"type": "date"}


class TeamForm(forms.Form):
    """A form about one team, which may need to know what there is to choose from."""

    def __init__(self, request: Any, team: Team, data: Any = None) -> None:
        super().__init__(data, auto_id=f"{type(self).__name__}_%s")  # several forms stand on one page
        self.latest = request.at
        self.prepare(request, team)

    def prepare(self, request: Any, team: Team) -> None:  # noqa: ARG002
        """Fill in what there is to choose from."""
        if "worker" in self.fields:
            self.fields["worker"].queryset = team.workers.order_by("code")  # type: ignore[attr-defined]


def _moment(label: Any) -> forms.DateTimeField:
    widget = forms.DateTimeInput({"type": "datetime-local"}, "%Y-%m-%dT%H:%M")
    return forms.DateTimeField(label=label, required=False, widget=widget)


def _worker() -> Any:
    return forms.ModelChoiceField(label=_("Health worker"), queryset=Worker.objects.none())


class PastForm(TeamForm):
    """An act that may be told later than it happened."""

    when = _moment(_("When (empty: now)"))

    def clean_when(self) -> Any:
        """Return the moment: now where none was told."""
        told = self.cleaned_data["when"] or self.latest
        if told > self.latest:
            raise forms.ValidationError(gettext("This lies ahead."))
        return told


class RosterForm(TeamForm):
    """For how many days a roster is proposed."""

    days = forms.IntegerField(label=_("Days"), min_value=1, max_value=_LONGEST, initial=10)


class WorkerForm(TeamForm):
    """Who joins a team; name and telephone are sealed with the person."""

    code = forms.SlugField(label=_("Code"), max_length=30, allow_unicode=True)
    skill = forms.ChoiceField(label=_("Profession"), choices=Skill.choices)
    name = forms.CharField(label=_("Name"), max_length=80)
    sex = forms.ChoiceField(label=_("Sex"), choices=Sex.choices, initial=Sex.UNKNOWN)
    birth_date = forms.DateField(label=_("Born"), required=False, widget=forms.DateInput(_DAY, "%Y-%m-%d"))
    phone = forms.CharField(label=_("Telephone"), required=False, max_length=40)


class DeployForm(TeamForm):
    """Where a team is sent."""

    unit = UnitField(label=_("Facility"), queryset=Unit.objects.none(), empty_label=None)
    from_on = forms.DateField(
        label=_("From (empty: now)"), required=False, widget=forms.DateInput(_DAY, "%Y-%m-%d")
    )

    def prepare(self, request: Any, team: Team) -> None:
        """Offer the facilities where the actor decides on teams, and those to which a pairing sends the team."""
        units = facilities_for(request.actor, team, request.at)
        self.fields["unit"].queryset = units  # type: ignore[attr-defined]


class RelieveForm(PastForm):
    """The end of a deployment."""


class DayOffForm(TeamForm):
    """A whole day off."""

    worker = _worker()
    on = forms.DateField(label=_("Day"), widget=forms.DateInput(_DAY, "%Y-%m-%d"))

    def clean_on(self) -> Any:
        """Return the day, which has begun."""
        if self.cleaned_data["on"] > local_day(self.latest):
            raise forms.ValidationError(gettext("This lies ahead."))
        return self.cleaned_data["on"]


class ExposureForm(PastForm):
    """An exposure at work."""

    worker = _worker()
    hazard = forms.ChoiceField(label=_("How"), choices=Hazard.choices)
    note = forms.CharField(label=_("Note"), required=False)
    field_order = ["worker", "hazard", "note", "when"]


class AssessForm(TeamForm):
    """What the assessment of an exposure found."""

    exposure = forms.ModelChoiceField(label=_("Exposure"), queryset=Exposure.objects.none(), empty_label=None)
    is_infected = forms.NullBooleanField(
        label=_("Infected"),
        widget=forms.Select(choices=[("", _("not known yet")), ("false", _("no")), ("true", _("yes"))]),
    )
    measures = forms.CharField(label=_("What is done about it"), max_length=300)

    def prepare(self, request: Any, team: Team) -> None:  # noqa: ARG002
        """Offer the exposures that nobody has assessed, and those whose infection was left open."""
        field: Any = self.fields["exposure"]
        field.queryset = to_assess(team)
        field.label_from_instance = lambda row: (
            f"{row.worker.code} · {row.get_hazard_display()} · {row.occurred_at:%m-%d}"
        )


class BackForm(PastForm):
    """An infected health worker works again."""

    worker = _worker()
    reason = forms.CharField(label=_("On what grounds"), max_length=300)
    field_order = ["worker", "reason", "when"]

    def prepare(self, request: Any, team: Team) -> None:  # noqa: ARG002
        """Offer those who are infected and not back."""
        ill = ailing(list(team.workers.values_list("pk", flat=True)))
        self.fields["worker"].queryset = team.workers.filter(pk__in=ill).order_by("code")  # type: ignore[attr-defined]


class PayForm(TeamForm):
    """An allowance for days of work; without an amount it is that of the rule."""

    worker = _worker()
    from_on = forms.DateField(label=_("From"), widget=forms.DateInput(_DAY, "%Y-%m-%d"))
    until_on = forms.DateField(label=_("To"), widget=forms.DateInput(_DAY, "%Y-%m-%d"))
    rate = forms.ChoiceField(label=_("Rate"), choices=Rate.choices)
    amount = forms.DecimalField(
        label=_("Amount (empty: by the rule)"), required=False, min_value=0, max_digits=10, decimal_places=2
    )
    reason = forms.CharField(label=_("Reason, where it is another amount"), required=False, max_length=300)

    def clean(self) -> dict[str, Any]:
        """Return what was told; the last day is not before the first."""
        given: dict[str, Any] = super().clean() or self.cleaned_data
        if given.get("from_on") and given.get("until_on") and given["until_on"] < given["from_on"]:
            raise forms.ValidationError(gettext("The last day is before the first."))
        return given


def to_assess(team: Team) -> Any:
    """Return the exposures of a team whose assessment is owed or left open whether they are infected."""
    rows = Exposure.objects.current().filter(worker__team=team, is_infected__isnull=True)
    return rows.select_related("worker").order_by("occurred_at")


def deployment_of(team: Team, at: Any) -> Deployment | None:
    """Return where a team works now."""
    rows = Deployment.objects.current().at(at).filter(team=team)
    row: Deployment | None = rows.select_related("unit", "team").first()
    return row


@dataclass(frozen=True)
class Act:
    """One act on a team: its title, its form, what it does, and when it is open."""

    title: Any
    form: type[TeamForm]
    do: Callable[[Team, dict[str, Any], Any, dict[str, Any]], object]
    is_open: Callable[[Any, Team], bool]


def _home(request: Any, team: Team) -> bool:
    return bool(request.actor.may(P.TEAM_EDIT, team.source_path))


def _there(request: Any, team: Team) -> bool:
    return bool(request.actor.may(P.TEAM_EDIT, team.path))


def _care(request: Any, team: Team) -> bool:
    return bool(request.actor.may(P.CARE_EDIT, team.path))


def _works(request: Any, team: Team) -> bool:
    return deployment_of(team, request.at) is not None


def _add(team: Team, given: dict[str, Any], _at: Any, who: dict[str, Any]) -> None:
    told = {name: given.pop(name) for name in ("name", "sex", "birth_date", "phone")}
    place = team.home.place
    person = resolve_people([PersonCandidate(**told, place_id=place.pk, path=place.path)], **who)[0].person
    services.add_worker(team=team, person=person, **given, **who)


def _deploy(team: Team, given: dict[str, Any], at: Any, who: dict[str, Any]) -> None:
    day = given["from_on"]
    services.deploy_team(team=team, unit=given["unit"], from_at=_begin(day, at), **who)


def _begin(day: Any, at: Any) -> Any:
    return at if day is None or day == local_day(at) else start_of(day)


def _relieve(team: Team, given: dict[str, Any], at: Any, who: dict[str, Any]) -> None:
    row = deployment_of(team, at)
    if row is not None:
        services.end_deployment(deployment=row, ended_at=given["when"], **who)


def _roster(team: Team, given: dict[str, Any], at: Any, who: dict[str, Any]) -> None:
    propose_shifts(team=team, from_on=local_day(at) + timedelta(days=1), days=given["days"], **who)


def _expose(_team: Team, given: dict[str, Any], _at: Any, who: dict[str, Any]) -> None:
    services.report_exposure(happened_at=given.pop("when"), **given, **who)


def _back(_team: Team, given: dict[str, Any], _at: Any, who: dict[str, Any]) -> None:
    services.return_to_work(from_at=given.pop("when"), **given, **who)


ACTS: dict[str, Act] = {
    "roster": Act(
        _("Propose a roster from tomorrow"), RosterForm, _roster, lambda r, t: _there(r, t) and _works(r, t)
    ),
    "worker": Act(_("Take somebody into the team"), WorkerForm, _add, _home),
    "deploy": Act(
        _("Send the team to a facility"), DeployForm, _deploy,
        lambda r, t: not _works(r, t) and facilities_for(r.actor, t, r.at).exists(),
    ),
    "relieve": Act(_("Relieve the team"), RelieveForm, _relieve, lambda r, t: _there(r, t) and _works(r, t)),
    "day_off": Act(
        _("Record a day off"), DayOffForm,
        lambda _t, given, _at, who: services.record_day_off(**given, **who), _there,
    ),
    "exposure": Act(_("Report an exposure"), ExposureForm, _expose, _care),
    "assess": Act(
        _("Assess an exposure"), AssessForm,
        lambda _t, given, _at, who: services.assess_exposure(**given, **who),
        lambda r, t: _care(r, t) and to_assess(t).exists(),
    ),
    "back": Act(
        _("Back to work after an infection"), BackForm, _back,
        lambda r, t: _care(r, t) and bool(ailing(list(t.workers.values_list("pk", flat=True)))),
    ),
    "pay": Act(
        _("Pay an allowance"), PayForm,
        lambda _t, given, _at, who: services.pay_allowance(**given, **who), _home,
    ),
}  # fmt: skip
