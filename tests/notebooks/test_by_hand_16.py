"""Lesson 16's functions are those of statistics, and its numbers hold."""
import functools

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mxnet import gluon, np, npx
from scipy import optimize, special

import d2lutils
from tests.notebooks.by_hand import lesson, seeds

npx.set_np()

quick = settings(deadline=None, max_examples=40)
NAMES = ('deal', 'posterior', 'scale_of', 'out_of_fold', 'wilson',
         'reliability', 'cost', 'decide', 'losses', 'sigmoid', 'fit',
         'scores_of')
own = functools.partial(lesson, '16', *NAMES)


@given(seed=seeds, n=st.integers(1, 60), k=st.integers(1, 9))
@quick
def test_parts_have_equal_shares_of_each_class(seed, n, k):
    rng = numpy.random.default_rng(seed)
    ill = rng.random(n) < rng.random()
    part = own().deal(ill, k, rng)
    assert part.shape == (n,) and part.min() >= 0 and part.max() < k
    for who in (ill, ~ill, ill | True):
        sizes = numpy.bincount(part[who], minlength=k)
        assert sizes.max() - sizes.min() <= 1


@given(prior=st.floats(0.01, 0.99), if_ill=st.floats(0.01, 1),
       if_well=st.floats(0.01, 1))
@quick
def test_the_posterior_is_a_share_of_a_table_of_four(prior, if_ill, if_well):
    table = numpy.outer([prior, 1 - prior], [1, 1]) * [
        [if_ill, 1 - if_ill], [if_well, 1 - if_well]]
    assert table.sum() == pytest.approx(1)
    assert own().posterior(prior, if_ill, if_well) == pytest.approx(
        table[0, 0] / table[:, 0].sum())


@given(n=st.integers(1, 400), share=st.floats(0, 1), z=st.floats(0.5, 3))
@quick
def test_wilsons_ends_are_the_roots_that_scipy_finds(n, share, z):
    hits = round(share * n)
    low, high = own().wilson(hits, n, z)

    def away(pi):
        return (hits / n - pi) ** 2 - z ** 2 * pi * (1 - pi) / n

    assert low <= hits / n + 1e-12 and high >= hits / n - 1e-12
    if 0 < hits < n:
        assert low == pytest.approx(optimize.brentq(away, 0, hits / n))
        assert high == pytest.approx(optimize.brentq(away, hits / n, 1))
    else:
        # One end is the observed share, the other has a closed form
        assert high - low == pytest.approx(z ** 2 / (n + z ** 2))


@given(seed=seeds, n=st.integers(2, 30), d=st.integers(1, 5))
@quick
def test_a_scaled_table_has_mean_0_and_deviation_1(seed, n, d):
    X = numpy.random.default_rng(seed).normal(3, 7, size=(n, d))
    mean, std = own().scale_of(X)
    Z = (X - mean) / std
    assert abs(Z.mean(0)).max() < 1e-9 and abs(Z.std(0) - 1).max() < 1e-9


@given(seed=seeds, n=st.integers(1, 50), miss=st.floats(0.1, 20),
       alarm=st.floats(0.1, 20), ask=st.floats(0.01, 5))
@quick
def test_answers_are_the_cheapest_and_costs_those_of_a_loop(
        seed, n, miss, alarm, ask):
    rng = numpy.random.default_rng(seed)
    p, ill, threshold = rng.random(n), rng.random(n) < 0.4, rng.random()
    paid = [(miss if sick and not q > threshold else 0)
            + (alarm if q > threshold and not sick else 0)
            for q, sick in zip(p, ill, strict=True)]
    assert own().cost(p, ill, threshold, miss, alarm) == pytest.approx(
        numpy.mean(paid))
    prices = numpy.stack([miss * p, alarm * (1 - p), ask + 0 * p])
    answers = own().decide(p, miss, alarm, ask)
    assert prices[answers, numpy.arange(n)] == pytest.approx(prices.min(0))
    # Never asking is a threshold at alarm / (miss + alarm)
    never = own().decide(p, miss, alarm, 1e9)
    assert (never == (p > alarm / (miss + alarm))).all()


@given(seed=seeds, groups=st.integers(1, 6), size=st.integers(1, 9))
@quick
def test_the_groups_hold_every_case_once(seed, groups, size):
    rng = numpy.random.default_rng(seed)
    p, ill = rng.random(groups * size), rng.random(groups * size) < 0.5
    said, are_ill, cases = own().reliability(p, ill, groups)
    assert (numpy.diff(said) > 0).all() and (cases == size).all()
    assert said.mean() == pytest.approx(p.mean())
    assert are_ill.sum() == ill.sum()


@given(seed=seeds)
@quick
def test_loss_and_sigmoid_are_scipys_and_gluons(seed):
    rng = numpy.random.default_rng(seed)
    s, y = rng.normal(0, 30, 20), rng.random(20) < 0.5
    assert own().sigmoid(s) == pytest.approx(special.expit(s), abs=1e-12)
    theirs = gluon.loss.SigmoidBCELoss()(
        np.array(s, dtype='float64').reshape(-1, 1),
        np.array(y, dtype='float64'))
    assert own().losses(s, y) == pytest.approx(theirs.asnumpy(), abs=1e-6)


@functools.cache
def _parts():
    features, labels, _ = d2lutils.tumours()
    ill = labels == 0
    drawer = own().deal(ill, 5, numpy.random.default_rng(0)) == 0
    return features[~drawer], ill[~drawer], features[drawer], ill[drawer]


def test_training_finds_the_minimum_that_scipy_finds():
    X, y, _, _ = _parts()
    mean, std = own().scale_of(X)
    Z = (X - mean) / std

    def penalised(w):
        return (own().losses(Z @ w[:-1] + w[-1], y).mean()
                + 0.01 / 2 * (w[:-1] ** 2).sum())

    best = optimize.minimize(penalised, numpy.zeros(31), method='L-BFGS-B')
    net = own().fit(Z, y, wd=0.01)
    w = numpy.append(net[0].weight.data().asnumpy(),
                     net[0].bias.data().asnumpy())
    assert penalised(w) < best.fun * 1.001


def test_cross_validated_and_tested_it_is_right_in_95_of_100():
    X, y, X_test, y_test = _parts()
    part = own().deal(y, 5, numpy.random.default_rng(7))
    right = (own().out_of_fold(X, y, part, wd=0.01) > 0) == y
    assert own().wilson(right.sum(), len(y))[0] > 0.945
    assert right.mean() > 0.95
    mean, std = own().scale_of(X)
    net = own().fit((X - mean) / std, y, wd=0.01)
    s = own().scores_of(net, (X_test - mean) / std)
    assert ((s > 0) == y_test).mean() > 0.95


def test_no_outcome_of_its_own_part_reaches_a_score():
    X, y, _, _ = _parts()
    part = own().deal(y, 3, numpy.random.default_rng(1))
    turned = numpy.where(part == 1, ~y, y)
    before, after = (own().out_of_fold(X, labels, part, wd=0.01)
                     for labels in (y, turned))
    assert abs(before - after)[part == 1].max() < 1e-5
    assert abs(before - after)[part != 1].min() > 0
