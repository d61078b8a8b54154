"""Rows about contacts: who they are, which case named them, and what was seen of them on each day."""

from lianfang.intake.fields import Choice, Field, Kind, Record
from lianfang.intake.records.person import PERSON, PLACE
from lianfang.intake.records.words import DISEASES

_CERTAINTY = (
    Choice("low", ("1 - Low", "1_LOW", "LOW", "低")),
    Choice("medium", ("2 - Medium", "2_MEDIUM", "MEDIUM", "中")),
    Choice("high", ("3 - High", "3_HIGH", "HIGH", "高")),
)
_SETTINGS = (
    Choice("household", ("Home/household", "HOUSEHOLD", "home", "family", "家庭", "同住", "Family member", "family members")),
    Choice("health_care", ("Hospital/healthcare", "health care", "hospital", "Emergency room", "Hospital room", "医疗机构", "诊疗", "Contact with HCW", "Visiting patients")),
    Choice("workplace", ("Workplace", "work", "工作场所", "办公室")),
    Choice("school", ("School", "学校", "class")),
    Choice("transport", ("Transport", "travel", "同乘", "交通工具", "FLIGHT")),
    Choice("social", ("Social", "friends", "聚餐", "社交", "Same room", "LEISURE")),
    Choice("funeral", ("funeral", "burial", "葬礼")),
    Choice("other", ("other", "OTHER", "其他", "Other (please specify in comment field)")),
)  # fmt: skip
_STATUS = (
    Choice("follow_up", ("FOLLOW_UP", "UNDER_FOLLOW_UP", "ACTIVE", "医学观察中")),
    Choice("completed", ("COMPLETED", "FOLLOW_UP_COMPLETED", "解除", "已解除")),
    Choice("cancelled", ("CANCELED", "CANCELLED", "DROPPED", "取消")),
    Choice("lost", ("LOST", "LOST_TO_FOLLOW_UP", "失访")),
    Choice("no_follow_up", ("NO_FOLLOW_UP", "NOT_NEEDED", "DIED", "无需观察")),
    Choice("became_case", ("BECAME_CASE", "CONVERTED", "转为病例")),
)  # fmt: skip
_SEEN = (
    Choice("seen_ok", ("SEEN_OK", "COOPERATIVE", "seen, well", "正常", "无异常")),
    Choice("seen_not_ok", ("SEEN_NOT_OK", "seen, with signs", "异常", "有症状")),
    Choice("missed", ("MISSED", "UNAVAILABLE", "not found", "未见到")),
    Choice("not_attempted", ("NOT_ATTEMPTED", "not attempted", "未随访")),
    Choice("not_performed", ("NOT_PERFORMED", "UNCOOPERATIVE", "not performed", "未完成")),
)

_ISOLATION = (
    Choice("central", ("INSTITUTIONELL", "HOTEL", "HOSPITAL", "OTHER", "centre", "center", "集中隔离", "隔离点")),
    Choice("home", ("HOME", "at home", "居家隔离", "居家")),
)  # fmt: skip

_TIES: tuple[Field, ...] = (
    Field(code="disease", kind=Kind.CODE, en="Disease", zh="病种", choices=DISEASES,open=True, synonyms=("疾病名称",)),
    Field(code="first_contact_on", kind=Kind.DATE, en="First contact", zh="首次接触日期", synonyms=("date of first contact", "firstContactDate", "dateOfFirstContact")),
    Field(code="last_contact_on", kind=Kind.DATE, en="Last contact", zh="末次接触日期", synonyms=("date of last contact", "date_of_last_contact", "lastContactDate", "dateOfLastContact", "contactDate", "contact date", "relationship.contactDate", "最后接触日期", "接触日期")),
    Field(code="setting", kind=Kind.CODE, en="Setting", zh="接触场所", choices=_SETTINGS,open=True, synonyms=("context_of_exposure", "socialRelationshipTypeId", "relationship.socialRelationshipTypeId", "contactIdentificationSource", "接触地点", "source", "exposure")),
    Field(code="relation", kind=Kind.TEXT, en="Relation to the case", zh="与病例关系", synonyms=("relation_detail", "relationToCase", "relationDescription", "socialRelationshipDetail", "relationship.socialRelationshipDetail", "关系")),
    Field(code="proximity", kind=Kind.TEXT, en="Kind of contact", zh="接触方式", synonyms=("exposure_type", "contactProximity", "exposureTypeId", "relationship.exposureTypeId", "接触类型")),
    Field(code="certainty", kind=Kind.CODE, en="Certainty", zh="确定程度", choices=_CERTAINTY, synonyms=("certainty_level", "certaintyLevelId", "relationship.certaintyLevelId")),
)  # fmt: skip

CONTACT = Record(
    code="contact",
    en="Contacts",
    zh="密切接触者",
    fields=(
        Field(code="number", kind=Kind.IDENTIFIER, en="Contact number", zh="接触者编号", synonyms=("contact_id", "contact id", "visualId", "密接编号", "contact number", "编号", "id")),
        Field(code="external_id", kind=Kind.IDENTIFIER, en="Number in the other system", zh="外部系统编号", synonyms=("uuid", "externalID", "external id")),
        Field(code="case_number", kind=Kind.IDENTIFIER, en="Case number", zh="病例编号", synonyms=("case id", "case_id", "caseIdExternalSystem", "source_visualid", "relationship.relatedId", "related case", "关联病例", "指示病例编号", "index case")),
        *_TIES,
        Field(code="named_at", kind=Kind.MOMENT, en="Named", zh="登记时间", synonyms=("reportDateTime", "date of reporting", "date_of_reporting", "dateOfReporting", "dateBecomeContact", "report date", "登记日期")),
        Field(code="notified_at", kind=Kind.MOMENT, en="Told", zh="告知时间", synonyms=("quarantineFrom", "quarantine start", "date_of_followup_start", "followUp.startDate", "隔离开始日期", "医学观察开始日期")),
        Field(code="status", kind=Kind.CODE, en="Follow-up status", zh="观察状态", choices=_STATUS, synonyms=("contact_status", "followUpStatus", "followUp.status", "follow up status")),
        Field(code="high_risk", kind=Kind.YES_NO, en="High risk", zh="高风险", synonyms=("highPriority", "high priority")),
        Field(code="risk_level", kind=Kind.CODE, en="Risk level", zh="风险等级", choices=_CERTAINTY, synonyms=("riskLevel", "risk_level")),
        Field(code="note", kind=Kind.TEXT, en="Note", zh="备注", synonyms=("description", "comments", "remarks")),
        *PERSON,
        *PLACE,
    ),
)  # fmt: skip

RELATIONSHIP = Record(
    code="relationship",
    en="Relationships (who was in contact with whom)",
    zh="接触关系",
    fields=(
        Field(code="external_id", kind=Kind.IDENTIFIER, en="Number of the relationship", zh="关系编号", synonyms=("uuid", "id")),
        Field(code="source_id", kind=Kind.IDENTIFIER, en="Source, number in the other system", zh="来源外部编号", synonyms=("source_uuid", "persons [1].id")),
        Field(code="source_number", kind=Kind.IDENTIFIER, en="Source", zh="来源病例编号", synonyms=("source_visualid", "from", "infector", "infector_id", "source", "source_case", "传染源")),
        Field(code="source_sex", kind=Kind.TEXT, en="Sex of the source", zh="来源性别", synonyms=("source_gender",)),
        Field(code="source_age", kind=Kind.TEXT, en="Age of the source", zh="来源年龄", synonyms=("source_age",)),
        Field(code="target_id", kind=Kind.IDENTIFIER, en="Exposed person, number in the other system", zh="被接触者外部编号", synonyms=("target_uuid", "persons [2].id")),
        Field(code="target_number", kind=Kind.IDENTIFIER, en="Exposed person", zh="被接触者编号", synonyms=("target_visualid", "to", "infectee", "infectee_id", "target", "contact_id", "case_id", "续发病例")),
        Field(code="target_sex", kind=Kind.TEXT, en="Sex of the exposed person", zh="被接触者性别", synonyms=("target_gender",)),
        Field(code="target_age", kind=Kind.TEXT, en="Age of the exposed person", zh="被接触者年龄", synonyms=("target_age",)),
        *_TIES,
        Field(code="duration", kind=Kind.TEXT, en="Duration", zh="接触时长", synonyms=("exposure_duration", "exposureDurationId")),
        Field(code="frequency", kind=Kind.TEXT, en="Frequency", zh="接触频次", synonyms=("exposure_frequency", "exposureFrequencyId")),
    ),
)  # fmt: skip

FOLLOW_UP = Record(
    code="follow_up",
    en="Follow-up visits",
    zh="随访记录",
    fields=(
        Field(code="external_id", kind=Kind.IDENTIFIER, en="Number of the visit", zh="随访编号", synonyms=("uuid", "id")),
        Field(code="contact_id", kind=Kind.IDENTIFIER, en="Contact, number in the other system", zh="接触者外部编号", synonyms=("contact_uuid", "personId", "contact.id")),
        Field(code="contact_number", kind=Kind.IDENTIFIER, en="Contact number", zh="接触者编号", synonyms=("contact_id", "contact.visualId", "contact number", "密接编号")),
        Field(code="case_number", kind=Kind.IDENTIFIER, en="Case number", zh="病例编号", synonyms=("case_id", "case number")),
        Field(code="on", kind=Kind.MOMENT, en="Date", zh="随访日期", required=True, synonyms=("date_of_followup", "date of follow-up", "date of followup", "follow up date", "visit date", "date", "观察日期")),
        Field(code="seen", kind=Kind.CODE, en="Result of the visit", zh="随访结果", required=True, choices=_SEEN, synonyms=("followup_status", "statusId", "status", "follow-up status", "随访状态")),
        Field(code="temperature", kind=Kind.NUMBER, en="Temperature", zh="体温", lowest=30, highest=45, synonyms=("temp", "body temperature", "体温（℃）")),
        Field(code="signs", kind=Kind.TEXT, en="Signs", zh="症状", synonyms=("symptoms", "症状描述")),
        Field(code="by_self", kind=Kind.YES_NO, en="Reported by the person", zh="自报", synonyms=("self report",)),
        Field(code="note", kind=Kind.TEXT, en="Note", zh="备注", synonyms=("comment", "comments")),
    ),
)  # fmt: skip

STAY = Record(
    code="stay",
    en="Stays in isolation",
    zh="隔离入住记录",
    fields=(
        Field(code="contact_id", kind=Kind.IDENTIFIER, en="Contact, number in the other system", zh="接触者外部编号", synonyms=("contact_uuid", "personId")),
        Field(code="contact_number", kind=Kind.IDENTIFIER, en="Contact number", zh="接触者编号", synonyms=("contact number", "密接编号")),
        Field(code="case_number", kind=Kind.IDENTIFIER, en="Case number", zh="病例编号", synonyms=("case_id", "case number")),
        Field(code="kind", kind=Kind.CODE, en="Kind of isolation", zh="隔离方式", choices=_ISOLATION, synonyms=("quarantine", "quarantineType", "isolation kind")),
        Field(code="site", kind=Kind.TEXT, en="Isolation site", zh="隔离点", synonyms=("isolation centre", "isolation center", "quarantine facility", "centerName", "隔离场所")),
        Field(code="room", kind=Kind.TEXT, en="Room", zh="房间", synonyms=("room number", "房号", "房间号")),
        Field(code="stay_from", kind=Kind.MOMENT, en="Isolated from", zh="入住时间", required=True, synonyms=("isolated from", "quarantineFrom", "check-in", "isolation start", "入住日期", "隔离开始时间")),
        Field(code="stay_until", kind=Kind.MOMENT, en="Isolated until", zh="离开时间", synonyms=("isolated until", "quarantineTo", "check-out", "isolation end", "离开日期", "隔离结束时间")),
        Field(code="needs", kind=Kind.TEXT, en="Needs", zh="需要照护的原因", synonyms=("special needs",)),
        Field(code="released_by", kind=Kind.TEXT, en="Released by edition", zh="解除依据的版本"),
        Field(code="reason", kind=Kind.TEXT, en="Reason of the end", zh="结束原因", synonyms=("end reason",)),
    ),
)  # fmt: skip
