"""What makes a tensor an image of a task: its shape and the pixel range."""

from __future__ import annotations

import numpy as np

from exactcnn.core.errors import InputError
from exactcnn.core.tensor import ExactTensor
from exactcnn.task.model import PixelRange

__all__ = ["require_image"]


def require_image(image: ExactTensor, channels: int, pixel: PixelRange, *, source: str | None = None) -> None:
    """Makes sure that `image` is (channels, H, W) with H, W >= 1 and that all its values are in the pixel range.

    Raises
    ------
    InputError: it is not; the first pixel outside the range is named by value and place, counted from 0.
    """
    if image.ndim != 3 or image.shape[0] != channels or image.size == 0:
        raise InputError(
            "not an image of this task",
            source=source,
            found=f"a tensor of shape {image.shape}",
            expected=f"({channels}, height, width), no length zero",
        )
    low, high = ExactTensor.full((), pixel.low), ExactTensor.full((), pixel.high)
    outside = image.less(low) | ~image.at_most(high)
    if outside.any():
        channel, row, column = (int(i) for i in np.argwhere(outside)[0])
        raise InputError(
            "a pixel outside the pixel range",
            source=source,
            place=f"channel {channel}, row {row}, column {column} (counted from 0)",
            found=str(image.item(channel, row, column)),
            expected=f"a value in [{pixel.low}, {pixel.high}]",
        )
