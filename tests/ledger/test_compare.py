"""A figure is inside if it could be one more run of ours."""
import numpy
import pytest

from ledger import compare

FIVE = [[0.81], [0.82], [0.815], [0.83], [0.825]]


def test_the_interval_holds_for_one_more_run_19_times_in_20():
    draws = numpy.random.default_rng(0).normal(size=(40000, 6))
    half = compare.factor(5) * draws[:, :5].std(axis=1, ddof=1)
    off = abs(draws[:, 5] - draws[:, :5].mean(axis=1))
    assert abs((off <= half).mean() - 0.95) < 0.005
    # What two standard deviations would miss
    two = 2 * draws[:, :5].std(axis=1, ddof=1)
    assert abs((off > two).mean() - 0.14) < 0.01


def test_an_interval_of_logarithms_stays_above_0_and_holds_as_often():
    draws = numpy.exp(numpy.random.default_rng(0).normal(size=(4000, 6)))
    held = 0
    for *five, sixth in draws:
        (low,), (high,) = compare.interval([[v] for v in five], 'log')
        assert low > 0
        held += low <= sixth <= high
    assert abs(held / len(draws) - 0.95) < 0.012
    low, _ = compare.interval([[0.01], [0.2], [0.03]], 'plain')
    assert low[0] < 0


def test_a_summary_serves_as_well_as_its_runs():
    runs = compare.Spread.of(FIVE)
    summary = {'runs': 5, 'mean': runs.mean, 'sd': runs.sd}
    assert compare.interval(FIVE, 'plain') == compare.interval(
        summary, 'plain')


@pytest.mark.parametrize(('figure', 'low', 'high', 'expected'), [
    ('0.840', 0.801, 0.837, False), ('0.835', 0.801, 0.837, True),
    ('0.838', 0.801, 0.8375, True),         # rounded up from 0.8375
    ('0.839', 0.801, 0.8375, False), ('.80', 0.804, 0.837, True)])
def test_a_printed_digit_may_be_rounded(figure, low, high, expected):
    assert compare.inside(figure, low, high) is expected


@pytest.mark.parametrize(('figure', 'value', 'expected'), [
    ('0.51', 0.5108, True), ('0.52', 0.5108, False), ('2', 9, False),
    ('5.1847055e+21', 5.184705457665547e21, True),
    ('5.1847055e+21', 5.1848e21, False), ('999999', 999999.0, True)])
def test_what_is_not_random_agrees_to_its_digits(figure, value, expected):
    assert compare.agrees(figure, value) is expected


def test_two_settings_are_compared_within_each_seed():
    runs = {'a': {'acc': [[0, 0.1], [0, 0.5], [0, 0.9]]},
            'b': {'acc': [[0.12], [0.52], [0.92]]}}
    found = compare.difference(
        {'ours': ['a', 'acc', 1], 'minus': ['b', 'acc', 0]}, runs)
    # The seeds differ by 0.4, the settings by 0.02 in each
    assert found['mean'] == pytest.approx(-0.02)
    assert found['low'] == pytest.approx(-0.02, abs=1e-9)
    assert found['runs'] == 3


def test_luck_is_counted_over_the_figures_that_an_interval_judges():
    rows = [{'low': [0] * 40, 'inside': [True] * 38 + [False] * 2},
            {'inside': [False]}, {'low': [0]}]
    assert compare.chance(rows) == (40, 2, pytest.approx(2))
