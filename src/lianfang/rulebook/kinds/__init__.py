"""The parameters of each kind of rule: one frozen model a kind, told apart by `kind`."""

from typing import Annotated

from pydantic import Field

from lianfang.rulebook.kinds import care, livelihood, measures, supply, surveillance, visits
from lianfang.rulebook.kinds.case_definition import DiagnosisParameters

Parameters = Annotated[
    DiagnosisParameters
    | care.SeverityParameters
    | care.DischargeParameters
    | care.ContactDefinitionParameters
    | care.PlaceWindowParameters
    | care.ObservationParameters
    | care.ConfinementParameters
    | care.BedLevelParameters
    | care.RecurrenceParameters
    | care.NaturalHistoryParameters
    | surveillance.ClockParameters
    | surveillance.LadderParameters
    | surveillance.QuietHoursParameters
    | surveillance.TimelinessParameters
    | surveillance.ClusterParameters
    | surveillance.CommunitySpreadParameters
    | surveillance.SpecialPlacesParameters
    | surveillance.EventReportParameters
    | surveillance.EventAlertParameters
    | surveillance.RiskGradeParameters
    | surveillance.EarlyWarningParameters
    | surveillance.BulletinParameters
    | surveillance.MeasuresParameters
    | surveillance.PersonGradeParameters
    | measures.MeasureCatalogueParameters
    | measures.ResponseLevelsParameters
    | measures.PlanUpkeepParameters
    | livelihood.PovertyLineParameters
    | livelihood.PersonExitParameters
    | livelihood.AreaExitParameters
    | livelihood.EvaluationParameters
    | livelihood.SpotCheckParameters
    | livelihood.MonitoringParameters
    | livelihood.MonitoringFloorParameters
    | livelihood.IncomeWindowParameters
    | livelihood.RiskRemovalParameters
    | livelihood.WarningLinesParameters
    | livelihood.SafeWaterParameters
    | livelihood.NoRemovalsParameters
    | livelihood.SupervisionParameters
    | livelihood.CensusParameters
    | livelihood.CreditReliefParameters
    | livelihood.PremiumReliefParameters
    | livelihood.ProduceReliefParameters
    | supply.RoomParameters
    | supply.TeamRestParameters
    | supply.StaffingParameters
    | supply.AllowanceParameters
    | supply.PairingParameters
    | supply.CharterParameters
    | supply.BoardingParameters
    | supply.WasteParameters
    | supply.PriceParameters
    | supply.PriceWatchParameters
    | supply.NecessitiesParameters
    | supply.GuardianlessParameters
    | visits.VisitDiscoveryParameters,
    Field(discriminator="kind"),
]

__all__ = ["DiagnosisParameters", "Parameters"]
