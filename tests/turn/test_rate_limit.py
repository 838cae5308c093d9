import random

import pytest

from turn.rate_limit import RateLimit


@pytest.mark.parametrize("seed", range(5))
def test_no_second_holds_more_than_the_limit(seed):
    """However requests come, the service sees at most five within any second."""
    chance = random.Random(seed)  # noqa: S311 - seeded, so that a failure can be repeated
    limit, now, given = RateLimit(5, 1.0), 0.0, []
    for _ in range(500):
        now += chance.choice((0.0, 0.0, 0.0, 0.05, 0.4, 1.2))
        given.append(limit.take(now))

    assert all(later - earlier >= 1.0 - 1e-9 for earlier, later in zip(given, given[5:], strict=False))


def test_a_burst_within_the_limit_does_not_wait():
    """Five callers at once get in at once; the sixth waits for the next second."""
    limit = RateLimit(5, 1.0)

    assert [limit.take(10.0) for _ in range(6)] == [10.0] * 5 + [11.0]


def test_a_refused_time_is_given_again_after_a_pause():
    """A request that was throttled did not count: its share is not lost for a second."""
    limit = RateLimit(5, 1.0)
    taken = [limit.take(10.0) for _ in range(5)]
    limit.give_back(taken[-1], not_before=10.2)

    assert [limit.take(10.1), limit.take(10.1)] == [10.2, 11.0]
