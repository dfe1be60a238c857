"""Lesson 09 draws its first weights from the normal distribution it says."""
import numpy
import pytest
from mxnet import npx
from scipy import stats

from tools.lessons import Lesson

npx.set_np()


@pytest.mark.parametrize('scale', [0.01, 2])
def test_weights_are_normal_biases_0_and_all_wait_for_gradients(scale):
    init_params, = Lesson('09').load('init_params')
    W1, b1, W2, b2 = init_params(7, scale)
    for W in W1, W2:
        values = W.asnumpy().ravel()[:20_000] / scale
        assert stats.kstest(values, 'norm').pvalue > 1e-4
        assert abs(values.std() - 1) < 0.05
    assert not b1.any() and not b2.any()
    assert all(p.grad is not None and p.grad.shape == p.shape
               for p in (W1, b1, W2, b2))
    assert (init_params(7, scale)[0] == W1).all()
    assert numpy.any((init_params(8, scale)[0] != W1).asnumpy())
