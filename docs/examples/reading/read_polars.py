"""A run of `dip simulate --out DIR --parquet`, read with polars: units, and figures checked against summary.json.

    python read_polars.py DIR
"""

import json
import sys
from pathlib import Path

import polars as pl

directory = Path(sys.argv[1])
summary = json.loads((directory / "summary.json").read_text())

# Parquet carries its units in the file.
run = pl.read_parquet(directory / "trajectory.parquet")
about = pl.read_parquet_metadata(directory / "trajectory.parquet")
for name in run.columns:
    print(f"{name:>22} [{about['unit.' + name]}]  {about['symbol.' + name]}")
print(f"{about['controller']}, seed {about['seed']}: {len(run)} rows")

# CSV has them beside it, in the words of the W3C's CSV on the Web. Where a law has no σ, all of it is NaN.
description = json.loads((directory / "csv-metadata.json").read_text())
columns = description["tables"][0]["tableSchema"]["columns"]
types = {column["name"]: pl.Float64 for column in columns}
csv = pl.read_csv(directory / "trajectory.csv", schema_overrides=types)
assert all(column["schema:unitText"] == about["unit." + column["name"]] for column in columns), "units differ"
assert run.equals(csv), "trajectory.parquet and trajectory.csv differ"


def check(name, actual, expected):
    print(f"{name}: {actual}")
    assert actual == expected, f"{name} is {actual} in the trajectory and {expected} in summary.json"


check("peak angle [rad]", run.select(pl.max_horizontal(pl.col("theta1", "theta2").abs()).max()).item(), summary["metrics"]["peak_angle"])

# The first time from which on the state stays within its bands.
bands = summary["experiment"]["settling"]
outside = (
    (pl.col("theta1").abs() > bands["theta"])
    | (pl.col("theta2").abs() > bands["theta"])
    | (pl.col("x").abs() > bands["x"])
)
if summary["outcome"] == "settled":
    last = run.with_row_index().filter(outside)["index"].max()
    check("settling time [s]", run["t"][0 if last is None else last + 1], summary["metrics"]["settling_time"])
