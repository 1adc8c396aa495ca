"""A gate as JUnit XML, which every CI system shows."""

from typing import Literal
from xml.etree import ElementTree

from ..statistics import wording
from .decide import GateResult

Policy = Literal["inconclusive", "pass", "fail"]
"""What INCONCLUSIVE counts as."""


def junit_xml(result: GateResult, policy: Policy) -> str:
    """Write a gate as one test suite, a test case for each criterion.

    Args:
        result: Result of `gate_rows`.
        policy: INCONCLUSIVE is a skipped test, a passed one or a failure.

    Returns:
        The document.
    """
    skipped = sum(each.verdict == "INCONCLUSIVE" for each in result.criteria)
    failed = sum(each.verdict == "FAIL" for each in result.criteria)
    if policy == "fail":
        failed, skipped = failed + skipped, 0
    elif policy == "pass":
        skipped = 0
    suite = ElementTree.Element(
        "testsuite",
        name=f"skilldyno gate: {result.new} against {result.old}",
        tests=str(len(result.criteria)),
        failures=str(failed),
        skipped=str(skipped),
        errors="0",
    )
    for each in result.criteria:
        case = ElementTree.SubElement(suite, "testcase", classname=each.model, name=each.metric)
        said = (
            f"{wording.amount(each.estimate, each.unit)} "
            f"{wording.interval(each.lower, each.upper, each.unit)}, margin "
            f"{wording.amount(each.margin, each.unit)}"
        )
        if each.verdict == "FAIL" or (each.verdict == "INCONCLUSIVE" and policy == "fail"):
            ElementTree.SubElement(case, "failure", message=f"{each.verdict}: {said}")
        elif each.verdict == "INCONCLUSIVE" and policy == "inconclusive":
            ElementTree.SubElement(case, "skipped", message=f"{each.verdict}: {said}")
        ElementTree.SubElement(case, "system-out").text = said
    ElementTree.indent(suite)
    return ElementTree.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"
