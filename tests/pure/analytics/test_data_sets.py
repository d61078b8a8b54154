"""Every data set with a reference answer has a test that the documentation names, and the tests named there exist."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs" / "reference" / "analytics" / "data_sets.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| `(\w+)` \| `(test_\w+\.py)::(test_\w+)` \|", PAGE, flags=re.MULTILINE)


def test_every_data_set_is_on_the_page(shared_data):
    folders = {path.name for path in shared_data.iterdir() if path.is_dir()}
    elsewhere = set(re.findall(r"`(\w+)`", PAGE.rpartition("Data sets that concern other parts")[2]))
    assert folders <= {row[0] for row in ROWS} | elsewhere
    assert not elsewhere & {row[0] for row in ROWS}


def test_every_test_on_the_page_exists_and_reads_its_data():
    sources: dict[str, str] = {}
    for path in (ROOT / "tests").rglob("test_*.py"):  # several apps have a file of one name
        sources[path.name] = sources.get(path.name, "") + path.read_text(encoding="utf-8")
    benchmarks = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "benchmarks").rglob("*.py"))
    assert len(ROWS) > 40
    for data, file, test in ROWS:
        assert f"def {test}(" in sources[file], (file, test)
        assert data in sources[file] or ("benchmarks" in sources[file] and data in benchmarks), (file, data)
