"""Codings that several kinds of rows share: diseases, classes, outcomes, specimens, tests, results, signs.

Codes are those of the rulebook's vocabulary and of the case tables; spellings are SORMAS's, Go.Data's, WHO's, those of
Chinese forms and those common in line lists.
"""

from lianfang.intake.fields import Choice

DISEASES = (
    Choice("covid_19", ("CORONAVIRUS", "COVID-19", "COVID", "2019-nCoV", "SARS-CoV-2", "NCP", "新型冠状病毒肺炎", "新冠肺炎", "新冠", "新型冠状病毒感染")),
    Choice("ebola", ("EVD", "Ebola virus disease", "Ebola", "埃博拉出血热", "埃博拉")),
    Choice("measles", ("MEASLES", "rougeole", "麻疹")),
    Choice("mers", ("MERS", "MERS-CoV", "中东呼吸综合征")),
    Choice("cholera", ("CHOLERA", "霍乱")),
    Choice("dengue", ("DENGUE", "dengue fever", "登革热")),
    Choice("mpox", ("MONKEYPOX", "mpox", "猴痘")),
    Choice("plague", ("PLAGUE", "鼠疫")),
    Choice("lassa", ("LASSA", "Lassa fever", "拉沙热")),
    Choice("yellow_fever", ("YELLOW_FEVER", "黄热病")),
    Choice("influenza", ("NEW_INFLUENZA", "influenza", "流感")),
    Choice("meningitis", ("CSM", "meningitis", "流脑")),
    Choice("polio", ("POLIO", "AFP", "脊髓灰质炎")),
    Choice("rabies", ("RABIES", "狂犬病")),
    Choice("anthrax", ("ANTHRAX", "炭疽")),
)  # fmt: skip

CLASSES = (
    Choice("not_classified", ("NOT_CLASSIFIED", "UNCLASSIFIED", "unclassified", "pending", "待分类", "未分类")),
    Choice("suspected", ("SUSPECT", "SUSPECTED", "suspected case", "疑似", "疑似病例")),
    Choice("probable", ("PROBABLE", "probable case", "可能", "可能病例", "临床诊断", "临床诊断病例", "clinically diagnosed")),
    Choice("confirmed", ("CONFIRMED", "CONFIRMED_UNKNOWN_SYMPTOMS", "laboratory confirmed", "确诊", "确诊病例", "实验室诊断")),
    Choice("asymptomatic", ("CONFIRMED_NO_SYMPTOMS", "asymptomatic infection", "无症状", "无症状感染者")),
    Choice("excluded", ("NO_CASE", "NOT_A_CASE_DISCARDED", "not a case", "discarded", "non-case", "排除", "已排除", "订正为非病例")),
)  # fmt: skip

OUTCOMES = (
    Choice("ill", ("NO_OUTCOME", "ALIVE", "still ill", "in hospital", "hospitalised", "在治", "治疗中", "住院", "存活")),
    Choice("recovered", ("RECOVERED", "RECOVER", "cured", "discharged", "healthy", "治愈", "痊愈", "出院", "康复")),
    Choice("died", ("DECEASED", "DEAD", "DEATH", "died", "DIE", "死亡", "病亡")),
    Choice("unknown", ("UNKNOWN", "不详", "失访", "lost")),
)  # fmt: skip

SPECIMENS = (
    Choice("nasopharyngeal_swab", ("NASAL_SWAB", "NASOPHARYNGEAL_SWAB", "NP swab", "NP_SWAB", "鼻咽拭子", "鼻拭子")),
    Choice("oropharyngeal_swab", ("THROAT_SWAB", "OP swab", "ORO_PHARYNGEAL_SWAB", "咽拭子", "口咽拭子")),
    Choice("sputum", ("SPUTUM", "痰", "痰液")),
    Choice("tracheal_aspirate", ("ENDOTRACHEAL_ASPIRATE", "tracheal aspirate", "ETA", "气管抽取物")),
    Choice("bronchoalveolar_lavage", ("BRONCHOALVEOLAR_LAVAGE", "BAL", "肺泡灌洗液")),
    Choice("respiratory", ("RESPIRATORY", "NASOPHARYNGEAL_ASPIRATE", "呼吸道标本")),
    Choice("blood", ("BLOOD", "whole blood", "血液", "全血", "血")),
    Choice("serum", ("SERA", "SERUM", "血清")),
    Choice("urine", ("URINE", "尿", "尿液")),
    Choice("stool", ("STOOL", "RECTAL_SWAB", "anal swab", "粪便", "肛拭子")),
    Choice("oral_swab", ("ORAL_SWAB", "SALIVA", "口腔拭子")),
    Choice("cerebrospinal_fluid", ("CEREBROSPINAL_FLUID", "CSF", "脑脊液")),
    Choice("crust", ("CRUST", "痂皮")),
    Choice("tissue", ("TISSUE", "NECROPSY", "BRAIN_TISSUE", "CORNEA_PM", "组织")),
    Choice("other", ("OTHER", "其他")),
)  # fmt: skip

TESTS = (
    Choice("rt_pcr", ("PCR_RT_PCR", "RT_PCR", "PCR", "RT-PCR", "qPCR", "NAAT", "nucleic acid", "核酸", "核酸检测")),
    Choice("sequencing", ("SEQUENCING", "DNA_MICROARRAY", "GENOTYPING", "基因测序", "测序")),
    Choice("virus_isolation", ("ISOLATION", "CULTURE", "virus culture", "病毒分离", "培养")),
    Choice("antigen", ("ANTIGEN_DETECTION", "antigen test", "抗原", "抗原检测")),
    Choice("igm", ("IGM_SERUM_ANTIBODY", "IgM", "IgM抗体")),
    Choice("igg", ("IGG_SERUM_ANTIBODY", "IgG", "IgG抗体")),
    Choice("neutralising_antibody", ("NEUTRALIZING_ANTIBODIES", "INDIRECT_FLUORESCENT_ANTIBODY", "中和抗体")),
    Choice("antibody", ("ANTIBODY_DETECTION", "IGA_SERUM_ANTIBODY", "serology", "抗体", "抗体检测")),
    Choice("rapid_test", ("RAPID_TEST", "RDT", "快速检测")),
    Choice("microscopy", ("MICROSCOPY", "GRAM_STAIN", "HISTOPATHOLOGY", "镜检")),
    Choice("other", ("OTHER", "其他")),
)  # fmt: skip

FINDINGS = (
    Choice("positive", ("POSITIVE", "POS", "+", "detected", "reactive", "阳性", "检出")),
    Choice("negative", ("NEGATIVE", "NEG", "not detected", "non-reactive", "阴性", "未检出")),
    Choice("indeterminate", ("INDETERMINATE", "INCONCLUSIVE", "equivocal", "borderline", "可疑", "灰区", "无法判定")),
    Choice("pending", ("PENDING", "IN_PROGRESS", "awaiting", "待出", "检测中")),
    Choice("not_done", ("NOT_DONE", "not tested", "REJECTED", "未检测")),
)  # fmt: skip

# code -> (English, Chinese, column names by which it is known; SORMAS writes `symptoms.` before them)
SIGNS: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "fever": ("fever", "发热", ("fever", "history_of_fever")),
    "sudden_high_fever": ("sudden onset of high fever", "突发高热", ()),
    "chills": ("chills", "寒战", ("chillsSweats", "chills")),
    "cough": ("cough", "咳嗽", ("cough", "dry_cough")),
    "sputum": ("sputum", "咳痰", ("coughWithSputum",)),
    "sore_throat": ("sore throat", "咽痛", ("soreThroat",)),
    "runny_nose": ("runny nose", "流涕", ("runnyNose", "coryza")),
    "nasal_congestion": ("nasal congestion", "鼻塞", ()),
    "chest_tightness": ("chest tightness", "胸闷", ("chestPain", "chestPressure")),
    "shortness_of_breath": ("shortness of breath", "气促", ("rapidBreathing", "sob")),
    "difficulty_breathing": ("difficulty breathing", "呼吸困难", ("difficultyBreathing", "dyspnoea", "dyspnea")),
    "fatigue": ("fatigue", "乏力", ("fatigueWeakness", "weakness", "malaise")),
    "lethargy": ("lethargy", "嗜睡", ()),
    "headache": ("headache", "头痛", ("headache",)),
    "muscle_pain": ("muscle pain", "肌肉痛", ("musclePain", "myalgia", "肌肉酸痛")),
    "joint_pain": ("joint pain", "关节痛", ("jointPain", "arthralgia")),
    "loss_of_appetite": ("loss of appetite", "食欲减退", ("anorexiaAppetiteLoss", "anorexia", "refusalFeedorDrink")),
    "nausea": ("nausea", "恶心", ("nausea",)),
    "vomiting": ("vomiting", "呕吐", ("vomiting",)),
    "diarrhoea": ("diarrhoea", "腹泻", ("diarrhea",)),
    "stomach_pain": ("stomach pain", "腹痛", ("abdominalPain",)),
    "difficulty_swallowing": ("difficulty swallowing", "吞咽困难", ("difficultySwallow", "dysphagia")),
    "hiccups": ("hiccups", "呃逆", ("hiccups",)),
    "unexplained_bleeding": (
        "unexplained bleeding", "不明原因出血", ("unexplainedBleeding", "otherHemorrhagicSymptoms", "bleeding"),
    ),
    "conjunctivitis": ("red eyes", "结膜炎", ("conjunctivitis", "redEyes")),
    "maculopapular_rash": ("rash", "皮疹", ("skinRash", "rash", "斑丘疹")),
}  # fmt: skip
