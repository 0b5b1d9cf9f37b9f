"""Masked image models by their settings."""

from patherea_core.errors import InputError
from patherea_core.pretraining.mae import MaskedAutoencoder, side_of_patch
from patherea_core.pretraining.masking import hidden_count, require_whole_cells
from patherea_core.pretraining.modelling import MaskedImageModel
from patherea_core.pretraining.settings import PretrainingConfig
from patherea_core.pretraining.spark import SparseModel, coarsest_stride

#: Fewest visible cells of a tile for SparK: batch normalisation of the coarsest level, which has one site a
#: cell, cannot be learnt from a single value, and a forward pass may have to do with one tile.
_FEWEST_VISIBLE = 2


def build_masked_model(config: PretrainingConfig) -> MaskedImageModel:
    """Return the masked image model of these settings, with random weights.

    Raises:
        InputError: there is no such backbone, it is of the wrong kind for the method, no detector takes it,
            options or decoder do not suit it, or tiles of that size have too few cells to hide some and show
            some.
        ShapeError: tiles of that size have no whole number of cells.
    """
    model: MaskedImageModel
    model = MaskedAutoencoder(config) if config.method == "mae" else SparseModel(config)
    _require_cells(config, model.cell)
    return model


def require_suitable(config: PretrainingConfig) -> None:
    """Refuse most of what ``build_masked_model`` does, without building a network, which may be large.

    Raises:
        InputError: there is no such backbone, it is of the wrong kind for the method, no detector takes it,
            or tiles of that size have too few cells to hide some and show some.
        ShapeError: tiles of that size have no whole number of cells.
    """
    _require_cells(
        config, side_of_patch(config) if config.method == "mae" else coarsest_stride(config)
    )


def _require_cells(config: PretrainingConfig, cell: int) -> None:
    require_whole_cells(cell, config.tile_size, config.tile_size)
    side = config.tile_size // cell
    visible = side * side - hidden_count(side, config.hidden_share)
    if config.method == "spark" and visible < _FEWEST_VISIBLE:
        raise InputError(
            f"SparK needs {_FEWEST_VISIBLE} visible cells of a tile, and one of {side} × {side} cells that"
            f" hides {config.hidden_share:g} of them shows {visible}; take larger tiles (--tile), or hide a"
            " smaller share (--mask-ratio)"
        )
