"""How a table of the output contract becomes Arrow, Parquet and CSV, and a table again.

Inside, money is whole minor units in `<name>_minor`; outside it is an exact decimal in the major
units of the row's currency. Rows leave sorted by the table's key, so that the same rows in any
order give the same bytes.
"""

from __future__ import annotations

import io

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from features.contracts import Column, Kind, Table
from features.contracts.money import minor_digits
from features.contracts.output import RUN_COLUMNS
from features.errors import PublicationError

MONEY_DIGITS, MONEY_DECIMALS = 18, 3
"""Published money is decimal(18, 3): up to 999,999,999,999,999.999."""

_ARROW_TYPES: dict[Kind, pa.DataType] = {
    "id": pa.string(),
    "text": pa.string(),
    "day": pa.date32(),
    "money": pa.decimal128(MONEY_DIGITS, MONEY_DECIMALS),
    "count": pa.int64(),
    "days": pa.int64(),
    "share": pa.float64(),
    "number": pa.float64(),
    "flag": pa.bool_(),
}


def to_arrow(contract: Table, frame: pd.DataFrame, run: dict[str, object]) -> pa.Table:
    """Return the rows of `frame` (inside names) as the contract's Arrow table, sorted by its key.

    The values of `run` (run_id, as_of, schema_version) are put in front of every row. Optional
    columns that the frame lacks are empty. Empty text counts as none.
    PublicationError when a column is unknown or missing, or holds what its kind cannot hold.
    """
    _refuse_other_columns(contract, frame)
    frame = frame.reset_index(drop=True)
    arrays = [pa.repeat(pa.scalar(run[c.name], _ARROW_TYPES[c.kind]), len(frame)) for c in RUN_COLUMNS]
    for column in contract.columns:
        try:
            arrays.append(_to_array(column, frame))
        except (pa.ArrowException, TypeError, ValueError) as error:
            raise PublicationError(f"{contract.name}.{column.name} is not {column.kind}: {error}") from error
    table = pa.Table.from_arrays(arrays, schema=_schema(contract))
    keys = contract.key or tuple(contract.names)
    return table.sort_by([(name, "ascending") for name in keys])


def from_arrow(contract: Table, table: pa.Table) -> pd.DataFrame:
    """Return a published table with inside names and types, without the run's columns.

    Money is int64 minor units, days are `datetime64[s]`, whole numbers and flags are nullable
    where the contract allows them to be empty.
    """
    columns: dict[str, pd.Series] = {}
    for column in contract.columns:
        if column.name in table.column_names:
            columns[column.inside] = _to_series(column, table[column.name], table)
        else:  # written by an older minor version of the contract
            columns[column.inside] = _typed(pd.Series([None] * table.num_rows, dtype="object"), column)
    return pd.DataFrame(columns)


def to_parquet(table: pa.Table) -> bytes:
    """Return the table as Parquet; the same table gives the same bytes."""
    import pyarrow.parquet as pq

    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd", compression_level=3, store_decimal_as_integer=True)
    written: bytes = sink.getvalue().to_pybytes()
    return written


def from_parquet(content: bytes) -> pa.Table:
    """Return the table of a Parquet file's bytes."""
    import pyarrow.parquet as pq

    return pq.read_table(pa.BufferReader(content))


def to_csv(contract: Table, table: pa.Table) -> bytes:
    """Return the table as UTF-8 CSV: money with its currency's digits, empty where there is none."""
    import pyarrow.csv

    for column in contract.columns:
        if column.kind == "money":
            written = _written_money(table[column.name], table["currency"])
            table = table.set_column(table.column_names.index(column.name), column.name, written)
    sink = io.BytesIO()
    pyarrow.csv.write_csv(table, sink, pyarrow.csv.WriteOptions(quoting_header="none"))
    return sink.getvalue()


def _schema(contract: Table) -> pa.Schema:
    return pa.schema(
        [
            pa.field(column.name, _ARROW_TYPES[column.kind], nullable=not column.required)
            for column in (*RUN_COLUMNS, *contract.columns)
        ]
    )


def _refuse_other_columns(contract: Table, frame: pd.DataFrame) -> None:
    unknown = sorted(set(map(str, frame.columns)) - {column.inside for column in contract.columns})
    if unknown:
        raise PublicationError(f"{contract.name} has columns unknown to its contract: {', '.join(unknown)}")
    missing = [c.inside for c in contract.columns if c.required and c.inside not in frame]
    if missing and len(frame):
        raise PublicationError(f"{contract.name} lacks the columns {', '.join(missing)}")


def _to_array(column: Column, frame: pd.DataFrame) -> pa.Array:
    kind = _ARROW_TYPES[column.kind]
    if column.inside not in frame or not len(frame):
        return pa.nulls(len(frame), kind)
    values = frame[column.inside]
    if column.kind == "money":
        return _to_decimals(values, frame["currency"])
    if column.kind == "day":
        return _to_days(values)
    if isinstance(values.dtype, pd.CategoricalDtype):
        values = values.astype(values.dtype.categories.dtype)
    array = _one_chunk(pa.array(values, type=kind, from_pandas=True))
    if pa.types.is_string(kind):
        array = pc.if_else(pc.equal(array, ""), pa.scalar(None, kind), array)
    return array


def _to_days(values: pd.Series) -> pa.Array:
    if not pd.api.types.is_datetime64_dtype(values.dtype):
        return _one_chunk(pa.array(values, type=pa.date32(), from_pandas=True))
    moments = values.to_numpy()
    days = moments.astype("datetime64[D]")
    hours = ~np.isnat(moments) & (days != moments)
    if hours.any():
        raise ValueError(f"{moments[hours][0]} carries a time of day")
    return pa.array(days, type=pa.date32())


def _to_decimals(minor: pd.Series, currency: pd.Series) -> pa.Array:
    """Build decimals from the integers' own bytes: exact, and no object per row."""
    if not pd.api.types.is_integer_dtype(minor.dtype):
        raise TypeError(f"minor units must be whole numbers, not {minor.dtype}")
    empty = minor.isna().to_numpy()
    if (~empty & currency.isna().to_numpy()).any():
        raise ValueError("an amount without a currency")
    amounts: npt.NDArray[np.int64] = minor.fillna(0).to_numpy(dtype=np.int64)
    factor = _factor(currency)
    largest = (10**MONEY_DIGITS - 1) // factor
    too_large = (amounts > largest) | (amounts < -largest)
    if too_large.any():
        limits = f"decimal({MONEY_DIGITS}, {MONEY_DECIMALS})"
        raise ValueError(f"{amounts[too_large][0]} minor units do not fit {limits}")
    words = np.empty((len(amounts), 2), dtype="<i8")
    words[:, 0] = amounts * factor
    words[:, 1] = words[:, 0] >> 63
    filled = np.packbits(~empty, bitorder="little")
    kind = _ARROW_TYPES["money"]
    return pa.Array.from_buffers(kind, len(amounts), [pa.py_buffer(filled), pa.py_buffer(words)])


def _to_minor(money: pa.ChunkedArray, currency: pd.Series) -> pd.Series:
    array = _one_chunk(money)
    words = np.frombuffer(array.buffers()[1], dtype="<i8").reshape(-1, 2)
    scaled = words[array.offset : array.offset + len(array), 0]
    empty = array.is_null().to_numpy(zero_copy_only=False)
    minor = pd.Series(np.where(empty, 0, scaled) // _factor(currency))
    return minor.astype("Int64").mask(pd.Series(empty)) if empty.any() else minor


def _to_series(column: Column, values: pa.ChunkedArray, table: pa.Table) -> pd.Series:
    if column.kind == "money":
        if not len(values):
            return _typed(pd.Series([], dtype="object"), column)
        return _typed(_to_minor(values, table["currency"].to_pandas()), column)
    if column.kind == "day":
        return pd.Series(_one_chunk(values).to_numpy(zero_copy_only=False).astype("datetime64[s]"))
    if column.kind in ("count", "days", "flag") and values.null_count:
        return _typed(pd.Series(values.to_pylist(), dtype="object"), column)
    return _typed(values.to_pandas(), column)


def _typed(values: pd.Series, column: Column) -> pd.Series:
    typed: pd.Series = values.astype(_pandas_type(column))  # type: ignore[call-overload]
    return typed


def _pandas_type(column: Column) -> str:
    match column.kind:
        case "id" | "text":
            return "str"
        case "day":
            return "datetime64[s]"
        case "share" | "number":
            return "float64"
        case "flag":
            return "bool" if column.required else "boolean"
        case _:
            return "int64" if column.required else "Int64"


def _written_money(money: pa.ChunkedArray, currency: pa.ChunkedArray) -> pa.ChunkedArray:
    by_digits: dict[int, list[str]] = {}
    for code in sorted(c for c in currency.unique().to_pylist() if c):
        by_digits.setdefault(minor_digits(code), []).append(code)
    written = pa.nulls(len(money), pa.string())
    for digits, codes in sorted(by_digits.items()):
        mine = pc.is_in(currency, pa.array(codes))
        amounts = pc.if_else(mine, money, pa.scalar(None, money.type))
        as_text = amounts.cast(pa.decimal128(MONEY_DIGITS, digits)).cast(pa.string())
        written = pc.if_else(mine, as_text, written)
    return written


def _factor(currency: pd.Series) -> npt.NDArray[np.int64]:
    """Thousandths of a major unit in one minor unit, for each row."""
    codes, present = pd.factorize(currency)
    finer = sorted(code for code in present if minor_digits(code) > MONEY_DECIMALS)
    if finer:
        raise ValueError(f"{', '.join(finer)} has more than {MONEY_DECIMALS} digits after the point")
    factors = [10 ** (MONEY_DECIMALS - minor_digits(code)) for code in present]
    return np.array([*factors, 1], dtype=np.int64)[codes]  # the last one is for rows without a currency


def _one_chunk(array: pa.Array | pa.ChunkedArray) -> pa.Array:
    return array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array
