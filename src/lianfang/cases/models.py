"""Cases and the facts about them. What a case *is* (classification) is derived and carries its rule edition."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from lianfang.common.fields import MomentField, PathField
from lianfang.core.access.permissions import Permission
from lianfang.core.access.visibility import VisibleQuerySet
from lianfang.core.facts import Fact


class CaseQuerySet(VisibleQuerySet):
    """Cases are seen by the area that answers for them and by the area where the person lives."""

    area_fields: ClassVar[tuple[str, ...]] = ("path", "residence_path")
    view_permission: ClassVar[Permission] = Permission.CASE_VIEW


class Classification(models.TextChoices):
    """What a case is by the case definition in force (WHO and SORMAS words)."""

    NOT_CLASSIFIED = "not_classified", _("not classified")
    SUSPECTED = "suspected", _("suspected")
    PROBABLE = "probable", _("probable")
    CONFIRMED = "confirmed", _("confirmed")
    ASYMPTOMATIC = "asymptomatic", _("asymptomatic infection")
    EXCLUDED = "excluded", _("not a case")


class Case(models.Model):
    """One episode of one disease in one person.

    Columns below the line are derived: written only by `cases.derive`, from facts, edition and clock.
    """

    number = models.CharField(max_length=40, unique=True)
    person = models.ForeignKey("registry.Person", models.PROTECT, related_name="cases")
    disease = models.CharField(max_length=40)
    place = models.ForeignKey("registry.Place", models.PROTECT, related_name="+")  # the area that answers
    path = PathField()
    residence_path = PathField(blank=True)
    opened_at = MomentField()  # when the system knew
    # ---- derived
    classification = models.CharField(
        max_length=16, choices=Classification, default=Classification.NOT_CLASSIFIED
    )
    criterion = models.CharField(max_length=80, blank=True)
    edition = models.CharField(max_length=80, blank=True)
    classified_at = MomentField(null=True)  # since when it has been so, by recorded time
    onset_on = models.DateField(null=True)
    reported_at = MomentField()  # the first report; the opening where there is none
    diagnosed_at = MomentField(null=True)  # the first diagnosis as suspected, confirmed or asymptomatic
    confirmed_at = MomentField(
        null=True
    )  # the diagnosis as confirmed or asymptomatic; null when it is not so now
    investigated_at = MomentField(null=True)
    outcome = models.CharField(max_length=16, blank=True)
    outcome_on = models.DateField(null=True)

    objects = CaseQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["path", "-reported_at", "-id"], name="case_in_area"),
            models.Index(fields=["residence_path", "-reported_at"], name="case_by_residence"),
            models.Index(fields=["-reported_at", "-id"], name="case_newest"),
            models.Index(
                fields=["disease", "confirmed_at"],
                condition=Q(confirmed_at__isnull=False),
                name="case_confirmed",
            ),
            models.Index(
                fields=["confirmed_at", "path"], condition=Q(confirmed_at__isnull=False), name="case_by_day"
            ),
            models.Index(fields=["path", "classification"], name="case_class_in_area"),
            models.Index(
                fields=["-reported_at", "-id"],
                condition=Q(confirmed_at__isnull=False, investigated_at__isnull=True),
                name="case_uninvestigated",
            ),
        ]

    def __str__(self) -> str:
        return self.number


class StatusChange(models.Model):
    """A case's classification changed: from what, to what, by which criterion of which edition, and why. Append-only."""

    case = models.ForeignKey(Case, models.CASCADE, related_name="status_changes")
    before = models.CharField(max_length=16, choices=Classification)
    after = models.CharField(max_length=16, choices=Classification)
    criterion = models.CharField(max_length=80, blank=True)
    edition = models.CharField(max_length=80, blank=True)
    evidence = models.JSONField(default=dict)
    at = MomentField()
    because = models.CharField(max_length=200)  # new_facts, new_edition, judgement, withdrawal
    by = models.ForeignKey("access.User", models.PROTECT, null=True, related_name="+")

    append_only = True

    class Meta:
        indexes = [models.Index(fields=["case", "id"], name="status_change_of_case")]

    def __str__(self) -> str:
        return f"{self.case_id}: {self.before} -> {self.after}"


class Report(Fact):
    """A unit reported the case: `occurred_at` is the diagnosis, `received_at` the report's arrival."""

    case = models.ForeignKey(Case, models.CASCADE, related_name="reports")
    unit = models.ForeignKey("registry.Unit", models.PROTECT, null=True, related_name="+")
    diagnosis = models.CharField(max_length=16, choices=Classification)  # as the clinician says it
    received_at = MomentField()
    signal_id = models.BigIntegerField(null=True, db_index=True)

    def __str__(self) -> str:
        return f"report of {self.case_id}"


class Review(Fact):
    """The county's review of a case report."""

    case = models.ForeignKey(Case, models.CASCADE, related_name="reviews")
    complete = models.BooleanField()
    note = models.TextField(blank=True)

    def __str__(self) -> str:
        return f"review of {self.case_id}"


class Sign(Fact):
    """A sign or symptom was present or absent; `occurred_at` is the onset or the examination. Codes are the pack's."""

    case = models.ForeignKey(Case, models.CASCADE, related_name="signs")
    code = models.CharField(
        max_length=40
    )  # fever, cough, ...; imaging_pneumonia, lymphocytes_low, ...; temperature
    present = models.BooleanField(null=True)
    value = models.FloatField(null=True)  # of a measured sign, in the unit of the pack
    is_onset = models.BooleanField(default=False)

    def __str__(self) -> str:
        return f"{self.code} of {self.case_id}"


class Sample(Fact):
    """A specimen was taken (`occurred_at`); shipped and received when it was."""

    case = models.ForeignKey(Case, models.CASCADE, related_name="samples")
    number = models.CharField(max_length=80)
    specimen = models.CharField(max_length=40)
    laboratory = models.ForeignKey("registry.Unit", models.PROTECT, null=True, related_name="+")
    shipped_at = MomentField(null=True)
    received_at = MomentField(null=True)
    condition = models.CharField(max_length=20, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["case", "number"], condition=Q(superseded_at__isnull=True), name="sample_number_once"
            )
        ]

    def __str__(self) -> str:
        return self.number


class Finding(models.TextChoices):
    """The result of a test (SORMAS words)."""

    POSITIVE = "positive", _("positive")
    NEGATIVE = "negative", _("negative")
    INDETERMINATE = "indeterminate", _("indeterminate")
    PENDING = "pending", _("pending")
    NOT_DONE = "not_done", _("not done")


class Result(Fact):
    """A laboratory's result of a test on a sample; `occurred_at` is the moment of the result."""

    sample = models.ForeignKey(Sample, models.CASCADE, related_name="results")
    case = models.ForeignKey(Case, models.CASCADE, related_name="results")
    kind = models.CharField(max_length=30)  # pcr, sequence, igm, igg, antigen, culture ...
    finding = models.CharField(max_length=14, choices=Finding)
    value = models.FloatField(null=True)  # Ct, titre
    laboratory = models.ForeignKey("registry.Unit", models.PROTECT, null=True, related_name="+")
    key = models.CharField(
        max_length=120
    )  # the laboratory's id of the result: the same message twice is one result

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["sample", "key"], condition=Q(superseded_at__isnull=True), name="result_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.finding} of {self.case_id}"


class EpiLink(Fact):
    """An epidemiological item of the case definition: travel, contact with a case, cluster, place; with its days."""

    case = models.ForeignKey(Case, models.CASCADE, related_name="epi_links")
    kind = models.CharField(max_length=40)
    from_on = models.DateField(null=True)
    to_on = models.DateField(null=True)
    place_text = models.CharField(max_length=200, blank=True)
    source_case = models.ForeignKey(Case, models.SET_NULL, null=True, related_name="+")

    def __str__(self) -> str:
        return f"{self.kind} of {self.case_id}"


class Investigation(Fact):
    """An investigation of a case was completed (`occurred_at`): onset, exposures, places, contacts."""

    case = models.ForeignKey(Case, models.CASCADE, related_name="investigations")
    unit = models.ForeignKey("registry.Unit", models.PROTECT, null=True, related_name="+")
    onset_asked = models.BooleanField()
    exposures_asked = models.BooleanField()
    places_asked = models.BooleanField()
    contacts_asked = models.BooleanField()
    n_contacts_named = models.PositiveIntegerField(default=0)
    summary = models.TextField(blank=True)

    @property
    def is_complete(self) -> bool:
        """Whether all four parts were asked."""
        return self.onset_asked and self.exposures_asked and self.places_asked and self.contacts_asked

    def __str__(self) -> str:
        return f"investigation of {self.case_id}"


class Ruling(Fact):
    """An answerable person decided what the case is, against or beyond what the criteria say, with a reason."""

    case = models.ForeignKey(Case, models.CASCADE, related_name="rulings")
    classification = models.CharField(max_length=16, choices=Classification)
    reason = models.TextField()

    def __str__(self) -> str:
        return f"{self.case_id} ruled {self.classification}"


class Outcome(Fact):
    """How the episode ended, or that it has not."""

    class Kind(models.TextChoices):
        """Outcome words of SORMAS and Go.Data."""

        ILL = "ill", _("still ill")
        RECOVERED = "recovered", _("recovered")
        DIED = "died", _("died")
        UNKNOWN = "unknown", _("unknown")

    case = models.ForeignKey(Case, models.CASCADE, related_name="outcomes")
    kind = models.CharField(max_length=16, choices=Kind)
    on = models.DateField(null=True)

    def __str__(self) -> str:
        return f"{self.kind} of {self.case_id}"


class Screening(models.Model):
    """A reading at a gate, a round or a clinic that asks for a look: who, where, how warm; open until looked at."""

    person = models.ForeignKey("registry.Person", models.PROTECT, related_name="screenings")
    place = models.ForeignKey("registry.Place", models.PROTECT, related_name="+")
    path = PathField(db_index=True)
    unit = models.ForeignKey("registry.Unit", models.PROTECT, null=True, related_name="+")  # who read it
    read_at = MomentField()
    recorded_at = MomentField()
    temperature = models.FloatField(null=True)
    signs = models.JSONField(default=list)
    signal_id = models.BigIntegerField(null=True, db_index=True)
    looked_at = MomentField(null=True)
    conclusion = models.CharField(max_length=20, blank=True)  # suspected, other_illness, well
    case = models.ForeignKey(Case, models.SET_NULL, null=True, related_name="screenings")

    objects = VisibleQuerySet.as_manager()

    def __str__(self) -> str:
        return f"screening of {self.person_id}"
