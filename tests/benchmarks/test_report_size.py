"""What the benchmark of the report measures is a whole report."""

from benchmarks.report_size import MOST_BYTES, make_rows
from skilldyno.results.report import write_report
from skilldyno.results.report.roofline import roofline
from skilldyno.results.statistics import compare


def test_a_report_of_synthetic_rows_is_whole_and_small(tmp_path):
    rows = make_rows(600)
    comparison = compare(rows)
    found = roofline(comparison, rows)
    assert len(found.dots) == (rows["verdict"] == "correct").sum() > 0
    assert "by the judge" in found.source
    page = write_report(comparison, rows, tmp_path / "report.html")
    assert page.stat().st_size < MOST_BYTES
    assert list(tmp_path.rglob("*.js"))
