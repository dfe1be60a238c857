"""Lesson 10's backward pass and starts are autograd's and Gluon's."""
import functools
from itertools import pairwise

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mxnet import autograd, gluon, init, np, npx
from mxnet.gluon import nn
from scipy import special

from tests.notebooks.by_hand import lesson, quick, seeds

npx.set_np()

units = st.integers(1, 7)
NAMES = ('forward', 'loss_and_gradient', 'affine_backward', 'relu_backward',
         'backward', 'activations', 'deep_forward', 'deep_backward',
         'draw_layers', 'predict', 'start_std')
own = functools.partial(lesson, '10', *NAMES)


def close(ours, theirs, tolerance=1e-5):
    """Compare by the largest entry: float64 by hand, float64 by MXNet."""
    ours, theirs = numpy.asarray(ours), theirs.asnumpy()
    assert ours.shape == theirs.shape
    assert abs(ours - theirs).max() <= tolerance * abs(theirs).max()


def by_autograd(layers, X, y, activation):
    """Return the loss, the scores and all gradients, as autograd has them."""
    arrays = [np.array(A, dtype='float64') for layer in layers for A in layer]
    for A in arrays:
        A.attach_grad()
    loss = gluon.loss.SoftmaxCrossEntropyLoss()
    with autograd.record():
        H = np.array(X, dtype='float64')
        for W, b in zip(arrays[:-2:2], arrays[1:-2:2], strict=True):
            H = npx.activation(np.dot(H, W) + b, activation)
        O = np.dot(H, arrays[-2]) + arrays[-1]
        l = loss(O, np.array(y, dtype='int32')).mean()
    l.backward()
    return l, O, [A.grad for A in arrays]


def drawn(seed, n, sizes, scale=1):
    rng = numpy.random.default_rng(seed)
    layers = [tuple(scale * rng.normal(size=s) for s in (pair, pair[1]))
              for pair in pairwise(sizes)]
    return layers, rng.normal(size=(n, sizes[0])), rng.integers(
        sizes[-1], size=n)


@given(seed=seeds, n=units, sizes=st.lists(units, min_size=3, max_size=3),
       scale=st.sampled_from([0.01, 1, 30]))
@quick
def test_the_backward_pass_of_two_layers_is_autograds(seed, n, sizes, scale):
    layers, X, y = drawn(seed, n, sizes, scale)
    params = [*layers[0], *layers[1]]
    O, kept = own().forward(params, X)
    loss, dO = own().loss_and_gradient(O, y)
    l, scores, theirs = by_autograd(layers, X, y, 'relu')
    close(O, scores)
    assert loss == pytest.approx(float(l), rel=1e-5, abs=1e-12)
    for ours, grad in zip(own().backward(params, kept, dO), theirs,
                          strict=True):
        close(ours, grad)


@given(seed=seeds, n=units, sizes=st.lists(units, min_size=2, max_size=6),
       activation=st.sampled_from(['relu', 'tanh']))
@quick
def test_the_loop_over_layers_is_autograds(seed, n, sizes, activation):
    layers, X, y = drawn(seed, n, sizes)
    act, slope = own().activations[activation]
    O, inputs = own().deep_forward(layers, X, act)
    dO = own().loss_and_gradient(O, y)[1]
    found = own().deep_backward(layers, inputs, dO, slope)
    _, scores, theirs = by_autograd(layers, X, y, activation)
    close(O, scores)
    assert (own().predict(layers, X, act) == O).all()
    for ours, grad in zip(sum(found, ()), theirs, strict=True):
        close(ours, grad)


@given(seed=seeds, n=units, q=units, scale=st.sampled_from([0, 1, 1e4]))
@quick
def test_the_loss_and_its_gradient_are_scipys(seed, n, q, scale):
    rng = numpy.random.default_rng(seed)
    O, y = scale * rng.normal(size=(n, q)), rng.integers(q, size=n)
    loss, dO = own().loss_and_gradient(O, y)
    rows = numpy.arange(n)
    log_p = special.log_softmax(O, axis=1)
    assert loss == pytest.approx(-log_p[rows, y].mean(), rel=1e-9, abs=1e-12)
    expected = numpy.exp(log_p)
    expected[rows, y] -= 1
    numpy.testing.assert_allclose(dO, expected / n, 1e-9, 1e-12)


@given(seed=seeds, n=units, h=units, q=units)
@quick
def test_one_layer_and_its_bend_leave_their_arguments_alone(seed, n, h, q):
    rng = numpy.random.default_rng(seed)
    arrays = [rng.normal(size=s) for s in ((n, q), (n, h), (h, q), (n, h))]
    before = [A.copy() for A in arrays]
    dO, H, W, dH = arrays
    shapes = [A.shape for A in own().affine_backward(dO, H, W)]
    assert shapes == [(n, h), (h, q), (q,)]
    assert own().relu_backward(dH, H).shape == (n, h)
    for A, old in zip(arrays, before, strict=True):
        assert not (A - old).any()


@pytest.mark.parametrize(('rule', 'recipe'), [
    ('xavier', init.Xavier()),
    ('xavier', init.Xavier('gaussian', 'avg', 1)),
    ('he', init.Xavier('gaussian', 'in', 2)),
    ('he', init.MSRAPrelu('in', 0))])
@pytest.mark.parametrize('sizes', [(784, 256), (64, 256), (300, 100)])
def test_the_starts_are_gluons(rule, recipe, sizes):
    npx.random.seed(0)
    layer = nn.Dense(sizes[1], in_units=sizes[0])
    layer.initialize(recipe)
    std = layer.weight.data().asnumpy().std()
    assert own().start_std(rule, *sizes) == pytest.approx(std, rel=0.02)


def test_a_start_of_another_name_is_refused():
    with pytest.raises(ValueError, match="'lecun', expected 'xavier' or"):
        own().start_std('lecun', 3, 4)


def test_layers_are_drawn_as_wide_and_as_large_as_asked():
    layers = own().draw_layers([300, 200, 10], lambda i, o: i / 1000, 0)
    assert [(W.shape, b.shape) for W, b in layers] == [
        ((300, 200), (200,)), ((200, 10), (10,))]
    assert [W.std() for W, _ in layers] == [
        pytest.approx(0.3, rel=0.05), pytest.approx(0.2, rel=0.05)]
    assert not any(b.any() for _, b in layers)
