"""The best times known and the difficulty of operations: what replaces what, what is refused."""

import math

import pytest

from skilldyno.results.measured import (
    DamagedMeasurementsError,
    Measurements,
    best_share,
    load_measurements,
    with_best,
    with_difficulty,
    write_measurements,
)

NOTHING = Measurements(hardware="h200")


def evidence(seconds, *, verdict="correct", digest="d1", operation="rms_norm", name="a"):
    timings = [
        {"workload": f"M={m}", "candidate_seconds": s, "roofline_fraction": 0.5}
        for m, s in seconds.items()
    ]
    return {
        "id": name,
        "operation": operation,
        "operation_digest": digest,
        "hardware": "h200",
        "language": "cuda",
        "candidate": f"sha of {name}",
        "verdict": verdict,
        "timings": timings,
        "environment": {"judge_digest": "j"},
    }


def times(known):
    return {(b.operation, b.workload): (b.seconds, b.source) for b in known.best}


def test_a_faster_correct_candidate_replaces_the_best():
    known, new = with_best(NOTHING, [evidence({1: 4e-6, 2: 9e-6})])
    assert len(new) == 2
    known, new = with_best(known, [evidence({1: 5e-6, 2: 8e-6}, name="b")])
    assert [b.workload for b in new] == ["M=2"]
    assert times(known) == {("rms_norm", "M=1"): (4e-6, "a"), ("rms_norm", "M=2"): (8e-6, "b")}


@pytest.mark.parametrize("verdict", ["flagged", "incorrect"])
def test_only_a_correct_candidate_counts(verdict):
    assert with_best(NOTHING, [evidence({1: 1e-9}, verdict=verdict)]) == (NOTHING, ())


def test_a_changed_definition_begins_anew():
    known, _ = with_best(
        NOTHING, [evidence({1: 4e-6, 2: 9e-6}), evidence({1: 1e-6}, operation="rope")]
    )
    known, new = with_best(known, [evidence({1: 7e-6}, digest="d2", name="b")])
    assert len(new) == 1
    assert times(known) == {("rms_norm", "M=1"): (7e-6, "b"), ("rope", "M=1"): (1e-6, "a")}


def test_difficulty_is_counted_by_arm_and_replaced():
    arm = {"operation": "rope", "operation_digest": "d", "language": "cuda", "variant": "none"}
    samples = [
        {**arm, "model": "m", "correct": c, "roofline_fraction": f}
        for c, f in ((True, 0.5), (True, 0.7), (False, None))
    ]
    known = with_difficulty(NOTHING, samples)
    (found,) = known.difficulty
    assert (found.samples, found.correct, found.roofline_fraction) == (3, 2, 0.6)
    (found,) = with_difficulty(known, samples[2:]).difficulty
    assert (found.samples, found.correct, found.roofline_fraction) == (1, 0, None)


def test_the_file_gives_back_what_was_written(tmp_path):
    known, _ = with_best(NOTHING, [evidence({1: 4e-6})])
    path = write_measurements(known, tmp_path)
    assert load_measurements("h200", tmp_path) == known
    path.write_text("{")
    load_measurements.cache_clear()
    with pytest.raises(DamagedMeasurementsError, match=r"h200\.json is damaged"):
        load_measurements("h200", tmp_path)


def test_share_of_the_best_needs_every_workload_and_the_same_definition():
    best = load_measurements("h200").best
    mine = [b for b in best if b.operation == "rms_norm"]
    digest = mine[0].operation_digest

    def share(factor, others=(), digest=digest):
        times = {b.workload.removeprefix("M="): factor * b.seconds for b in mine}
        record = evidence(times | dict.fromkeys(others, 1e-6))
        return best_share("h200", digest, record["timings"])

    assert share(1) == pytest.approx(1)
    assert share(4) == pytest.approx(0.25)
    assert math.isnan(share(1, others=["no such"]))
    assert math.isnan(share(1, digest="another"))
    assert math.isnan(best_share("h200", digest, []))
    assert math.isnan(best_share("no-such-machine", digest, evidence({1: 1e-6})["timings"]))
