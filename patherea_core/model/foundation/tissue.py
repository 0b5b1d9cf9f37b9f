"""Foundation models of pathology, as data; where each fact was read stands beside it.

TRIDENT is https://github.com/mahmoodlab/TRIDENT, whose loaders read the files strictly, so that the
architectures there are those of the files.
"""

from patherea_core.model.foundation.published import Channels, Foundation, Terms

_TRIDENT = "trident/patch_encoder_models/load.py of TRIDENT"
_HUB_FILES = ("model.safetensors", "pytorch_model.bin")
_BINARY = ("pytorch_model.bin", "model.safetensors")

#: timm's ViT-g of DINOv2 with its gates, without registers and with four.
_GATED = "vit_giant_patch14_dinov2"
_GATED_WITH_REGISTERS = "vit_giant_patch14_reg4_dinov2"

_HIBOU_MEAN: Channels = (0.7068, 0.5755, 0.722)
_HIBOU_STD: Channels = (0.195, 0.2316, 0.1816)
_OPTIMUS_MEAN: Channels = (0.707223, 0.578729, 0.703617)
_OPTIMUS_STD: Channels = (0.211883, 0.230117, 0.177517)

_NON_COMMERCIAL = "commercial use, and passing on the weights or what was made from them"


def _creative_commons(repository: str) -> Terms:
    """Return CC-BY-NC-ND-4.0, and the page with what its authors add."""
    return Terms("CC-BY-NC-ND-4.0", f"https://huggingface.co/{repository}", _NON_COMMERCIAL)


PATHOLOGY = (
    Foundation(
        name="hibou-b",
        title="Hibou-B",
        architecture=_GATED_WITH_REGISTERS,
        options={"img_size": 224, "embed_dim": 768, "depth": 12, "num_heads": 12},
        layout="hugging-face-dinov2",
        mean=_HIBOU_MEAN,
        std=_HIBOU_STD,
        mpp=(0.5,),
        parameters=85_739_520,
        heads=12,
        repository="histai/hibou-b",
        files=_HUB_FILES,
        citation="Nechaev et al., https://arxiv.org/abs/2406.05074",
        sources=("https://github.com/HistAI/hibou", "https://huggingface.co/histai/hibou-b"),
        unchecked="the pixel size, which is that of lists by others",
    ),
    Foundation(
        name="hibou-l",
        title="Hibou-L",
        architecture=_GATED_WITH_REGISTERS,
        # DINOv2 rounds the gates' width up to a multiple of 8: 2 × 2736 of 1024.
        options={
            "img_size": 224,
            "embed_dim": 1024,
            "depth": 24,
            "num_heads": 16,
            "mlp_ratio": 5.34375,
        },
        layout="hugging-face-dinov2",
        mean=_HIBOU_MEAN,
        std=_HIBOU_STD,
        mpp=(0.5,),
        parameters=303_657_216,
        heads=16,
        gated=True,
        repository="histai/hibou-L",
        files=_HUB_FILES,
        citation="Nechaev et al., https://arxiv.org/abs/2406.05074",
        sources=("https://github.com/HistAI/hibou (hibou/models/cellvit/cellvit.py)", _TRIDENT),
        unchecked="pixel size and licence, which are those of lists by others",
    ),
    Foundation(
        name="uni",
        title="UNI",
        architecture="vit_large_patch16_224",
        options={"init_values": 1e-5},
        layout="timm",
        mpp=(0.5,),
        parameters=303_350_784,
        heads=16,
        terms=_creative_commons("MahmoodLab/UNI"),
        gated=True,
        repository="MahmoodLab/UNI",
        files=_BINARY,
        citation="Chen et al., https://doi.org/10.1038/s41591-024-02857-3",
        sources=("https://github.com/mahmoodlab/UNI", _TRIDENT),
    ),
    Foundation(
        name="uni2-h",
        title="UNI 2 (ViT-h/14-reg8)",
        architecture=_GATED_WITH_REGISTERS,
        options={"img_size": 224, "depth": 24, "reg_tokens": 8},
        layout="timm",
        mpp=(0.5,),
        parameters=681_394_176,
        heads=24,
        terms=_creative_commons("MahmoodLab/UNI2-h"),
        gated=True,
        repository="MahmoodLab/UNI2-h",
        files=_BINARY,
        citation="Chen et al., https://doi.org/10.1038/s41591-024-02857-3",
        sources=("https://github.com/mahmoodlab/UNI", _TRIDENT),
    ),
    Foundation(
        name="virchow",
        title="Virchow",
        architecture=_GATED,
        options={
            "img_size": 224,
            "embed_dim": 1280,
            "depth": 32,
            "num_heads": 16,
            "mlp_ratio": 5.3375,
        },
        layout="timm",
        mpp=(0.5,),
        parameters=631_229_184,
        heads=16,
        gated=True,
        repository="paige-ai/Virchow",
        files=_BINARY,
        citation="Vorontsov et al., https://arxiv.org/abs/2309.07778",
        sources=("https://huggingface.co/paige-ai/Virchow", _TRIDENT),
    ),
    Foundation(
        name="virchow2",
        title="Virchow2",
        architecture=_GATED,
        # Class token and registers have positions of their own, unlike in DINOv2.
        options={
            "img_size": 224,
            "embed_dim": 1280,
            "depth": 32,
            "num_heads": 16,
            "mlp_ratio": 5.3375,
            "reg_tokens": 4,
        },
        layout="timm",
        mpp=(0.25, 0.5, 1.0, 2.0),
        parameters=631_239_424,
        heads=16,
        terms=_creative_commons("paige-ai/Virchow2"),
        gated=True,
        repository="paige-ai/Virchow2",
        files=_BINARY,
        citation="Zimmermann et al., https://arxiv.org/abs/2408.00738",
        sources=("https://huggingface.co/paige-ai/Virchow2", _TRIDENT),
    ),
    Foundation(
        name="phikon",
        title="Phikon",
        # Its norms add 1e-12 to the variance, timm's 1e-6, which no feature shows in 32 bits.
        architecture="vit_base_patch16_224",
        layout="hugging-face-vit",
        mpp=(0.5,),
        parameters=85_798_656,
        heads=12,
        terms=Terms(
            "Owkin non-commercial licence",
            "https://github.com/owkin/HistoSSLscaling/blob/main/LICENSE.txt",
            "commercial use",
        ),
        repository="owkin/phikon",
        files=_BINARY,
        citation="Filiot et al., https://doi.org/10.1101/2023.07.21.23292757",
        sources=("https://huggingface.co/owkin/phikon (config.json)", _TRIDENT),
    ),
    Foundation(
        name="phikon-v2",
        title="Phikon-v2",
        architecture="vit_large_patch14_dinov2",
        options={"img_size": 224, "patch_size": 16},
        layout="hugging-face-dinov2",
        mpp=(0.5,),
        parameters=303_350_784,
        heads=16,
        terms=Terms(
            "Owkin non-commercial licence",
            "https://huggingface.co/owkin/phikon-v2/blob/main/LICENSE.pdf",
            "commercial use",
        ),
        repository="owkin/phikon-v2",
        files=_HUB_FILES,
        citation="Filiot et al., https://arxiv.org/abs/2409.09173",
        sources=("https://huggingface.co/owkin/phikon-v2", _TRIDENT),
        unchecked="that it has no gates, like DINOv2 of its size; a file with gates would be refused",
    ),
    Foundation(
        name="h-optimus-0",
        title="H-optimus-0",
        architecture=_GATED_WITH_REGISTERS,
        options={"img_size": 224},
        layout="timm",
        mean=_OPTIMUS_MEAN,
        std=_OPTIMUS_STD,
        mpp=(0.5,),
        parameters=1_134_774_272,
        heads=24,
        gated=True,
        repository="bioptimus/H-optimus-0",
        files=_BINARY,
        citation="Saillard et al., https://github.com/bioptimus/releases",
        sources=("https://github.com/bioptimus/releases", _TRIDENT),
    ),
    Foundation(
        name="h-optimus-1",
        title="H-optimus-1",
        architecture=_GATED_WITH_REGISTERS,
        options={"img_size": 224},
        layout="timm",
        mean=_OPTIMUS_MEAN,
        std=_OPTIMUS_STD,
        mpp=(0.5,),
        parameters=1_134_774_272,
        heads=24,
        terms=_creative_commons("bioptimus/H-optimus-1"),
        gated=True,
        repository="bioptimus/H-optimus-1",
        files=_BINARY,
        citation="Bioptimus, https://huggingface.co/bioptimus/H-optimus-1",
        sources=(_TRIDENT,),
        unchecked="licence and pixel size, which are those of lists by others",
    ),
    Foundation(
        name="prov-gigapath",
        title="Prov-GigaPath, its encoder of tiles",
        architecture=_GATED,
        options={"img_size": 224, "patch_size": 16},
        layout="timm",
        mpp=(0.5,),
        parameters=1_134_953_984,
        heads=24,
        terms=Terms(
            "Prov-GigaPath licence",
            "https://github.com/prov-gigapath/prov-gigapath/blob/main/LICENSE",
            "any use but non-commercial research, and passing on the weights",
        ),
        gated=True,
        repository="prov-gigapath/prov-gigapath",
        files=_BINARY,
        citation="Xu et al., https://doi.org/10.1038/s41586-024-07441-w",
        sources=("https://github.com/prov-gigapath/prov-gigapath", _TRIDENT),
    ),
)
