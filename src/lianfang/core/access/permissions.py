"""Permissions and the roles that hold them. A permission is `app:thing:action`; a role is a plain set of them."""

from enum import StrEnum

from django.db import models
from django.utils.translation import gettext_lazy as _


class Permission(StrEnum):
    """Everything that can be allowed. Each page, endpoint and command asks for exactly one of these."""

    PERSON_VIEW = "registry:person:view"
    PERSON_EDIT = "registry:person:edit"
    PERSON_MERGE = "registry:person:merge"
    IDENTITY_REVEAL = "registry:identity:reveal"
    REGISTRY_EDIT = "registry:places_units:edit"
    ACCESS_GRANT = "access:grant:edit"
    ACCESS_BREAK_GLASS = "access:break_glass:use"
    ACCESS_REVIEW = "access:break_glass:review"
    AUDIT_VIEW = "audit:event:view"
    SIGNAL_VIEW = "intake:signal:view"
    SIGNAL_RECORD = "intake:signal:record"
    IMPORT_RUN = "intake:import:run"
    EXPORT_RUN = "intake:export:run"
    TASK_VIEW = "loop:task:view"
    TASK_DO = "loop:task:do"
    TASK_VERIFY = "loop:task:verify"
    FINDING_JUDGE = "loop:finding:judge"
    POLICY_SHED = "loop:policy:shed"
    METRICS_VIEW = "loop:metrics:view"
    CASE_VIEW = "cases:case:view"
    CASE_EDIT = "cases:case:edit"
    CASE_INVESTIGATE = "cases:case:investigate"
    RESULT_RECORD = "cases:result:record"
    CONTACT_VIEW = "contacts:contact:view"
    CONTACT_EDIT = "contacts:contact:edit"
    OBSERVATION_RECORD = "contacts:observation:record"
    VISITS_SEARCH = "discovery:visits:search"
    CARE_VIEW = "care:patient:view"
    CARE_EDIT = "care:patient:edit"
    BED_VIEW = "care:bed:view"
    BED_EDIT = "care:bed:edit"
    BED_ASSIGN = "care:bed:assign"
    AREA_VIEW = "regions:area:view"
    AREA_EDIT = "regions:area:edit"
    GRADE_CONFIRM = "regions:grade:confirm"
    BULLETIN_DRAFT = "bulletins:bulletin:draft"
    BULLETIN_ISSUE = "bulletins:bulletin:issue"
    MEASURE_DECIDE = "measures:measure:decide"
    PLAN_EDIT = "measures:plan:edit"
    PLAN_SWITCH = "measures:plan:switch"
    SCENARIO_ASK = "measures:scenario:ask"
    FIRM_EDIT = "resumption:firm:edit"
    CHARTER_EDIT = "resumption:charter:edit"
    TEAM_VIEW = "teams:team:view"
    TEAM_EDIT = "teams:team:edit"
    RULEBOOK_VIEW = "rulebook:rule:view"


class Role(models.TextChoices):
    """The roles of people; what each may do stands in `HOLDS`."""

    FIELD_WORKER = "field_worker", _("field worker")
    CLINICIAN = "clinician", _("clinician")
    BED_DESK = "bed_desk", _("bed desk")
    LABORATORIAN = "laboratorian", _("laboratory worker")
    EPIDEMIOLOGIST = "epidemiologist", _("epidemiologist")
    SUPERVISOR = "supervisor", _("supervisor")
    ANALYST = "analyst", _("analyst")
    REGISTRAR = "registrar", _("registrar")
    AUDITOR = "auditor", _("auditor")
    ADMINISTRATOR = "administrator", _("administrator")


P = Permission
_READ = frozenset({P.TASK_VIEW, P.RULEBOOK_VIEW, P.AREA_VIEW})
_CASE_READ = _READ | {P.CASE_VIEW, P.CONTACT_VIEW, P.PERSON_VIEW, P.METRICS_VIEW, P.SIGNAL_VIEW}
_CARE_READ = {P.CARE_VIEW, P.BED_VIEW, P.TEAM_VIEW}

HOLDS: dict[str, frozenset[Permission]] = {
    Role.FIELD_WORKER: _READ
    | {
        P.TASK_DO,
        P.CONTACT_VIEW,
        P.OBSERVATION_RECORD,
        P.SIGNAL_RECORD,
        P.IDENTITY_REVEAL,
        P.PERSON_VIEW,
        P.FIRM_EDIT,
        P.CHARTER_EDIT,
    },
    Role.CLINICIAN: _READ
    | _CARE_READ
    | {
        P.CARE_EDIT,
        P.BED_EDIT,
        P.OBSERVATION_RECORD,
        P.TASK_DO,
        P.CASE_VIEW,
        P.CASE_EDIT,
        P.RESULT_RECORD,
        P.SIGNAL_RECORD,
        P.IDENTITY_REVEAL,
        P.PERSON_VIEW,
        P.ACCESS_BREAK_GLASS,
    },
    Role.BED_DESK: _READ
    | _CARE_READ
    | {P.TASK_DO, P.CASE_VIEW, P.PERSON_VIEW, P.BED_EDIT, P.BED_ASSIGN, P.TEAM_EDIT},
    Role.LABORATORIAN: _READ | {P.TASK_DO, P.RESULT_RECORD, P.SIGNAL_RECORD},
    Role.EPIDEMIOLOGIST: _CASE_READ
    | _CARE_READ
    | {
        P.TASK_DO,
        P.TASK_VERIFY,
        P.CASE_EDIT,
        P.CASE_INVESTIGATE,
        P.RESULT_RECORD,
        P.CONTACT_EDIT,
        P.VISITS_SEARCH,
        P.OBSERVATION_RECORD,
        P.SIGNAL_RECORD,
        P.IMPORT_RUN,
        P.EXPORT_RUN,
        P.FINDING_JUDGE,
        P.PLAN_EDIT,
        P.BULLETIN_DRAFT,
        P.SCENARIO_ASK,
        P.IDENTITY_REVEAL,
        P.PERSON_EDIT,
        P.PERSON_MERGE,
        P.ACCESS_BREAK_GLASS,
    },
    Role.SUPERVISOR: _CASE_READ
    | _CARE_READ
    | {
        P.BED_ASSIGN,
        P.TEAM_EDIT,
        P.TASK_VERIFY,
        P.FINDING_JUDGE,
        P.AREA_EDIT,
        P.GRADE_CONFIRM,
        P.BULLETIN_DRAFT,
        P.BULLETIN_ISSUE,
        P.MEASURE_DECIDE,
        P.PLAN_EDIT,
        P.SCENARIO_ASK,
        P.PLAN_SWITCH,
        P.FIRM_EDIT,
        P.CHARTER_EDIT,
        P.POLICY_SHED,
        P.AUDIT_VIEW,
        P.ACCESS_BREAK_GLASS,
        P.ACCESS_REVIEW,
        P.EXPORT_RUN,
    },
    Role.ANALYST: _READ | {P.CASE_VIEW, P.CONTACT_VIEW, P.METRICS_VIEW, P.SCENARIO_ASK},
    Role.REGISTRAR: _READ
    | {
        P.PERSON_VIEW,
        P.PERSON_EDIT,
        P.PERSON_MERGE,
        P.IDENTITY_REVEAL,
        P.IMPORT_RUN,
        P.SIGNAL_VIEW,
        P.REGISTRY_EDIT,
        P.AREA_EDIT,
    },
    Role.AUDITOR: frozenset({P.AUDIT_VIEW, P.METRICS_VIEW, P.RULEBOOK_VIEW, P.TASK_VIEW}),
    Role.ADMINISTRATOR: frozenset(
        {P.REGISTRY_EDIT, P.ACCESS_GRANT, P.RULEBOOK_VIEW, P.METRICS_VIEW, P.TASK_VIEW}
    ),
}
