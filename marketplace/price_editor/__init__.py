"""The pricing editor: one manifest, seen as a form or as its YAML text; changing the view loses nothing."""

from marketplace.price_editor.desk import TOO_LONG, Desk, checked, opened, take, typed, written

__all__ = ["TOO_LONG", "Desk", "checked", "opened", "take", "typed", "written"]
