"""ImageNet weights: torchvision's VGG16 state_dicts find their places in SegNet and FCN."""

from __future__ import annotations

import sys

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import nn

from segstudio.errors import UserError
from segstudio.models.encoder_weights import MEAN, STD, load_encoder
from segstudio.models.network import construct
from segstudio.models.registry import find


def vgg(name):
    """A random VGG16 of torchvision, running statistics included, and only its convolutions."""
    models = pytest.importorskip("torchvision.models", exc_type=(ImportError, RuntimeError))
    with torch.device("meta"):
        module = models.get_model(name, weights=None).features
    module = module.to_empty(device="cpu").eval()
    random = torch.Generator().manual_seed(0)
    for part in module.modules():
        if isinstance(part, nn.Conv2d):
            part.weight.data.normal_(0, (2 / (9 * part.in_channels)) ** 0.5, generator=random)
            part.bias.data.normal_(0, 0.1, generator=random)
        elif isinstance(part, nn.BatchNorm2d):
            for tensor in (part.weight.data, part.running_var):
                tensor.uniform_(0.5, 1.5, generator=random)
            for tensor in (part.bias.data, part.running_mean):
                tensor.normal_(0, 0.1, generator=random)
    return module


@pytest.fixture(scope="module")
def vgg16_bn():
    return vgg("vgg16_bn")


@pytest.fixture(scope="module")
def files(tmp_path_factory, vgg16_bn):
    """The weights of vgg16_bn in both formats; "old" is the form in which torchvision publishes them."""
    folder = tmp_path_factory.mktemp("weights")
    state = {f"features.{name}": value for name, value in vgg16_bn.state_dict().items()}
    torch.save(state, folder / "vgg16_bn.pth")
    torch.save(state, folder / "old.pth", _use_new_zipfile_serialization=False)
    save_file(state, folder / "vgg16_bn.safetensors")
    return folder


def network(architecture, channels=3, **options):
    with torch.random.fork_rng(devices=[]):
        return construct(architecture, channels, 2, find(architecture).complete(options)).eval()


def features_of(module, x):
    for stage in module.encoder:
        x = F.max_pool2d(stage(x), 2)
    return x


def assert_same_inside(ours, theirs):
    """Equal but at the border, where the padding's zero means mid-range here and ImageNet's mean there."""
    inside = (..., slice(3, -3), slice(3, -3))
    assert torch.allclose(ours[inside], theirs[inside], rtol=1e-3, atol=1e-4 * theirs.abs().max().item())


def imagenet(unit):
    return (unit - torch.tensor(MEAN).view(1, 3, 1, 1)) / torch.tensor(STD).view(1, 3, 1, 1)


@pytest.mark.parametrize("name", ["vgg16_bn.pth", "old.pth", "vgg16_bn.safetensors"])
def test_segnets_encoder_computes_vgg16_bns_features(files, vgg16_bn, noise, name):
    module = network("segnet")
    load_encoder(module, files / name)
    unit = noise(1, 3, 256, 256).sigmoid()
    with torch.inference_mode():
        assert_same_inside(features_of(module, unit * 2 - 1), vgg16_bn(imagenet(unit)))


def test_fcn_with_batch_norm_takes_vgg16_bn_too(files, vgg16_bn, noise):
    module = network("fcn8s", hidden=16, kernel=3, norm="batch")
    load_encoder(module, files / "vgg16_bn.pth")
    unit = noise(1, 3, 256, 256).sigmoid()
    with torch.inference_mode():
        assert_same_inside(features_of(module, unit * 2 - 1), vgg16_bn(imagenet(unit)))


def test_fcn_as_published_takes_vgg16(tmp_path, noise):
    source = vgg("vgg16")
    save_file({f"features.{name}": value for name, value in source.state_dict().items()}, tmp_path / "v.safetensors")
    module = network("fcn8s", hidden=16)
    load_encoder(module, tmp_path / "v.safetensors")
    unit = noise(1, 3, 256, 256).sigmoid()
    with torch.inference_mode():
        assert_same_inside(features_of(module, unit * 2 - 1), source(imagenet(unit)))


def test_fcns_conv6_and_conv7_are_the_classifier_seen_as_convolutions(noise):
    from segstudio.models.encoder_weights import _classifier

    with torch.device("meta"):
        module = construct("fcn8s", 3, 2, find("fcn8s").complete({}))
        given = {
            "classifier.0.weight": torch.empty(4096, 25088), "classifier.0.bias": torch.empty(4096),
            "classifier.3.weight": torch.empty(4096, 4096), "classifier.3.bias": torch.empty(4096),
        }  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch, "isfinite", lambda value: torch.ones(1))  # values cannot be looked at on meta
        pairs = _classifier(module, given, "vgg16")
    assert [tuple(values.shape) for _, values in pairs] == [(4096, 512, 7, 7), (4096,), (4096, 4096, 1, 1), (4096,)]
    assert all(ours.shape == values.shape for ours, values in pairs)


def test_a_flattened_layer_seen_as_a_convolution_computes_the_same(noise):
    """The order of torchvision's flattening, which the view in conv6 relies on."""
    x, weight = noise(1, 5, 7, 7), noise(4, 5 * 49)
    assert torch.allclose(F.linear(x.flatten(1), weight), F.conv2d(x, weight.view(4, 5, 7, 7)).flatten(1), atol=1e-4)


@pytest.mark.parametrize("channels", [1, 2, 5])
def test_other_channel_counts_see_a_grey_image_as_vgg_does(files, vgg16_bn, noise, channels):
    module = network("segnet", channels)
    load_encoder(module, files / "vgg16_bn.safetensors")
    grey = noise(1, 1, 32, 32).sigmoid()
    with torch.inference_mode():
        ours = module.encoder[0][0](grey.expand(-1, channels, -1, -1) * 2 - 1)
        theirs = vgg16_bn[0](imagenet(grey.expand(-1, 3, -1, -1)))
    assert_same_inside(ours, theirs)


def test_running_statistics_come_along(files, vgg16_bn):
    module = network("segnet")
    load_encoder(module, files / "vgg16_bn.pth")
    assert torch.equal(module.encoder[4][7].running_mean, vgg16_bn[41].running_mean)
    assert torch.equal(module.encoder[0][1].running_var, vgg16_bn[1].running_var)


@pytest.mark.parametrize(
    ("architecture", "options", "part"),
    [
        ("unet", {"width": 2}, "no ImageNet encoder"),
        ("segnet_basic", {"width": 2}, "no ImageNet encoder"),
        ("segnet", {"width": 8}, "width 64 only; this one has width 8"),
        ("fcn8s", {"hidden": 16}, "not those of vgg16"),  # a network without batch norm, a file with
    ],
)
def test_networks_the_weights_do_not_fit_are_refused(files, architecture, options, part):
    with pytest.raises(UserError) as caught:
        load_encoder(network(architecture, **options), files / "vgg16_bn.pth")
    assert part in caught.value.sentence


def test_nothing_changes_when_something_does_not_fit(files, tmp_path):
    state = torch.load(files / "vgg16_bn.pth", weights_only=True)
    state["features.41.running_var"] = torch.full((512,), float("nan"))
    torch.save(state, tmp_path / "broken.pth")
    module = network("segnet")
    before = module.encoder[0][0].weight.clone()
    with pytest.raises(UserError, match="damaged"):
        load_encoder(module, tmp_path / "broken.pth")
    assert torch.equal(module.encoder[0][0].weight, before)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.pth", b""),
        ("a.pth", b"text"),
        ("a.pth", b"PK\x03\x04" + bytes(60)),
        ("a.safetensors", b""),
        ("a.safetensors", b"x" * 99),
    ],
)
def test_a_file_without_weights_is_refused_in_words(tmp_path, name, data):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(UserError, match="holds no weights"):
        load_encoder(network("segnet"), tmp_path / name)


@pytest.mark.filterwarnings("ignore:Detected pickle protocol", "ignore:TypedStorage is deprecated")
@pytest.mark.parametrize("zipped", [True, False])
def test_a_damaged_file_is_refused_in_words_wherever_the_damage_is(tmp_path, zipped):
    path = tmp_path / "a.pth"
    torch.save({"features.0.weight": torch.zeros(3, 3)}, path, _use_new_zipfile_serialization=zipped)
    whole = path.read_bytes()
    module = network("segnet", width=2)
    module.encoder[0][0].out_channels = 64  # far enough to have the file read
    random = np.random.default_rng(0)
    for _ in range(300):
        damaged = bytearray(whole[: random.integers(len(whole))] if random.random() < 0.3 else whole)
        for place in random.integers(0, max(len(damaged), 1), random.integers(1, 5)):
            damaged[place : place + 1] = random.bytes(1)
        path.write_bytes(damaged)
        with pytest.raises(UserError):
            load_encoder(module, path)


def test_a_pickle_with_code_is_not_run(tmp_path):
    torch.save({"features.0.weight": sys.exit}, tmp_path / "evil.pth")
    with pytest.raises(UserError, match="holds no weights"):
        load_encoder(network("segnet"), tmp_path / "evil.pth")


def test_a_missing_file_is_refused_in_words(tmp_path):
    with pytest.raises(UserError, match="could not be read"):
        load_encoder(network("segnet"), tmp_path / "missing.pth")


def test_nothing_is_downloaded_unless_asked_and_a_failed_download_is_told(monkeypatch):
    asked = []

    def offline(*args, **kwargs):
        asked.append(args)
        raise OSError("no route to host")

    monkeypatch.setattr("torch.hub.load_state_dict_from_url", offline)
    monkeypatch.setattr("torchvision.models._api.load_state_dict_from_url", offline)
    module = network("segnet")
    with pytest.raises(UserError, match="No ImageNet weights were given"):
        load_encoder(module)
    assert not asked
    with pytest.raises(UserError, match="could not be downloaded") as caught:
        load_encoder(module, download=True)
    assert asked and "no route to host" in caught.value.why
