"""Facts of the paper that stand under several of its tables."""

SOURCE = (
    "Published rows: Štepec et al., Patherea: Cell Detection and Classification for the 2020s; "
    "table numbers are of that paper."
)
RETRAINED = (
    "The paper's authors trained and scored all methods themselves, MCSpatNet, ACFormer and PGT with their "
    "official code, unless a note says otherwise."
)
DASH = "A dash is a score that is not printed."
ZERO = (
    "A dash is a score that is not printed; in tables 3, 5, 6 and 7 the mean counts such a class "
    "as 0."
)
RELEASED_CODE = (
    "Chosen as the paper says; the code released with it keeps the best epoch of the test part "
    "instead."
)
