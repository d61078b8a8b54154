"""The same expression on a Spark cluster of two executors gives the rows of DuckDB and of the columns."""

import importlib.util
import shutil
import subprocess

import pytest
from tests.pure.visits.stays import T0, a_store, drawn
from tests.pure.visits.test_engines import by_ibis, by_kernel, plain

from lianfang.visits.engines import on_spark, over_parquet
from lianfang.visits.windows import Windows

# Each in its own words; none is about the search.
pytestmark = [
    pytest.mark.spark,
    pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas:FutureWarning"),
    pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]

# A cluster that lives for seconds: little is worth compiling well, and two tasks are enough for two executors.
_BRIEF = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -XX:-UsePerfData"
BRIEF = {
    "spark.sql.shuffle.partitions": "2",
    "spark.driver.extraJavaOptions": _BRIEF,
    "spark.executor.extraJavaOptions": _BRIEF,
}


def missing() -> str:
    """Return what keeps Spark from running here; "" where nothing does."""
    if importlib.util.find_spec("pyspark") is None or importlib.util.find_spec("pyspark.sql") is None:
        return "PySpark is not installed: uv pip install pyspark==4.3.0"
    java = shutil.which("java")
    if java is None:
        return "there is no Java: apt-get install openjdk-17-jre-headless"
    told = subprocess.run([java, "-version"], capture_output=True, text=True, check=False)
    return "" if told.returncode == 0 else f"Java does not start: {told.stderr[:200]}"


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    rows = drawn(6_000, n_persons=600, n_places=60, seed=5)
    return a_store(tmp_path_factory.mktemp("spark") / "lake", rows)


@pytest.fixture(scope="module")
def cluster(lake):
    reason = missing()
    if reason:
        pytest.skip(reason)
    engine = on_spark(lake, master="local-cluster[2,1,1024]", options=BRIEF)
    yield engine
    engine[0].disconnect()


@pytest.mark.parametrize("most_present", [None, dict.fromkeys(range(10), 6)])
@pytest.mark.parametrize("min_seconds", [1, 900])
def test_spark_duckdb_and_the_columns_give_the_same_rows(lake, cluster, tmp_path, min_seconds, most_present):
    asked = Windows.of((person, T0 + 86_400, T0 + 6 * 86_400) for person in range(1, 31))
    how = {"min_seconds": min_seconds, "most_present": most_present}
    pairs, crowd = by_ibis(cluster, asked, lake, **how)
    duckdb_pairs, duckdb_crowd = by_ibis(over_parquet(lake), asked, lake, **how)
    assert len(pairs) > 200
    assert plain(pairs) == plain(duckdb_pairs)
    assert plain(pairs) == plain(by_kernel(lake, asked, tmp_path / "set", **how).pairs().to_arrow())
    assert sorted(plain(crowd)) == sorted(plain(duckdb_crowd))
    if most_present:
        assert len(crowd) > 20
