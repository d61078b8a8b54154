"""The acts at the bedside as forms: which are open in which state, and what each one does."""

from collections.abc import Callable
from typing import Any, Literal

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from lianfang.care import services
from lianfang.care.errors import RequestClosed
from lianfang.care.models import Aid, Bed, CareLevel, Journey, Pathway, Respiratory, Treatment
from lianfang.care.selectors import beds_to_lie_in, open_request
from lianfang.cases.models import Case
from lianfang.common.naming import called
from lianfang.core.access.permissions import Permission
from lianfang.core.rules import site_rules
from lianfang.web.language import in_language

P = Permission
Group = Literal["signs", "findings", "conditions"]


class ActForm(forms.Form):
    """A form about one patient; its `when`, where it has one, stands last and is now where nothing is told."""

    def __init__(self, request: Any, case: Case, data: Any = None) -> None:
        super().__init__(data, auto_id=f"{type(self).__name__}_%s")  # several forms stand on one page
        self.latest = request.at
        if "when" in self.fields:
            self.order_fields([*(name for name in self.fields if name != "when"), "when"])
        self.prepare(request, case)

    def prepare(self, request: Any, case: Case) -> None:
        """Fill in what there is to choose from for this patient."""


class DatedForm(ActForm):
    """An act that may be told later than it happened."""

    when = forms.DateTimeField(
        label=_("When (empty: now)"),
        required=False,
        widget=forms.DateTimeInput({"type": "datetime-local"}, "%Y-%m-%dT%H:%M"),
    )

    def clean_when(self) -> Any:
        """Return the moment: now where none was told."""
        told = self.cleaned_data["when"] or self.latest
        if told > self.latest:
            raise forms.ValidationError(gettext("This lies ahead."))
        return told


class RequestForm(ActForm):
    """Asking for a bed."""

    level = forms.TypedChoiceField(label=_("Care needed"), choices=CareLevel.choices, coerce=int)
    note = forms.CharField(label=_("Note"), required=False)


class StepForm(DatedForm):
    """A step of the way to the bed."""

    step = forms.ChoiceField(label=_("Step"), choices=Journey.Step.choices)
    vehicle = forms.CharField(label=_("Vehicle"), required=False, max_length=60)


class WhyForm(ActForm):
    """A reason."""

    reason = forms.CharField(label=_("Reason"), max_length=300)


class BedField(forms.ModelChoiceField):  # type: ignore[type-arg]  # not generic at run time
    """A bed by hospital, ward and label; the one kept for the patient is named so."""

    def label_from_instance(self, obj: Any) -> str:
        name = f"{called(obj.ward.unit)} · {called(obj.ward)} {obj.label}"
        return f"{name} ({gettext('kept for this patient')})" if obj.is_for_request else name


class LayForm(DatedForm):
    """Laying a patient in a bed."""

    bed = BedField(label=_("Bed"), queryset=Bed.objects.none(), empty_label=None)

    def prepare(self, request: Any, case: Case) -> None:
        """Offer the beds in which the actor may lay the patient."""
        beds = beds_to_lie_in(request.actor, open_request(case), request.at)
        self.fields["bed"].queryset = beds  # type: ignore[attr-defined]


class FindingsField(forms.MultipleChoiceField):
    """Codes of one group of the rulebook's vocabulary."""

    def __init__(self, group: Group, **options: Any) -> None:
        super().__init__(required=False, choices=lambda: _words(group), **options)


def _words(group: Group) -> list[tuple[str, str]]:
    return [(code, in_language(text)) for code, text in site_rules().vocabulary[group].items()]


class RoundForm(DatedForm):
    """What was seen on the round."""

    temperature = forms.FloatField(label=_("Temperature, °C"), required=False, min_value=30, max_value=45)
    respiratory_rate = forms.FloatField(
        label=_("Breaths a minute"), required=False, min_value=0, max_value=120
    )
    spo2 = forms.FloatField(
        label=_("Oxygen saturation at rest, %"), required=False, min_value=0, max_value=100
    )
    pao2_fio2 = forms.FloatField(label=_("PaO2/FiO2, mmHg"), required=False, min_value=0, max_value=700)
    altitude_m = forms.FloatField(
        label=_("Altitude of the hospital, m"), required=False, min_value=-500, max_value=6000
    )
    respiratory = forms.ChoiceField(
        label=_("Respiratory symptoms"), required=False, choices=[("", "–"), *Respiratory.choices]
    )
    imaging = FindingsField("findings", label=_("Chest image"))
    progress_percent = forms.FloatField(
        label=_("Lesions larger than on the image before, by %"), required=False, min_value=-100
    )
    progress_hours = forms.FloatField(label=_("Hours since the image before"), required=False, min_value=0)
    ventilated = forms.BooleanField(label=_("Respiratory failure, ventilated"), required=False)
    shock = forms.BooleanField(label=_("Shock"), required=False)
    organ_failure = forms.BooleanField(label=_("Failure of another organ, in intensive care"), required=False)


class ComorbiditiesForm(ActForm):
    """What the patient was ill with before."""

    conditions = FindingsField(
        "conditions", label=_("Ill with before (none ticked: nothing)"), widget=forms.CheckboxSelectMultiple
    )


class LeaveForm(DatedForm):
    """How the patient leaves."""

    how = forms.ChoiceField(
        label=_("The patient"),
        choices=[
            ("discharged", _("is discharged")),
            ("died", _("died")),
            ("against_advice", _("left against advice")),
        ],
    )
    reason = forms.CharField(label=_("Reason, where a criterion is missing"), required=False)


class FollowUpForm(DatedForm):
    """What was seen of a discharged patient."""

    week = forms.TypedChoiceField(
        label=_("Visit of week"),
        required=False,
        coerce=int,
        empty_value=None,
        choices=[("", "–"), (2, "2"), (4, "4")],
    )
    temperature = forms.FloatField(label=_("Temperature, °C"), required=False, min_value=30, max_value=45)
    signs = FindingsField("signs", label=_("Signs"))
    imaging = FindingsField("findings", label=_("Chest image"))
    needs_rehabilitation = forms.BooleanField(label=_("Needs rehabilitation"), required=False)
    needs_counselling = forms.BooleanField(label=_("Needs counselling"), required=False)
    note = forms.CharField(label=_("Note"), required=False)


class TreatmentForm(DatedForm):
    """A treatment that was begun."""

    what = forms.CharField(label=_("Treatment"), max_length=80)
    dose = forms.CharField(label=_("Dose"), required=False, max_length=80)


class StopForm(DatedForm):
    """A treatment that was ended."""

    treatment = forms.ModelChoiceField(
        label=_("Treatment"), queryset=Treatment.objects.none(), empty_label=None
    )
    reason = forms.CharField(label=_("Why it was ended"), max_length=200)

    def prepare(self, request: Any, case: Case) -> None:  # noqa: ARG002
        """Offer the treatments that go on."""
        field: Any = self.fields["treatment"]
        field.queryset = _running(case)
        field.label_from_instance = lambda row: f"{row.what} {row.dose}".strip()


class SupportForm(DatedForm):
    """What a discharged patient was given."""

    aid = forms.ChoiceField(label=_("What"), choices=Aid.choices)
    note = forms.CharField(label=_("Note"), required=False)


def _running(case: Case) -> Any:
    return Treatment.objects.current().filter(case=case, until_at__isnull=True).order_by("occurred_at")


FORMS: dict[str, tuple[Any, type[ActForm]]] = {
    "request": (_("Ask for a bed"), RequestForm),
    "step": (_("Report a step of the way"), StepForm),
    "withdraw_request": (_("Withdraw the request"), WhyForm),
    "take_back": (_("Take the given bed back"), WhyForm),
    "lay": (_("Lay in a bed"), LayForm),
    "round": (_("Record a round"), RoundForm),
    "comorbidities": (_("Record what the patient was ill with before"), ComorbiditiesForm),
    "treat": (_("Begin a treatment"), TreatmentForm),
    "stop": (_("End a treatment"), StopForm),
    "leave": (_("The patient leaves"), LeaveForm),
    "follow_up": (_("Record a visit after discharge"), FollowUpForm),
    "support": (_("Record rehabilitation or counselling"), SupportForm),
}


def acts_open(request: Any, case: Case, row: Pathway | None) -> list[str]:
    """Return the acts that are open: by the state of the patient and by what the actor may do."""
    asked = open_request(case)
    given = asked.ward if asked else None
    paths = {row.path if row else case.path, case.path, *([given.path] if given else [])}
    may = any(request.actor.may(P.CARE_EDIT, path) for path in paths)
    inside = row is not None and row.stage == "treated"
    is_alive = row is None or row.stage != "died"
    is_out = bool(row and row.left_at) and is_alive
    conditions = {
        "request": may and is_alive,
        "step": may and given is not None,
        "withdraw_request": may and asked is not None,
        "take_back": given is not None and request.actor.may(P.BED_ASSIGN, given.path),
        "lay": may and is_alive,
        "round": may and inside,
        "comorbidities": may,
        "treat": may and inside,
        "stop": may and _running(case).exists(),
        "leave": may and inside,
        "follow_up": may and is_out,
        "support": may and is_out,
    }
    return [act for act in FORMS if conditions[act]]


def perform(act: str, case: Case, given: dict[str, Any], request: Any) -> None:
    """Do what a form says."""
    when = given.pop("when", request.at)
    _DO[act](case, given, when, {"by": request.actor, "at": request.at})


Doing = Callable[[Case, dict[str, Any], Any, dict[str, Any]], object]


def _request_of(case: Case) -> Any:
    found = open_request(case)
    if found is None:
        raise RequestClosed
    return found


def _leave(case: Case, given: dict[str, Any], when: Any, who: dict[str, Any]) -> None:
    if given["how"] == "discharged":
        services.discharge_patient(case=case, left_at=when, reason=given["reason"], **who)
    else:
        services.record_departure(case=case, left_at=when, **given, **who)


def _round(case: Case, given: dict[str, Any], when: Any, who: dict[str, Any]) -> None:
    if given["altitude_m"] is None:
        del given["altitude_m"]
    services.record_round(case=case, seen_at=when, **given, **who)


_DO: dict[str, Doing] = {
    "request": lambda case, given, _when, who: services.request_bed(case=case, **given, **who),
    "step": lambda case, given, when, who: services.report_step(
        request=_request_of(case), happened_at=when, **given, **who
    ),
    "withdraw_request": lambda case, given, _when, who: services.withdraw_request(
        request=_request_of(case), **given, **who
    ),
    "take_back": lambda case, given, _when, who: services.take_bed_back(
        request=_request_of(case), **given, **who
    ),
    "lay": lambda case, given, when, who: services.lay_down(case=case, lies_from=when, **given, **who),
    "round": _round,
    "comorbidities": lambda case, given, when, who: services.record_comorbidities(
        case=case, asked_at=when, **given, **who
    ),
    "treat": lambda case, given, when, who: services.start_treatment(case=case, from_at=when, **given, **who),
    "stop": lambda _case, given, when, who: services.stop_treatment(until_at=when, **given, **who),
    "leave": _leave,
    "follow_up": lambda case, given, when, who: services.follow_up(case=case, seen_at=when, **given, **who),
    "support": lambda case, given, when, who: services.give_support(case=case, given_at=when, **given, **who),
}
