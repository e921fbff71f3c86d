"""Labels as other programs write them: every shape that has an area comes in, the rest is named."""

from __future__ import annotations

import base64
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from segstudio.core.classes import ClassTable
from segstudio.core.geometry import Box
from segstudio.core.image import ImageInfo
from segstudio.errors import UserError
from segstudio.io.masks.exports.subject import Subject
from segstudio.io.masks.exports.table import export_format
from segstudio.io.masks.importing import format_of
from segstudio.io.masks.imports.labels import Labels
from segstudio.io.masks.imports.table import import_format
from segstudio.io.masks.names import names_of

PICTURE = ImageInfo("PNG", (1, 30, 50), 3, ("red", "green", "blue"), "uint8")
SQUARE = [[5, 4], [25, 4], [25, 14], [5, 14]]
"""20 x 10 pixels."""
MARKS = {"": ("utf-8", b""), "UTF-8": ("utf-8", b"\xef\xbb\xbf"), "UTF-16": ("utf-16-le", b"\xff\xfe")}


def flat(points: list[list[float]]) -> list[float]:
    return [value for point in points for value in point]


def counts(labels: Labels | None) -> dict[str, int]:
    """Pixels by the name of the class."""
    assert labels is not None
    found = {one.name or f"class {one.id}": int((labels.mask == one.id).sum()) for one in labels.classes if one.id}
    return {name: number for name, number in found.items() if number}


def read(form: str, path: Path, name: str = "a.png", info: ImageInfo = PICTURE) -> Labels | None:
    return import_format(form).load()(path, name, info)


# --- COCO -------------------------------------------------------------------------------------------------------------


def coco(path: Path, *annotations: dict[str, Any], **more: Any) -> Path:
    made: dict[str, Any] = {
        "images": [{"id": 1, "file_name": "a.png", "height": 30, "width": 50}],
        "categories": [{"id": 1, "name": "cell"}, {"id": 7, "name": "wall"}],
        "annotations": [
            {"id": 1, "image_id": 1, "category_id": 7, "segmentation": [flat(SQUARE)], "iscrowd": 0},
            *({"id": number, "image_id": 1, "category_id": 1, **one} for number, one in enumerate(annotations, 2)),
        ],
        **more,
    }
    path.write_text(json.dumps(made))
    return path


@pytest.mark.parametrize(
    ("annotation", "pixels", "word"),
    [
        ({"segmentation": [flat([[30, 20], [40, 20], [40, 25], [30, 25]])]}, 50, ""),
        ({"segmentation": flat([[30, 20], [40, 20], [40, 25], [30, 25]])}, 50, ""),
        ({"segmentation": [[[30, 20], [40, 20], [40, 25], [30, 25]]]}, 50, ""),
        ({"segmentation": [[1, 1, 8, 8], flat([[30, 20], [40, 20], [40, 25], [30, 25]])]}, 50, ""),
        ({"segmentation": {"size": [30, 50], "counts": [30 * 40, 30, 30 * 9]}, "iscrowd": 1}, 30, ""),
        ({"segmentation": {"counts": [30 * 40, 30, 30 * 9]}}, 30, ""),
        ({"segmentation": {"size": [50, 30], "counts": [30 * 40, 30, 30 * 9]}}, 0, "another size"),
        ({"segmentation": {"size": [30, 50], "counts": [30 * 40, 30, 30]}}, 0, "do not fit"),
        ({"segmentation": {"size": [30, 50], "counts": [30 * 40, -30, 30 * 11]}}, 0, "do not fit"),
        ({"segmentation": [], "bbox": [30, 20, 10, 5]}, 50, "box is filled"),
        ({"segmentation": None, "bbox": [30.4, 20.4, 9.2, 4.2]}, 50, "box is filled"),
        ({"bbox": [30, 20, 0, 5]}, 0, "no area"),
        ({}, 0, "neither an outline nor a box"),
        ({"segmentation": [[1, 1, 8, 8]]}, 0, "fewer than three corners"),
        ({"segmentation": [flat([[30, 20], [45, 20.01], [30, 20.02]])]}, 0, "covers no pixel"),
        ({"segmentation": [flat([[30, 20], [1e12, 20], [30, 25]])]}, 0, "far out of the image"),
        ({"segmentation": [["x", 1, 2, 3, 4, 5]]}, 0, "could not convert"),
        ({"segmentation": [flat(SQUARE)], "category_id": None}, 0, "no category"),
    ],
)
def test_a_coco_annotation_comes_in_or_is_named_and_the_others_are_there(
    annotation: dict[str, Any], pixels: int, word: str, tmp_path: Path
) -> None:
    found = read("coco", coco(tmp_path / "c.json", annotation))
    assert counts(found) == {"wall": 200, **({"cell": pixels} if pixels else {})}
    assert found is not None
    assert bool(found.notes) == bool(word) and word in " ".join(found.notes)
    assert not word or "annotation 2" in found.notes[0]


def test_objects_of_coco_lie_over_crowds_and_these_over_boxes(tmp_path: Path) -> None:
    crowd = {"segmentation": {"size": [30, 50], "counts": [0, 1500]}, "iscrowd": 1}
    found = read("coco", coco(tmp_path / "c.json", {"bbox": [0, 0, 50, 30], "category_id": 7}, crowd))
    assert counts(found) == {"wall": 200, "cell": 1300}


def test_a_category_that_the_list_lacks_is_called_by_its_number(tmp_path: Path) -> None:
    path = coco(
        tmp_path / "c.json", {"bbox": [30, 20, 10, 5], "category_id": 99}, categories=[{"id": 7, "name": "wall"}]
    )
    assert counts(read("coco", path)) == {"wall": 200, "category 99": 50}


@pytest.mark.parametrize(
    ("rows", "wanted"),
    [
        ([("a.png", 30, 50), ("a.jpg", 30, 50)], [1]),
        ([("a.jpg", 30, 50)], [1]),
        ([("x/a.png", 30, 50), ("north/a.png", 30, 50)], [2]),
        ([("x\\a.png", 30, 50), ("north\\a.png", 30, 50)], [2]),
        ([("x/a.png", 30, 50), ("y/a.png", 300, 500)], [1]),
        ([("a.png", None, None)], [1]),
        ([("a.png", 0, 0)], [1]),
        ([("b.png", 30, 50)], None),
        ([("x/a.png", 30, 50), ("y/a.png", 30, 50)], "not clear"),
        ([("a.png", 300, 500)], "does not fit"),
    ],
)
def test_the_image_of_a_coco_file_is_found_by_as_much_of_its_path_as_there_is(
    rows: list[tuple[str, int | None, int | None]], wanted: list[int] | str | None, tmp_path: Path
) -> None:
    images = [{"id": k, "file_name": f, "height": h, "width": w} for k, (f, h, w) in enumerate(rows, 1)]
    notes = [
        {"id": k, "image_id": k, "category_id": k, "segmentation": [flat(SQUARE)]} for k in range(1, len(rows) + 1)
    ]
    path = coco(tmp_path / "c.json", images=images, annotations=notes, categories=[])
    (name,) = names_of(["/data/north/a.png"])
    if isinstance(wanted, str):
        with pytest.raises(UserError, match=wanted):
            read("coco", path, name)
        return
    found = read("coco", path, name)
    assert (found is None) == (wanted is None)
    if wanted:
        assert counts(found) == {f"category {one}": 200 for one in wanted}


# --- labelme, X-AnyLabeling, ISAT -------------------------------------------------------------------------------------


def labelme(path: Path, *shapes: dict[str, Any], **more: Any) -> Path:
    made = {"version": "5.5.0", "shapes": shapes, "imagePath": "a.png", "imageHeight": 30, "imageWidth": 50, **more}
    path.write_text(json.dumps(made))
    return path


def picture(rows: int, columns: int) -> str:
    raw = io.BytesIO()
    Image.fromarray(np.full((rows, columns), 255, np.uint8)).convert("1").save(raw, "PNG")
    return base64.b64encode(raw.getvalue()).decode()


@pytest.mark.parametrize(
    ("shape", "pixels", "word"),
    [
        ({"shape_type": "polygon", "points": SQUARE}, 200, ""),
        ({"points": SQUARE}, 200, ""),
        ({"shape_type": "rectangle", "points": SQUARE[::2]}, 200, ""),
        ({"shape_type": "rectangle", "points": [SQUARE[2], SQUARE[0]]}, 200, ""),
        ({"shape_type": "rectangle", "points": SQUARE}, 200, ""),
        ({"shape_type": "rotation", "points": SQUARE, "direction": 1.2}, 200, ""),
        ({"shape_type": "quadrilateral", "points": SQUARE}, 200, ""),
        ({"shape_type": "oriented_rectangle", "points": SQUARE}, 200, ""),
        ({"shape_type": "circle", "points": [[20, 15], [25, 15]]}, 80, ""),
        ({"shape_type": "mask", "points": [[5, 4], [24, 13]], "mask": picture(10, 20)}, 200, ""),
        ({"shape_type": "mask", "points": [[-5, -4], [14, 5]], "mask": picture(10, 20)}, 15 * 6, ""),
        ({"shape_type": "mask", "points": [[40, 25], [59, 34]], "mask": picture(10, 20)}, 50, ""),
        ({"shape_type": "mask", "points": [[90, 90], [99, 99]], "mask": picture(10, 20)}, 0, ""),
        ({"shape_type": "mask", "points": [[5, 4]], "mask": "no picture"}, 0, "picture is damaged"),
        ({"shape_type": "hexagon", "points": SQUARE}, 200, "“hexagon” is not known"),
        ({"shape_type": "point", "points": SQUARE[:1]}, 0, "a point has no area"),
        ({"shape_type": "linestrip", "points": SQUARE}, 0, "a linestrip has no area"),
        ({"shape_type": "polygon", "points": SQUARE[:2]}, 0, "fewer than three corners"),
        ({"shape_type": "polygon", "points": [[1, 2], [3]]}, 0, "not enough values"),
        ({"shape_type": "polygon", "points": None}, 0, "fewer than three corners"),
        ({"shape_type": "polygon", "points": SQUARE, "label": None}, 0, "no label"),
    ],
)
def test_a_shape_of_labelme_covers_its_area_or_is_named(
    shape: dict[str, Any], pixels: int, word: str, tmp_path: Path
) -> None:
    other = {"label": "wall", "points": [[0, 20], [10, 20], [10, 30], [0, 30]]}
    found = read("labelme", labelme(tmp_path / "a.json", {"label": "cell", **shape}, other))
    assert counts(found) == {**({"cell": pixels} if pixels else {}), "wall": 100}
    assert found is not None and word in " ".join(found.notes) and bool(word) == bool(found.notes)


@pytest.mark.parametrize("size", [{}, {"imageHeight": None, "imageWidth": None}, {"imageHeight": 0, "imageWidth": 0}])
def test_a_file_of_labelme_without_a_size_is_of_the_image(size: dict[str, Any], tmp_path: Path) -> None:
    path = labelme(tmp_path / "a.json", {"label": "cell", "points": SQUARE}, **size)
    if not size:
        made = json.loads(path.read_text())
        path.write_text(json.dumps({key: made[key] for key in made if key not in ("imageHeight", "imageWidth")}))
    assert counts(read("labelme", path)) == {"cell": 200}


def test_objects_of_isat_are_painted_by_their_layers(tmp_path: Path) -> None:
    small = [[5, 4], [15, 4], [15, 14], [5, 14]]
    made = {
        "info": {"description": "ISAT", "name": "a.png", "width": 50, "height": 30, "depth": 3, "note": ""},
        "objects": [
            {"category": "nucleus", "group": 1, "segmentation": small, "layer": 3.0},
            {"category": "cell", "group": 1, "segmentation": SQUARE, "layer": 1.0},
            {
                "category": "__background__",
                "group": 2,
                "segmentation": [[5, 4], [6, 4], [6, 14], [5, 14]],
                "layer": 9.0,
            },
            {"category": "cell", "group": 3, "segmentation": [[1, 1]], "layer": 2.0},
        ],
    }
    (tmp_path / "a.json").write_text(json.dumps(made))
    assert format_of(tmp_path / "a.json") == format_of(tmp_path) == "labelme"
    found = read("labelme", tmp_path)
    assert counts(found) == {"nucleus": 90, "cell": 100}
    assert found is not None and "object 4" in found.notes[0]


# --- YOLO -------------------------------------------------------------------------------------------------------------

LINE = "1 " + " ".join(f"{x / 50} {y / 30}" for x, y in SQUARE)


def yolo(root: Path, lines: str = LINE, *, where: str = "labels", names: str = "names: {0: cell, 1: wall}") -> Path:
    (root / where).mkdir(parents=True)
    (root / where / "a.txt").write_text(lines)
    (root / "data.yaml").write_text(names)
    return root


@pytest.mark.parametrize(
    ("line", "pixels", "word"),
    [
        (LINE, 200, ""),
        (LINE.replace("1 ", "1.0 ", 1), 200, ""),
        (LINE + " 0.83", 200, ""),
        ("1 0.3 0.3 0.4 0.33333333", 200, ""),
        ("1 0.3 0.3 0.4 0.33333333 0.5", 200, ""),
        (LINE + "\n\n", 200, ""),
        (LINE + "\nwall 0.1 0.1 0.2 0.2", 200, "line 2 of “a.txt” (it is not made of numbers)"),
        (LINE + "\n1.5 0.1 0.1 0.2 0.2", 200, "number of a class"),
        (LINE + "\n1 0.1 0.1 0.2", 200, "no pairs"),
        (LINE + "\n1 12 20 40 20 40 25", 200, "no shares"),
        (LINE + "\n1 nan 0.1 0.2 0.2", 200, "no shares"),
    ],
)
def test_a_line_of_yolo_comes_in_or_is_named(line: str, pixels: int, word: str, tmp_path: Path) -> None:
    found = read("yolo", yolo(tmp_path, line))
    assert counts(found) == {"wall": pixels}
    assert found is not None and word in " ".join(found.notes) and bool(word) == bool(found.notes)


def test_a_file_without_a_single_label_is_no_yolo(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="holds no YOLO labels"):
        read("yolo", yolo(tmp_path, "Dear diary,\ntoday I drew"))


@pytest.mark.parametrize(
    "where", ["labels", "labels/train", "labels/val", "train/labels", "valid/labels", "obj_train_data"]
)
def test_yolo_labels_are_found_where_exporters_put_them(where: str, tmp_path: Path) -> None:
    assert counts(read("yolo", yolo(tmp_path, where=where))) == {"wall": 200}
    assert counts(read("yolo", tmp_path / where)) == {"wall": 200}, "the folder of labels itself"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("names:\n- cell\n- wall\n", "wall"),
        ("names:\n  '0': cell\n  '1': wall # big\n", "wall"),
        ('names: [cell,\n  "wall, thick"]\n', "wall, thick"),
        ("nc: 2\nnames: {0: cell, 1: 'it''s'}\n", "it's"),
        ("names:\n  0: no\n  1: 007\n", "007"),
        ('names:\n  0: a\n  1: "gr\\u00f6\\u00dfe: #1"\n', "größe: #1"),
        ("path: .\n", "class 2"),
    ],
)
def test_names_of_a_yaml_file_are_texts_as_they_stand(text: str, name: str, tmp_path: Path) -> None:
    assert counts(read("yolo", yolo(tmp_path, names=text))) == {name: 200}


def test_a_yaml_file_that_is_none_is_refused_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no YAML file"):
        read("yolo", yolo(tmp_path, names="names: [cell\nwall: }"))


def test_yaml_makes_nothing_but_texts(tmp_path: Path) -> None:
    (tmp_path / "gone").write_text("")
    text = f"names: !!python/object/apply:os.remove ['{tmp_path / 'gone'}']\n"
    read("yolo", yolo(tmp_path / "set", names=text))
    assert (tmp_path / "gone").exists()


def test_names_line_by_line_are_read_where_there_is_no_yaml(tmp_path: Path) -> None:
    yolo(tmp_path)
    (tmp_path / "data.yaml").unlink()
    (tmp_path / "labels" / "classes.txt").write_bytes(b"\xef\xbb\xbfcell\nwall\n")
    assert counts(read("yolo", tmp_path)) == {"wall": 200}


def test_labels_of_train_and_val_are_those_of_images_in_train_and_val(tmp_path: Path) -> None:
    for part, number in (("train", 0), ("val", 1)):
        (tmp_path / "labels" / part).mkdir(parents=True)
        (tmp_path / "labels" / part / "a.txt").write_text(f"{number}{LINE[1:]}")
    (tmp_path / "data.yaml").write_text("names: [cell, wall]")
    train, val = names_of([str(tmp_path / "images" / part / "a.png") for part in ("train", "val")])
    assert counts(read("yolo", tmp_path, train)) == {"cell": 200}
    assert counts(read("yolo", tmp_path, val)) == {"wall": 200}
    with pytest.raises(UserError, match="not clear"):
        read("yolo", tmp_path, names_of(["/elsewhere/a.png"])[0])


# --- names and marks, in all formats ----------------------------------------------------------------------------------

ODD = ["# 2", "#1:2,3,4", "a:b", "50 %25", "cargroup", "car", "unlabeled", "_background_", "__ignore__", "7", "no",
       "größe, “x”", "it's \"so\"", "out of roi"]  # fmt: skip


@pytest.mark.parametrize("form", ["coco", "labelme", "yolo", "cityscapes", "voc"])
def test_odd_names_come_back_as_they_were_or_as_another_name_but_never_as_another_class(
    form: str, tmp_path: Path
) -> None:
    table = ClassTable()
    mask = np.zeros(PICTURE.shape, np.uint8)
    for number, name in enumerate(ODD, 1):
        table.add(name)
        mask[0, 2 * number - 2 : 2 * number, 3 * number : 3 * number + 4] = number
    subject = Subject("a.png", "a", tmp_path / "a.png", PICTURE, table, lambda box: mask[box.z, box.rows, box.columns])
    assert Box.whole(PICTURE.shape, 0).height == 30
    export_format(form).load()([subject], tmp_path)
    found = read(form, tmp_path / "annotations.json" if form == "coco" else tmp_path)
    assert found is not None
    known = {one.id: one.name for one in found.classes}
    titles = {}
    for number, name in enumerate(ODD, 1):
        (value,) = np.unique(found.mask[mask == number])
        titles[name] = known[int(value)]
        assert np.array_equal(found.mask == value, mask == number), name
    assert len(set(titles.values())) == len(ODD)
    changed = {name for name, title in titles.items() if title != name}
    assert changed <= {"labelme": {"_background_", "__ignore__"}, "cityscapes": {"unlabeled", "out of roi"}}.get(
        form, set()
    )


def test_a_group_of_cityscapes_own_classes_is_of_that_class(tmp_path: Path) -> None:
    objects = [{"label": "cargroup", "polygon": SQUARE}, {"label": "shopgroup", "polygon": [[30, 20], [40, 20], [40, 25]]},
               {"label": "car", "polygon": "?"}]  # fmt: skip
    path = tmp_path / "a_gtFine_polygons.json"
    path.write_text(json.dumps({"imgHeight": 30, "imgWidth": 50, "objects": objects}))
    found = read("cityscapes", path)
    assert set(counts(found)) == {"car", "shopgroup"}
    assert found is not None and found.notes == (
        "Left out: object 3 (it is no outline of three corners or more with a label).",
    )


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("# label:color_rgb:parts:actions\nbackground:0,0,0::\ncell:1,2,3::\n#2 nerve:4,5,6::\n", "#2 nerve"),
        ("background\ncell\nwall\n", "wall"),
        ("background:0,0,0::\ncell:1,2,3::\n100%25:4,5,6::\n", "100%25"),
    ],
)
def test_a_list_of_voc_names_with_or_without_colours(text: str, name: str, tmp_path: Path) -> None:
    (tmp_path / "SegmentationClass").mkdir()
    mask = np.zeros((30, 50), np.uint8)
    mask[4:14, 5:25] = 2
    Image.fromarray(mask).save(tmp_path / "SegmentationClass" / "a.png")
    for mark in ("", "\ufeff"):
        (tmp_path / "labelmap.txt").write_text(mark + text, encoding="utf-8")
        assert counts(read("voc", tmp_path)) == {name: 200}


@pytest.mark.parametrize("mark", list(MARKS))
@pytest.mark.parametrize("form", ["coco", "labelme", "yolo", "cityscapes"])
def test_a_byte_order_mark_changes_nothing(form: str, mark: str, tmp_path: Path) -> None:
    encoding, start = MARKS[mark]
    if form == "coco":
        path = file = coco(tmp_path / "c.json")
    elif form == "labelme":
        path = file = labelme(tmp_path / "a.json", {"label": "wall", "points": SQUARE})
    elif form == "cityscapes":
        path = file = tmp_path / "a_gtFine_polygons.json"
        file.write_text(
            json.dumps({"imgHeight": 30, "imgWidth": 50, "objects": [{"label": "wall", "polygon": SQUARE}]})
        )
    else:
        path = yolo(tmp_path)
        file = path / "labels" / "a.txt"
        text = (path / "data.yaml").read_text()
        (path / "data.yaml").write_bytes(start + text.encode(encoding))
    file.write_bytes(start + file.read_text().encode(encoding))
    assert format_of(path) == form
    assert counts(read(form, path)) == {"wall": 200}
