"""The pictures of the README are what a lesson shows today."""
import matplotlib.pyplot as plt
import numpy

from docs import pictures


def test_the_pictures_are_those_of_the_lesson(tmp_path):
    pictures.draw(tmp_path)
    for name in 'weights.png', 'card.png':
        stored, drawn = (plt.imread(folder / name) for folder in (
            pictures.HERE / '_static', tmp_path))
        assert stored.shape == drawn.shape
        assert numpy.abs(stored - drawn).mean() < 0.01, (
            'python -m docs.pictures draws them anew')
