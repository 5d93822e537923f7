# A run of `dip simulate --out DIR --parquet`, read with Julia: units, and figures checked against summary.json.
#
#     julia -e 'using Pkg; Pkg.add(["CSV", "DataFrames", "JSON", "Parquet2"])'
#     julia read_run.jl DIR
using CSV, DataFrames, JSON, Parquet2

directory = ARGS[1]
summary = JSON.parsefile(joinpath(directory, "summary.json"))

# CSV has its units beside it, in the words of the W3C's CSV on the Web.
description = JSON.parsefile(joinpath(directory, "csv-metadata.json"))
columns = description["tables"][1]["tableSchema"]["columns"]
run = CSV.read(joinpath(directory, "trajectory.csv"), DataFrame; types = Float64)
for (column, name) in zip(columns, names(run))
    column["name"] == name || error("the description is of another file")
    println(lpad(name, 22), " [", column["schema:unitText"], "]")
end
println(summary["controller"], ", seed ", summary["seed"], ": ", nrow(run), " rows")

# Parquet has the same numbers, to the bit.
parquet = DataFrame(Parquet2.Dataset(joinpath(directory, "trajectory.parquet")); copycols = true)
isequal(parquet, run) || error("trajectory.parquet and trajectory.csv differ")

function check(name, actual, expected)
    println(name, ": ", actual)
    actual == expected || error("$name is $actual in the trajectory and $expected in summary.json")
end

check("peak angle [rad]", maximum(abs, [run.theta1; run.theta2]), summary["metrics"]["peak_angle"])

# The first time from which on the state stays within its bands.
bands = summary["experiment"]["settling"]
outside = (abs.(run.theta1) .> bands["theta"]) .| (abs.(run.theta2) .> bands["theta"]) .| (abs.(run.x) .> bands["x"])
if summary["outcome"] == "settled"
    last = something(findlast(outside), 0)
    check("settling time [s]", run.t[last + 1], summary["metrics"]["settling_time"])
end
