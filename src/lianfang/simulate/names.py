"""Invented Chinese names of persons and places with their pinyin; common syllables joined at random."""

import numpy as np
from numpy.typing import NDArray

# Surname, pinyin, weight: roughly how often it occurs, so that namesakes do too.
SURNAMES = """王 Wang 75|李 Li 74|张 Zhang 70|刘 Liu 54|陈 Chen 53|杨 Yang 32|赵 Zhao 27|黄 Huang 26|周 Zhou 25|吴 Wu 24
徐 Xu 19|孙 Sun 19|胡 Hu 16|朱 Zhu 16|高 Gao 15|林 Lin 15|何 He 14|郭 Guo 14|马 Ma 13|罗 Luo 12|梁 Liang 11|宋 Song 11
郑 Zheng 11|谢 Xie 10|韩 Han 9|唐 Tang 9|冯 Feng 8|于 Yu 8|董 Dong 8|萧 Xiao 7|程 Cheng 7|曹 Cao 7|袁 Yuan 7|邓 Deng 7
许 Xu 7|傅 Fu 6|沈 Shen 6|曾 Zeng 6|彭 Peng 6|吕 Lü 6|苏 Su 5|卢 Lu 5|蒋 Jiang 5|蔡 Cai 5|贾 Jia 5|丁 Ding 5|魏 Wei 5
薛 Xue 4|叶 Ye 4|阎 Yan 4|余 Yu 4|潘 Pan 4|杜 Du 4|戴 Dai 4|夏 Xia 4|钟 Zhong 4|汪 Wang 4|田 Tian 4|任 Ren 4|姜 Jiang 3
范 Fan 3|方 Fang 3|石 Shi 3|姚 Yao 3|谭 Tan 3|廖 Liao 3|邹 Zou 3|熊 Xiong 3|金 Jin 3|陆 Lu 3|郝 Hao 2|孔 Kong 2|白 Bai 2
崔 Cui 2|康 Kang 2|毛 Mao 2|邱 Qiu 2|秦 Qin 2|江 Jiang 2|史 Shi 2|顾 Gu 2|侯 Hou 2|欧阳 Ouyang 1|司马 Sima 1|诸葛 Zhuge 1"""

FEMALE_SYLLABLES = """芳 fang|娜 na|敏 min|静 jing|丽 li|艳 yan|娟 juan|秀 xiu|英 ying|霞 xia|平 ping|玲 ling|桂 gui|兰 lan
梅 mei|红 hong|玉 yu|萍 ping|华 hua|慧 hui|婷 ting|雪 xue|琳 lin|燕 yan|莲 lian|珍 zhen|凤 feng|云 yun|洁 jie|琴 qin
倩 qian|欣 xin|怡 yi|佳 jia|诗 shi|雨 yu|涵 han|梦 meng|思 si|月 yue|春 chun|香 xiang|翠 cui|蓉 rong"""

MALE_SYLLABLES = """伟 wei|强 qiang|磊 lei|军 jun|洋 yang|勇 yong|杰 jie|涛 tao|明 ming|超 chao|刚 gang|平 ping|辉 hui|鹏 peng
建 jian|国 guo|文 wen|志 zhi|海 hai|波 bo|斌 bin|宇 yu|浩 hao|凯 kai|健 jian|俊 jun|帆 fan|峰 feng|龙 long|林 lin
鑫 xin|晨 chen|子 zi|轩 xuan|博 bo|天 tian|德 de|福 fu|永 yong|生 sheng|庆 qing|祥 xiang|宏 hong|旭 xu"""

PLACE_SYLLABLES = """云 yun|溪 xi|柳 liu|河 he|石 shi|桥 qiao|青 qing|山 shan|白 bai|沙 sha|东 dong|湖 hu|南 nan|岭 ling|新 xin
安 an|平 ping|泉 quan|松 song|林 lin|清 qing|水 shui|龙 long|潭 tan|金 jin|塘 tang|花 hua|园 yuan|竹 zhu|溪 xi|高 gao|坪 ping
和 he|乐 le|太 tai|康 kang|长 chang|坡 po|双 shuang|井 jing|朝 chao|阳 yang|临 lin|江 jiang|兴 xing|隆 long"""


def pairs(text: str) -> tuple[NDArray[np.str_], NDArray[np.str_]]:
    """Return the characters and the pinyin of a table above."""
    rows = [entry.split() for line in text.splitlines() for entry in line.split("|")]
    return np.array([row[0] for row in rows]), np.array([row[1] for row in rows])


def weights() -> NDArray[np.float64]:
    """Return the probabilities of the surnames."""
    counts = np.array(
        [float(entry.split()[2]) for line in SURNAMES.splitlines() for entry in line.split("|")]
    )
    return np.asarray(counts / counts.sum(), dtype=np.float64)


def place_names(
    number: int, suffix: tuple[str, str], generator: np.random.Generator
) -> list[tuple[str, str]]:
    """Return `number` invented place names (Chinese, pinyin) that end in `suffix`; distinct while there are enough."""
    characters, sounds = pairs(PLACE_SYLLABLES)
    size = len(characters)
    codes = generator.permutation(size * size)[np.arange(number) % (size * size)]
    first, second = np.divmod(codes, size)
    return [
        (f"{characters[a]}{characters[b]}{suffix[0]}", f"{sounds[a].capitalize()}{sounds[b]} {suffix[1]}")
        for a, b in zip(first, second, strict=True)
    ]


def person_names(
    sexes: NDArray[np.int8], surnames: NDArray[np.int64], draws: NDArray[np.float64]
) -> tuple[list[str], list[str]]:
    """Return names and their pinyin for persons of these sexes (1 male), surname numbers and three draws each."""
    family, family_sound = pairs(SURNAMES)
    tables = (pairs(FEMALE_SYLLABLES), pairs(MALE_SYLLABLES))
    names, sounds = [], []
    for sex, surname, draw in zip(sexes.tolist(), surnames.tolist(), draws.tolist(), strict=True):
        characters, syllables = tables[sex]
        chosen = [int(draw[0] * len(characters))]
        if draw[2] < 0.8:
            chosen.append(int(draw[1] * len(characters)))
        names.append(str(family[surname]) + "".join(characters[i] for i in chosen))
        sounds.append(f"{family_sound[surname]} {''.join(syllables[i] for i in chosen).capitalize()}")
    return names, sounds
