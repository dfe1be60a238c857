"""Figures show what they are given, and training shows how far it is."""
import io
import sys

import matplotlib
import numpy
import pytest

matplotlib.use('agg')
import matplotlib.pyplot as plt  # noqa: E402
from mxnet import np  # noqa: E402

import d2lutils  # noqa: E402
from d2lutils.plot import TrainingDisplay  # noqa: E402

HISTORY = d2lutils.History([0.9, 0.6, 0.5], [0.7, 0.8, 0.82],
                           [0.71, 0.79, 0.8])


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close('all')


def test_the_style_is_found_by_its_name():
    with plt.style.context('d2lutils.course'):
        colours = plt.rcParams['axes.prop_cycle'].by_key()['color']
        assert len(colours) == len(set(colours)) >= 6


def test_a_history_is_drawn_with_labelled_axes():
    left, right = d2lutils.plot_history(HISTORY).axes
    assert [left.get_xlabel(), left.get_ylabel()] == ['epoch', 'loss']
    assert [right.get_xlabel(), right.get_ylabel()] == ['epoch', 'accuracy']
    assert left.lines[0].get_ydata().tolist() == HISTORY.train_loss
    assert [line.get_ydata().tolist() for line in right.lines] == [
        HISTORY.train_acc, HISTORY.valid_acc]
    assert [t.get_text() for t in right.get_legend().texts] == [
        'train', 'validation']


def test_histories_are_compared_on_the_same_axes():
    left, right = d2lutils.plot_history({'a': HISTORY, 'b': HISTORY}).axes
    assert [t.get_text() for t in right.get_legend().texts] == [
        'a, train', 'a, validation', 'b, train', 'b, validation']
    assert len({line.get_color() for line in left.lines}) == 2


def test_images_stand_in_rows_of_ten():
    images = numpy.arange(12 * 4).reshape(12, 1, 2, 2)
    fig = d2lutils.show_images(images, [str(i) for i in range(12)])
    assert len(fig.axes) == 20
    shown = [ax.images[0].get_array().tolist() for ax in fig.axes[:12]]
    assert shown == images[:, 0].tolist()
    assert [ax.get_title() for ax in fig.axes[:12]] == [
        str(i) for i in range(12)]
    assert len(d2lutils.show_images(images[:3]).axes) == 3


@pytest.mark.parametrize('array', [numpy.array, np.array])
def test_weights_are_drawn_a_class_each_around_zero(array):
    W = numpy.arange(12.).reshape(4, 3) - 3
    fig = d2lutils.show_weights(array(W), ['x', 'y', 'z'], shape=(2, 2))
    for i, ax in enumerate(fig.axes[:3]):
        image = ax.images[0]
        assert image.get_array().tolist() == W[:, i].reshape(2, 2).tolist()
        assert image.get_clim() == (-8, 8)
    with pytest.raises(ValueError, match=r'\(4, 3\), expected \(784, 2\)'):
        d2lutils.show_weights(array(W), ['x', 'y'])


def test_a_confusion_matrix_counts_true_rows_and_predicted_columns():
    y, y_hat = [0, 0, 0, 1, 2], [0, 1, 1, 1, 0]
    counts = d2lutils.show_confusion_matrix(y, y_hat, ['a', 'b', 'c'])
    assert counts.tolist() == [[1, 2, 0], [0, 1, 0], [1, 0, 0]]
    ax = plt.gcf().axes[0]
    assert sorted(t.get_text() for t in ax.texts) == ['1', '1', '1', '2']
    assert [t.get_text() for t in ax.get_xticklabels()] == ['a', 'b', 'c']


@pytest.mark.parametrize(('y', 'y_hat', 'message'), [
    ([0, 1], [0], 'shape'), ([[0]], [[0]], 'shape'),
    ([0, 3], [0, 0], '0 to 3, expected 0 to 2'),
    ([0, 1], [0, -1], '-1 to 0, expected 0 to 2')])
def test_labels_without_a_class_are_named(y, y_hat, message):
    with pytest.raises(ValueError, match=message):
        d2lutils.show_confusion_matrix(y, y_hat, ['a', 'b', 'c'])


def test_predictions_are_shown_under_the_truth():
    _, test_iter = d2lutils.load_data_fashion_mnist(32)

    def net(X):
        return np.eye(10)[[7] * len(X)]

    assert d2lutils.predict_ch3(net, test_iter, 3) == ['sneaker'] * 3
    titles = [ax.get_title() for ax in plt.gcf().axes]
    assert titles == ['ankle boot\nsneaker', 'pullover\nsneaker',
                      'trouser\nsneaker']
    for n in 0, 33, 1.5:
        with pytest.raises(ValueError, match='n is .*, expected an integer'):
            d2lutils.predict_ch3(net, test_iter, n)


# Progress ------------------------------------------------------------------

class Terminal(io.StringIO):
    def isatty(self):
        return True


def slow(display, epoch):
    """Report a batch as if a second had passed since the last report."""
    display.start -= 1
    display.shown -= 1
    display.progress(epoch)(3)


def test_a_terminal_sees_a_line_that_is_wiped(monkeypatch, capsys):
    terminal = Terminal()
    monkeypatch.setattr(sys, 'stderr', terminal)
    train_iter, _ = d2lutils.load_data_fashion_mnist(256)
    with TrainingDisplay(2, train_iter) as display:
        slow(display, 1)
        display.progress(1)(4)          # too soon after the last
        display.line('epoch 1')
        display.figure(HISTORY)
    shown = terminal.getvalue()
    assert shown.startswith('\repoch 1 of 2, batch 3 of 235, ')
    assert shown.count('examples/s') == 1 and shown.endswith('\r\033[K')
    assert capsys.readouterr().out == 'epoch 1\n'


def test_a_pipe_sees_only_the_lines(capsys):
    train_iter, _ = d2lutils.load_data_fashion_mnist(256)
    with TrainingDisplay(2, train_iter) as display:
        slow(display, 1)
        display.line('epoch 1')
    assert capsys.readouterr() == ('epoch 1\n', '')


class Handle:
    """Stand for a notebook's display."""

    def __init__(self):
        self.shown = []

    def update(self, content, raw=False):
        self.shown.append(content)


def test_a_notebook_sees_a_bar_that_the_curves_replace(capsys):
    train_iter, _ = d2lutils.load_data_fashion_mnist(256)
    with TrainingDisplay(2, train_iter) as display:
        display.handle = Handle()
        slow(display, 2)
        display.figure(HISTORY)
    bar, figure = display.handle.shown
    assert bar['text/plain'].startswith('epoch 2 of 2, batch 3 of 235')
    assert 'value="238" max="470"' in bar['text/html']
    assert isinstance(figure, plt.Figure) and not plt.get_fignums()


def test_a_run_that_fails_leaves_no_bar():
    train_iter, _ = d2lutils.load_data_fashion_mnist(256)
    with (pytest.raises(FloatingPointError),
          TrainingDisplay(2, train_iter) as display):
        display.handle = Handle()
        slow(display, 1)
        raise FloatingPointError
    assert display.handle.shown[-1] == {'text/plain': ''}
