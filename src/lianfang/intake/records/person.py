"""What rows of cases and contacts say about the person."""

from lianfang.intake.fields import Choice, Field, Kind

PERSON: tuple[Field, ...] = (
    Field(code="name", kind=Kind.NAME, en="Name", zh="姓名", personal=True, synonyms=("full name", "patient name", "person name", "患者姓名", "病人姓名", "nom complet")),
    Field(code="family_name", kind=Kind.NAME, en="Family name", zh="姓", personal=True, synonyms=("last name", "surname", "Nachname", "nom", "person.lastName")),
    Field(code="given_name", kind=Kind.NAME, en="Given name", zh="名", personal=True, synonyms=("first name", "forename", "Vorname", "prenom", "person.firstName")),
    Field(code="middle_name", kind=Kind.NAME, en="Middle name", zh="中间名", personal=True, synonyms=("second name", "other names")),
    Field(code="sex", kind=Kind.SEX, en="Sex", zh="性别", synonyms=("gender", "Geschlecht", "sexe", "sexo", "person.sex", "patinfo_sex")),
    Field(code="birth_date", kind=Kind.DATE, en="Date of birth", zh="出生日期", partial=True, personal=True, synonyms=("dob", "birthdate", "birth date", "birthday", "Geburtsdatum", "出生年月", "出生年月日", "dt_birth")),
    Field(code="birth_day", kind=Kind.INTEGER, en="Day of birth", zh="出生日", lowest=1, highest=31, synonyms=("birthdateDD", "person.birthdateDD")),
    Field(code="birth_month", kind=Kind.INTEGER, en="Month of birth", zh="出生月", lowest=1, highest=12, synonyms=("birthdateMM", "person.birthdateMM")),
    Field(code="birth_year", kind=Kind.INTEGER, en="Year of birth", zh="出生年份", lowest=1880, highest=2100, synonyms=("birthdateYYYY", "person.birthdateYYYY", "yob", "出生年")),
    Field(code="age", kind=Kind.AGE, en="Age", zh="年龄", synonyms=("age years", "age in years", "approximateAge", "person.approximateAge", "patinfo_ageonset", "岁", "年龄（岁）", "age_onset", "age at onset")),
    Field(code="age_months", kind=Kind.NUMBER, en="Age in months", zh="月龄", lowest=0, highest=240, synonyms=("age months", "ageMonths")),
    Field(code="age_unit", kind=Kind.CODE, en="Unit of age", zh="年龄单位", synonyms=("approximateAgeType", "person.approximateAgeType", "age unit", "patinfo_ageonsetunit"), choices=(Choice("years", ("YEARS", "year", "y", "岁")), Choice("months", ("MONTHS", "month", "m", "月")), Choice("days", ("DAYS", "day", "d", "天")))),
    Field(code="phone", kind=Kind.PHONE, en="Telephone", zh="联系电话", personal=True, synonyms=("phone number", "mobile", "telephone number", "tel", "person.phone", "手机", "手机号", "电话", "联系方式")),
    Field(code="email", kind=Kind.TEXT, en="E-mail", zh="电子邮箱", personal=True, synonyms=("email address", "emailAddress", "person.emailAddress")),
    Field(code="national_id", kind=Kind.IDENTIFIER, en="Identity number", zh="身份证号", personal=True, synonyms=("national id", "id card", "identity card", "id number", "身份证", "身份证号码", "有效证件号", "证件号码")),
    Field(code="passport", kind=Kind.IDENTIFIER, en="Passport number", zh="护照号", personal=True, synonyms=("passport no", "passport number", "护照")),
    Field(code="address", kind=Kind.TEXT, en="Address", zh="住址", personal=True, synonyms=("street", "addressLine1", "person.address.street", "home address", "现住址", "现住详细地址", "家庭住址", "地址", "居住地址")),
    Field(code="house_number", kind=Kind.TEXT, en="House number", zh="门牌号", personal=True, synonyms=("person.address.houseNumber",)),
    Field(code="postal_code", kind=Kind.IDENTIFIER, en="Postal code", zh="邮政编码", synonyms=("postcode", "zip", "person.address.postalCode")),
    Field(code="city", kind=Kind.TEXT, en="Town", zh="城镇", synonyms=("person.address.city", "town", "ville")),
    Field(code="guardian", kind=Kind.NAME, en="Guardian", zh="监护人", personal=True, synonyms=("namesOfGuardians", "parent", "患儿家长姓名", "家长姓名")),
    Field(code="occupation", kind=Kind.TEXT, en="Occupation", zh="职业", synonyms=("profession", "job", "occupationType", "person.occupationType", "人群分类", "职业分类")),
)  # fmt: skip

PLACE: tuple[Field, ...] = (
    Field(code="place_code", kind=Kind.IDENTIFIER, en="Code of the place", zh="地区编码", synonyms=("location_id", "locationId", "area code", "admin code", "adcode", "行政区划代码", "现住地址国标", "usualPlaceOfResidenceLocationId")),
    Field(code="province", kind=Kind.TEXT, en="Province", zh="省", synonyms=("region", "state", "admin_1_name", "admin1", "responsibleRegion", "省份", "patinfo_idadmin1")),
    Field(code="county", kind=Kind.TEXT, en="County", zh="县区", synonyms=("district", "admin_2_name", "admin2", "responsibleDistrict", "lga", "区县", "县", "区", "县（区）")),
    Field(code="township", kind=Kind.TEXT, en="Township", zh="乡镇街道", synonyms=("community", "responsibleCommunity", "admin_3_name", "admin3", "chiefdom", "cheifdom", "ward", "subdistrict", "街道", "乡镇")),
    Field(code="prefecture", kind=Kind.TEXT, en="Prefecture", zh="市", synonyms=("地市", "地级市")),
    Field(code="country", kind=Kind.TEXT, en="Country", zh="国家", synonyms=("reporting_ctry", "admin_0_name", "report_country", "country of residence", "patinfo_resadmin0", "patinfo_idadmin0")),
    Field(code="latitude", kind=Kind.NUMBER, en="Latitude", zh="纬度", lowest=-90, highest=90, synonyms=("lat", "geoLocation.lat", "reportLat")),
    Field(code="longitude", kind=Kind.NUMBER, en="Longitude", zh="经度", lowest=-180, highest=180, synonyms=("lon", "lng", "long", "geoLocation.lng", "reportLon")),
)  # fmt: skip
