from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from segstudio.core.codes import Origin, encode, encode_map
from segstudio.errors import UserError
from segstudio.learning.labelled import Labelled, check_labels, labels_hash, validation_pixels
from segstudio.learning.sampler import Sampler

Make = Callable[..., Labelled]


def test_every_labelled_pixel_is_on_exactly_one_side(squares: Make) -> None:
    region = squares(side=512)
    training, validation = region.training_codes() > 0, region.validation_codes() > 0
    assert (training ^ validation).all()
    assert 0.05 < validation.mean() < 0.4


def test_the_split_stays_when_labels_come_and_go(squares: Make) -> None:
    few = np.zeros((512, 512), np.uint16)
    few[100:110, 100:110] = encode(1, Origin.PAINTED)
    assert (squares(side=512, codes=few).validation == squares(side=512).validation).all()


def test_a_crop_is_split_like_the_whole_image() -> None:
    whole = validation_pixels((512, 512), "a", (0, 0), "blocks")
    crop = validation_pixels((200, 300), "a", (128, 64), "blocks")
    assert (crop == whole[128:328, 64:364]).all()


def test_images_are_split_differently() -> None:
    one, two = (validation_pixels((512, 512), digest, (0, 0), "blocks") for digest in "ab")
    assert (one != two).any()


def test_roles_put_whole_regions_on_one_side(squares: Make) -> None:
    assert not squares(role="train").validation.any()
    assert squares(role="validation").validation.all()
    with pytest.raises(ValueError, match="role"):
        squares(role="holdout")


def test_no_validation_pixel_ever_reaches_training(squares: Make) -> None:
    region = squares(side=512)
    secret = region.codes.copy()
    secret[region.validation] = encode(7, Origin.PAINTED)
    sampler = Sampler(
        [squares(side=512, codes=secret, recent=[(0, 0, 512, 512)]), squares(1, role="validation", codes=secret[:128, :128])],
        64, "range", np.random.default_rng(0),
    )  # fmt: skip
    seen = np.unique([codes for _ in range(60) for _, codes in sampler.batch(4)])
    assert encode(7, Origin.PAINTED) not in seen and encode(1, Origin.PAINTED) in seen


def test_unsure_pixels_teach_nothing(squares: Make) -> None:
    region = squares(codes=np.full((128, 128), encode(1, Origin.UNSURE), np.uint16), role="train")
    with pytest.raises(UserError):
        check_labels([region], 2)


def test_each_class_must_be_painted_and_the_message_names_the_missing_one(squares: Make) -> None:
    with pytest.raises(UserError) as error:
        check_labels([squares(role="train")], ["background", "cell", "vessel"])
    assert "vessel" in error.value.why and "cell" not in error.value.why
    check_labels([squares(role="train")], ["background", "cell"])


def test_a_class_that_lies_in_validation_squares_only_is_explained(squares: Make) -> None:
    codes = squares(side=512).codes.copy()
    inside = squares(side=512).validation
    codes[~inside] = encode(0, Origin.PAINTED)
    codes[inside] = encode(1, Origin.PAINTED)
    with pytest.raises(UserError) as error:
        check_labels([squares(side=512, codes=codes)], ["background", "cell"])
    assert "cell" in error.value.why and "set aside" in error.value.why and "elsewhere" in error.value.hint


def test_imported_masks_need_not_hold_every_class(squares: Make) -> None:
    codes = encode_map((squares().codes & 255).astype(np.uint8), Origin.IMPORTED)
    check_labels([squares(role="train", codes=codes)], ["background", "cell", "vessel"])


def test_a_class_the_model_does_not_know_is_refused(squares: Make) -> None:
    codes = squares().codes.copy()
    codes[0, 0] = encode(9, Origin.PAINTED)
    with pytest.raises(UserError, match="does not know"):
        check_labels([squares(codes=codes)], 2)


def test_the_labels_hash_follows_the_labels_and_not_their_order(squares: Make) -> None:
    one, two = squares(0), squares(1)
    changed = replace_codes(two)
    assert labels_hash([one, two]) == labels_hash([two, one])
    assert labels_hash([one, two]) != labels_hash([one, changed])
    assert len(labels_hash([])) == 64


def replace_codes(region: Labelled) -> Labelled:
    codes = region.codes.copy()
    codes[0, 0] = encode(1 - int(codes[0, 0] & 255), Origin.PAINTED)
    return Labelled(
        region.name, region.group, region.pixels, region.ranges, codes, region.recent, region.role, region.digest
    )
