import pytest
from hypothesis import given
from hypothesis import strategies as st

from sawyer_ros_common.barrier import StampBarrier


def collect(parts: str = "ab", depth: int = 16):
    done: list[tuple[int, dict[str, object]]] = []
    return StampBarrier(
        parts, lambda stamp, values: done.append((stamp, values)), depth=depth
    ), done


def test_completes_once_when_every_part_has_the_stamp() -> None:
    barrier, done = collect()
    barrier.add("a", 1, "a1")
    barrier.add("a", 2, "a2")
    assert done == []
    barrier.add("b", 2, "b2")
    assert done == [(2, {"a": "a2", "b": "b2"})]
    barrier.add("b", 2, "again")
    assert len(done) == 1


def test_an_older_stamp_is_never_handed_over_after_a_newer_one() -> None:
    barrier, done = collect()
    barrier.add("a", 1, "a1")
    for part in "ab":
        barrier.add(part, 2, part)
    barrier.add("b", 1, "b1")
    assert [stamp for stamp, _ in done] == [2]
    assert barrier.dropped == 1


def test_keeps_a_bounded_number_of_open_stamps() -> None:
    barrier, done = collect(depth=3)
    for stamp in range(10):
        barrier.add("a", stamp, stamp)
    assert barrier.dropped == 7
    barrier.add("b", 9, 9)
    assert [stamp for stamp, _ in done] == [9]


def test_says_what_is_missing() -> None:
    barrier, _ = collect("abc")
    assert barrier.missing() == "nothing arrived since start"
    barrier.add("b", 5, 0)
    assert barrier.missing() == "stamp 5 ns still lacks: a, c"


def test_clear_allows_earlier_stamps() -> None:
    barrier, done = collect("a")
    barrier.add("a", 5, 0)
    barrier.clear()
    barrier.add("a", 1, 0)
    assert [stamp for stamp, _ in done] == [5, 1]


def test_needs_a_part() -> None:
    with pytest.raises(ValueError, match="at least one part"):
        StampBarrier((), lambda stamp, values: None)


@given(st.permutations([(part, stamp) for part in "abc" for stamp in range(4)]))
def test_whatever_the_order_stamps_only_go_up_and_the_newest_completes(arrivals) -> None:
    barrier, done = collect("abc")
    for part, stamp in arrivals:
        barrier.add(part, stamp, (part, stamp))
    stamps = [stamp for stamp, _ in done]
    assert stamps == sorted(set(stamps))
    assert stamps[-1] == 3
    for stamp, values in done:
        assert values == {part: (part, stamp) for part in "abc"}
