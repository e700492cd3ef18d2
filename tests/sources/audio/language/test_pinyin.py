from __future__ import annotations

import pytest

from animdrive.sources.audio.espeak import ipa, voices
from animdrive.sources.audio.language.inventory import INVENTORY, SYMBOLS
from animdrive.sources.audio.language.ipa import phones_from_ipa
from animdrive.sources.audio.language.pinyin import (
    FINALS,
    INITIALS,
    PINYIN_OF_PHONE,
    has_tone,
    phones_of_part,
    phones_of_syllable,
    pinyin_parts,
)

SYLLABLES = """
a ai an ang ao ba bai ban bang bao bei ben beng bi bian biao bie bin bing bo bu ca cai can ceng
chi chong chu chuan chuang chui chun chuo ci cong cou cu cuan cui cun cuo da dai dan dang deng di
dian ding diu dong dou du duan dui dun duo e ei en er fa fan fei feng fo fu gai gang ge gei gong
gua guan guang gui gun guo hai hang he hei hong hua huang hui hun huo ji jia jian jiang jiao jie
jin jing jiu ju juan jue jun kai kuang lan li lian liang liao lie lin ling liu long lv lve ma mei
men mi mian miao min ming mo mu na nei nian niang nin ning niu nong nv nve ou pa pei pi pian piao
pin po pu qi qia qian qiang qie qin qing qiu qu quan que ran ren ri rong ru ruan rui run ruo sai
sang sha shang shei shi shuang shui shuo si song suan sui sun ta tian ting tong tu tui tuo wa wai
wan wang wei wen weng wo wu xi xia xian xiang xiao xie xin xing xiu xu xuan xue xun ya yan yang
yao ye yi yin ying yong you yu yuan yue yun za zai zang zei zeng zhang zhe zhen zhi zhong zhou zhu
zhua zhuang zhui zhun zhuo zi zong zou zu zuan zui zun zuo
""".split()


@pytest.mark.parametrize(
    ("syllable", "phones"),
    [
        ("nǐ", "N IY"),
        ("hao3", "x a UH"),
        ("nv3", "N y"),
        ("nü", "N y"),
        ("lu:4", "L y"),
        ("xue2", "ɕ ɥ EH"),
        ("jun1", "dʑ y N"),
        ("yun", "y N"),
        ("quan2", "tɕ ɥ EH N"),
        ("zhi1", "ʈʂ ɨ"),
        ("ci2", "ts ɨ"),
        ("ri4", "ʐ ɨ"),
        ("bi3", "B IY"),
        ("liu4", "L Y o UH"),
        ("shui3", "ʂ W e IH"),
        ("lun2", "L W AH N"),
        ("xiong2", "ɕ Y UH NG"),
        ("weng1", "W AH NG"),
        ("bo1", "B o"),
        ("er4", "ER"),
        ("huar1", "x W a ER"),
        ("dianr3", "D Y EH ER"),
        ("menr2", "M ER"),
        ("xyz", ""),
        ("b", ""),
        ("", ""),
    ],
)
def test_syllables(syllable: str, phones: str):
    assert " ".join(phones_of_syllable(syllable)) == phones


def test_every_initial_and_final_is_of_the_inventory():
    assert set(INITIALS.values()) <= set(SYMBOLS)
    for final, phones in FINALS.items():
        assert set(phones.split()) <= set(SYMBOLS)
        if final not in ("ê", "-i"):
            assert sum(INVENTORY[phone].syllabic for phone in phones.split()) >= 1
    assert set(PINYIN_OF_PHONE) <= set(SYMBOLS)


def test_syllables_are_an_initial_and_a_final():
    for syllable in SYLLABLES:
        initial, final = pinyin_parts(syllable)
        assert phones_of_syllable(syllable) == (
            *([INITIALS[initial]] if initial else []),
            *FINALS[final].split(),
        )
        assert pinyin_parts(f"{syllable}4") == (initial, final)


def test_the_table_agrees_with_espeaks_voice():
    voice = voices()["cmn-latn-pinyin"]
    same = [
        phones_of_syllable(s) == phones_from_ipa(ipa(f"{s}1", voice=voice), language="cmn")
        for s in SYLLABLES
    ]
    assert sum(same) / len(same) > 0.98


def test_labels_need_the_label_before_them():
    assert phones_of_part("i4", before="sh") == ("ɨ",)
    assert phones_of_part("i4", before="l") == ("IY",)
    assert phones_of_part("u3", before="q") == ("y",)
    assert phones_of_part("uan3", before="x") == ("ɥ", "EH", "N")
    assert phones_of_part("uan3", before="h") == ("W", "a", "N")
    assert phones_of_part("iii4") == ("ɨ",)
    assert phones_of_part("n") == ("N",)
    assert phones_of_part("n2") == ("AH", "N")


def test_a_tone_is_a_digit_or_an_accent():
    assert [has_tone(label) for label in ("a1", "á", "ǚ", "a", "ü", "zh", "a0")] == [
        True, True, True, False, False, False, False,
    ]  # fmt: skip
