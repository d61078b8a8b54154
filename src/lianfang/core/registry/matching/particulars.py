"""Numbers, dates and addresses in the one form in which they are hashed and compared."""

import re
import unicodedata
from datetime import date

_DIGITS = re.compile(r"\D+")
_NOT_WORD = re.compile(r"[^0-9a-z\u3400-\u9fff]+")
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)  # GB 11643-1999
_CHECK = "10X98765432"
# As many last digits as survive every way of writing the country and trunk prefix.
PHONE_DIGITS = 9


def _plain(text: str) -> str:
    return text if text.isascii() else unicodedata.normalize("NFKC", text)


def normal_phone(text: str) -> str:
    """Return the last nine digits, which are the same with and without country code; "" for what is no number."""
    digits = _DIGITS.sub("", _plain(text))
    return digits[-PHONE_DIGITS:] if len(digits) >= 7 else ""


def normal_number(text: str) -> str:
    """Return letters and digits in capitals."""
    return "".join(ch for ch in _plain(text).upper() if ch.isalnum())


def normal_national_id(text: str) -> str:
    """Return the number in capitals; a Chinese number of the old 15 digits in its 18 digits."""
    number = normal_number(text)
    if len(number) == 15 and number.isdigit():
        longer = f"{number[:6]}19{number[6:]}"
        return longer + check_digit(longer)
    return number


def check_digit(first_17: str) -> str:
    """Return the 18th character of a Chinese identity number (ISO 7064 mod 11-2, as in GB 11643-1999)."""
    return _CHECK[sum(int(digit) * weight for digit, weight in zip(first_17, _WEIGHTS, strict=True)) % 11]


def read_chinese_id(number: str) -> tuple[date, str] | None:
    """Return date of birth and sex that a valid Chinese identity number carries, else None."""
    if len(number) != 18 or not number[:17].isdigit() or check_digit(number[:17]) != number[17]:
        return None
    try:
        born = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return None
    return born, "male" if int(number[16]) % 2 else "female"


def normal_email(text: str) -> str:
    """Return the address in small letters."""
    return _plain(text).strip().casefold()


def normal_address(text: str) -> str:
    """Return the address without spaces and punctuation, in small letters."""
    return _NOT_WORD.sub("", _plain(text).casefold())
