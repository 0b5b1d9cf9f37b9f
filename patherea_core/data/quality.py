"""Inspecting a dataset folder before anything is trained on it: what is wrong, where, and how to mend it."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from patherea_core.data.finding import Finding, Inspection, by_gravity, counted, places
from patherea_core.data.folder import digest
from patherea_core.data.label_checks import (
    class_findings,
    duplicate_findings,
    fold_name,
    neighbour_distances,
    outside_findings,
    split_findings,
)
from patherea_core.data.manifest import Manifest, SampleRecord
from patherea_core.data.nuclei import (
    FEWEST_NUCLEI,
    Nucleus,
    StainedImage,
    stained,
    typical_nucleus,
    unlabelled,
)
from patherea_core.data.sample import Sample
from patherea_core.data.scale_checks import (
    SampleFacts,
    middle,
    middle_nucleus,
    outlier_findings,
    scale_findings,
)
from patherea_core.data.store import read_manifest, read_sample
from patherea_core.errors import DatasetError, InputError
from patherea_core.geometry import Ints
from patherea_core.progress import Part, Progress
from patherea_core.regions import inside

#: Unlabelled-looking nuclei for each point of an image, and in all, above which the image needs a look.
_MANY_UNLABELLED = 0.3
_SOME_UNLABELLED = 5


def inspect(folder: Path, progress: Progress) -> Inspection:
    """Return all that is wrong or strange in a dataset folder; the files stay as they are.

    Raises:
        DatasetError: there is no dataset, or its manifest is broken.
        Cancelled: the person asked to stop.
    """
    manifest = read_manifest(folder)
    facts, findings = _read_samples(folder, manifest, Part(progress, 0.0, 0.9))
    nucleus = middle_nucleus(facts)
    neighbour_um = middle([fact.neighbour_um for fact in facts])
    findings += _sparse_findings(folder, manifest, facts, nucleus)
    findings += split_findings(manifest)
    findings += class_findings(manifest, _counts_by_fold(manifest, facts))
    findings += scale_findings(manifest.mpp, nucleus, neighbour_um)
    findings += outlier_findings(facts, nucleus, neighbour_um)
    progress.advance(1.0, f"{len(findings)} findings")
    counts = sum((fact.counts for fact in facts), _no_counts(manifest))
    return Inspection(
        samples=len(manifest.samples),
        patients=len({record.patient for record in manifest.samples}),
        folds=tuple(fold_name(manifest, fold) for fold in range(manifest.folds)),
        mpp=manifest.mpp,
        points=dict(zip(manifest.taxonomy.names, counts.tolist(), strict=True)),
        nucleus_um=None if nucleus is None else round(nucleus.diameter, 2),
        neighbour_um=None if neighbour_um is None else round(neighbour_um, 2),
        findings=by_gravity(findings),
    )


def _read_samples(
    folder: Path, manifest: Manifest, progress: Progress
) -> tuple[list[SampleFacts], list[Finding]]:
    facts: list[SampleFacts] = []
    findings: list[Finding] = []
    for number, record in enumerate(manifest.samples):
        progress.advance(number / len(manifest.samples), record.id)
        try:
            sample = _unchanged_sample(folder, manifest, record)
        except InputError as error:
            findings.append(
                Finding(
                    check="broken",
                    grade="error",
                    message=str(error),
                    remedy="export or import the dataset again",
                    sample=record.id,
                )
            )
            continue
        image = stained(sample.pixels, manifest.mpp)
        facts.append(_facts(sample, image, manifest))
        findings += outside_findings(sample) + duplicate_findings(sample, manifest.mpp)
        findings += _unlabelled_findings(sample, image, facts[-1].nucleus, manifest.mpp)
    return facts, findings


def _unchanged_sample(folder: Path, manifest: Manifest, record: SampleRecord) -> Sample:
    sample = read_sample(folder, manifest, record)
    written = record.sha256
    if written is not None and written != digest([folder / name for name in record.files]):
        raise DatasetError("its files were changed after they were written")
    return sample


def _facts(sample: Sample, image: StainedImage, manifest: Manifest) -> SampleFacts:
    xy_um = sample.points.xy * manifest.mpp
    distances = neighbour_distances(xy_um)
    return SampleFacts(
        record=sample.record,
        counts=np.bincount(sample.points.class_index, minlength=len(manifest.taxonomy)),
        nucleus=typical_nucleus(image, xy_um),
        neighbour_um=float(np.median(distances)) if len(xy_um) >= FEWEST_NUCLEI else None,
    )


def _sparse_findings(
    folder: Path, manifest: Manifest, facts: Sequence[SampleFacts], nucleus: Nucleus | None
) -> list[Finding]:
    """Look at images with few points or none by what a nucleus looks like in the others."""
    findings: list[Finding] = []
    for fact in facts:
        if not fact.record.points:
            findings.append(
                Finding(
                    check="empty",
                    grade="note",
                    message="no point lies in the labelled area",
                    remedy="label its cells, or leave the region out, unless it has none",
                    sample=fact.record.id,
                )
            )
        if fact.nucleus is None:
            sample = read_sample(folder, manifest, fact.record)
            image = stained(sample.pixels, manifest.mpp)
            findings += _unlabelled_findings(sample, image, nucleus, manifest.mpp)
    return findings


def _unlabelled_findings(
    sample: Sample, image: StainedImage, nucleus: Nucleus | None, mpp: float
) -> list[Finding]:
    if nucleus is None:
        return []
    xy = unlabelled(image, nucleus, sample.points.xy * mpp) / mpp
    # A nucleus that the edge of the labelled area cuts may be left out.
    inner = sample.labelled.buffer(-nucleus.diameter / 2 / mpp)
    xy = xy[inside(inner, xy)]
    if not len(xy):
        return []
    many = len(xy) >= max(_SOME_UNLABELLED, _MANY_UNLABELLED * len(sample.points))
    return [
        Finding(
            check="unlabelled",
            grade="warning" if many else "note",
            message=counted(len(xy), "place looks", "places look")
            + f" like a nucleus without a point, beside {len(sample.points)} with one",
            remedy="look at them; this is a hint, and half of such places or more are false alarms",
            sample=sample.record.id,
            places=places(xy),
            count=len(xy),
        )
    ]


def _no_counts(manifest: Manifest) -> Ints:
    return np.zeros(len(manifest.taxonomy), dtype=np.int64)


def _counts_by_fold(manifest: Manifest, facts: Sequence[SampleFacts]) -> dict[int, Ints]:
    counts: dict[int, Ints] = {}
    for fact in facts:
        fold = fact.record.fold
        counts[fold] = counts.get(fold, _no_counts(manifest)) + fact.counts
    return dict(sorted(counts.items()))
