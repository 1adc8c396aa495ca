"""Evidence: one schema, read with care."""

import json

import pytest

from skilldyno.scorers.evidence import (
    EvidenceError,
    compact,
    evidence_schema,
    no_code,
    parse_evidence,
    store,
)
from skilldyno.scorers.judge.evidence import VERDICTS, Timing
from skilldyno.scorers.kernel import score_of


@pytest.fixture
def record() -> dict:
    return no_code(
        id="rms_norm/cpu-x86_64/cpp:001:none:model",
        operation="rms_norm",
        operation_digest="0" * 64,
        hardware="cpu-x86_64",
        language="cpp",
        note="The completion holds no code.",
    ).to_dict()


def test_schema_is_the_one_that_is_documented(snapshot):
    assert json.dumps(evidence_schema(), indent=1, sort_keys=True) == snapshot


def test_record_survives_json(record):
    evidence = parse_evidence(json.loads(json.dumps(record)))
    assert evidence.to_dict() == record


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"schema": 99}, "evidence of schema 99"),
        ({"verdict": "splendid"}, "verdict 'splendid'"),
        ({"compiled": "perhaps"}, "evidence field compiled"),
        ({"timings": [{"workload": "M=1"}]}, r"evidence field timings\.0"),
    ],
)
def test_malformed_record_is_refused_in_one_sentence(record, change, words):
    with pytest.raises(EvidenceError, match=words):
        parse_evidence({**record, **change})


def test_score_of_each_verdict(record):
    for verdict in VERDICTS:
        correct = verdict == "correct"
        evidence = parse_evidence(
            {
                **record,
                "verdict": verdict,
                "compiled": correct,
                "correct": correct,
                "speedup": 2.0 if correct else None,
            }
        )
        score = score_of(evidence, "source")
        if verdict == "infra_error":
            assert score.reason == "infra_error"
            assert isinstance(score.value, float)
        else:
            assert isinstance(score.value, dict)
            assert score.value["correct"] == int(correct)
            assert score.value["fast_1"] == int(correct)
        assert score.explanation == f"{verdict}: {record['reason']}"


def test_raw_samples_go_to_the_side_file_only(record, tmp_path):
    timing = Timing(
        workload="M=1",
        candidate_seconds=1.0,
        baseline_seconds=2.0,
        speedup=2.0,
        speedup_low=1.9,
        speedup_high=2.1,
        pairs=8,
        ambiguous=False,
        roofline_seconds=0.5,
        roofline_fraction=0.5,
        bound_seconds=1.0,
        achieved_bandwidth=1e9,
        achieved_rate=1e9,
        baselines={"eager": 2.0},
        samples=((1.0, 2.0),),
    )
    evidence = parse_evidence({**record, "timings": [timing.__dict__]})
    assert "samples" not in compact(evidence)["timings"][0]
    path = store(evidence, tmp_path / "evidence")
    assert json.loads(path.read_text())["timings"][0]["samples"] == [[1.0, 2.0]]
