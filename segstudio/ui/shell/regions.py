"""Going to a region of an image, whichever is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt

from segstudio.ui.widgets.words import tr

if TYPE_CHECKING:
    from segstudio.ui.desk import Desk


def go_to(desk: Desk, place: str, box: tuple[int, int, int, int]) -> None:
    """Go to a box (top, left, bottom, right) of an image's slice, given as "digest:slice".

    The image is loaded first if another one is shown.
    """
    session, opening = desk.session, desk.studio.opening
    digest, _, z = place.rpartition(":")
    images = session.document.images.values() if session.document else ()
    entry = next((one for one in images if one.digest == digest), None)
    if entry is None:
        desk.say(tr("This image is no longer in the project."))
        return

    def there() -> None:
        session.set_slice(int(z))
        desk.views.canvas.center_on((box[0] + box[2]) / 2, (box[1] + box[3]) / 2)

    if session.image is entry:
        there()
        return
    kind = Qt.ConnectionType.SingleShotConnection
    opening.shown.connect(lambda shown: there() if shown is entry else None, kind)
    opening.show(entry.id)
