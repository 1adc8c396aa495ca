"""Who is judged where: an operation's candidates at one place, as long as all places have work."""

from collections import Counter
from concurrent.futures import Future
from types import SimpleNamespace

from benchmarks.simulated_judge import simulated_job
from skilldyno.scorers.executors.line import Candidate, Line, Place, Seat


def seats(number: int, room: float = 2) -> list[Seat]:
    places: list[Place] = [SimpleNamespace(name=f"gpu{n}", room=room) for n in range(number)]  # pyright: ignore[reportAssignmentType]
    return [Seat(place) for place in places]


def line(*ids: str) -> Line:
    """Candidates `op:number`, all of them waiting."""
    made = Line()
    for id in ids:
        made.add(Candidate(simulated_job(id, id.partition(":")[0], "h200"), Future()))
    return made


def handed(waiting: Line, places: list[Seat]) -> dict[str, str]:
    return {c.job["id"]: seat.place.name for seat, c in waiting.hand_out(places)}


def finish(places: list[Seat]) -> None:
    for seat in places:
        seat.held.clear()


def test_each_place_has_an_operation_of_its_own_and_goes_on_with_it():
    waiting, places = line(*(f"{op}:{n}" for n in range(4) for op in "ab")), seats(2)
    assert handed(waiting, places) == {"a:0": "gpu0", "a:1": "gpu0", "b:0": "gpu1", "b:1": "gpu1"}
    finish(places)
    assert handed(waiting, places) == {"a:2": "gpu0", "a:3": "gpu0", "b:2": "gpu1", "b:3": "gpu1"}
    assert not waiting


def test_a_place_with_nothing_to_do_helps_with_the_longest_queue():
    waiting, places = line("a:0", *(f"b:{n}" for n in range(5))), seats(2)
    assert Counter(handed(waiting, places).values()) == {"gpu0": 1, "gpu1": 2}
    places[0].held.clear()
    assert handed(waiting, places) == {"b:2": "gpu0"}


def test_a_place_that_has_work_takes_nothing_of_anothers():
    waiting, places = line("a:0", "b:0", "b:1", "b:2"), seats(2)
    handed(waiting, places)
    # It has room for a second one, and b is another's.
    assert handed(waiting, places) == {}
    assert len(waiting) == 1


def test_a_single_place_takes_all_that_it_has_room_for():
    waiting = line("a:0", "b:0", "b:1")
    assert set(handed(waiting, seats(1, float("inf")))) == {"a:0", "b:0", "b:1"}


def test_where_it_failed_a_candidate_does_not_come_again_while_there_are_others():
    waiting, places = line("a:0"), seats(2)
    (candidate,) = waiting.drain()
    candidate.failed_at.append("gpu0")
    waiting.add(candidate)
    assert handed(waiting, places) == {"a:0": "gpu1"}
    finish(places)
    candidate.failed_at.append("gpu1")
    waiting.add(candidate)
    # It has failed everywhere: any place will do.
    assert len(handed(waiting, places)) == 1


def built(waiting: Line, ahead: Counter[str], places: list[Seat]) -> list[str]:
    ids = []
    while waiting:
        candidate = waiting.next_to_build(ahead, places)
        ahead[candidate.op] += 1
        ids.append(candidate.job["id"])
    return ids


def test_what_is_built_first_is_what_a_place_will_run_out_of():
    waiting, places = line("a:0", "b:0", "c:0"), seats(2)
    places[0].op, places[1].op = (f"{op} {op}" for op in "bc")
    assert built(waiting, Counter({"b b": 2}), places) == ["c:0", "b:0", "a:0"]


def test_as_many_operations_are_begun_as_there_are_places():
    waiting = line(*(f"{op}:{n}" for op in "abc" for n in range(2)))
    assert built(waiting, Counter(), seats(2)) == ["a:0", "b:0", "a:1", "b:1", "c:0", "c:1"]
