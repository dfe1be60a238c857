"""The helpers that the lessons share: data, device, training, figures.

Nothing here is what a lesson teaches: lesson 04 writes the training loop by
hand, and only the lessons after it import it.
"""
from .data import (
    IDXError,
    Loader,
    fashion_mnist_arrays,
    load_data_fashion_mnist,
    load_data_mnist,
    mnist_arrays,
    read_idx,
    text_labels,
)
from .device import device
from .plot import (
    plot_history,
    show_confusion_matrix,
    show_images,
    show_weights,
)
from .rows import TableError, read_table, tumours
from .train import (
    History,
    evaluate_accuracy,
    predict_ch3,
    train_ch3,
    train_epoch_ch3,
)

__all__ = [
    'History',
    'IDXError',
    'Loader',
    'TableError',
    'device',
    'evaluate_accuracy',
    'fashion_mnist_arrays',
    'load_data_fashion_mnist',
    'load_data_mnist',
    'mnist_arrays',
    'plot_history',
    'predict_ch3',
    'read_idx',
    'read_table',
    'show_confusion_matrix',
    'show_images',
    'show_weights',
    'text_labels',
    'train_ch3',
    'train_epoch_ch3',
    'tumours',
]
