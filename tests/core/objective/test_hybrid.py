"""The hybrid loss: equal to its literal form, its weights, and where its gradients go."""

import pytest
import torch

from patherea_core.batch import Batch, Proposals
from patherea_core.config import AssignmentConfig, LossConfig, NetworkConfig
from patherea_core.errors import InputError
from patherea_core.model.network import P2PNetwork
from patherea_core.objective.hybrid import LossTerms, hybrid_loss, labelled_anchors
from tests.core.objective import scenes
from tests.core.objective.literal import loss_of

CONFIGS = (
    LossConfig(),
    LossConfig(normalisation="paper"),
    LossConfig(background_weight=1, cell_weight=3, regression_weight=0.1, one_to_many_weight=2),
    LossConfig(regression_weight=0, one_to_many_weight=0, normalisation="paper"),
)


@pytest.mark.parametrize("loss", CONFIGS)
@pytest.mark.parametrize("one_to_many", [True, False])
@pytest.mark.parametrize("counts", [(5,), (0,), (7, 9), (3, 12, 4), (0, 0, 20), (60, 0, 8, 1)])
def test_the_loss_and_its_gradients_are_those_of_the_literal_form(
    counts: tuple[int, ...], one_to_many: bool, loss: LossConfig
) -> None:
    batch = scenes.batch(counts)
    assignment = AssignmentConfig(proposals_per_target=3)
    gradients = []
    for literal in (True, False):
        proposals = scenes.proposals(len(counts), one_to_many=one_to_many)
        if literal:
            total = loss_of(proposals, batch, assignment, loss)
        else:
            total = hybrid_loss(proposals, batch, assignment, loss).total
        total.backward()  # type: ignore[no-untyped-call]
        branches = [proposals.one_to_one, proposals.one_to_many]
        tensors = [part for one in branches if one for part in (one.xy, one.logits)]
        none = [torch.zeros_like(part) if part.grad is None else part.grad for part in tensors]
        gradients.append([total.detach(), *none])
    torch.testing.assert_close(gradients[1], gradients[0], rtol=2e-5, atol=1e-7)


def test_the_total_weighs_the_terms_as_equations_4_and_5() -> None:
    terms = hybrid_loss(scenes.proposals(2), scenes.batch([4, 6]), AssignmentConfig(), LossConfig())
    by_hand = (
        terms.one_to_one_classification
        + 2e-3 * terms.one_to_one_regression
        + 0.5 * (terms.one_to_many_classification + 2e-3 * terms.one_to_many_regression)
    )
    assert terms.total.item() == pytest.approx(by_hand.item(), rel=1e-6)


def test_without_a_one_to_many_branch_only_equation_4_remains() -> None:
    batch, both = scenes.batch([4, 6]), scenes.proposals(2)
    plain = Proposals(both.anchors, both.one_to_one, None)
    terms = hybrid_loss(plain, batch, AssignmentConfig(), LossConfig())
    expected = terms.one_to_one_classification + 2e-3 * terms.one_to_one_regression
    assert terms.total.item() == pytest.approx(expected.item(), rel=1e-6)
    assert terms.one_to_many_classification.item() == terms.one_to_many_regression.item() == 0


def test_an_anchor_is_labelled_if_its_pixel_is() -> None:
    labelled = torch.zeros(1, 8, 8, dtype=torch.bool)
    labelled[0, 2, 6] = True
    anchors = torch.tensor([[6.0, 2.0], [2.0, 6.0], [6.9, 2.9]])
    assert labelled_anchors(anchors, labelled).tolist() == [[True, False, True]]


def test_nothing_is_learnt_where_nobody_labelled() -> None:
    batch, proposals = scenes.batch([9]), scenes.proposals(1)
    nowhere = Batch(batch.images, batch.targets, torch.zeros_like(batch.labelled))
    terms = hybrid_loss(proposals, nowhere, AssignmentConfig(), LossConfig())
    terms.total.backward()  # type: ignore[no-untyped-call]
    assert terms.total.item() == 0
    assert proposals.one_to_one.logits.grad is not None
    assert not proposals.one_to_one.logits.grad.any()


def test_options_for_rare_classes_change_nothing_at_zero() -> None:
    batch, proposals = scenes.batch([9, 4]), scenes.proposals(2)
    prior = torch.tensor([0.99, 0.01]).log()
    off = LossConfig(focal_gamma=0.0, logit_adjustment=0.0)
    plain = hybrid_loss(proposals, batch, AssignmentConfig(), LossConfig())
    given = hybrid_loss(proposals, batch, AssignmentConfig(), off, prior)
    assert given.total.item() == plain.total.item()


@pytest.mark.parametrize("loss", [LossConfig(focal_gamma=2.0), LossConfig(logit_adjustment=1.0)])
def test_options_for_rare_classes_reach_both_branches_and_no_position(loss: LossConfig) -> None:
    batch, proposals = scenes.batch([9, 4]), scenes.proposals(2)
    prior = torch.tensor([0.99, 0.01]).log()
    plain = hybrid_loss(proposals, batch, AssignmentConfig(), LossConfig())
    other = hybrid_loss(proposals, batch, AssignmentConfig(), loss, prior)
    assert other.one_to_one_classification.item() != plain.one_to_one_classification.item()
    assert other.one_to_many_classification.item() != plain.one_to_many_classification.item()
    assert other.one_to_one_regression.item() == plain.one_to_one_regression.item()
    assert other.one_to_many_regression.item() == plain.one_to_many_regression.item()


def test_logit_adjustment_pushes_a_rare_class_harder() -> None:
    batch = scenes.batch([12])
    pushes = []
    for amount in (0.0, 1.0):
        proposals = scenes.proposals(1)
        terms = hybrid_loss(
            proposals,
            batch,
            AssignmentConfig(),
            LossConfig(logit_adjustment=amount),
            torch.tensor([0.99, 0.01]).log(),
        )
        terms.one_to_one_classification.backward()  # type: ignore[no-untyped-call]
        assert proposals.one_to_one.logits.grad is not None
        pushes.append(proposals.one_to_one.logits.grad[0, :, 1].sum().item())
    assert pushes[1] < pushes[0]


def test_logit_adjustment_without_frequencies_is_refused() -> None:
    with pytest.raises(InputError, match="how frequent each class is"):
        hybrid_loss(
            scenes.proposals(1),
            scenes.batch([4]),
            AssignmentConfig(),
            LossConfig(logit_adjustment=1.0),
        )


def network(*, one_to_many: bool = True) -> P2PNetwork:
    torch.manual_seed(0)
    config = NetworkConfig(
        backbone="test_efficientnet", fpn_channels=16, head_blocks=1, one_to_many=one_to_many
    )
    return P2PNetwork(config, 2)


def terms_of(model: P2PNetwork) -> LossTerms:
    batch = scenes.batch([4, 0])
    shape = batch.images.shape
    images = torch.randint(0, 256, shape, dtype=torch.uint8, generator=scenes.random(0))
    return hybrid_loss(model(images), batch, AssignmentConfig(), LossConfig())


def reached(term: str, model: P2PNetwork) -> set[str]:
    """Return the names of the parameters that a term's gradient reaches."""
    getattr(terms_of(model), term).backward()
    return {
        name
        for name, parameter in model.named_parameters()
        if parameter.grad is not None and parameter.grad.any()
    }


REACHED = {
    "one_to_one_classification": ("classification", "refined_output"),
    "one_to_one_regression": ("regression", "refined_output"),
    "one_to_many_classification": ("classification", "first_output"),
    "one_to_many_regression": ("regression", "first_output"),
}


@pytest.mark.parametrize("term", REACHED)
def test_a_loss_term_reaches_its_own_head_and_the_backbone_and_no_other_head(term: str) -> None:
    names = reached(term, network())
    head, output = REACHED[term]
    other = "regression" if head == "classification" else "classification"
    # Weight and bias of its own output, the blocks before it, pyramid and backbone.
    for part in (f"{head}.{output}.weight", f"{head}.{output}.bias"):
        assert part in names
    for part in (f"{head}.blocks", "pyramid", "backbone"):
        assert any(name.startswith(part) for name in names)
    assert not any(name.startswith(other) for name in names)
    # The one-to-one output lies on top of the one-to-many output, so that its loss goes through both.
    assert f"{head}.first_output.weight" in names
    refined = any(name.startswith(f"{head}.refined_output") for name in names)
    assert refined == (output == "refined_output")


@pytest.mark.parametrize("term", ["one_to_one_classification", "one_to_one_regression"])
def test_the_plain_network_learns_by_its_only_output(term: str) -> None:
    names = reached(term, network(one_to_many=False))
    head, _ = REACHED[term]
    assert f"{head}.first_output.weight" in names
    assert {name.split(".")[0] for name in names} == {head, "pyramid", "backbone"}


def test_the_terms_together_reach_every_parameter() -> None:
    model = network()
    names = reached("total", model)
    assert names == {name for name, _ in model.named_parameters()}
