"""A row of a line list: person, case, signs, samples with their results, outcome."""

from lianfang.intake.fields import Choice, Field, Kind, Record
from lianfang.intake.records.person import PERSON, PLACE
from lianfang.intake.records.words import CLASSES, DISEASES, FINDINGS, OUTCOMES, SIGNS, SPECIMENS, TESTS

_CASE: tuple[Field, ...] = (
    Field(code="number", kind=Kind.IDENTIFIER, en="Case number", zh="病例编号", synonyms=("case id", "case_id", "caseid", "epidNumber", "epid number", "visualId", "case no", "patient id", "patinfo_ID", "uniq_id", "unique id", "编号", "病例号", "卡片编号", "序号", "id")),
    Field(code="external_id", kind=Kind.IDENTIFIER, en="Number in the other system", zh="外部系统编号", synonyms=("externalID", "uuid", "external id", "卡片ID", "externalToken")),
    Field(code="disease", kind=Kind.CODE, en="Disease", zh="病种", required=True, choices=DISEASES,open=True, synonyms=("疾病名称", "疾病病种", "diagnosis", "disease name")),
    Field(code="reported_at", kind=Kind.MOMENT, en="Reported", zh="报告时间", synonyms=("report date", "reportDate", "date_report", "dt_report", "date of report", "date of reporting", "dateOfReporting", "date_of_reporting", "date reported", "notification date", "reportDateTime", "report_date", "报告日期", "报卡日期", "填卡日期", "报告卡录入时间")),
    Field(code="onset_on", kind=Kind.DATE, en="Onset", zh="发病日期", synonyms=("date of onset", "date_onset", "dt_onset", "onset date", "onset", "symptom onset", "symptoms.onsetDate", "dateOfOnset", "date_onset_symptoms", "patcourse_dateonset", "onset_date", "date of symptom onset", "发病时间", "症状出现日期")),
    Field(code="infected_on", kind=Kind.DATE, en="Infected", zh="感染日期", synonyms=("date of infection", "date_infection", "dateOfInfection")),
    Field(code="exposed_from_on", kind=Kind.DATE, en="Exposed from", zh="暴露开始日期", synonyms=("dt_start_exp", "exposure start", "start exposure", "expo_case_date_first", "date_exposure_start", "首次接触日期")),
    Field(code="exposed_to_on", kind=Kind.DATE, en="Exposed until", zh="暴露结束日期", synonyms=("dt_end_exp", "exposure end", "end exposure", "expo_case_date_last", "last_poss_exposure", "最后接触日期", "date of exposure", "暴露日期")),
    Field(code="exposure_kind", kind=Kind.TEXT, en="Kind of exposure", zh="暴露类型", synonyms=("exposure type", "presumed_reason")),
    Field(code="exposure_place", kind=Kind.TEXT, en="Place of exposure", zh="暴露地点", synonyms=("place_infect", "place of infection", "expo_case_location", "infection place", "感染地点")),
    Field(code="source_number", kind=Kind.IDENTIFIER, en="Number of the source case", zh="传染源病例编号", synonyms=("infector", "infector_id", "source_visualid", "source case", "source id", "expo_ID", "infected by")),
    Field(code="linked_numbers", kind=Kind.TEXT, en="Numbers of linked cases", zh="关联病例编号", synonyms=("related cases", "linked cases", "related case ids", "epi links", "epidemiological links", "关联病例", "相关病例")),
    Field(code="contact_with_case", kind=Kind.YES_NO, en="Contact with a case", zh="病例接触史", synonyms=("epiData.contactWithSourceCaseKnown", "expo_contact_case", "contact with case", "known contact", "密切接触史")),
    Field(code="travelled", kind=Kind.YES_NO, en="Stay in an affected area", zh="疫区旅居史", synonyms=("expo_travel", "travel", "travel history", "epiData.highTransmissionRiskArea", "旅居史", "旅行史")),
    Field(code="travelled_to", kind=Kind.TEXT, en="Places travelled to", zh="旅行地点", synonyms=("travel history", "travel destination", "countries visited", "旅居史", "旅行史", "旅居地")),
    Field(code="diagnosed_at", kind=Kind.MOMENT, en="Diagnosed", zh="诊断时间", synonyms=("dt_diag", "diagnosis date", "date of diagnosis", "date_diagnosis", "诊断日期")),
    Field(code="confirmed_at", kind=Kind.MOMENT, en="Confirmed", zh="确诊时间", synonyms=("date confirmed", "date_confirmation", "confirmation date", "date of confirmation", "dateBecomeCase", "date_become_case", "classificationDate", "确诊日期")),
    Field(code="classification", kind=Kind.CODE, en="Classification", zh="病例分类", choices=CLASSES, synonyms=("case classification", "caseClassification", "case_def", "case status", "status", "report_classif", "case definition", "case type", "病例类型", "诊断分类")),
    Field(code="severity", kind=Kind.TEXT, en="Severity", zh="临床严重程度", synonyms=("clinical severity", "临床分型", "病情")),
    Field(code="hospital", kind=Kind.TEXT, en="Hospital", zh="就诊医院", synonyms=("healthFacility", "facility", "loc_hosp", "hospital name", "health facility", "hospitalization_centername", "center name", "医院", "医疗机构", "报告单位", "patcourse_presHCFname")),
    Field(code="admitted_on", kind=Kind.DATE, en="Admitted", zh="入院日期", synonyms=("date of hospitalisation", "date_of_hospitalisation", "date hospitalised", "date_admission", "admission date", "hospitalization.admissionDate", "hospitalization_startdate", "dt_hosp", "date_hospital", "date_hospitalisation", "date_hospitalization", "date of admission", "patcourse_presHCF", "住院日期", "入院时间")),
    Field(code="discharged_on", kind=Kind.DATE, en="Discharged", zh="出院日期", synonyms=("date of discharge", "discharge date", "hospitalization.dischargeDate", "hospitalization_enddate", "patcourse_datedischarge", "date_discharge", "出院时间")),
    Field(code="outcome", kind=Kind.CODE, en="Outcome", zh="转归", choices=OUTCOMES, synonyms=("outcome_id", "outcomeId", "final outcome", "outcome_patcourse_status", "vital status", "person.presentCondition", "presentCondition", "结局", "临床转归")),
    Field(code="outcome_on", kind=Kind.DATE, en="Date of outcome", zh="转归日期", synonyms=("date of outcome", "date_outcome", "dateOfOutcome", "outcomeDate", "dt_outcome", "outcome_date_of_outcome", "outcome date", "结局日期")),
    Field(code="died_on", kind=Kind.DATE, en="Died", zh="死亡日期", synonyms=("date of death", "dt_death", "date_death", "death date", "person.deathDate", "deathDate", "patcourse_datedeath", "死亡时间")),
    Field(code="asymptomatic", kind=Kind.YES_NO, en="Without symptoms", zh="是否无症状", synonyms=("patcourse_asymp_no_symptoms",)),
    Field(code="temperature", kind=Kind.NUMBER, en="Temperature", zh="体温", lowest=30, highest=45, synonyms=("temp", "symptoms.temperature", "body temperature", "体温（℃）")),
    Field(code="note", kind=Kind.TEXT, en="Note", zh="备注", synonyms=("comments", "remark", "remarks", "additionalDetails", "notes")),
)  # fmt: skip

_SAMPLES: tuple[Field, ...] = (
    Field(code="sample.number", kind=Kind.IDENTIFIER, en="Sample number", zh="标本编号", repeats=True, synonyms=("labSampleID", "fieldSampleID", "sampleIdentifier", "sample id", "sample no", "specimen id", "样本编号", "标本号")),
    Field(code="sample.taken_at", kind=Kind.MOMENT, en="Sample taken", zh="采样时间", repeats=True, synonyms=("date_sample", "sample date", "date of sample", "sampleDateTime", "dateSampleTaken", "Lab_datetaken", "Lab_date1", "specimen date", "collection date", "采样日期", "标本采集日期")),
    Field(code="sample.specimen", kind=Kind.CODE, en="Specimen", zh="标本类型", repeats=True, choices=SPECIMENS, synonyms=("sampleMaterial", "sampleType", "sample type", "specimen type", "样本类型")),
    Field(code="sample.received_at", kind=Kind.MOMENT, en="Sample received", zh="收样时间", repeats=True, synonyms=("receivedDate", "dateSampleDelivered", "date received", "收样日期")),
    Field(code="sample.laboratory", kind=Kind.TEXT, en="Laboratory", zh="检测机构", repeats=True, synonyms=("lab", "labName", "laboratory name", "实验室", "检测单位")),
    Field(code="result.kind", kind=Kind.CODE, en="Test", zh="检测方法", repeats=True, choices=TESTS, synonyms=("testType", "test type", "检测项目")),
    Field(code="result.at", kind=Kind.MOMENT, en="Result on", zh="结果时间", repeats=True, synonyms=("date of result", "dateOfResult", "testDateTime", "Lab_resdate", "result date", "test date", "date_result", "outcome_lab_date", "检测日期", "结果日期")),
    Field(code="result.finding", kind=Kind.CODE, en="Result", zh="检测结果", repeats=True, choices=FINDINGS, synonyms=("testResult", "lab result", "test result", "pathogenTestResult", "pcr result", "outcome_lab_result", "结果", "核酸检测结果", "核酸结果")),
    Field(code="result.value", kind=Kind.NUMBER, en="Value", zh="数值", repeats=True, synonyms=("cqValue", "ct value", "quantitativeResult", "ct值")),
    Field(code="result.key", kind=Kind.IDENTIFIER, en="Number of the result", zh="结果编号", repeats=True, synonyms=("result id",)),
)  # fmt: skip

_SIGNS: tuple[Field, ...] = tuple(
    Field(code=f"sign.{code}", kind=Kind.YES_NO, en=en.capitalize(), zh=zh, synonyms=synonyms)
    for code, (en, zh, synonyms) in SIGNS.items()
)

_FLAGS: tuple[Field, ...] = (
    Field(code="sign.imaging.pneumonia_features", kind=Kind.YES_NO, en="Imaging features of pneumonia", zh="肺炎影像学特征", synonyms=("pneumonia", "pneumoniaClinicalOrRadiologic", "ct pneumonia", "影像学表现")),
    Field(code="health_worker", kind=Kind.YES_NO, en="Health worker", zh="医务人员", synonyms=("patinfo_occuhcw", "hcw", "health care worker", "healthcare worker", "是否医务人员")),
    Field(code="pregnant", kind=Kind.CODE, en="Pregnant", zh="妊娠", synonyms=("Comcond_preg", "pregnancyStatus", "pregnancy_status"), choices=(Choice("yes", ("YES", "true", "1", "是", "YES_FIRST_TRIMESTER", "YES_SECOND_TRIMESTER", "YES_THIRD_TRIMESTER", "YES_TRIMESTER_UNKNOWN")), Choice("no", ("NO", "false", "0", "否", "NOT_PREGNANT", "NONE")))),
)  # fmt: skip

CASE = Record(
    code="case",
    en="Cases (line list)",
    zh="病例（个案表）",
    fields=(*_CASE, *PERSON, *PLACE, *_SAMPLES, *_SIGNS, *_FLAGS),
)
