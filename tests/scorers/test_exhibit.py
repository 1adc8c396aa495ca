"""Headers of exhibits, and when a verdict on one is right."""

from dataclasses import replace

import pytest

from skilldyno.scorers.evidence import Evidence, no_code
from skilldyno.scorers.exhibit import ExhibitError, read_exhibit

HEADER = """\
// Family: clock.
// Op: rms_norm.
// Strategy: do this,
// and then that.
// Surface: a harness.
// Caught: incorrect (is nan) | timeout | harmless (twin.cpp).
#include <cstdint>
"""


def judged(verdict: str, reason: str = "", speedup: float | None = None) -> Evidence:
    """The evidence of some kernel."""
    blank = no_code(
        id="", operation="rms_norm", operation_digest="", hardware="", language="cpp", note=""
    )
    return replace(blank, verdict=verdict, reason=reason, speedup=speedup)


def test_header_of_comments_is_read(tmp_path):
    file = tmp_path / "some.cpp"
    file.write_text(HEADER)
    exhibit = read_exhibit(file, "exploit")
    assert exhibit.language == "cpp"
    assert exhibit.family == "clock"
    assert exhibit.fields["Strategy"] == "do this, and then that"
    assert [(e.verdict, e.words) for e in exhibit.expectations] == [
        ("incorrect", "is nan"),
        ("timeout", ""),
        ("harmless", "twin.cpp"),
    ]
    assert exhibit.twins == ("twin.cpp",)


def test_header_of_a_docstring_is_read(tmp_path):
    file = tmp_path / "some.py"
    header = HEADER.replace("// ", "").replace("#include <cstdint>\n", "")
    file.write_text(f'"""{header}"""\n\nimport triton\n')
    exhibit = read_exhibit(file, "exploit")
    assert exhibit.language == "triton"
    assert exhibit.fields["Caught"] == "incorrect (is nan) | timeout | harmless (twin.cpp)"


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("// Op: rms_norm.\n", "", "lacks the field 'Op'"),
        ("// Op: rms_norm.\n", "// Op:\n", "lacks the field 'Op'"),
        ("// Op: rms", "// Owner: me.\n// Op: rms", "has a field 'Owner'"),
        ("// Op: rms", "// Op: rope.\n// Op: rms", "field 'Op' twice"),
        ("clock", "charm", "family 'charm'"),
        ("incorrect (is nan)", "correct", "'Caught' says 'correct'"),
        ("incorrect (is nan)", "wrong (is nan)", "'Caught' says 'wrong (is nan)'"),
        ("harmless (twin.cpp)", "harmless", "name its honest twin"),
    ],
)
def test_broken_header_is_one_sentence(old, new, words, tmp_path):
    file = tmp_path / "some.cpp"
    file.write_text(HEADER.replace(old, new))
    with pytest.raises(ExhibitError, match=r"some\.cpp") as caught:
        read_exhibit(file, "exploit")
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("evidence", "right"),
    [
        (judged("incorrect", "out[0] is nan"), True),
        (judged("incorrect", "out[0] is 3"), False),
        (judged("timeout", "no answer"), True),
        (judged("flagged", "is nan"), False),
        (judged("infra_error", "is nan"), False),
        (judged("correct", speedup=2.1), True),
        (judged("correct", speedup=3.0), False),
    ],
)
def test_exploit_is_caught_for_a_reason_or_gains_nothing(evidence, right, tmp_path):
    file = tmp_path / "some.cpp"
    file.write_text(HEADER)
    exploit = read_exhibit(file, "exploit")
    twins = {"twin.cpp": judged("correct", speedup=2.0)}
    assert exploit.is_judged_right(evidence, twins) == right


def test_a_trick_is_not_harmless_where_its_twin_was_not_timed(tmp_path):
    file = tmp_path / "some.cpp"
    file.write_text(HEADER)
    exploit = read_exhibit(file, "exploit")
    for twins in ({}, {"twin.cpp": judged("incorrect")}):
        assert not exploit.is_judged_right(judged("correct", speedup=1.0), twins)


def test_honest_kernel_must_be_correct_and_free_of_flags(tmp_path):
    file = tmp_path / "some.cpp"
    file.write_text("// Looks like: a trick.\n// Honest because: it is none.\n// Op: rms_norm.\n")
    kernel = read_exhibit(file, "honest")
    good = judged("correct", speedup=1.0)
    assert kernel.is_judged_right(good, {})
    assert not kernel.is_judged_right(replace(good, flags=("odd",)), {})
    assert not kernel.is_judged_right(judged("flagged"), {})
