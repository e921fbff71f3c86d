from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from segstudio.core.codes import Origin, encode
from segstudio.learning.labelled import Labelled
from segstudio.learning.sampler import Sampler

Make = Callable[..., Labelled]


def sampler(regions: list[Labelled], tile: int = 32, seed: int = 0) -> Sampler:
    return Sampler(regions, tile, "range", np.random.default_rng(seed))


def test_every_patch_holds_a_labelled_pixel(squares: Make) -> None:
    codes = np.zeros((128, 128), np.uint16)
    codes[0, 0] = codes[127, 127] = codes[3, 90] = encode(1, Origin.PAINTED)
    for pixels, found in sampler([squares(codes=codes, role="train")]).batch(200):
        assert found.any() and pixels.shape == (1, 32, 32) and found.shape == (32, 32)


def test_pixels_and_labels_of_a_patch_belong_together(squares: Make) -> None:
    codes = np.arange(256, 256 + 128 * 128 // 64).repeat(64).astype(np.uint16).reshape(128, 128)
    codes = (codes % 200 + 256).astype(np.uint16)
    region = squares(codes=codes, role="train", pixels=codes[..., None], ranges=[(256, 456)])
    for pixels, found in sampler([region]).batch(20):
        assert pixels[0] == pytest.approx((found.astype(float) - 256) / 100 - 1, abs=1e-5)


def test_a_quarter_of_a_batch_comes_from_the_newest_corrections(squares: Make) -> None:
    old = squares(0, role="train", codes=np.full((128, 128), encode(0, Origin.PAINTED), np.uint16))
    new = squares(
        1, role="train", codes=np.full((128, 128), encode(1, Origin.PAINTED), np.uint16), recent=[(0, 0, 128, 128)]
    )
    newest = [
        sum(int(codes.max()) == encode(1, Origin.PAINTED) for _, codes in sampler([old, new], seed=s).batch(4))
        for s in range(100)
    ]
    assert min(newest) == 1  # the newest quarter, and by chance some of the replay
    assert np.mean(newest) == pytest.approx(2.5, abs=0.3)


def test_a_batch_of_one_alternates_between_corrections_and_replay(squares: Make) -> None:
    old = squares(0, role="train", codes=np.full((128, 128), encode(0, Origin.PAINTED), np.uint16))
    new = squares(
        1, role="train", codes=np.full((128, 128), encode(1, Origin.PAINTED), np.uint16), recent=[(0, 0, 9, 9)]
    )
    one = sampler([old, new])
    seen = [int(one.batch(1)[0][1].max()) for _ in range(100)]
    assert 50 < seen.count(encode(1, Origin.PAINTED)) < 95


def test_a_rare_class_is_seen_as_often_as_a_common_one(squares: Make) -> None:
    codes = np.full((128, 128), encode(0, Origin.PAINTED), np.uint16)
    codes[60:63, 60:63] = encode(1, Origin.PAINTED)
    found = [
        (codes == encode(1, Origin.PAINTED)).any()
        for _, codes in sampler([squares(codes=codes, role="train")]).batch(400)
    ]
    assert 0.45 < np.mean(found) < 0.65


def test_an_image_smaller_than_a_patch_is_mirrored_and_its_copies_unlabelled(squares: Make) -> None:
    pixels, codes = sampler([squares(side=40, role="train")], tile=64).batch(1)[0]
    assert pixels.shape == (1, 64, 64) and (codes[40:] == 0).all() and (codes[:40, :40] > 0).all()
    assert (pixels[0, 40] == pixels[0, 39]).all()


def test_a_correction_box_beyond_the_image_does_no_harm(squares: Make) -> None:
    assert sampler([squares(role="train", recent=[(-10, -10, 500, 500), (400, 400, 500, 500)])]).batch(4)
