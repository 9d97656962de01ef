"""Why an open item is reminded on its day, or why its contact is left out."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from models.reminding.contact_days import Contacts, Lines
from models.reminding.minimum_amounts import money_text
from models.reminding.step_timing import days
from models.texts import each_once, joined
from models.treatment.policy import Contact

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


def why_this_day(
    step_words: pd.Series,
    moved_words: pa.Array,
    wanted: Ints,
    lines: Lines,
    made: Contacts,
    limits: Contact,
    today: int,
) -> pa.Array:
    """Return the words of each line: its step's own, what moved its day, and what put it off or forward."""
    limit = np.maximum(made.gap_day, made.cap_day)
    flags = (
        wanted < today,
        made.gap_day > lines.wanted,
        made.cap_day > np.maximum(lines.wanted, made.gap_day),
        made.send_on > np.maximum(lines.wanted, limit),
        made.send_on < lines.wanted,
    )
    said = (
        "that day has passed",
        f"not within {days(limits.days_between)} of the last contact",
        f"at most {limits.most_contacts} contacts in {days(limits.within_days)}",
        "next working day",
        "together with others on that day",
    )
    number = sum(flag.astype(np.int64) << place for place, flag in enumerate(flags))

    def words(at: int) -> str:
        return "".join(f"; {text}" for flag, text in zip(flags, said, strict=True) if flag[at])

    own = pa.array(step_words, pa.large_string(), from_pandas=True)
    return joined(own, moved_words, each_once(np.asarray(number), words))


def why_covered(net_minor: Ints, currency: pd.Series) -> list[str]:
    """Return the words of items whose account owes this little net on the day to send."""
    return [
        f"credit covers what is overdue: net {money_text(net, name)} {name} on the day to send"
        for net, name in zip(net_minor.tolist(), currency, strict=True)
    ]


def why_too_late(step_name: npt.NDArray[np.object_], first_possible: Ints) -> list[str]:
    """Return the words of items whose step makes no sense any more when the debtor may be contacted."""
    possible = first_possible.astype("datetime64[D]").astype(str)
    return [
        f"too late for {name}: no contact is possible before {on}, after the due day"
        for name, on in zip(step_name, possible, strict=True)
    ]
