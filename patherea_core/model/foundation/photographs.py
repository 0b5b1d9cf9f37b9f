"""DINOv2 in its four sizes, without and with registers: pretrained on photographs, not on tissue.

The digests are those that several projects publish, that of the small one with registers a single one.
"""

from patherea_core.model.foundation.published import Foundation


def _of_size(
    size: str, heads: int, parameters: tuple[int, int], digests: tuple[str, str]
) -> list[Foundation]:
    """Return DINOv2 of one size, without registers and with four."""
    letter = size[0]
    return [
        Foundation(
            name=f"dinov2-{letter}{'-reg' * bool(registers)}",
            title=f"DINOv2 ViT-{letter if letter == 'g' else letter.upper()}/14{registers and ' reg4'}",
            architecture=f"vit_{size}_patch14{registers}_dinov2",
            layout="dinov2",
            parameters=count,
            heads=heads,
            files=(
                f"https://dl.fbaipublicfiles.com/dinov2/dinov2_vit{letter}14/"
                f"dinov2_vit{letter}14{registers}_pretrain.pth",
            ),
            sha256=digest,
            citation="Oquab et al., https://arxiv.org/abs/2304.07193"
            + (", and Darcet et al., https://arxiv.org/abs/2309.16588" if registers else ""),
            sources=("https://github.com/facebookresearch/dinov2", "timm"),
        )
        for registers, count, digest in zip(("", "_reg4"), parameters, digests, strict=True)
    ]


#: All eight.
DINOV2 = (
    *_of_size(
        "small",
        6,
        (22_056_192, 22_057_344),
        (
            "b938bf1bc15cd2ec0feacfe3a1bb553fe8ea9ca46a7e1d8d00217f29aef60cd9",
            "f433177089a681826f849f194ece3bb48f4d63fb38d32fc837e3dc7a4e5641fb",
        ),
    ),
    *_of_size(
        "base",
        12,
        (86_579_712, 86_582_016),
        (
            "0b8b82f85de91b424aded121c7e1dcc2b7bc6d0adeea651bf73a13307fad8c73",
            "73182a088cf94833c94b1666d1c99e02fe87e2007bff57b564fb6206e25dba71",
        ),
    ),
    *_of_size(
        "large",
        16,
        (304_367_616, 304_370_688),
        (
            "d5383ea8f4877b2472eb973e0fd72d557c7da5d3611bd527ceeb1d7162cbf428",
            "36e4deffbaef061a2576705b0c36f93621e2ae20bf6274694821b0b492551b51",
        ),
    ),
    *_of_size(
        "giant",
        24,
        (1_136_479_232, 1_136_483_840),
        (
            "baf8467e50af277596bbbafa06887c177ee899ab46033649c383577d7e9309d3",
            "746ecb8c6301c645c5c855be91687d274587d6e48fdaec4a729753160b34a283",
        ),
    ),
)
