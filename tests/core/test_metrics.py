"""Measures against hand counts, brute force, identities, and the figures of other libraries."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from segstudio.core.boundaries import boundary, distances, surface_distances
from segstudio.core.metrics import METRICS, confusion, score, score_confusion, summarise
from segstudio.errors import UserError

SHARES = ("dice", "iou", "precision", "recall", "boundary_f1")


def maps(values=4):
    pixels = arrays(np.uint8, (9, 11), elements=st.integers(0, values - 1))
    return st.tuples(pixels, pixels)


def square(top, left, size, shape=(80, 80)):
    mask = np.zeros(shape, np.uint8)
    mask[top : top + size, left : left + size] = 1
    return mask


def same(first, second):
    return first == pytest.approx(second, nan_ok=True)


def brute_force(truth, prediction, spacing):
    """Both directed sets of boundary distances by comparing every pair of boundary pixels."""
    valid = np.ones(truth.shape, bool)
    edges = [np.argwhere(boundary(m.astype(bool), valid, frame=True)) * spacing for m in (truth, prediction)]
    table = np.linalg.norm(edges[0][:, None] - edges[1][None], axis=2)
    return table.min(axis=1), table.min(axis=0)


def test_truth_is_in_rows_and_prediction_in_columns():
    truth, prediction = np.array([[0, 0, 1]], np.uint8), np.array([[1, 0, 1]], np.uint8)
    assert confusion(truth, prediction, 2).tolist() == [[1, 1], [0, 1]]
    assert confusion(truth, prediction, 2).dtype == np.int64


def test_measures_equal_a_count_by_hand():
    result = score_confusion(np.array([[50, 10], [5, 35]]), 2)
    one = result.of(1)
    assert (one.dice, one.iou) == pytest.approx((70 / 85, 35 / 50))
    assert (one.precision, one.recall) == pytest.approx((35 / 45, 35 / 40))
    assert result.pixel_accuracy == pytest.approx(0.85)
    assert result.mean_accuracy == pytest.approx((50 / 60 + 35 / 40) / 2)
    assert result.mean_iou == pytest.approx((50 / 65 + 35 / 50) / 2)
    assert result.frequency_weighted_iou == pytest.approx((60 * 50 / 65 + 40 * 35 / 50) / 100)


@given(maps())
def test_iou_is_a_function_of_dice(pair):
    for one in score(*pair, 4, boundaries=False).classes:
        assert same(one.iou, one.dice / (2 - one.dice))


@given(maps())
@settings(deadline=None)
def test_exchanging_the_maps_exchanges_precision_and_recall_and_nothing_else(pair):
    there, back = score(*pair, 4), score(*pair[::-1], 4)
    assert np.array_equal(there.confusion, back.confusion.T)
    for one, other in zip(there.classes, back.classes, strict=True):
        assert same((one.precision, one.recall), (other.recall, other.precision))
        for name in ("dice", "iou", "boundary_f1", "hd95", "assd"):
            assert same(getattr(one, name), getattr(other, name))


@given(maps(), st.permutations(range(4)))
@settings(deadline=None)
def test_renaming_the_classes_renames_the_scores(pair, names):
    renamed = [np.array(names, np.uint8)[each] for each in pair]
    before, after = score(*pair, 4), score(*renamed, 4)
    assert after.mean_iou == pytest.approx(before.mean_iou)
    for old, new in enumerate(names):
        for measure in METRICS:
            assert same(getattr(before.of(old), measure), getattr(after.of(new), measure))


@given(maps(), st.randoms(use_true_random=False))
def test_the_order_of_pixels_does_not_matter_to_counts(pair, random):
    order = list(range(99))
    random.shuffle(order)
    shuffled = [each.ravel()[order].reshape(each.shape) for each in pair]
    assert np.array_equal(confusion(*pair, 4), confusion(*shuffled, 4))


@given(maps())
@settings(deadline=None)
def test_shares_are_shares_and_a_map_agrees_with_itself(pair):
    for one in score(*pair, 4).classes:
        assert all(math.isnan(getattr(one, name)) or 0 <= getattr(one, name) <= 1 for name in SHARES)
    itself = score(pair[0], pair[0], 4)
    assert itself.pixel_accuracy == itself.mean_iou == 1.0
    assert all(one.hd95 == one.assd == 0 for one in itself.classes if one.truth_pixels)


@given(maps(2), st.tuples(st.floats(0.1, 5), st.floats(0.1, 5)))
@settings(deadline=None)
def test_distances_equal_brute_force_with_any_spacing(pair, spacing):
    one = score(*pair, 2, spacing=spacing).of(1)
    if not one.truth_pixels or not one.prediction_pixels:
        assert math.isnan(one.hd95) and math.isnan(one.assd)
        return
    there, back = brute_force(*pair, spacing)
    assert one.hd95 == pytest.approx(max(np.percentile(there, 95), np.percentile(back, 95)))
    assert one.assd == pytest.approx(np.concatenate((there, back)).mean())


def test_distances_are_those_monai_gives():
    """The pair of MODELS.md E2; the place of its parts was found by matching all the figures given there."""
    truth, prediction = square(30, 30, 20), square(32, 30, 21)
    prediction[75:77, 75:77] = 1
    one = score(truth, prediction, 2).of(1)
    assert one.hd95 == pytest.approx(3.138, abs=5e-4)
    assert one.assd == pytest.approx(2.3796, abs=5e-5)
    everywhere = np.ones(truth.shape, bool)
    edges = [boundary(m == 1, everywhere, frame=True) for m in (truth, prediction)]
    pooled = np.concatenate(distances(*edges, (1.0, 1.0)))
    assert np.percentile(pooled, 95) == pytest.approx(3.0)  # what MedPy calls HD95
    assert pooled.max() == pytest.approx(38.18, abs=5e-3)
    assert [(pooled <= t).mean() for t in (1, 2, 3)] == pytest.approx([0.494, 0.744, 0.969], abs=5e-4)


def test_spacing_scales_distances():
    truth, prediction = square(30, 30, 10), square(34, 30, 10)
    plain, tall = score(truth, prediction, 2).of(1), score(truth, prediction, 2, spacing=(3, 3)).of(1)
    assert (tall.hd95, tall.assd) == pytest.approx((3 * plain.hd95, 3 * plain.assd))
    assert tall.boundary_f1 == plain.boundary_f1


@pytest.mark.parametrize(("shift", "expected"), [(0, 1.0), (3, 1.0), (40, 0.0)])
def test_boundaries_within_the_tolerance_count_as_hit(shift, expected):
    # 300 x 400 pixels: a diagonal of 500, a tolerance of 3.75 pixels.
    truth, prediction = square(100, 100, 100, (300, 400)), square(100 + shift, 100 + shift, 20, (300, 400))
    prediction = prediction if shift == 40 else square(100 + shift, 100, 100, (300, 400))
    assert score(truth, prediction, 2).of(1).boundary_f1 == expected


def test_the_frame_is_a_boundary_for_distances_only():
    left = np.zeros((300, 400), np.uint8)
    left[:, :200] = 1
    right = np.zeros_like(left)
    right[:, :250] = 1
    one = score(left, right, 2).of(1)
    assert one.boundary_f1 == 0.0
    assert one.assd < 20  # the shared frame is at distance 0, as in MONAI


def test_a_class_in_neither_map_is_undefined_and_left_out_of_means():
    empty = np.zeros((8, 8), np.uint8)
    result = score(empty, empty, 2)
    assert all(math.isnan(getattr(result.of(1), name)) for name in METRICS)
    assert result.mean_iou == result.mean_dice == result.mean_accuracy == 1.0


@pytest.mark.parametrize("missing", ["truth", "prediction"])
def test_a_class_in_one_map_only_scores_0_and_has_no_distance(missing):
    full, empty = square(2, 2, 4, (8, 8)), np.zeros((8, 8), np.uint8)
    one = (score(empty, full, 2) if missing == "truth" else score(full, empty, 2)).of(1)
    assert [getattr(one, name) for name in SHARES] == [0.0] * 5
    assert math.isnan(one.hd95) and math.isnan(one.assd)


@given(maps(), st.data())
@settings(deadline=None)
def test_nothing_depends_on_what_is_predicted_where_the_truth_is_ignored(pair, data):
    truth, prediction = pair[0].copy(), pair[1]
    hidden = data.draw(arrays(bool, truth.shape))
    truth[hidden] = 255
    other = np.where(hidden, data.draw(st.integers(0, 3)), prediction).astype(np.uint8)
    assert json.dumps(score(truth, prediction, 4).to_json()) == json.dumps(score(truth, other, 4).to_json())


@given(maps(), st.data())
@settings(deadline=None)
def test_a_region_counts_like_an_ignored_rest(pair, data):
    region = data.draw(arrays(bool, pair[0].shape))
    ignored = np.where(region, pair[0], 255).astype(np.uint8)
    by_region, by_value = score(*pair, 4, where=region), score(ignored, pair[1], 4)
    assert json.dumps(by_region.to_json()) == json.dumps(by_value.to_json())


def test_the_edge_of_what_is_ignored_is_no_boundary():
    truth = square(2, 2, 8, (12, 12))
    truth[6:] = 255
    valid = truth != 255
    assert not boundary(truth == 1, valid, frame=True)[5, 3:9].any()
    assert boundary(truth == 1, valid, frame=True)[2, 2:10].all()


def test_pixels_without_a_prediction_are_counted_apart():
    truth, prediction = square(0, 0, 4, (8, 8)), square(0, 0, 4, (8, 8))
    prediction[4:] = 255
    result = score(truth, prediction, 2)
    assert (result.unpredicted, result.pixels, result.pixel_accuracy) == (32, 32, 1.0)


def test_predicting_an_ignored_class_elsewhere_is_a_mistake():
    truth, prediction = np.array([[0, 1, 1]], np.uint8), np.array([[1, 0, 1]], np.uint8)
    assert confusion(truth, prediction, 2, ignore=(0,)).tolist() == [[0, 0], [1, 1]]


def test_class_ids_need_not_be_consecutive():
    truth, prediction = np.array([[0, 7, 7]], np.uint8), np.array([[0, 7, 0]], np.uint8)
    assert confusion(truth, prediction, (0, 7)).tolist() == [[1, 0], [1, 1]]
    assert score(truth, prediction, (0, 7)).of(7).recall == 0.5


def test_masks_of_any_integer_type_are_compared():
    truth = square(1, 1, 3, (6, 6))
    wide = truth.astype(np.int32)
    wide[0, 0] = -1
    assert confusion(wide, truth == 1, 2, ignore=(-1,)).tolist() == [[26, 0], [0, 9]]


@pytest.mark.parametrize(
    ("truth", "prediction", "words"),
    [
        (np.zeros((4, 4), np.uint8), np.zeros((4, 5), np.uint8), "4 x 5"),
        (np.zeros((4, 4), np.uint8), np.full((4, 4), 3, np.uint8), "prediction holds the value 3"),
        (np.full((4, 4), 900, np.uint16), np.zeros((4, 4), np.uint8), "truth holds the value 900"),
        (np.zeros((4, 4)), np.zeros((4, 4), np.uint8), "float64"),
    ],
)
def test_maps_that_can_not_be_compared_are_refused_with_the_reason(truth, prediction, words):
    with pytest.raises(UserError) as caught:
        score(truth, prediction, 2)
    assert words in caught.value.sentence


def test_a_volume_is_measured_in_three_dimensions_and_a_single_slice_like_an_image():
    truth, prediction = square(3, 3, 5, (16, 16)), square(5, 4, 5, (16, 16))
    flat = score(truth, prediction, 2)
    single = score(truth[None], prediction[None], 2)
    assert single.to_json() == flat.to_json()
    stack = np.stack([truth] * 3 + [np.zeros_like(truth)])
    assert score(stack, np.roll(stack, 1, axis=0), 2, spacing=(5, 1, 1)).of(1).hd95 == 5.0


def test_means_over_images_and_over_pooled_pixels_are_kept_apart():
    good = score(square(0, 0, 8, (16, 16)), square(0, 0, 8, (16, 16)), 2)
    bad = score(square(0, 0, 2, (16, 16)), square(9, 9, 2, (16, 16)), 2)
    without = score(np.zeros((16, 16), np.uint8), np.zeros((16, 16), np.uint8), 2)
    summary = summarise([good, bad, without])
    one = summary.per_image[1]
    assert (summary.images, one.images, one.defined["dice"], one.means["dice"]) == (3, 2, 2, 0.5)
    assert summary.pooled.of(1).dice == pytest.approx(128 / (128 + 8))
    assert one.defined["hd95"] == 2 and math.isnan(summary.pooled.of(1).hd95)


def test_undefined_is_null_in_json():
    empty = np.zeros((4, 4), np.uint8)
    text = json.dumps(summarise([score(empty, empty, 3)]).to_json(), allow_nan=False)
    back = json.loads(text)
    assert back["pooled"]["classes"][1]["dice"] is None
    assert back["pooled"]["confusion"] == [[16, 0, 0], [0, 0, 0], [0, 0, 0]]
    assert back["per_image"][2] == {**back["per_image"][1], "class_id": 2}


def test_all_pixels_ignored_gives_nothing_but_undefined():
    nothing = np.full((4, 4), 255, np.uint8)
    result = score(nothing, np.zeros((4, 4), np.uint8), 2)
    assert result.pixels == 0 and math.isnan(result.pixel_accuracy) and math.isnan(result.mean_iou)


def test_a_map_without_boundary_has_no_surface_distance():
    inside = np.zeros((5, 5), bool)
    inside[2, 2] = True
    assert all(math.isnan(value) for value in surface_distances(inside, inside, inside, (1.0, 1.0)))
