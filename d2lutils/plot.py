"""The few figures that d2l lacks, and how training shows its progress.

matplotlib and IPython are imported when first needed: they are slow to load.
"""
import sys
import time

_COLUMNS = 10


def plot_history(histories, title=None):
    """Draw loss and accuracy against the epoch, side by side.

    Args:
        histories: a `History`, or a dict from a name to a `History` to
            compare several on the same axes.
        title: text above the figure.

    Returns:
        The matplotlib figure.
    """
    import matplotlib.pyplot as plt
    from matplotlib.ticker import MaxNLocator

    if not isinstance(histories, dict):
        histories = {'': histories}
    fig, (left, right) = plt.subplots(1, 2, figsize=(8, 2.9))
    for i, (name, history) in enumerate(histories.items()):
        epochs = range(1, len(history.train_loss) + 1)
        label = name + ', ' if name else ''
        style = {'color': f'C{i}', 'marker': 'o', 'markersize': 4}
        left.plot(epochs, history.train_loss, label=label + 'train', **style)
        right.plot(epochs, history.train_acc, label=label + 'train', **style)
        right.plot(epochs, history.valid_acc, '--',
                   label=label + 'validation',
                   **style | {'marker': 's', 'markerfacecolor': 'white'})
    for ax, y in (left, 'loss'), (right, 'accuracy'):
        ax.set(xlabel='epoch', ylabel=y)
        ax.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        ax.legend()
    fig.suptitle(title)
    fig.tight_layout()
    return fig


def show_images(images, titles=None):
    """Draw grey images in rows of ten, dark on light.

    Args:
        images: (n, 28, 28) or (n, 1, 28, 28), numbers; drawn from 0 to the
            largest value.
        titles: n strings.

    Returns:
        The matplotlib figure.
    """
    import matplotlib.pyplot as plt

    columns = min(len(images), _COLUMNS)
    rows = -(-len(images) // columns)
    height = 1.05 if titles is None else 1.45
    fig, axes = plt.subplots(rows, columns, squeeze=False,
                             figsize=(max(columns, 2), rows * height))
    for ax in axes.flat:
        ax.axis('off')
    for i, (ax, image) in enumerate(zip(axes.flat, images, strict=False)):
        ax.imshow(image.reshape(image.shape[-2:]), cmap='gray_r')
        if titles is not None:
            ax.set_title(titles[i], fontsize=8)
    fig.tight_layout(pad=0.3)
    return fig


def show_weights(W, names, shape=(28, 28)):
    """Draw the weights of each class as an image, blue below 0, red above.

    Args:
        W: (inputs, classes) array of NumPy or MXNet.
        names: one per class.
        shape: (height, width) of an input image.

    Returns:
        The matplotlib figure.

    Raises:
        ValueError: W's shape does not fit the names and the image's shape.
    """
    import matplotlib.pyplot as plt

    W = W.asnumpy() if hasattr(W, 'asnumpy') else W
    expected = (shape[0] * shape[1], len(names))
    if W.shape != expected:
        raise ValueError(f'W has the shape {W.shape}, expected {expected}: '
                         '(inputs, classes)')
    rows = -(-len(names) // 5)
    fig, axes = plt.subplots(rows, 5, squeeze=False, layout='constrained',
                             figsize=(7.5, 1.7 * rows))
    for ax in axes.flat:
        ax.axis('off')
    limit = abs(W).max()
    for ax, w, name in zip(axes.flat, W.T, names, strict=False):
        image = ax.imshow(w.reshape(shape), cmap='RdBu_r', vmin=-limit,
                          vmax=limit)
        ax.set_title(name, fontsize=9)
    fig.colorbar(image, ax=axes, label='weight', shrink=0.8)
    return fig


def show_confusion_matrix(y, y_hat, names):
    """Draw how often each class is taken for each.

    Args:
        y: true labels, (n,) integers.
        y_hat: predicted labels, (n,) integers.
        names: one per class.

    Returns:
        The counts, (classes, classes) int64: row true, column predicted.

    Raises:
        ValueError: the lengths differ, or a label names no class.
    """
    import matplotlib.pyplot as plt
    import numpy

    y, y_hat = numpy.asarray(y, 'int64'), numpy.asarray(y_hat, 'int64')
    if y.shape != y_hat.shape or y.ndim != 1:
        raise ValueError(f'y has the shape {y.shape} and y_hat {y_hat.shape},'
                         ' expected the same (n,)')
    for labels in y, y_hat:
        if labels.size and not 0 <= labels.min() <= labels.max() < len(names):
            raise ValueError(f'labels run from {labels.min()} to '
                             f'{labels.max()}, expected 0 to '
                             f'{len(names) - 1}')
    counts = numpy.zeros((len(names), len(names)), 'int64')
    numpy.add.at(counts, (y, y_hat), 1)
    fig, ax = plt.subplots(figsize=(6.2, 5.2))
    # The diagonal would drown the mistakes, which are what one looks for
    mistakes = counts * ~numpy.eye(len(names), dtype=bool)
    image = ax.imshow(mistakes, cmap='Oranges')
    for i, j in numpy.ndindex(*counts.shape):
        if counts[i, j]:
            dark = mistakes[i, j] > 0.6 * max(mistakes.max(), 1)
            ax.text(j, i, counts[i, j], ha='center', va='center', fontsize=8,
                    color='white' if dark else 'black',
                    weight='bold' if i == j else 'normal')
    ticks = range(len(names))
    ax.set_xticks(ticks, names, rotation=40, ha='right',
                  rotation_mode='anchor')
    ax.set_yticks(ticks, names)
    ax.set(xlabel='predicted', ylabel='true')
    ax.grid(False)
    fig.colorbar(image, ax=ax, label='mistakes', shrink=0.8)
    fig.tight_layout()
    return counts


class TrainingDisplay:
    """Show a training run, in a notebook or a terminal.

    A notebook has a bar that the curves replace, a terminal a line that is
    wiped: only the printed lines and the curves stay.
    """

    def __init__(self, num_epochs, train_iter):
        self.num_epochs = num_epochs
        self.train_iter = train_iter
        self.terminal = sys.stderr.isatty()
        self.start = self.shown = time.perf_counter()
        self.handle = None
        if 'ipykernel' in sys.modules:
            from IPython import get_ipython
            if getattr(get_ipython(), 'kernel', None):
                from IPython.display import display
                self.handle = display({'text/plain': ''}, raw=True,
                                      display_id=True)

    def __enter__(self):
        return self

    def __exit__(self, error, *_):
        self.clear()
        if error and self.handle:
            self.handle.update({'text/plain': ''}, raw=True)

    def progress(self, epoch):
        """Make the function that `train_epoch_ch3` calls after each batch."""
        num_batches = len(self.train_iter)

        def progress(i):
            now = time.perf_counter()
            if now - self.shown < 0.25:
                return
            self.shown = now
            done = (epoch - 1) * num_batches + i
            speed = done * self.train_iter.batch_size / (now - self.start)
            text = (f'epoch {epoch} of {self.num_epochs}, batch {i} of '
                    f'{num_batches}, {speed:,.0f} examples/s')
            if self.handle:
                total = self.num_epochs * num_batches
                self.handle.update(
                    {'text/plain': text,
                     'text/html': f'<progress value="{done}" max="{total}">'
                                  f'</progress> {text}'}, raw=True)
            elif self.terminal:
                print(f'\r{text}\033[K', end='', file=sys.stderr, flush=True)
        return progress

    def line(self, text):
        """Print a line that stays."""
        self.clear()
        print(text, flush=True)

    def clear(self):
        """Wipe the terminal's line of progress."""
        if self.terminal and not self.handle:
            print('\r\033[K', end='', file=sys.stderr, flush=True)

    def figure(self, history):
        """Put the curves in the bar's place, in a notebook."""
        if self.handle:
            import matplotlib.pyplot as plt
            fig = plot_history(history)
            self.handle.update(fig)
            plt.close(fig)
