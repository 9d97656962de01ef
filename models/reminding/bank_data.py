"""Whether what is known of the bank is new enough to contact anybody."""

from __future__ import annotations

from datetime import date

import pandas as pd

from models.working_days import working_days_after


def bank_state(
    bank_known_until: date | None, day: date, country: str | None, region: str | None
) -> tuple[bool, str]:
    """Return whether contacts must wait for the bank, and in words why; empty text where they need not.

    They wait when the last day whose bank statement is in (`bank_known_until`) is before the last working day
    before `day` in the creditor's country and region: who has paid since would be reminded of it. None says
    that nobody told, and nothing waits.
    """
    if bank_known_until is None:
        return False, ""
    before = pd.Series([pd.Timestamp(day) - pd.Timedelta(days=1)])
    place = (pd.Series([part], dtype="str") for part in (country, region))
    last: date = working_days_after(before, 0, *place).iloc[0].date()
    if bank_known_until >= last:
        return False, ""
    return True, f"bank data known until {bank_known_until} only, the last working day was {last}"
