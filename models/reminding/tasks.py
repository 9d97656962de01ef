"""What somebody must put right before the debtor is contacted: accounts, addresses, references."""

from __future__ import annotations

import hashlib
from collections.abc import Hashable, Mapping
from datetime import date
from typing import Any

import pandas as pd

from features.contracts.collection_tables import TASKS
from models.positions import positions
from models.reminding.minimum_amounts import money_text
from models.reminding.net_overdue import ACCOUNT, CREDITS, credited, net_overdue

COLUMNS = [column.inside for column in TASKS.columns]

_KEY = ["task", "customer_id", "company_code", "invoice_id", "currency", "wanted"]
"""What makes a task; `wanted` is the channel of a missing address."""

_STANDS_AGAINST = dict(zip(CREDITS, ("credit notes", "unapplied cash", "money in transit"), strict=True))

_ADDRESS = {"email": "e-mail address", "call": "telephone number"}


def find_tasks(
    items: pd.DataFrame, credit: pd.DataFrame, missing: pd.DataFrame, debtors: pd.DataFrame, *, day: date
) -> pd.DataFrame:
    """Return the table `tasks` with inside names, sorted by task, debtor, company code, item and currency.

    - clean_up_account: items are overdue on `day`, but what stands against the account covers them.
    - missing_address: `missing` (columns customer_id, wanted, taken; see `missing_addresses`), once per
      debtor and channel.
    - missing_reference: an overdue item of a public body without an order number, where the open items have
      order numbers at all.

    task_id stays the same while the task is the same, whatever its amount. `credit`: see `open_credit`;
    `debtors`: see `who`.
    """
    found = [_accounts(items, credit, day), _addresses(missing), _references(items, debtors, day)]
    rows = pd.concat([part.reindex(columns=list(_TYPES)).astype(_TYPES) for part in found])
    rows = rows.sort_values(_KEY, ignore_index=True)
    parts = zip(*(rows[column].fillna("") for column in _KEY), strict=True)
    rows["task_id"] = pd.array([_task_id(each) for each in parts], dtype="str")
    return rows[COLUMNS]


_TYPES = {**dict.fromkeys([*COLUMNS, "wanted"], "str"), "amount_minor": "Int64"}


def _task_id(parts: tuple[str, ...]) -> str:
    text = "".join(f"{len(part)}:{part}" for part in parts)
    return hashlib.sha256(text.encode()).hexdigest()[:20]


def _accounts(items: pd.DataFrame, credit: pd.DataFrame, day: date) -> pd.DataFrame:
    """Accounts with overdue items that owe nothing net: one row each, with what is overdue."""
    today = pd.Timestamp(day)
    net = net_overdue(items, credit, pd.Series(today, items.index))
    covered = (items["due_on"] < today).to_numpy() & (net <= 0)
    against = {name: credited(items, credit, [name])[covered] for name in CREDITS}
    lines = items.loc[covered, [*ACCOUNT, "open_amount_minor"]].assign(**against)
    sums = {"open_amount_minor": "sum", **dict.fromkeys(CREDITS, "first")}
    accounts = lines.groupby(ACCOUNT, dropna=False, sort=True).agg(sums).reset_index()
    return accounts.assign(
        task="clean_up_account",
        amount_minor=accounts["open_amount_minor"],
        words=[_covered(row) for row in accounts.to_dict("records")],
    )


def _covered(account: Mapping[Hashable, Any]) -> str:
    """That an account is covered, and by what."""
    currency = str(account["currency"])
    stands = [
        f"{money_text(account[name], currency)} {words}"
        for name, words in _STANDS_AGAINST.items()
        if account[name]
    ]
    overdue = money_text(account["open_amount_minor"], currency)
    return (
        f"{overdue} {currency} is overdue, but {' and '.join(stands)} stand against it: "
        "allocate them before anybody is contacted"
    )


def _addresses(missing: pd.DataFrame) -> pd.DataFrame:
    rows = missing.sort_values(["customer_id", "wanted", "taken"]).drop_duplicates(["customer_id", "wanted"])
    words = [
        f"there is no {_ADDRESS.get(wanted, f'address for the {wanted}')}, "
        + (f"a {taken} goes instead" if taken else "and nothing else reaches the debtor")
        + ": ask for it"
        for wanted, taken in zip(rows["wanted"], rows["taken"], strict=True)
    ]
    return rows.assign(task="missing_address", words=words)


def _references(items: pd.DataFrame, debtors: pd.DataFrame, day: date) -> pd.DataFrame:
    number = items["purchase_order_no"].fillna("").str.strip()
    public = debtors.index[debtors["legal_kind"] == "public"]
    lacking = (items["due_on"] < pd.Timestamp(day)) & (number == "") & ~items["dormant"]
    lacking &= bool((number != "").any()) & (positions(items["customer_id"], public) >= 0)
    rows: pd.DataFrame = items[lacking]
    return rows.assign(
        task="missing_reference",
        amount_minor=rows["open_amount_minor"],
        words="a public body does not pay without its order number: ask for it and send the invoice again",
    )
