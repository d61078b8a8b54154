"""The expression of the indicators on Spark gives the rows of DuckDB, from the same Parquet files."""

import importlib.util
import shutil

import duckdb
import ibis
import pyarrow.parquet as pq
import pytest
from tests.apps.regions.test_tally import AREAS, FIRST, LAST, a_table, drawn

from lianfang.regions.panel import tables_of
from lianfang.regions.tally import indicator_sql

# Each in its own words; none is about the indicators.
pytestmark = [
    pytest.mark.spark,
    pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas:FutureWarning"),
    pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]
SETTINGS = {
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.ui.enabled": "false",
    "spark.sql.shuffle.partitions": "2",
    "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -XX:-UsePerfData",
}


@pytest.fixture(scope="module")
def session():
    if importlib.util.find_spec("pyspark") is None or importlib.util.find_spec("pyspark.sql") is None:
        pytest.skip("PySpark is not installed: uv pip install pyspark==4.3.0")
    if shutil.which("java") is None:
        pytest.skip("there is no Java: apt-get install openjdk-17-jre-headless")
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.master("local[2]").appName("lianfang regions")
    for name, value in SETTINGS.items():
        builder = builder.config(name, value)
    found = builder.getOrCreate()
    ibis.pyspark.connect(found)  # the compiler asks for the settings that this registers
    yield found
    found.stop()


@pytest.mark.parametrize("known_by", [None, 400])
def test_spark_and_duckdb_give_the_same_rows(session, tmp_path, known_by):
    tables = tables_of(a_table(drawn(1)), sorted(AREAS), first=FIRST, last=LAST, known_by=known_by)
    connection = duckdb.connect()
    for name, table in tables.items():
        pq.write_table(table, tmp_path / f"{name}.parquet")
        session.read.parquet(str(tmp_path / f"{name}.parquet")).createOrReplaceTempView(name)
        connection.register(name, table)
    on_duckdb = connection.sql(indicator_sql()).fetchall()
    on_spark = [tuple(row) for row in session.sql(indicator_sql("pyspark")).collect()]
    assert len(on_duckdb) == len(AREAS) * (LAST - FIRST + 1)
    assert on_spark == on_duckdb
