"""Masked image models by their settings."""

from patherea_core.pretraining.mae import MaskedAutoencoder
from patherea_core.pretraining.masking import hidden_count
from patherea_core.pretraining.modelling import MaskedImageModel
from patherea_core.pretraining.settings import PretrainingConfig
from patherea_core.pretraining.spark import SparseModel


def build_masked_model(config: PretrainingConfig) -> MaskedImageModel:
    """Return the masked image model of these settings, with random weights.

    Raises:
        InputError: there is no such backbone, it is of the wrong kind for the method, or options or decoder
            do not suit it, or tiles of that size have too few cells to hide some and show some.
        ShapeError: tiles of that size have no whole number of cells.
    """
    model: MaskedImageModel
    model = MaskedAutoencoder(config) if config.method == "mae" else SparseModel(config)
    model.require_cells(config.tile_size, config.tile_size)
    hidden_count(config.tile_size // model.cell, config.hidden_share)
    return model
