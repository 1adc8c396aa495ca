"""Where in a TOML file a table or a key stands: lines from 1, and the closest above where none."""

import re


def table_line(text: str, table: str) -> int:
    """Return the line of a table's header, or of the header above it that is there."""
    lines = text.split("\n")
    name = table
    while name:
        for number, line in enumerate(lines, 1):
            if re.match(rf"\s*\[+\s*{_dotted(name)}\s*\]+", line):
                return number
        name = name.rpartition(".")[0]
    return 1


def key_line(text: str, where: str, value: str = "") -> int:
    """Return the line of a key, or of an element of its list that is this value."""
    lines = text.split("\n")
    table, _, key = where.rpartition(".")
    if key.isdigit():
        table, _, key = table.rpartition(".")
    for number, line in enumerate(lines, 1):
        if re.match(rf"\s*\[+\s*{_dotted(where)}\s*\]+", line):
            return number
    begin = table_line(text, table) if table else 0
    for number in range(begin, len(lines)):
        if number > begin and re.match(r"\s*\[[^\]\"']*\]\s*(#.*)?$", lines[number]):
            break
        if re.match(rf"\s*[\"']?{re.escape(key)}[\"']?\s*=", lines[number]):
            return _element(lines, number, value)
    return max(begin, 1)


def _element(lines: list[str], number: int, value: str) -> int:
    for at in range(number, len(lines)):
        if value and re.search(rf"[\"']{re.escape(value)}[\"']", lines[at]):
            return at + 1
        if "]" in lines[at] or "[" not in lines[number]:
            break
    return number + 1


def _dotted(name: str) -> str:
    return r"\s*\.\s*".join(rf"[\"']?{re.escape(part)}[\"']?" for part in name.split("."))
