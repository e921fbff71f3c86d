"""The table of methods: every row can be listed, has a form, and runs on a real image."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from segstudio.classical.registry import METHODS, find, grey, parse_setting, run
from segstudio.core.parameters import check, defaults, fit
from segstudio.errors import UserError


@pytest.fixture(scope="module")
def colours():
    return np.random.default_rng(0).integers(0, 256, (30, 40, 3)).astype(np.uint8)


@pytest.fixture
def membranes(shared_data):
    return np.asarray(Image.open(shared_data / "isbi2012_em" / "train" / "image" / "0.png"))[:256, :256]


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("method_id", METHODS)
def test_every_method_runs_on_a_real_image_of_any_type(membranes, method_id, dtype):
    assert membranes.ndim == 2
    image = membranes.astype(dtype) * (257 if dtype == "uint16" else 1)
    found = run(method_id, image)
    assert found.shape == image.shape and found.dtype == np.uint8
    assert 0 < np.count_nonzero(found) < found.size
    assert found.max() == (2 if METHODS[method_id].result == "classes" else 1)


@pytest.mark.parametrize("method_id", METHODS)
def test_every_method_has_a_form_with_valid_defaults(method_id):
    options = METHODS[method_id].parameters()
    assert check(options, defaults(options)) == defaults(options)
    assert all(option.help and option.title for option in options)
    fitted = fit(options, 0.0, 255.0)
    assert check(fitted, defaults(fitted)) == defaults(fitted)
    assert all(option.low is not None for option in fitted if option.kind in ("int", "float"))


@pytest.mark.parametrize("method_id", METHODS)
def test_a_row_is_complete_and_found_by_its_id(method_id):
    method = find(method_id)
    assert method.title and method.summary and method.load().__doc__
    assert method.factory.startswith("segstudio.classical.")


def test_the_methods_and_their_forms_are_listed_without_heavy_imports():
    code = (
        "import sys; from segstudio.classical.registry import METHODS\n"
        "[method.parameters() for method in METHODS.values()]\n"
        "sys.exit(', '.join({'skimage', 'scipy', 'torch', 'PySide6'} & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_an_unknown_method_is_refused_with_the_known_ones():
    with pytest.raises(UserError) as caught:
        find("multi-otzu")
    assert "otsu" in caught.value.why and "multi_otsu" in caught.value.hint


def test_settings_are_checked_and_may_be_text(colours):
    name, value = parse_setting("classes=4")
    assert run("multi_otsu", colours, {name: value}).max() == 3
    with pytest.raises(UserError, match="classes"):
        run("multi_otsu", colours, {"classes": 9})
    with pytest.raises(UserError, match="window"):
        run("otsu", colours, {"window": 9})


def test_colour_is_judged_by_its_luma_or_by_one_channel(colours):
    from skimage.color import rgb2gray

    assert np.allclose(grey(colours), rgb2gray(colours) * 255, atol=1e-3)
    assert np.array_equal(run("otsu", colours, channel=1), run("otsu", colours[:, :, 1]))


def test_other_numbers_of_channels_are_averaged(colours):
    two = colours[:, :, :2]
    assert np.allclose(grey(two), two.mean(axis=2))
    assert grey(two.astype(np.float64)).dtype == np.float64


def test_a_single_channel_keeps_its_type(colours):
    assert grey(colours[:, :, :1]).dtype == np.uint8
    assert np.array_equal(grey(colours[:, :, 0]), grey(colours[:, :, :1]))


def test_a_channel_that_is_not_there_is_refused(colours):
    with pytest.raises(UserError) as caught:
        run("otsu", colours, channel=3)
    assert "3 channels" in caught.value.why and "0 to 2" in caught.value.hint


def test_complex_channels_are_refused_with_the_reason():
    with pytest.raises(UserError, match="complex64"):
        run("otsu", np.zeros((4, 4, 2), np.complex64))
