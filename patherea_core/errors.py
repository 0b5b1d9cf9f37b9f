"""Every exception this project raises on purpose.

* PathereaError
    + InputError          the caller's data is wrong; the message says what, where and how to mend it
        - ShapeError      an array has the wrong shape
        - ScaleError      a slide does not say how large its pixels are, or says nonsense
        - TaxonomyError   a cell class is unknown, or two taxonomies differ
        - AnnotationError an annotation cannot serve as labels
        - DatasetError    a dataset folder is missing, broken or in the way
        - SlideError      a slide cannot be read
            + PixelFormatError  its pixels are no colours of eight bits
        - BundleError     a model bundle cannot be trusted or read
    + OutputError         a result cannot be written
    + IncompleteError     a result is there, but for parts that the message names
    + TrainingError       a training cannot go on, because its figures are no numbers any more
    + ArchiveError        the archive (DSA) answered badly, or not at all
        - CredentialsError  the archive does not accept the user, password or token
    + Cancelled           the person or the platform asked the program to stop
"""


class PathereaError(Exception):
    """Anything this project raises on purpose."""


class InputError(PathereaError):
    """The caller's data is wrong; the message says what, where and how to mend it."""


class ShapeError(InputError):
    """An array has the wrong shape."""


class ScaleError(InputError):
    """A slide does not say how large its pixels are, or says nonsense."""


class TaxonomyError(InputError):
    """A cell class is unknown, or two taxonomies differ."""


class AnnotationError(InputError):
    """An annotation cannot serve as labels."""


class DatasetError(InputError):
    """A dataset folder is missing, broken or in the way."""


class SlideError(InputError):
    """A slide cannot be read."""


class PixelFormatError(SlideError):
    """The pixels of a slide are no colours of eight bits, however often one tries."""


class BundleError(InputError):
    """A model bundle cannot be trusted or read."""


class OutputError(PathereaError):
    """A result cannot be written."""


class IncompleteError(PathereaError):
    """A result is there, but for parts that the message names."""


class TrainingError(PathereaError):
    """A training cannot go on, because its figures are no numbers any more."""


class ArchiveError(PathereaError):
    """The archive answered badly, or not at all."""


class CredentialsError(ArchiveError):
    """The archive does not accept the user, password or token."""


class Cancelled(PathereaError):  # noqa: N818  stopping on request is no error of anybody
    """The person or the platform asked the program to stop."""
