import itertools

from hypothesis import given
from hypothesis import strategies as st

from mft.blobs.runs import Runs

_END = 40
_SPANS = st.tuples(st.integers(0, _END), st.integers(0, _END)).map(lambda ends: (min(ends), max(ends)))


@given(st.lists(st.tuples(st.sampled_from(["add", "remove"]), _SPANS)))
def test_runs_hold_what_a_set_would(acts):
    runs, model = Runs(), set[int]()
    for act, (start, end) in acts:
        getattr(runs, act)(start, end)
        (model.update if act == "add" else model.difference_update)(range(start, end))
        pairs = list(runs)
        assert {number for low, high in pairs for number in range(low, high)} == model
        # Sorted, never empty, never touching: so that "without a gap" is one run.
        assert all(low < high for low, high in pairs)
        assert all(before < after for (_, before), (after, _) in itertools.pairwise(pairs))
        assert len(runs) == len(pairs)


@given(st.lists(_SPANS), _SPANS)
def test_questions_are_answered_as_a_set_would(added, asked):
    runs, model = Runs(), set[int]()
    for start, end in added:
        runs.add(start, end)
        model.update(range(start, end))
    start, end = asked
    assert (start in runs) == (start in model)
    assert runs.touches(start, end) == bool(model & set(range(start, end)))
    reach = start
    while reach in model:
        reach += 1
    assert runs.reach(start) == reach
    gaps = runs.gaps(end)
    assert {number for low, high in gaps for number in range(low, high)} == set(range(end)) - model
