"""The excess and the detector of a template at every window of an image, exactly."""

from __future__ import annotations

from exactcnn.core.errors import InputError
from exactcnn.core.tensor import ExactTensor
from exactcnn.report.plots.pieces import Detector
from exactcnn.task.images import require_image

__all__ = ["detector_map", "excess_map"]


def excess_map(detector: Detector, image: ExactTensor) -> ExactTensor:
    """The excess of every window, by its top row and left column.

    Parameters
    ----------
    image: (C, H, W).

    Returns
    -------
    (H - a + 1, W - b + 1) for a template of a rows and b columns.

    Raises
    ------
    InputError: the image is none of the task's, or no window fits into it.
    """
    channels, height, width = detector.box.shape
    require_image(image, channels, detector.pixel)
    rows, columns = image.shape[1] - height + 1, image.shape[2] - width + 1
    if rows < 1 or columns < 1:
        raise InputError(
            f'no window of feature "{detector.feature}" fits into the image',
            found=f"{image.shape[1]}x{image.shape[2]}",
            expected=f"at least {height}x{width}",
        )
    low, high = detector.box.low, detector.box.high
    total = ExactTensor.from_integers([[0] * columns] * rows)
    for channel in range(channels):
        for row in range(height):
            for column in range(width):
                seen = image[channel, row : row + rows, column : column + columns]
                above = seen - ExactTensor.full((), high.item(channel, row, column))
                below = ExactTensor.full((), low.item(channel, row, column)) - seen
                total = total + above.relu() + below.relu()
    return total.reduced()


def detector_map(detector: Detector, image: ExactTensor) -> ExactTensor:
    """max(0, 1 - excess/gap) of every window; shapes and errors as `excess_map`."""
    one = ExactTensor.from_integers([[1]])
    return (one - excess_map(detector, image).scaled(1 / detector.gap)).relu().reduced()
