"""Lesson 08's functions are what MXNet and plain arithmetic compute."""
import functools

import numpy
from hypothesis import given
from hypothesis import strategies as st
from mxnet import autograd, np, npx

from tests.notebooks.by_hand import lesson, quick, seeds

npx.set_np()

NAMES = 'collapse', 'hidden', 'sigmoid_slope', 'tanh_slope'
own = functools.partial(lesson, '08', *NAMES)


@given(seed=seeds, sizes=st.tuples(*[st.integers(1, 6)] * 4))
@quick
def test_two_affine_layers_are_the_one_they_collapse_to(seed, sizes):
    n, d, h, q = sizes
    rng = numpy.random.default_rng(seed)
    X, *layers = (np.array(rng.integers(-9, 10, shape), dtype='float32')
                  for shape in ((n, d), (d, h), h, (h, q), q))
    W1, b1, W2, b2 = layers
    W, b = own().collapse(*layers)
    assert W.shape == (d, q) and b.shape == (q,)
    assert (np.dot(X, W) + b == np.dot(np.dot(X, W1) + b1, W2) + b2).all()


@given(points=st.lists(st.tuples(*[st.integers(-9, 9)] * 2), min_size=1))
@quick
def test_the_two_units_by_hand_are_relus_of_the_sum(points):
    H = own().hidden(np.array(points, dtype='float32'))
    expected = [[max(a + b, 0), max(a + b - 1, 0)] for a, b in points]
    assert H.tolist() == expected


@given(values=st.lists(st.floats(-20, 20, width=32), min_size=1))
@quick
def test_the_slopes_from_values_are_autograds(values):
    for activation, slope in ((npx.sigmoid, own().sigmoid_slope),
                              (np.tanh, own().tanh_slope)):
        z = np.array(values, dtype='float32')
        z.attach_grad()
        with autograd.record():
            a = activation(z)
        a.backward()
        numpy.testing.assert_allclose(slope(a).asnumpy(), z.grad.asnumpy(),
                                      rtol=1e-5, atol=1e-6)
