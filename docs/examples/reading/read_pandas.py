"""A run of `dip simulate --out DIR --parquet`, read with pandas: units, and figures checked against summary.json.

    python read_pandas.py DIR
"""

import json
import sys
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq

directory = Path(sys.argv[1])
summary = json.loads((directory / "summary.json").read_text())

# CSV has its units beside it, in the words of the W3C's CSV on the Web.
description = json.loads((directory / "csv-metadata.json").read_text())
columns = description["tables"][0]["tableSchema"]["columns"]
units = {column["name"]: column["schema:unitText"] for column in columns}
# To the last bit since pandas 3; before, that took float_precision="round_trip".
run = pd.read_csv(directory / "trajectory.csv")
for name in run.columns:
    print(f"{name:>22} [{units[name]}]")
print(f"{summary['controller']}, seed {summary['seed']}: {len(run)} rows")

# Parquet carries them in the file.
parquet = pd.read_parquet(directory / "trajectory.parquet")
about = pq.read_metadata(directory / "trajectory.parquet").metadata
assert all(about[f"unit.{name}".encode()].decode() == unit for name, unit in units.items()), "units differ"
assert json.loads(about[b"experiment"]) == summary["experiment"], "another experiment"
assert run.equals(parquet), "trajectory.parquet and trajectory.csv differ"


def check(name, actual, expected):
    print(f"{name}: {actual}")
    assert actual == expected, f"{name} is {actual} in the trajectory and {expected} in summary.json"


check("peak angle [rad]", run[["theta1", "theta2"]].abs().max(axis=None), summary["metrics"]["peak_angle"])

# The first time from which on the state stays within its bands.
bands = summary["experiment"]["settling"]
outside = (run[["theta1", "theta2"]].abs() > bands["theta"]).any(axis=1) | (run["x"].abs() > bands["x"])
if summary["outcome"] == "settled":
    first = 0 if not outside.any() else outside[outside].index[-1] + 1
    check("settling time [s]", run["t"][first], summary["metrics"]["settling_time"])
