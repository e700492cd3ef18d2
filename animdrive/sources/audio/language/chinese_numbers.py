"""Numbers as they are read in Chinese: to characters, one or more readings."""

from __future__ import annotations

import re

_DIGITS = "零一二三四五六七八九"
_STEPS = ("", "十", "百", "千")
_GROUPS = ("", "万", "亿", "万亿")
_MONEY = {"$": "美元", "¥": "元", "€": "欧元", "£": "英镑"}
_LONGEST = 12
"""Digits; longer numbers are read digit by digit."""

NUMBER = re.compile(
    r"(?P<sign>[-−–+](?=[$¥€£]?[0-9]))?(?P<money>[$¥€£])?"
    r"(?P<whole>[0-9]{1,3}(?:,[0-9]{3})+(?![0-9])|[0-9]{1,40})"
    r"(?:(?P<colon>:[0-5][0-9])(?::[0-5][0-9])?|\.(?P<part>[0-9]{1,40}))?"
    r"(?:[/⁄](?P<under>[0-9]+)(?![/⁄0-9]))?(?P<percent>[%‰])?"
)
"""A number with all that is read together with it."""


def digits_read(digits: str, *, telephone: bool = False) -> str:
    """Return digits read one by one; on the telephone 1 is yāo (幺)."""
    read = "".join(_DIGITS[int(digit)] for digit in digits)
    return read.replace("一", "幺") if telephone else read


def whole_read(digits: str) -> str:
    """Return a whole number read as a quantity: ``"1024"`` → 一千零二十四."""
    digits = digits.lstrip("0") or "0"
    if digits == "0":
        return "零"
    read = ""
    gap = False
    for place, digit in zip(range(len(digits) - 1, -1, -1), digits, strict=True):
        group, step = divmod(place, 4)
        if digit == "0":
            gap = bool(read)
        else:
            read += ("零" if gap else "") + _DIGITS[int(digit)] + _STEPS[step]
            gap = False
        own = digits[max(0, len(digits) - 4 * (group + 1)) : len(digits) - 4 * group]
        if step == 0 and group and own.strip("0"):
            read += _GROUPS[group]
    return read.removeprefix("一") if read.startswith("一十") else read


def readings(token: str, *, after: str = "") -> tuple[str, ...]:
    """Return how a number may be read, in characters, the likeliest first.

    A year (2024年) is read digit by digit, a time (3:30) with 点 and 分, 50% as 百分之五十, 1/2 as
    二分之一, money with its unit; a two before what is counted may be 两.

    Args:
        token: What `NUMBER` matches.
        after: The text after it.
    """
    found = NUMBER.fullmatch(token)
    if found is None:
        return ()
    whole = found["whole"].replace(",", "")
    sign = {"+": "正"}.get(found["sign"], "负") if found["sign"] else ""
    if found["colon"]:
        minutes = found["colon"][1:]
        hour = "两" if whole in ("2", "02") else whole_read(whole)
        rest = {"00": "整", "30": "半"}.get(minutes)
        read = f"{hour}点{'零' if minutes[0] == '0' else ''}{whole_read(minutes)}分"
        return (
            (f"{hour}点{rest}", f"{hour}点", read)
            if rest == "整"
            else ((read, f"{hour}点{rest}", read[:-1]) if rest else (read, read[:-1]))
        )
    as_digits = digits_read(whole)
    quantity = as_digits if len(whole) > _LONGEST else whole_read(whole)
    if found["part"]:
        quantity += f"点{digits_read(found['part'])}"
    if found["under"]:
        return (f"{sign}{whole_read(found['under'])}分之{quantity}",)
    if found["percent"]:
        of = "百" if found["percent"] == "%" else "千"
        return (f"{sign}{of}分之{quantity}",)
    if found["money"]:
        unit = _MONEY[found["money"]]
        return _with_pair(f"{sign}{quantity}{unit}", whole)
    if found["part"] or sign:
        return (f"{sign}{quantity}",)
    if len(whole) == 4 and after[:1] == "年":
        return as_digits, quantity
    if "," not in token and ((whole.startswith("0") and len(whole) > 1) or len(whole) >= 7):
        return tuple(dict.fromkeys((as_digits, digits_read(whole, telephone=True), quantity)))
    if len(whole) >= 3 and "," not in token:
        likely = _with_pair(quantity, whole)
        return tuple(dict.fromkeys((*likely, as_digits, digits_read(whole, telephone=True))))[:4]
    return _with_pair(quantity, whole)


def _with_pair(read: str, whole: str) -> tuple[str, ...]:
    """Return `read`, and with 两 where a two may be said so: alone, or before 千, 万 and 亿."""
    pair = re.sub("二(?=[千万亿])", "两", read)
    if whole == "2":
        pair = read.replace("二", "两")
    return tuple(dict.fromkeys((read, pair)))
