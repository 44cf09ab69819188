"""Checks that other readers see a recording as dio-trace wrote it."""

import sys

import duckdb
import polars
import pyarrow
import pyarrow.compute
import pyarrow.ipc

RECORDING, PARQUET = sys.argv[1:]
DETAILED = 3 * 16_384
TOTAL = 1_234_006 + DETAILED

table = pyarrow.ipc.open_stream(RECORDING).read_all()
assert pyarrow.compute.sum(table["count"]).as_py() == TOTAL
assert b"dio_trace.environment" in table.schema.metadata
assert str(table.schema.field("time").type) == "timestamp[ns, tz=UTC]"

frame = table.to_pandas()
by_verdict = frame.groupby("verdict", observed=True)["count"].sum()
assert by_verdict.sum() == TOTAL
assert by_verdict["aligned"] == 1_234_000
rejected = frame[frame["verdict"] == "rejected"]
assert set(rejected["comm"]) == {"qemu-system-x86", "mysqld"}
assert frame["loss_count"].sum() == 17

polars_frame = polars.read_ipc_stream(RECORDING)
assert polars_frame["count"].sum() == TOTAL
grouped = polars_frame.group_by("verdict").agg(polars.col("count").sum())
assert dict(grouped.filter(polars.col("verdict") == "aligned").rows()) == {"aligned": 1_234_000}
paths = polars_frame.select(polars.col("path").cast(polars.String).drop_nulls().unique())
assert len(paths) == len({*frame["path"].dropna()})
segments = polars_frame.filter(polars.col("segments").list.len() == 2)["segments"].to_list()
assert segments == [
    [
        {"address": 0x7F11_0000_0000, "length": 512},
        {"address": 0x7F11_0001_0000, "length": 3584},
    ]
], segments

found = duckdb.sql(
    f"""
    select sum(count), count(*) filter (list_contains(reasons, 'memory_address')),
           max(loss_count)
    from '{PARQUET}'
    """
).fetchall()
assert found == [(TOTAL, DETAILED + 2, 17)], found
rows = duckdb.sql(f"select comm, path from '{PARQUET}' where verdict = 'rejected' and comm = 'mysqld'")
assert rows.fetchall() == [("mysqld", "/var/lib/mysql/ib_logfile0")] * 2
