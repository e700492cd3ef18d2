from __future__ import annotations

import numpy as np
import pytest

from animdrive.sources.audio.language.chinese_numbers import (
    NUMBER,
    digits_read,
    readings,
    whole_read,
)

VALUES = {c: n for n, c in enumerate("零一二三四五六七八九")} | {"两": 2}
STEPS = {"十": 10, "百": 100, "千": 1000}


def value(read: str) -> int:
    """Return the number that is read, by a grammar of its own: 二十万零三 is 200003."""
    total = group = digit = 0
    for letter in read:
        if letter in VALUES:
            digit = VALUES[letter]
        elif letter in STEPS:
            group += (digit or 1) * STEPS[letter]
            digit = 0
        else:
            total = (total + group + digit) * {"万": 10**4, "亿": 10**8}[letter]
            group = digit = 0
            if letter == "亿":
                return total + value(read[read.index("亿") + 1 :])
    return total + group + digit


def test_quantities_are_read_so_that_they_can_be_understood(rng: np.random.Generator):
    numbers = [*range(130), 1001, 1010, 1100, 10**4, 10**4 + 1, 10**8, 10**8 + 10, 10**9 + 10**4]
    numbers += [int(10 ** rng.uniform(2, 11)) for _ in range(300)]
    for number in numbers:
        assert value(whole_read(str(number))) == number, whole_read(str(number))


@pytest.mark.parametrize(
    ("token", "after", "read"),
    [
        ("2024", "年", "二零二四 二千零二十四"),
        ("2024", "个", "二千零二十四 两千零二十四 二零二四"),
        ("3.5", "", "三点五"),
        ("50%", "", "百分之五十"),
        ("-5", "度", "负五"),
        ("1/2", "", "二分之一"),
        ("2", "个", "二 两"),
        ("10", "", "十"),
        ("110", "", "一百一十 一一零 幺幺零"),
        ("3:30", "", "三点三十分 三点半 三点三十"),
        ("2:00", "", "两点整 两点 两点零零分"),
        ("¥5.20", "", "五点二零元"),
        ("12,345", "", "一万二千三百四十五 一万两千三百四十五"),
        ("007", "", "零零七 七"),
        ("1380013", "", "一三八零零一三 幺三八零零幺三 一百三十八万零一十三"),
        ("9" * 30, "", "九" * 30),
        ("hello", "", ""),
    ],
)  # fmt: skip
def test_readings(token: str, after: str, read: str):
    assert " ".join(readings(token, after=after)) == read


def test_what_is_found_as_a_number_is_read():
    text = "2024年3月15日 3:30 50% -5 1/2 $3.50 1,000,000 ¥5 12/34/56 99:99 3. .5"
    found = [match.group() for match in NUMBER.finditer(text)]
    assert found[:9] == "2024 3 15 3:30 50% -5 1/2 $3.50 1,000,000".split()
    assert all(readings(token) for token in found)


def test_digits():
    assert digits_read("1024") == "一零二四"
    assert digits_read("110", telephone=True) == "幺幺零"
