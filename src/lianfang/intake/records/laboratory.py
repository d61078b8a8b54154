"""A laboratory's message: a sample, and its result when there is one."""

from lianfang.intake.fields import Field, Kind, Record
from lianfang.intake.records.words import DISEASES, FINDINGS, SPECIMENS, TESTS

LAB_RESULT = Record(
    code="lab_result",
    en="Laboratory results",
    zh="检测结果",
    fields=(
        Field(code="external_id", kind=Kind.IDENTIFIER, en="Number of the message", zh="消息编号", synonyms=("id", "uuid", "message id", "report id", "报告编号")),
        Field(code="case_id", kind=Kind.IDENTIFIER, en="Case, number in the other system", zh="病例外部编号", synonyms=("personId", "person.id", "case uuid")),
        Field(code="case_number", kind=Kind.IDENTIFIER, en="Case number", zh="病例编号", synonyms=("person.visualId", "case id", "case_id", "epidNumber", "patient id", "visualId", "患者编号")),
        Field(code="disease", kind=Kind.CODE, en="Disease", zh="病种", choices=DISEASES,open=True, synonyms=("testedFor", "testedDisease", "检测病种")),
        Field(code="sample_number", kind=Kind.IDENTIFIER, en="Sample number", zh="标本编号", synonyms=("sampleIdentifier", "sample id", "labSampleID", "sample no", "specimen id", "barcode", "样本编号", "标本号", "条码号")),
        Field(code="specimen", kind=Kind.CODE, en="Specimen", zh="标本类型", choices=SPECIMENS, synonyms=("sampleType", "sampleMaterial", "sample type", "specimen type", "样本类型")),
        Field(code="sampled_at", kind=Kind.MOMENT, en="Sample taken", zh="采样时间", synonyms=("dateSampleTaken", "sampleDateTime", "date sample taken", "date of sampling", "sample date", "采样日期")),
        Field(code="shipped_at", kind=Kind.MOMENT, en="Sample sent", zh="送样时间", synonyms=("shipmentDate", "date sent", "送检日期")),
        Field(code="received_at", kind=Kind.MOMENT, en="Sample received", zh="收样时间", synonyms=("dateSampleDelivered", "receivedDate", "date received", "收样日期")),
        Field(code="condition", kind=Kind.TEXT, en="Condition of the sample", zh="标本状态", synonyms=("specimenCondition",)),
        Field(code="test", kind=Kind.CODE, en="Test", zh="检测方法", choices=TESTS, synonyms=("testType", "test type", "检测项目")),
        Field(code="finding", kind=Kind.CODE, en="Result", zh="检测结果", choices=FINDINGS, synonyms=("result", "testResult", "test result", "结果", "结论")),
        Field(code="value", kind=Kind.NUMBER, en="Value", zh="数值", synonyms=("quantitativeResult", "cqValue", "ct value", "ct", "ct值")),
        Field(code="resulted_at", kind=Kind.MOMENT, en="Result on", zh="结果时间", synonyms=("dateOfResult", "dateTesting", "testDateTime", "date of result", "result date", "检测日期", "报告时间")),
        Field(code="laboratory", kind=Kind.TEXT, en="Laboratory", zh="检测机构", synonyms=("labName", "lab", "laboratory name", "实验室", "检测单位")),
        Field(code="result_key", kind=Kind.IDENTIFIER, en="Number of the result", zh="结果编号", synonyms=("result id", "externalOrderId")),
        Field(code="status", kind=Kind.TEXT, en="Status", zh="状态", synonyms=("result status",)),
    ),
)  # fmt: skip
